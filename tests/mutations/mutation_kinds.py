"""Mutations of a model's source: each changes one thing in one place, and says which layer or operation that is.

Works on the syntax tree: layers are calls of `nn.…` in `__init__`, operations are the statements of `forward`.
"""

import ast
import copy
import random
from typing import NamedTuple

WEIGHTED = {"Conv2d", "ConvTranspose2d", "Linear", "LSTM", "GRU", "Embedding"}
NORMS = {"BatchNorm1d", "BatchNorm2d", "LayerNorm"}
ACTIVATIONS = {"ReLU", "GELU", "relu", "gelu", "silu", "tanh", "Tanh"}
POOLS = {"MaxPool2d", "AdaptiveAvgPool2d", "max_pool2d"}
# Which arguments of a layer are what goes in and what comes out.
SIZES_IN = {**dict.fromkeys(WEIGHTED - {"Embedding"}, 0), **dict.fromkeys(NORMS, 0)}
SIZES_OUT = {"Conv2d": 1, "ConvTranspose2d": 1, "Linear": 1, "LSTM": 1, "GRU": 1, "Embedding": 1}


class Mutation(NamedTuple):
    """`site` is the fqn of the layer, or the name of the operation, that was changed; `added` what was put in."""

    kind: str
    site: str
    source: str
    added: str = ""
    spatial: bool = False


class Layer(NamedTuple):
    """A call of `nn.…` in `__init__`, by its place in the tree's order of calls."""

    fqn: str
    kind: str
    place: int
    parent: int  # the place of the nn.Sequential around it, or −1
    index: int


def mutations(source, seed):
    """All mutations of one source, with numbers drawn by `seed`."""
    draw = random.Random(seed)
    found = [*_of_layers(source, draw), *_of_forward(source, draw)]
    return [mutation for mutation in found if mutation.source != source]


# Layers


def _of_layers(source, draw):
    for layer in layers(source):
        call = _calls(ast.parse(source))[layer.place]
        for table, kind in ((SIZES_IN, "size in"), (SIZES_OUT, "size out")):
            place = table.get(layer.kind)
            if place is not None and isinstance(call.args[place], ast.Constant):
                size = _another(call.args[place].value, draw)
                yield Mutation(kind, layer.fqn, _edited(source, layer.place, _set_argument(place, size)))
        if layer.kind == "Conv2d" and all(side.value % 2 == 0 for side in call.args[:2]):
            yield Mutation("groups", layer.fqn, _edited(source, layer.place, _set_keyword("groups", 2)))
        if any(word.arg == "padding" for word in call.keywords):
            edit = _set_keyword("padding", 0)
            yield Mutation("padding", layer.fqn, _edited(source, layer.place, edit), spatial=True)
        if any(word.arg == "batch_first" for word in call.keywords):
            edit = _set_keyword("batch_first", False)
            yield Mutation("batch_first", layer.fqn, _edited(source, layer.place, edit))
        if layer.parent >= 0:
            yield from _in_sequential(source, layer)


def _in_sequential(source, layer):
    spatial = layer.kind in POOLS
    yield Mutation(dropped(layer.kind), layer.fqn, _edited_list(source, layer, []), spatial=spatial)
    tree = ast.parse(source)
    call = _calls(tree)[layer.place]
    if layer.kind in NORMS:
        yield Mutation("double normalisation", layer.fqn, _edited_list(source, layer, [call, call]))
    last = layer.index == len(_calls(tree)[layer.parent].args) - 1 and "return self." in source
    for name, axis in (("Softmax", "1"), ("Sigmoid", "")):
        new = ast.parse(f"nn.{name}({axis})", mode="eval").body
        where = "at the end" if last else "in the middle"
        kind = f"add {name.lower()} {where}"
        yield Mutation(kind, layer.fqn, _edited_list(source, layer, [call, new]), added=name)


def layers(source):
    """The layers with their fqn."""
    tree = ast.parse(source)
    calls = _calls(tree)
    names = {}
    for statement in ast.walk(tree):
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Call):
            target = statement.targets[0]
            if isinstance(target, ast.Attribute) and statement.value in calls:
                names[calls.index(statement.value)] = target.attr
    found = []
    for place, call in enumerate(calls):
        if place not in names:
            continue
        if call.func.attr != "Sequential":
            found.append(Layer(names[place], call.func.attr, place, -1, 0))
            continue
        for index, inner in enumerate(call.args):
            found.append(Layer(f"{names[place]}.{index}", inner.func.attr, calls.index(inner), place, index))
    return found


def _calls(tree):
    """Calls of `nn.…`, in the tree's order."""
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "nn"
    ]


