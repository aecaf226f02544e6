"""Runs a source file that the user trusts, as a module whose sibling and relative imports work.

What it brings into `sys.modules` and `sys.path` stays while its model is open, as a model may import in forward; the
next load takes it out again, so that an edited file is read anew.
"""

import importlib
import os
import sys
from pathlib import Path
from types import CodeType, ModuleType

from inspector.engine.errors import EngineError, said_by
from inspector.engine.formats.cleaning import clean_text

_attached_paths: list[str] = []
_OWN_PACKAGE = Path(__file__).parents[2]


def run_source(path: str, data: bytes) -> ModuleType:
    """Run these bytes, which are the content of `path`, as a module.

    Raises:
        EngineError: it does not compile, raises, or exits.
    """
    detach_sources()
    file = Path(path).resolve()
    root, name = _place(file)
    code = _compile(data, file)
    sys.dont_write_bytecode = True  # nothing is left in the user's folder
    sys.path.insert(0, str(root))
    _attached_paths.append(str(root))
    module = ModuleType(name)
    module.__file__ = str(file)
    module.__package__ = name.rpartition(".")[0]
    try:
        if module.__package__:
            importlib.import_module(module.__package__)
        sys.modules[name] = module
        exec(code, module.__dict__)
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        raise _failed(file.name, error) from error
    return module


def detach_sources() -> None:
    """Forget what the last source brought along, but not the libraries that may lie in the same folder."""
    roots = tuple(str(Path(path)) + os.sep for path in _attached_paths)
    libraries = tuple(str(Path(place).resolve()) + os.sep for place in (sys.prefix, sys.base_prefix, _OWN_PACKAGE))
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if roots and isinstance(file, str) and file.startswith(roots) and not file.startswith(libraries):
            del sys.modules[name]
    for path in _attached_paths:
        if path in sys.path:
            sys.path.remove(path)
    _attached_paths.clear()


def _place(file: Path) -> tuple[Path, str]:
    """The folder to import from, and the module's name; inside a package both are the package's."""
    parts = [file.stem]
    folder = file.parent
    while (folder / "__init__.py").is_file() and folder.name.isidentifier() and folder != folder.parent:
        parts.insert(0, folder.name)
        folder = folder.parent
    known = parts[0] in sys.modules or parts[0] in sys.stdlib_module_names
    if len(parts) == 1 and (known or not parts[0].isidentifier()):
        return folder, f"inspected_{parts[0]}"
    return folder, ".".join(parts)


def _compile(data: bytes, file: Path) -> CodeType:
    try:
        return compile(data, str(file), "exec", dont_inherit=True)
    except SyntaxError as error:
        sentence = f"{file.name} is not valid Python: {clean_text(str(error.msg), 120)} in line {error.lineno}."
        raise EngineError(sentence, "Correct that line, and open it again.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise EngineError(f"{file.name} can't be compiled: {clean_text(str(error), 120)}.") from error


def _failed(name: str, error: BaseException) -> EngineError:
    said = clean_text(said_by(error), 300)
    match error:
        case SystemExit() | KeyboardInterrupt():
            return EngineError(
                f"{name} ends the program while it is being imported ({type(error).__name__}).",
                'Put what it does at its top level under `if __name__ == "__main__":`.',
            )
        case ModuleNotFoundError():
            missing = error.name or "a module"
            return EngineError(
                f"{name} imports {missing}, which is not there.",
                f"Put {missing.partition('.')[0]}.py beside it, or install the package into the app's environment.",
            )
        case FileNotFoundError() | PermissionError():
            return EngineError(
                f"{name} reads or writes a file while it is being imported: {said}.",
                'Put what it does at its top level under `if __name__ == "__main__":`.',
            )
        case _:
            return EngineError(
                f"{name} raises {type(error).__name__} while it is being imported: {said}",
                'Correct it, or put what is not needed for the model under `if __name__ == "__main__":`.',
            )
