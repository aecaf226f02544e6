"""The rows of the table as arrays: a row a node, or a row a module with the totals of all that runs inside it."""

from dataclasses import dataclass

import numpy as np

from inspector.core.measures import MEASURES, WORDS, Measured, Values, totals
from inspector.protocol.graph import Graph


@dataclass(frozen=True)
class Rows:
    """`names` are shown and filtered by, `nodes` are ids (−1 for modules), `fqns` what is selected for a module.

    `numbers` are by measure's key (r,), `words` likewise; `wholes` are the totals of all nodes, for shares.
    """

    names: tuple[str, ...]
    fqns: tuple[str, ...]
    nodes: tuple[int, ...]
    numbers: dict[str, Values]
    words: dict[str, tuple[str, ...]]
    wholes: dict[str, float]


def node_rows(measured: Measured) -> Rows:
    """Every node, in the order they ran."""
    nodes = measured.graph.nodes
    return Rows(
        names=tuple(f"{node.op}  {node.fqn}".rstrip() for node in nodes),
        fqns=tuple(node.fqn for node in nodes),
        nodes=tuple(node.id for node in nodes),
        numbers={measure.key: measured.column(measure) for measure in MEASURES},
        words={measure.key: measure.words_of(measured) for measure in WORDS},
        wholes=wholes(measured),
    )


def module_rows(measured: Measured) -> Rows:
    """Every module that holds others, all its calls together; a total counts everything inside, however deep."""
    graph = measured.graph
    fqns = list(dict.fromkeys(group.fqn for group in graph.groups))
    place = {fqn: at for at, fqn in enumerate(fqns)}
    owners = [_modules_around(graph, node.group, place) for node in graph.nodes]
    counts = np.array([len(found) for found in owners], np.int64)
    owner = np.array([at for found in owners for at in found], np.int64)
    numbers = {
        measure.key: totals(
            np.repeat(measured.additive(measure) if measure.total == "sum" else measured.column(measure), counts),
            owner,
            len(fqns),
            measure.total,
        )
        for measure in MEASURES
    }
    calls = np.array([place[group.fqn] for group in graph.groups], np.int64)
    numbers["time"] = totals(measured.group_s, calls, len(fqns), "sum")
    classes = {group.fqn: group.class_name for group in graph.groups}
    return Rows(
        names=tuple(f"{classes[fqn]}  {fqn}".rstrip() for fqn in fqns),
        fqns=tuple(fqns),
        nodes=(-1,) * len(fqns),
        numbers=numbers,
        words={},
        wholes=wholes(measured),
    )


def wholes(measured: Measured) -> dict[str, float]:
    """What all nodes add up to, by the key of each measure that adds up."""
    return {m.key: float(np.nansum(measured.additive(m))) for m in MEASURES if m.total == "sum"}


def _modules_around(graph: Graph, group: int | None, place: dict[str, int]) -> set[int]:
    found = set()
    while group is not None:
        found.add(place[graph.groups[group].fqn])
        group = graph.groups[group].parent
    return found
