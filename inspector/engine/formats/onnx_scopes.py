"""Which module of the original model each operation of an ONNX file came from, as far as its exporter wrote it down."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from inspector.engine.formats.onnx_parts import OnnxNode

_NAME_SCOPES, _CLASSES = "pkg.torch.onnx.name_scopes", "pkg.torch.onnx.class_hierarchy"
SCOPE_KEYS = (_NAME_SCOPES, _CLASSES)
_QUOTED = re.compile(r"'([^'\\]*)'|\"([^\"\\]*)\"")
_DEEPEST_SCOPE = 40


def scopes_of(name: str, metadata: dict[str, str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The modules that a node lies in, outermost first, as whole dotted names; and their classes, or none.

    torch's exporter writes them into the node's metadata as a Python list of texts, the older one into the node's
    name: `/layer1/layer1.0/conv1/Conv`, where `layer1.0` repeats the name of what it lies in.
    """
    if _NAME_SCOPES in metadata:
        names = _texts_in(metadata[_NAME_SCOPES])
        classes = _texts_in(metadata.get(_CLASSES, ""))
        kept = [place for place, scope in enumerate(names[:-1]) if scope]
        paired = classes if len(classes) == len(names) else []
        return tuple(names[place] for place in kept), tuple(paired[place] for place in kept) if paired else ()
    parts = [part for part in name.split("/")[:-1] if part][:_DEEPEST_SCOPE]
    scopes: list[str] = []
    for part in parts:
        around = scopes[-1] if scopes else ""
        own = around.rpartition(".")[2]
        before = parts[len(scopes) - 1] if scopes else ""
        if before and part.startswith(f"{before}."):
            scopes.append(around + part[len(before) :])
        elif own and part.startswith(f"{own}."):
            scopes.append(around + part[len(own) :])
        else:
            scopes.append(f"{around}.{part}" if around else part)
    return tuple(scopes), ()


def _texts_in(text: str) -> list[str]:
    return [first or second for first, second in _QUOTED.findall(text)][: _DEEPEST_SCOPE + 1]


@dataclass(frozen=True)
class Place:
    """Where an operation is shown: the groups around it, outermost first, and its own dotted name.

    `module_class` is the class of the module that it is all of. `call` tells the calls of one such module apart.
    """

    groups: tuple[str, ...]
    classes: tuple[str, ...]  # of the groups, "" where unknown
    fqn: str
    stands_for_module: bool = False
    module_class: str = ""
    call: int = 0


def places_of(nodes: Sequence[OnnxNode]) -> list[Place]:
    """A place for each node. A module of one operation is no group of its own: the operation stands for it."""
    scoped = _with_strays(nodes)
    alone = _modules_of_one(nodes, scoped)
    calls: Counter[str] = Counter()
    places = []
    for node, (scopes, full_names) in zip(nodes, scoped, strict=True):
        classes = tuple(name.rpartition(".")[2] for name in full_names) or ("",) * len(scopes)
        if scopes and scopes[-1] in alone and not is_constant(node):
            call = calls[scopes[-1]]
            calls[scopes[-1]] += 1
            places.append(Place(scopes[:-1], classes[:-1], scopes[-1], True, classes[-1], call))
        else:
            own = node.name.rpartition("/")[2]
            around = scopes[-1] if scopes else ""
            places.append(Place(scopes, classes, ".".join(part for part in (around, own) if part)))
    return places


Scoped = tuple[tuple[str, ...], tuple[str, ...]]


def _with_strays(nodes: Sequence[OnnxNode]) -> list[Scoped]:
    """Each node's modules and their classes. One of which the file says nothing is where those before and behind are.

    torch's older exporter leaves the names of operations bare that it puts in itself.
    """
    found: list[Scoped] = [(node.scopes, node.classes) for node in nodes]
    told = [at for at, node in enumerate(nodes) if node.scopes]
    for before, behind in pairwise(told):
        if behind == before + 1:
            continue
        common = 0
        for one, other in zip(nodes[before].scopes, nodes[behind].scopes, strict=False):
            if one != other:
                break
            common += 1
        for at in range(before + 1, behind):
            if not _is_at_root(nodes[at]):
                found[at] = (nodes[before].scopes[:common], nodes[before].classes[:common])
    return found


def _modules_of_one(nodes: Sequence[OnnxNode], scoped: Sequence[Scoped]) -> set[str]:
    """The modules of which each call is one operation, always the same: a ReLU that a block calls twice is one too."""
    holders = {scope for scopes, _ in scoped for scope in scopes[:-1]}
    ops: dict[str, str] = {}
    several: set[str] = set()
    before = ""
    for node, (scopes, _) in zip(nodes, scoped, strict=True):
        if is_constant(node):
            continue
        scope = scopes[-1] if scopes else ""
        if scope and (scope == before or ops.setdefault(scope, node.op) != node.op):
            several.add(scope)
        before = scope
    return set(ops) - several - holders


def _is_at_root(node: OnnxNode) -> bool:
    """Whether the file says that it lies in no module: `/Add` does, `Add_3` says nothing."""
    return node.name.startswith("/") or node.name.startswith("node_")


def is_constant(node: OnnxNode) -> bool:
    """Whether it only gives a tensor that the file holds."""
    return node.op == "Constant" and not node.domain and not node.inputs
