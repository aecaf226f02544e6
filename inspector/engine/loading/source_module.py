"""Runs a source file that the user trusts, as a module whose sibling and relative imports work.

What it brings into `sys.modules` and `sys.path` stays while its model is open, as a model may import in forward; the
next load takes it out again, so that an edited file is read anew.
"""

import importlib
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import CodeType, ModuleType

import torch

from inspector.engine.errors import EngineError, said_by
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.loading.import_guard import ImportGuard, put_up, take_down
from inspector.engine.loading.local_modules import Place

_attached_paths: list[str] = []
_OWN_PACKAGE = Path(__file__).parents[2]


def run_source(path: str, data: bytes, place: Place, guard: ImportGuard) -> ModuleType:
    """Run these bytes, which are the content of `path`, as a module; `guard` watches what it imports.

    Raises:
        EngineError: it does not compile, raises, or exits.
    """
    detach_sources()
    file = Path(path).resolve()
    code = _compile(data, file)
    sys.dont_write_bytecode = True  # nothing is left in the user's folder
    for folder in (place.root / "src", place.root):
        sys.path.insert(0, str(folder))
        _attached_paths.append(str(folder))
    put_up(guard)
    module = ModuleType(place.name)
    module.__file__ = str(file)
    module.__package__ = place.package
    try:
        if place.namespace:
            sys.modules[place.namespace] = _package(place)
        elif place.package:
            importlib.import_module(place.package)
        sys.modules[place.name] = module
        exec(code, module.__dict__)
    except (Exception, SystemExit, KeyboardInterrupt) as error:
        raise _failed(file.name, error, place.package) from error
    return module


def _package(place: Place) -> ModuleType:
    """A folder that is no package of its own, as one."""
    package = ModuleType(place.namespace)
    package.__path__ = [str(place.root)]
    return package


def detach_sources() -> None:
    """Forget what the last source brought along, but not the libraries that may lie in the same folder."""
    roots = tuple(str(Path(path)) + os.sep for path in _attached_paths)
    libraries = tuple(str(Path(place).resolve()) + os.sep for place in (sys.prefix, sys.base_prefix, _OWN_PACKAGE))
    for name, module in list(sys.modules.items()):
        place = _place_of(module)
        if roots and place.startswith(roots) and not place.startswith(libraries):
            del sys.modules[name]
    for path in _attached_paths:
        if path in sys.path:
            sys.path.remove(path)
    _attached_paths.clear()
    take_down()


@contextmanager
def kept_sources() -> Iterator[None]:
    """Load another model beside one that is open: what its source brought along stays, for imports in its forward.

    So does the guard that watches these imports. Where both have a module of one name, the newer one's is found by it.
    """
    paths = list(_attached_paths)
    guards = [finder for finder in sys.meta_path if isinstance(finder, ImportGuard)]
    roots = tuple(str(Path(path)) + os.sep for path in paths)
    modules = {name: module for name, module in sys.modules.items() if roots and _place_of(module).startswith(roots)}
    try:
        yield
    finally:
        for guard in guards:  # before the folders, which nothing may be imported from without one
            if guard not in sys.meta_path:
                put_up(guard)
        for path in paths:
            if path not in _attached_paths:
                _attached_paths.append(path)
                sys.path.append(path)
        for name, module in modules.items():
            sys.modules.setdefault(name, module)


def _place_of(module: object) -> str:
    """The file of a module, or the folder of a package that has none; "" for what has neither."""
    attributes = getattr(module, "__dict__", {})
    file, folders = attributes.get("__file__"), attributes.get("__path__")
    if isinstance(file, str):
        return file
    return str(next(iter(folders), "")) + os.sep if isinstance(folders, Iterable) else ""


def _compile(data: bytes, file: Path) -> CodeType:
    try:
        return compile(data, str(file), "exec", dont_inherit=True)
    except SyntaxError as error:
        sentence = f"{file.name} is not valid Python: {clean_text(str(error.msg), 120)} in line {error.lineno}."
        raise EngineError(sentence, "Correct that line, and open it again.") from error
    except (ValueError, RecursionError, MemoryError) as error:
        raise EngineError(f"{file.name} can't be compiled: {clean_text(str(error), 120)}.") from error


def _failed(name: str, error: BaseException, package: str) -> EngineError:
    said = clean_text(said_by(error), 300)
    match error:
        case SystemExit() | KeyboardInterrupt():
            return EngineError(
                f"{name} ends the program while it is being imported ({type(error).__name__}).",
                'Put what it does at its top level under `if __name__ == "__main__":`.',
            )
        case ModuleNotFoundError(name=str(missing)):  # libraries that import late raise it without a name
            own = missing.startswith(f"{package.partition('.')[0]}.") if package else False
            file = f"{missing.rpartition('.')[2] if own else missing.partition('.')[0]}.py"
            install = "" if own else ", or install the package into the app's environment"
            return EngineError(f"{name} imports {missing}, which is not there.", f"Put {file} beside it{install}.")
        case ImportError() if "relative import" in said:
            return EngineError(
                f"{name} imports from outside of its package: {said}.",
                "Put an empty __init__.py into its folder, and into each above it that belongs to the package.",
            )
        case FileNotFoundError() | PermissionError():
            return EngineError(
                f"{name} reads or writes a file while it is being imported: {said}.",
                'Put what it does at its top level under `if __name__ == "__main__":`.',
            )
        case RuntimeError() if "operator torchvision::" in said:  # what a torchvision built for another torch says
            return EngineError(
                f"{name} imports torchvision, and the one installed does not fit this torch ({torch.__version__}).",
                "Install the torchvision that was built for it, from the same index as torch.",
            )
        case _:
            return EngineError(
                f"{name} raises {type(error).__name__} while it is being imported: {said}",
                'Correct it, or put what is not needed for the model under `if __name__ == "__main__":`.',
            )
