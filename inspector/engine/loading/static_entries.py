"""What a source file offers as models, found in its syntax tree before anything of it runs."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from inspector.engine.formats.allow_list import judge_import
from inspector.engine.formats.cleaning import clean_text
from inspector.protocol.files import Entry, EntryParameter, GlobalUse

_MAKER_NAME = re.compile(r"(?:build|create|make|get|load|new)(?:_|$|(?=[A-Z]))")
_LONGEST_CHAIN = 30
_MODULE_BASES = {"Module", "LightningModule", "PreTrainedModel", "ScriptModule"}


@dataclass(frozen=True)
class SourceOutline:
    """The entries of a source in its order, which of them others use, and which functions surely give a model."""

    entries: tuple[Entry, ...] = ()
    used_by_others: frozenset[str] = frozenset()
    weak: frozenset[str] = frozenset()
    imports: tuple[GlobalUse, ...] = ()


@dataclass
class _Names:
    """What names mean in the file: imports (`nn` → `torch.nn`), its own classes, and those that are modules."""

    imported: dict[str, str] = field(default_factory=dict)
    classes: dict[str, ast.ClassDef] = field(default_factory=dict)
    modules: set[str] = field(default_factory=set)
    makers: set[str] = field(default_factory=set)

    def full(self, node: ast.expr) -> str:
        """The dotted name of an expression, with imports put in; "" for what is none."""
        if isinstance(node, ast.Name):
            return self.imported.get(node.id, node.id)
        if isinstance(node, ast.Attribute):
            outer = self.full(node.value)
            return f"{outer}.{node.attr}" if outer else ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        return self.full(node.value) if isinstance(node, ast.Subscript) else ""

    def is_module_class(self, name: str) -> bool:
        """Whether a dotted name is a module class, as far as names tell."""
        last = name.rpartition(".")[2]
        return name in self.modules or last in _MODULE_BASES or (name.startswith("torch.nn.") and last[:1].isupper())


def outline_source(tree: ast.Module) -> SourceOutline:
    """Find classes, functions and instances that are or give an nn.Module."""
    names = _collect_names(tree)
    entries: list[Entry] = []
    weak: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name in names.modules:
            entries.append(Entry(name=node.name, kind="class", parameters=_class_parameters(node, names)))
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            _add_function(node, names, entries, weak)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            _add_instance(node, names, entries)
    public = [entry for entry in entries if not entry.name.startswith("_")]
    found = tuple(public or entries)
    return SourceOutline(found, _used_by_others(tree, found), frozenset(weak), imports_of(tree))


def _collect_names(tree: ast.Module) -> _Names:
    names = _Names()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names.imported[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                names.imported[alias.asname or alias.name] = f"{node.module or ''}.{alias.name}".lstrip(".")
    names.classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
    for _ in range(_LONGEST_CHAIN):  # as often as a class may stand before its base
        found = {name for name, node in names.classes.items() if _is_module(node, names)}
        if found == names.modules:
            break
        names.modules = found
    return names


def _is_module(node: ast.ClassDef, names: _Names) -> bool:
    bases = [names.full(base) for base in node.bases]
    if any(names.is_module_class(base) for base in bases):
        return True
    imported = [base for base in bases if base and base not in names.classes and base not in {"object", "ABC", "Enum"}]
    return bool(imported) and any(isinstance(part, ast.FunctionDef) and part.name == "forward" for part in node.body)


def _add_function(node: ast.FunctionDef, names: _Names, entries: list[Entry], weak: set[str]) -> None:
    returns = names.full(node.returns) if node.returns is not None else ""
    annotated = names.is_module_class(returns)
    visible = node.returns is None and not node.name.startswith("test") and _returns_module(node, names)
    named = node.returns is None and _MAKER_NAME.match(node.name) is not None
    if not annotated and not visible and not named:
        return
    if not annotated and not visible:
        weak.add(node.name)
    names.makers.add(node.name)
    why = f"returns {returns}" if annotated else "returns a module" if visible else "by its name"
    entries.append(Entry(name=node.name, kind="function", parameters=_parameters(node.args, skip=0), why=why))


def _returns_module(node: ast.FunctionDef, names: _Names) -> bool:
    """Whether it visibly returns a module: a call of a module class, or a name that was given one."""
    made = {
        target.id
        for part in ast.walk(node)
        if isinstance(part, ast.Assign) and _makes_module(part.value, names)
        for target in part.targets
        if isinstance(target, ast.Name)
    }
    returned = [part.value for part in ast.walk(node) if isinstance(part, ast.Return) and part.value is not None]
    return any(_makes_module(value, names) or (isinstance(value, ast.Name) and value.id in made) for value in returned)


def _makes_module(value: ast.expr | None, names: _Names) -> bool:
    if not isinstance(value, ast.Call):
        return False
    if isinstance(value.func, ast.Attribute) and value.func.attr in {
        "eval",
        "train",
        "to",
        "cuda",
        "cpu",
        "float",
        "half",
    }:
        return _makes_module(value.func.value, names)
    called = names.full(value.func)
    return names.is_module_class(called) or called in names.makers


def _add_instance(node: ast.Assign | ast.AnnAssign, names: _Names, entries: list[Entry]) -> None:
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    if not _makes_module(node.value, names):
        return
    entries.extend(
        Entry(name=target.id, kind="instance", why="made when the file is run")
        for target in targets
        if isinstance(target, ast.Name) and not target.id.startswith("_")
    )


def _class_parameters(node: ast.ClassDef, names: _Names, depth: int = 0) -> tuple[EntryParameter, ...]:
    for part in node.body:
        if isinstance(part, ast.FunctionDef) and part.name == "__init__":
            return _parameters(part.args, skip=1)
    for base in node.bases:
        above = names.classes.get(names.full(base))
        if above is not None and depth < 20:
            return _class_parameters(above, names, depth + 1)
    return ()


def _parameters(arguments: ast.arguments, skip: int) -> tuple[EntryParameter, ...]:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    both = [*zip(positional, defaults, strict=True)][skip:]
    both += zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return tuple(
        EntryParameter(
            name=argument.arg,
            annotation=clean_text(ast.unparse(argument.annotation), 80) if argument.annotation else "",
            default=clean_text(ast.unparse(default), 200) if default is not None else "",
            required=default is None,
        )
        for argument, default in both
    )


def _used_by_others(tree: ast.Module, entries: tuple[Entry, ...]) -> frozenset[str]:
    """Entries that another class or function of the file refers to: parts, rather than the whole."""
    wanted = {entry.name for entry in entries}
    return frozenset(
        name
        for node in tree.body
        if isinstance(node, ast.ClassDef | ast.FunctionDef)
        for name in _names_in(node)
        if name in wanted and name != node.name
    )


def _names_in(node: ast.AST) -> Iterator[str]:
    for part in ast.walk(node):
        if isinstance(part, ast.Name):
            yield part.id


def imports_of(tree: ast.Module) -> tuple[GlobalUse, ...]:
    """The modules that a file imports, each judged."""
    found: dict[str, None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update({clean_text(alias.name, 200): None for alias in node.names})
        elif isinstance(node, ast.ImportFrom):
            found[clean_text("." * node.level + (node.module or ""), 200)] = None
    return tuple(judge_import(name) for name in found)