def _edited(source, place, edit):
    tree = ast.parse(source)
    edit(_calls(tree)[place])
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _edited_list(source, layer, new):
    def edit(call):
        call.args[layer.index : layer.index + 1] = [copy.deepcopy(one) for one in new]

    return _edited(source, layer.parent, edit)


def _set_argument(place, value):
    def edit(call):
        call.args[place] = ast.Constant(value)

    return edit


def _set_keyword(name, value):
    def edit(call):
        call.keywords = [word for word in call.keywords if word.arg != name]
        call.keywords.append(ast.keyword(name, ast.Constant(value)))

    return edit


def _another(size, draw):
    return draw.choice([size + draw.randint(1, 9), size * 2, max(1, size // 2)])


def dropped(kind):
    """What dropping a layer of this class is called."""
    if kind in {"Flatten", "flatten"}:
        return "drop Flatten"
    if kind in ACTIVATIONS:
        return "drop activation"
    if kind in NORMS or kind == "layer_norm":
        return "drop normalisation"
    if kind in POOLS:
        return "drop pooling"
    if kind == "Dropout":
        return "drop dropout"
    return "drop layer" if kind in WEIGHTED or kind in {"TransformerEncoderLayer", "linear"} else "drop operation"


# Forward


def _of_forward(source, draw):
    kinds = {layer.fqn: layer.kind for layer in layers(source)}
    body = _forward(ast.parse(source)).body
    steps = [place for place, one in enumerate(body) if isinstance(one, ast.Assign)]
    for place in steps:
        site = _site(body[place].value)
        target = body[place].targets[0]
        name = target.elts[0].id if isinstance(target, ast.Tuple) else target.id
        last = place == steps[-1]
        yield from _dropped(source, place, site, kinds)
        yield from _other_axes(source, place, site)
        for text, kind, added in _inserted(name, draw, last=last):
            yield Mutation(kind, site, _with_statement(source, place, text), added=added)
        if kinds.get(site) in NORMS:
            yield Mutation("double normalisation", site, _with_statement(source, place, ast.unparse(body[place])))
        yield Mutation("no_grad", site, _in_no_grad(source, place), added="no_grad")


def _inserted(name, draw, *, last):
    where = "at the end" if last else "in the middle"
    yield f"{name} = {name}.softmax(1)", f"add softmax {where}", "softmax"
    yield f"{name} = {name}.sigmoid()", f"add sigmoid {where}", "sigmoid"
    yield f"{name} = {name}.detach()", "detach", "detach"
    yield f"{name} = {name}.transpose(0, 1)", "swap batch and another axis", "transpose"
    if not last:
        text = draw.choice([f"{name} = {name}.transpose(1, -1)", f"{name} = {name}.transpose(-2, -1)"])
        yield text, "swap two axes", "transpose"


def _dropped(source, place, site, kinds):
    tree = ast.parse(source)
    step = _forward(tree).body[place]
    call = step.value
    if not isinstance(call, ast.Call) or isinstance(step.targets[0], ast.Tuple):
        return
    is_method = isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name)
    base = call.func.value.id if is_method else ""
    inner = call.args[0] if base in {"self", "F", "torch"} else call.func.value if is_method else None
    if not isinstance(inner, ast.Name):
        return
    step.value = ast.Name(inner.id)
    kind = kinds.get(site, site)
    yield Mutation(dropped(kind), site, ast.unparse(tree) + "\n", spatial=kind in POOLS)


def _other_axes(source, place, site):
    """Another number where an operation is told an axis."""
    if site not in {"flatten", "mean", "cat", "softmax", "transpose"}:
        return
    tree = ast.parse(source)
    call = _forward(tree).body[place].value
    axis = call.args[-1]
    old = ast.literal_eval(axis)
    call.args[-1] = ast.Constant(0 if old in {1, -1} else 1)
    yield Mutation(f"another axis of {site}", site, ast.unparse(ast.fix_missing_locations(tree)) + "\n")


def _with_statement(source, place, text):
    tree = ast.parse(source)
    _forward(tree).body.insert(place + 1, ast.parse(text).body[0])
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _in_no_grad(source, place):
    tree = ast.parse(source)
    forward = _forward(tree)
    block = ast.parse("with torch.no_grad():\n    pass").body[0]
    block.body = [forward.body[place]]
    forward.body[place] = block
    return ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def _forward(tree):
    return next(node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "forward")


def _site(value):
    """The fqn of the layer that is called, or the name of the operation."""
    if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
        return value.func.attr
    if isinstance(value, ast.BinOp):
        return {ast.Add: "add", ast.MatMult: "matmul"}.get(type(value.op), "op")
    return "getitem" if isinstance(value, ast.Subscript) else "op"
