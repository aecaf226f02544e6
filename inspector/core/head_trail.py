"""What the graph says of an output: its last operation, found behind the ones that only reshape or pass on."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from inspector.protocol.graph import Graph, Node

Family = Literal[
    "softmax",
    "log_softmax",
    "sigmoid",
    "log_sigmoid",
    "tanh",
    "exp",
    "log",
    "linear",
    "arithmetic",
    "features",
    "input",
    "other",
]

_FAMILY_BY_NAME: dict[str, Family] = {
    "softmax": "softmax",
    "softmax1d": "softmax",
    "softmax2d": "softmax",
    "softmin": "softmax",
    "gumbelsoftmax": "softmax",
    "safesoftmax": "softmax",
    "logsoftmax": "log_softmax",
    "sigmoid": "sigmoid",
    "expit": "sigmoid",
    "hardsigmoid": "sigmoid",
    "logsigmoid": "log_sigmoid",
    "tanh": "tanh",
    "hardtanh": "tanh",
    "exp": "exp",
    "log": "log",
    "linear": "linear",
    "addmm": "linear",
    "mm": "linear",
    "bmm": "linear",
    "matmul": "linear",
    "einsum": "linear",
    "bilinear": "linear",
    "softplus": "other",
    "normalize": "features",
}
_FAMILY_BY_CATEGORY: dict[str, Family] = {
    "convolution": "linear",
    "linear": "linear",
    "activation": "features",
    "normalisation": "features",
    "pooling": "features",
    "attention": "features",
    "recurrent": "features",
    "embedding": "features",
    "arithmetic": "arithmetic",
    "input": "input",
}
_ARITHMETIC = re.compile(
    "[ir]?(add|sub|mul|div|truediv)|truedivide|floordivide|neg|negative|pow|clamp|clip|mean|sum|stack|cat|concat"
)
# Operations after which the same values stand there, at other places or in another type.
_PASSING = re.compile(
    "identity|view|viewas|reshape|reshapeas|flatten|unflatten|ravel|squeeze|unsqueeze|contiguous|clone|copy|to|float|"
    "double|half|bfloat16|type|typeas|cpu|cuda|detach|data|permute|transpose|m?t|adjoint|movedim|moveaxis|swapaxes|"
    "swapdims|expand|expandas|alias|rearrange|take|requiresgrad|(alpha|featurealpha)?dropout[123]?d?|"
    "getitem|select|narrow|slice|chunk|split|unbind|indexselect"
)
# A graph is never so deep behind its output; the bound is for one that is broken.
_MOST_STEPS = 200
_MOST_CHAIN = 6
_PICKING = re.compile("getitem|select|narrow|slice|indexselect|unbind|chunk|split|take")


@dataclass(frozen=True)
class Trail:
    """The way back from an output. `last` is the last real operation, `num_outputs` how many columns it gave.

    `before` is the real operation whose result `last` took (None where there are several, or none). `picked` says
    that a part of the result was taken on the way (`probs[:, 1]`). `bases` are, behind arithmetic, the operations
    whose results went into it.
    """

    last: Node
    family: Family
    num_outputs: int | None
    before: Node | None
    before_family: Family | None
    picked: bool
    bases: tuple[tuple[Node, Family], ...] = ()


def steps_back(graph: Graph, output: int) -> tuple[tuple[Node, Family], ...]:
    """The real operations behind output node `output`, the last first, as long as each took one result alone."""
    sources = _sources_by_target(graph)
    found: list[tuple[Node, Family]] = []
    came_from = sources.get(output, ())
    while len(came_from) == 1 and len(found) < _MOST_CHAIN:
        node, _picked = _skip_passing(graph, sources, came_from[0])
        found.append((node, family_of(node)))
        came_from = sources.get(node.id, ())
    return tuple(found)


def walk_back(graph: Graph, output: int) -> Trail | None:
    """The trail behind output node `output`; None where the graph doesn't know where the output came from."""
    sources = _sources_by_target(graph)
    came_from = sources.get(output, ())
    if len(came_from) != 1:
        return None
    last, picked = _skip_passing(graph, sources, came_from[0])
    family = family_of(last)
    before_ids = sources.get(last.id, ())
    before = _skip_passing(graph, sources, before_ids[0])[0] if len(before_ids) == 1 else None
    bases = tuple(_bases(graph, sources, last)) if family == "arithmetic" else ()
    return Trail(
        last=last,
        family=family,
        num_outputs=_columns(last),
        before=before,
        before_family=family_of(before) if before is not None else None,
        picked=picked,
        bases=bases,
    )


def family_of(node: Node) -> Family:
    """What an operation does to values, from its name, else from its category."""
    if node.kind == "input":
        return "input"
    name = plain_name(node.op)
    if name in _FAMILY_BY_NAME:
        return _FAMILY_BY_NAME[name]
    if _ARITHMETIC.fullmatch(name):
        return "arithmetic"
    return _FAMILY_BY_CATEGORY.get(node.category, "other")


def plain_name(op: str) -> str:
    """`LogSoftmax`, `log_softmax`, `aten::_log_softmax.int` and `log_softmax_` are all `logsoftmax`."""
    name = op.rsplit("::", 1)[-1]
    if "::" in op:
        name = name.split(".", 1)[0]
    elif name.startswith("aten."):
        name = name.split(".")[1]
    else:
        name = name.rsplit(".", 1)[-1]
    return name.replace("_", "").lower()


def _sources_by_target(graph: Graph) -> dict[int, tuple[int, ...]]:
    """Per node, the nodes whose tensors it took, without parameters and constants, each once, in order of arguments."""
    sources: dict[int, dict[int, None]] = {}
    for edge in sorted(graph.edges, key=lambda edge: edge.target_input):
        if graph.nodes[edge.source].kind not in ("parameter", "constant"):
            sources.setdefault(edge.target, {})[edge.source] = None
    return {target: tuple(found) for target, found in sources.items()}


def _skip_passing(graph: Graph, sources: dict[int, tuple[int, ...]], start: int) -> tuple[Node, bool]:
    """From `start` back to the first operation that makes values; and whether a part was picked on the way."""
    node = graph.nodes[start]
    picked = False
    for _ in range(_MOST_STEPS):
        came_from = sources.get(node.id, ())
        if not _passes(node) or len(came_from) != 1:
            break
        picked = picked or _PICKING.fullmatch(plain_name(node.op)) is not None
        node = graph.nodes[came_from[0]]
    return node, picked


def _passes(node: Node) -> bool:
    if node.kind == "input":
        return False
    if node.category == "dropout":
        return True
    name = plain_name(node.op)
    if _ARITHMETIC.fullmatch(name):
        return False
    return _PASSING.fullmatch(name) is not None or node.category == "shape"


def _bases(graph: Graph, sources: dict[int, tuple[int, ...]], node: Node) -> Iterable[tuple[Node, Family]]:
    """The operations behind arithmetic, each once."""
    seen = {node.id}
    waiting = list(sources.get(node.id, ()))
    for _ in range(_MOST_STEPS):
        if not waiting:
            return
        source, _picked = _skip_passing(graph, sources, waiting.pop())
        if source.id in seen:
            continue
        seen.add(source.id)
        family = family_of(source)
        if family == "arithmetic":
            waiting.extend(sources.get(source.id, ()))
        else:
            yield source, family


def _columns(node: Node) -> int | None:
    """How many columns the operation's first output has: its last axis, for convolutions the channels."""
    if not node.outputs or not node.outputs[0].shape:
        return None
    shape = node.outputs[0].shape
    return shape[1] if node.category == "convolution" and len(shape) > 2 else shape[-1]
