"""The times of several runs, put into the report of one."""

from msgspec.structs import replace

from inspector.core.formatting import bytes_text, percent_text, seconds_text
from inspector.protocol.events import ForwardProfiled, NodeProfile
from inspector.protocol.graph import Node
from inspector.protocol.reports import RunReport, TimesReport

OTHER_WAY = "These runs took another way through the model than the graph above, which keeps the times of its one run."


def timed_report(report: RunReport, profile: ForwardProfiled) -> RunReport:
    """The report with the medians as the times of its graph's nodes and groups."""
    graph = report.graph
    notes = profile.notes
    if graph is not None and _is_same(graph.nodes, profile.nodes) and len(graph.groups) == len(profile.group_s):
        pairs = zip(graph.nodes, profile.nodes, strict=True)
        nodes = tuple(replace(node, elapsed_s=timed.elapsed_s) for node, timed in pairs)
        calls = zip(graph.groups, profile.group_s, strict=True)
        graph = replace(graph, nodes=nodes, groups=tuple(replace(group, elapsed_s=time) for group, time in calls))
    else:
        notes = (*notes, OTHER_WAY)
    times = TimesReport(
        runs=profile.runs,
        warm_up=profile.warm_up,
        plain_s=profile.plain_s,
        plain_fastest_s=profile.plain_fastest_s,
        plain_slowest_s=profile.plain_slowest_s,
        observed_s=profile.observed_s,
        overhead=profile.observed_s / profile.plain_s - 1 if profile.plain_s else 0.0,
        peak_bytes=profile.peak_bytes,
        memory=profile.memory,
        nodes=profile.nodes,
        notes=notes,
    )
    return replace(report, graph=graph, times=times)


def _is_same(nodes: tuple[Node, ...], timed: tuple[NodeProfile, ...]) -> bool:
    pairs = zip(nodes, timed, strict=False)
    return len(nodes) == len(timed) and all((a.op, a.fqn, a.call) == (b.op, b.fqn, b.call) for a, b in pairs)


def times_lines(times: TimesReport) -> list[str]:
    """The whole forward, the overhead of timing its nodes, and the memory."""
    lines = [
        f"median of {times.runs} runs after {times.warm_up}: plain {seconds_text(times.plain_s)} "
        f"({seconds_text(times.plain_fastest_s)} to {seconds_text(times.plain_slowest_s)}), "
        f"every node timed {seconds_text(times.observed_s)} ({percent_text(times.overhead)} more)"
    ]
    if times.peak_bytes is not None:
        lines.append(f"peak memory {bytes_text(times.peak_bytes)}. {times.memory}")
    elif times.memory:
        lines.append(times.memory)
    return [*lines, *times.notes]
