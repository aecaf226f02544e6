"""What torch would run while it opens or runs an exported program, beside the operations that one may name.

`torch.export` reads more than data: it looks its operations up by dotted names (`torch.os.system` is one), hands the
sizes to sympy, which evaluates them as Python, compiles the guards, imports the modules that a structure names,
unpickles opaque constants, and loads native libraries. Each is checked here against what honest files hold.
"""

import ast
import re
from collections.abc import Iterator

from inspector.engine.formats.allow_list import judge_global
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.json_text import parse_json
from inspector.engine.formats.zip_directory import ZipDirectory
from inspector.protocol.files import GlobalUse

MAX_JSON_BYTES = 64 * 2**20
_MAX_USES = 20
_MAX_TEXT = 4000
_NAMESPACES = (
    r"(?:aten|prims?|higher_order|quantized|_quantized|quantized_decomposed|torchvision|rngprims|mkldnn|onednn|sparse)"
)
_DUNDERS = r"__(?:i?(?:and|or|xor|lshift|rshift))__"
_TARGETS = re.compile(
    rf"torch\.ops\.{_NAMESPACES}\.(?:{_DUNDERS}|(?!__)[A-Za-z_]\w*)(?:\.(?!_)\w+)?"
    r"|_operator\.(?!__)\w+|math\.(?!_)\w+|torch\.sym_\w+|torch\._sym_\w+"
    r"|torch\._functorch\.predispatch\.\w+|torch\._higher_order_ops\.(?!__)\w+(?:\.(?!_)\w+)?",
    re.ASCII,
)
_TOUCHES_FILES = re.compile(r"torch\.ops\.\w+\.(?:from_file|save|load|load_tensor)(?:\.|$)")
_REACHES_OBJECTS = re.compile(r"_operator\.(?:attrgetter|itemgetter|methodcaller|call)$")

_SYMPY_NAMES = """
    Symbol Integer Float Rational Add Mul Pow Max Min Mod Abs floor ceiling Piecewise ExprCondPair And Or Not Eq Ne
    Lt Le Gt Ge Equality Unequality StrictLessThan LessThan StrictGreaterThan GreaterThan FloorDiv ModularIndexing Where
    PythonMod CleanDiv CeilToInt FloorToInt CeilDiv LShift RShift PowByNatural FloatPow FloatTrueDiv IntTrueDiv
    IsNonOverlappingAndDenseIndicator TruncToFloat TruncToInt RoundToInt RoundDecimal ToFloat Identity sqrt log exp
    BitwiseFn_bitwise_and BitwiseFn_bitwise_or OpaqueUnaryFn_sqrt OpaqueUnaryFn_log2
"""
_SYMPY_CALLS = frozenset(_SYMPY_NAMES.split())
_TAKES_TEXT = frozenset({"Symbol", "Float", "Integer", "Rational"})
_PLAIN_TEXT = re.compile(r"[A-Za-z_]\w{0,80}|[-+]?[0-9][0-9.eE+\-/]{0,80}", re.ASCII)
_POWERS = frozenset({"Pow", "PowByNatural", "FloatPow", "LShift"})
_GUARD_METHODS = """
    size stride storage_offset dim numel is_contiguous isnan isinf floor ceil trunc sqrt is_integer Max Min Mod
    int float abs len type isinstance cast_symbool_to_symint_guardless
"""
_GUARD_CALLS = frozenset(_GUARD_METHODS.split())
_GUARD_NAMES = frozenset({"L", "math", "torch", "int", "float", "None", "Max", "Min", "abs", "len"})
_GUARD_ATTRIBUTES = _GUARD_CALLS | {"shape", "ndim", "dtype", "device", "inf", "nan", "layout", "requires_grad"}
_DTYPE = re.compile(r"u?int\d+|b?float\d+|bool|complex\d+")
_PARTS = (
    *(ast.Expression, ast.BinOp, ast.UnaryOp, ast.Compare, ast.BoolOp, ast.Constant, ast.Name, ast.Call, ast.keyword),
    *(ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.expr_context, ast.Tuple, ast.IfExp),
)


def find_code(directory: ZipDirectory) -> list[GlobalUse]:
    """What would run, each by its name or text, with why; [] where the program is nothing but operations.

    Raises:
        Refused: a part is no JSON, or larger than any honest one.
    """
    found: dict[str, GlobalUse] = {}
    for name in directory.names():
        for use in _code_in_file(directory, name):
            found.setdefault(use.name, use)
            if len(found) >= _MAX_USES:
                return list(found.values())
    return list(found.values())


def _code_in_file(directory: ZipDirectory, name: str) -> Iterator[GlobalUse]:
    folded = name.casefold()  # torch finds files whatever their case
    if "aotinductor/" in folded or folded.endswith((".so", ".dylib", ".dll", ".pyd", ".cubin")):
        yield GlobalUse(name=clean_text(name, 120), risk="dangerous", why="is native code, which would be loaded")
    elif any(part.startswith("opaque_obj") for part in folded.split("/")):
        yield GlobalUse(name=clean_text(name, 120), risk="dangerous", why="is a pickle, which torch would open fully")
    elif folded.endswith(".json"):
        program = parse_json(directory.read(name, MAX_JSON_BYTES), f"{clean_text(name, 80)} in it")
        yield from _code_in(program)


