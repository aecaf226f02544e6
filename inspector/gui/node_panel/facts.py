"""What there is to say of the chosen node or module, as rows of text: pure functions of the state."""

from collections.abc import Sequence
from dataclasses import dataclass

from inspector.core.formatting import bytes_text, count_text, named_shape_text, value_text
from inspector.core.graph_axes import axes_lines, batch_sentence, group_specs, node_specs
from inspector.gui.node_panel.times import module_times, node_times
from inspector.gui.state import RunState, WindowState
from inspector.protocol.files import ModuleRow
from inspector.protocol.graph import Category, Graph, GraphAxes, Group, Node, Statistics, TensorSpec

Rows = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Subject:
    """What is chosen: a node, or a module without a node of its own."""

    title: str
    fqn: str
    category: Category | None
    kind: str
    shapes: Rows
    figures: Rows
    statistics: Statistics | None
    notes: tuple[str, ...]
    failed: bool = False


def subject_of(state: WindowState) -> Subject | None:
    """What is chosen, in words; None when nothing is."""
    graph = state.run.graph
    if graph is not None and state.selected_node is not None and state.selected_node < len(graph.nodes):
        return _node_subject(graph.nodes[state.selected_node], graph, state.run)
    if state.selected_module is None or state.model is None:
        return None
    row = next((row for row in state.model.modules if row.fqn == state.selected_module), None)
    return None if row is None else _module_subject(row, graph, state.run)


def module_row(state: WindowState) -> ModuleRow | None:
    """The chosen module, where it has parameters or buffers of its own."""
    if state.model is None or state.selected_module is None:
        return None
    graph = state.run.graph
    if graph is not None and state.selected_node is not None and graph.nodes[state.selected_node].kind != "module":
        return None
    found = next((row for row in state.model.modules if row.fqn == state.selected_module), None)
    return found if found is not None and found.tensors else None


def statistics_rows(statistics: Statistics | None) -> Rows:
    """The figures of a tensor; NaN and infinities only where there are any."""
    if statistics is None:
        return ()
    named = (
        ("min", statistics.min),
        ("max", statistics.max),
        ("mean", statistics.mean),
        ("std", statistics.std),
    )
    rows = [(name, "–" if value is None else value_text(value)) for name, value in named]
    sampled = max(1, statistics.num_sampled)
    rows.append(("zeros", f"{100 * statistics.zeros / sampled:.3g} %"))
    rows += [(name, f"{count:,}") for name, count in (("NaN", statistics.nan), ("inf", statistics.inf)) if count]
    return tuple(rows)


def _node_subject(node: Node, graph: Graph, run: RunState) -> Subject:
    figures: list[tuple[str, str]] = []
    if node.details:
        figures.append(("arguments", node.details))
    if node.num_params:
        figures.append(("parameters", f"{node.num_params:,}"))
    if node.macs is not None:
        figures.append(("MACs", count_text(node.macs)))
    figures += node_times(node, run.profile)
    if node.kind in ("module", "function"):
        calls = sum(1 for other in graph.nodes if other.kind == "module" and other.fqn == node.fqn)
        again = f", call {node.call + 1} of {calls} of this module" if node.kind == "module" and calls > 1 else ""
        figures.append(("order", f"{node.call_index + 1} of {len(graph.nodes)}{again}"))
    inputs, outputs = node_specs(graph, run.axes, node.id)
    return Subject(
        title=node.op,
        fqn=node.fqn,
        category=node.category,
        kind=node.kind,
        shapes=_shapes(inputs, outputs, run.axes),
        figures=tuple(figures),
        statistics=node.statistics,
        notes=node.notes,
        failed=node.failed,
    )


def _module_subject(row: ModuleRow, graph: Graph | None, run: RunState) -> Subject:
    group = _group_of(row.fqn, graph)
    figures: list[tuple[str, str]] = []
    if row.details:
        figures.append(("arguments", row.details))
    if row.num_params:
        figures.append(("parameters", f"{row.num_params:,}"))
    if row.size_bytes:
        figures.append(("size", bytes_text(row.size_bytes)))
    figures += module_times(row.fqn, graph, run.profile) if graph is not None else ()
    uncalled = graph is not None and row.fqn in graph.uncalled_modules
    return Subject(
        title=row.class_name,
        fqn=row.fqn,
        category=None,
        kind="module",
        shapes=_shapes(*group_specs(graph, run.axes, group.id), run.axes)
        if graph is not None and group is not None
        else (),
        figures=tuple(figures),
        statistics=None,
        notes=("This module was not called in the last run.",) if uncalled else (),
        failed=group.failed if group is not None else False,
    )


def _group_of(fqn: str, graph: Graph | None) -> Group | None:
    return next((group for group in graph.groups if group.fqn == fqn), None) if graph is not None else None


def _shapes(inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec], axes: GraphAxes | None) -> Rows:
    batch = (("batch", batch_sentence(axes)),) if axes is not None and batch_sentence(axes) else ()
    return (*_numbered("in", inputs), *_numbered("out", outputs), *batch)


def _numbered(name: str, specs: Sequence[TensorSpec]) -> Rows:
    return tuple((name if len(specs) == 1 else f"{name} {place}", _told(spec)) for place, spec in enumerate(specs))


def _told(spec: TensorSpec) -> str:
    return "\n".join((f"{named_shape_text(spec.shape, spec.axes)}  {spec.dtype}", *axes_lines(spec)))
