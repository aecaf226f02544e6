"""Times and memory of the chosen node or module, as rows of text: pure functions of the run."""

import numpy as np

from inspector.core.formatting import bytes_text, percent_text, seconds_text
from inspector.core.measures import Measured
from inspector.protocol.events import ForwardProfiled
from inspector.protocol.graph import Graph, Node

Rows = tuple[tuple[str, str], ...]


def node_times(node: Node, profile: ForwardProfiled | None) -> Rows:
    """The median of the profile's runs with the fastest and the slowest; without a profile what the run took."""
    if profile is None:
        return () if node.elapsed_s is None else (("time", seconds_text(node.elapsed_s)),)
    found = profile.nodes[node.id]
    rows: list[tuple[str, str]] = []
    if found.elapsed_s is not None:
        rows.append(("time", seconds_text(found.elapsed_s)))
        if found.fastest_s is not None and found.slowest_s is not None:
            rows[-1] = ("time", f"{rows[-1][1]}  ({seconds_text(found.fastest_s)} – {seconds_text(found.slowest_s)})")
        rows.append(("share of all", _share(found.elapsed_s, profile)))
    if found.peak_bytes is not None:
        rows.append(("peak memory", bytes_text(found.peak_bytes)))
    return tuple(rows)


def module_times(fqn: str, graph: Graph, profile: ForwardProfiled | None) -> Rows:
    """All calls of a module that holds others: whole, and without the modules inside."""
    calls = [group.id for group in graph.groups if group.fqn == fqn]
    measured = Measured(graph, profile)
    if not calls or np.isnan(measured.group_s[calls]).all():
        return ()
    outermost = [call for call in calls if not _inside_itself(graph, call)]
    total_s, self_s = np.nansum(measured.group_s[outermost]), np.nansum(measured.group_self_s[calls])
    rows = [
        ("time", seconds_text(float(total_s)) + (f", {len(calls)} calls" if len(calls) > 1 else "")),
        ("self time", f"{seconds_text(float(self_s))}, without the modules inside"),
    ]
    if profile is not None:
        rows.append(("share of all", _share(float(total_s), profile)))
        peaks = [profile.nodes[node.id].peak_bytes for node in graph.nodes if _is_in(graph, node.group, calls)]
        known = [peak for peak in peaks if peak is not None]
        rows += [("peak memory", bytes_text(max(known)))] if known else []
    return tuple(rows)


def _share(elapsed_s: float, profile: ForwardProfiled) -> str:
    whole_s = max(profile.observed_s, elapsed_s)
    return percent_text(elapsed_s / whole_s) if whole_s else "–"


def _inside_itself(graph: Graph, call: int) -> bool:
    fqn, around = graph.groups[call].fqn, graph.groups[call].parent
    while around is not None:
        if graph.groups[around].fqn == fqn:
            return True
        around = graph.groups[around].parent
    return False


def _is_in(graph: Graph, group: int | None, calls: list[int]) -> bool:
    while group is not None:
        if group in calls:
            return True
        group = graph.groups[group].parent
    return False