def _code_in(program: object) -> Iterator[GlobalUse]:
    """Walk all of it: graphs nest in graphs, and a field that torch doesn't read does no harm to be checked."""
    waiting = [program]
    while waiting:
        value = waiting.pop()
        if isinstance(value, list):
            waiting.extend(inner for inner in value if isinstance(inner, dict | list))
        elif isinstance(value, dict):
            for key, inner in value.items():
                if isinstance(inner, dict | list):
                    waiting.append(inner)
                yield from _code_under(key, inner)


def _code_under(key: str, value: object) -> Iterator[GlobalUse]:
    if key in {"target", "as_operator"} and isinstance(value, str):
        use = _judge_target(value)
    elif key == "expr_str":
        use = None if _is_plain_size(value) else _judged(value, "stands for a size, which is evaluated as Python")
    elif key == "guards_code" and isinstance(value, list):
        use = next(
            (_judged(guard, "is a guard, which is run as Python") for guard in value if not _is_guard(guard)), None
        )
    elif key in {"in_spec", "out_spec"} and isinstance(value, str):
        use = _judge_structure(value)
    else:
        return
    if use is not None:
        yield use


def _judged(text: object, why: str) -> GlobalUse:
    return GlobalUse(name=clean_text(str(text), 120), risk="dangerous", why=why)


def _judge_target(target: str) -> GlobalUse | None:
    if _TOUCHES_FILES.match(target):
        return _judged(target, "reads or writes files")
    if _REACHES_OBJECTS.match(target):
        return _judged(target, "reaches into other objects")
    if _TARGETS.fullmatch(target) or not target.startswith(("torch", "_operator", "math", "#")):
        return None  # torch takes any other text for no operation, and refuses it
    known = judge_global(target)
    if known.risk == "dangerous":
        return known
    return GlobalUse(name=clean_text(target, 120), risk="unknown", why="is no operation of torch's own")


def _judge_structure(text: str) -> GlobalUse | None:
    """The structure of inputs and outputs: JSON in JSON. Its enums and default factories are imported by name."""
    if "__enum__" in text or re.search(r"\\u00[2-7]", text):  # nobody writes plain letters as \u0065
        return _judged(text, "imports a class that it names")
    for name in re.findall(r"default_factory_module\W+([\w.]*)", text):
        if name not in {"builtins", "collections"}:
            return _judged(name, "is a module that would be imported")
    return None


def _is_plain_size(text: object) -> bool:
    """Whether an expression is arithmetic on sizes and nothing else: sympy evaluates it as Python."""
    tree = _parsed(text)
    if tree is None:
        return False
    texts = {id(call.args[0]) for call in _calls(tree) if _called(call) in _TAKES_TEXT and call.args}
    exponents = []
    for node in ast.walk(tree):
        if not isinstance(node, _PARTS):
            return False
        if isinstance(node, ast.Call) and _called(node) not in _SYMPY_CALLS:
            return False
        if isinstance(node, ast.Constant) and not _is_plain_constant(node, texts):
            return False
        exponents += _exponents(node)
    return len(exponents) <= 3 and all(map(_is_small, exponents))


def _exponents(node: ast.AST) -> list[ast.AST]:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow | ast.LShift):
        return [node.right]
    if isinstance(node, ast.Call) and _called(node) in _POWERS:
        return list(node.args[1:])
    return []


def _is_small(exponent: ast.AST) -> bool:
    """Whether an exponent is a small number or a size; a tower of powers takes for ever."""
    match exponent:
        case ast.Call(args=[ast.Constant(value=inner), *_]):
            return isinstance(inner, str) or (isinstance(inner, int | float) and abs(inner) <= 16)
        case ast.UnaryOp(operand=inner):
            return _is_small(inner)
        case ast.Constant(value=value):
            return isinstance(value, int | float) and abs(value) <= 16
        case _:
            return isinstance(exponent, ast.Name)


def _is_plain_constant(node: ast.Constant, texts: set[int]) -> bool:
    if isinstance(node.value, str):
        return id(node) in texts and _PLAIN_TEXT.fullmatch(node.value) is not None
    return node.value is None or isinstance(node.value, bool | int | float)


def _is_guard(text: object) -> bool:
    """Whether a guard only compares sizes of inputs: `L['x'].size()[0] <= 64`."""
    tree = _parsed(text)
    return tree is not None and all(_is_guard_part(node) for node in ast.walk(tree))


def _is_guard_part(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name):
            return name in _GUARD_NAMES or name in _GUARD_CALLS
        case ast.Attribute(attr=name):
            return name in _GUARD_ATTRIBUTES or _DTYPE.fullmatch(name) is not None
        case ast.Call(func=ast.Name() | ast.Attribute()) | ast.Subscript() | ast.Slice():
            return True  # the name that is called is looked at by itself
        case ast.BinOp(op=op):
            return not isinstance(op, ast.Pow | ast.LShift)
        case ast.Call():
            return False
        case _:
            return isinstance(node, _PARTS)


def _parsed(text: object) -> ast.AST | None:
    if not isinstance(text, str) or len(text) > _MAX_TEXT or not text.isascii():
        return None
    try:
        return ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _calls(tree: ast.AST) -> list[ast.Call]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.Call)]


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""
