"""The rows of the table as arrays: a row a node, or a row a module with the totals of all that runs inside it."""

from dataclasses import dataclass, field

import numpy as np

from inspector.core.measures import MEASURES, NUMBERS, SELF_TIME, WORDS, Measured, Values, one_word, totals
from inspector.protocol.graph import Graph, Group, Node

ROOT = "model"


@dataclass(frozen=True)
class Rows:
    """`kinds` are operations or classes, `fqns` what is selected for a module, `nodes` are ids (−1 for modules).

    Modules have a place in their tree: `names` are what they are called by the module around, `depths` how many are
    around. `numbers` are by measure's key (r,), `words` likewise; `wholes` are the totals of all nodes, for shares.
    """

    kinds: tuple[str, ...] = ()
    fqns: tuple[str, ...] = ()
    nodes: tuple[int, ...] = ()
    numbers: dict[str, Values] = field(default_factory=dict)
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    wholes: dict[str, float] = field(default_factory=dict)
    names: tuple[str, ...] = ()
    depths: tuple[int, ...] = ()

    @property
    def are_modules(self) -> bool:
        """Whether a row is a module."""
        return bool(self.names)


@dataclass(frozen=True)
class _Module:
    """A module that was called: its class, what is around its first call ("" above the root), how deep that is."""

    class_name: str
    around: str | None
    depth: int


def node_rows(measured: Measured) -> Rows:
    """Every node, in the order they ran."""
    nodes = measured.graph.nodes
    return Rows(
        kinds=tuple(node.op for node in nodes),
        fqns=tuple(node.fqn for node in nodes),
        nodes=tuple(node.id for node in nodes),
        numbers={measure.key: measured.column(measure) for measure in MEASURES},
        words={measure.key: measure.words_of(measured) for measure in WORDS},
        wholes=wholes(measured),
    )


def module_rows(measured: Measured) -> Rows:
    """Every module that was called, each behind the one around it; a total counts everything inside, however deep.

    All calls of a module are one row. Parameters are those of the module tree: each once, also where another module
    has them too.
    """
    graph = measured.graph
    modules = _modules_in_order(graph)
    fqns = list(modules)
    place = {fqn: at for at, fqn in enumerate(fqns)}
    around = _around(graph, place)
    owners = [_owners(node, around, place) for node in graph.nodes]
    counts = np.array([len(found) for found in owners], np.int64)
    owner = np.array([at for found in owners for at in found], np.int64)
    numbers = {
        measure.key: totals(np.repeat(measured.additive(measure), counts), owner, len(fqns), measure.total)
        for measure in MEASURES
    }
    numbers["params"] = _params(graph, place)
    numbers["time"], numbers[SELF_TIME.key] = _times(measured, place, around)
    return Rows(
        kinds=tuple(module.class_name for module in modules.values()),
        fqns=tuple(fqns),
        nodes=(-1,) * len(fqns),
        numbers=numbers,
        words=_words(measured, owners, len(fqns)),
        wholes=wholes(measured),
        names=tuple(_name(fqn, module) for fqn, module in modules.items()),
        depths=tuple(module.depth for module in modules.values()),
    )


def wholes(measured: Measured) -> dict[str, float]:
    """What all nodes add up to, by the key of each measure that adds up; time is that of the whole forward."""
    found = {m.key: float(np.nansum(measured.additive(m))) for m in MEASURES if m.total == "sum"}
    outermost = [group.id for group in measured.graph.groups if group.parent is None]
    whole_s = float(np.nansum(measured.group_s[outermost]))
    found["time"] = max(found["time"], whole_s)
    found[SELF_TIME.key] = found["time"]
    return found


def _modules_in_order(graph: Graph) -> dict[str, _Module]:
    """By fqn: a module, then what it called, in the order of their first calls."""
    first = _first_calls(graph)
    inside: dict[str | None, list[str]] = {}
    for fqn, module in first.items():
        inside.setdefault(module.around, []).append(fqn)
    ordered: dict[str, _Module] = {}
    waiting = list(reversed(inside.get(None, [])))
    while waiting:
        fqn = waiting.pop()
        ordered[fqn] = first[fqn]
        waiting += reversed(inside.get(fqn, []))
    return ordered


def _first_calls(graph: Graph) -> dict[str, _Module]:
    first: dict[str, _Module] = {}

    def see(fqn: str, class_name: str, group: int | None) -> None:
        around = None if group is None else graph.groups[group].fqn
        if fqn not in first:
            first[fqn] = _Module(class_name, around, 0 if around is None else first[around].depth + 1)

    def see_group(group: Group) -> None:
        chain = [group]
        while chain[-1].fqn not in first and (parent := chain[-1].parent) is not None:
            chain.append(graph.groups[parent])
        for one in reversed(chain):
            see(one.fqn, one.class_name, one.parent)

    for node in graph.nodes:
        if node.group is not None:
            see_group(graph.groups[node.group])
        if node.kind == "module":
            see(node.fqn, node.op, node.group)
    for group in graph.groups:  # one without any operation
        see_group(group)
    return first


def _name(fqn: str, module: _Module) -> str:
    return fqn.removeprefix(f"{module.around}.") if module.around else fqn or ROOT


def _around(graph: Graph, place: dict[str, int]) -> list[frozenset[int]]:
    """The rows of each group and of all groups around it."""
    found: list[frozenset[int]] = []
    for group in graph.groups:
        outer: frozenset[int] = frozenset() if group.parent is None else found[group.parent]
        found.append(outer | {place[group.fqn]})
    return found


def _owners(node: Node, around: list[frozenset[int]], place: dict[str, int]) -> frozenset[int]:
    outer: frozenset[int] = frozenset() if node.group is None else around[node.group]
    return outer | {place[node.fqn]} if node.kind == "module" else outer


def _params(graph: Graph, place: dict[str, int]) -> Values:
    found = np.zeros(len(place))
    for group in graph.groups:
        found[place[group.fqn]] = group.num_params
    for node in graph.nodes:
        if node.kind == "module":
            found[place[node.fqn]] = node.num_params
    return found


def _times(measured: Measured, place: dict[str, int], around: list[frozenset[int]]) -> tuple[Values, Values]:
    """Of all calls of each module together, whole and without the modules inside; one inside itself counts once."""
    graph = measured.graph
    leaves = [node for node in graph.nodes if node.kind == "module"]
    leaf_s = measured.column(NUMBERS["time"])[[node.id for node in leaves]]
    at = np.array([place[group.fqn] for group in graph.groups] + [place[node.fqn] for node in leaves], np.int64)
    own = totals(np.concatenate([measured.group_self_s, leaf_s]), at, len(place), "sum")
    outermost = [
        -1 if group.parent is not None and place[group.fqn] in around[group.parent] else place[group.fqn]
        for group in graph.groups
    ]
    at[: len(outermost)] = outermost
    return totals(np.concatenate([measured.group_s, leaf_s]), at, len(place), "sum"), own


def _words(measured: Measured, owners: list[frozenset[int]], count: int) -> dict[str, tuple[str, ...]]:
    told: dict[str, tuple[str, ...]] = {}
    for measure in WORDS:
        held: list[set[str]] = [set() for _ in range(count)]
        for word, found in zip(measure.words_of(measured), owners, strict=True):
            for at in found if word else ():
                held[at].add(word)
        told[measure.key] = tuple(one_word(words, measure) for words in held)
    return told
