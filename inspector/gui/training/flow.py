"""A gradient flow and the graph that is shown: pure functions."""

from msgspec import structs

from inspector.gui.state import WindowState
from inspector.protocol.gradients import GradientFlow
from inspector.protocol.graph import Graph
from inspector.protocol.requests import TraceGradients


def of_graph(flow: GradientFlow, graph: Graph | None) -> GradientFlow:
    """The flow for this graph: places that belong to another one are left out.

    The watched run may take another way through the model than the one that is shown, where it goes by chance.
    """
    if graph is not None and graph.origin == "run" and fits(flow, graph):
        return flow
    stops = tuple(structs.replace(stop, node=None) for stop in flow.stops)
    findings = tuple(structs.replace(finding, node=None) for finding in flow.findings)
    return structs.replace(flow, nodes=(), stops=stops, findings=findings)


def fits(flow: GradientFlow, graph: Graph) -> bool:
    """Whether the nodes are the graph's."""
    if len(flow.nodes) != len(graph.nodes):
        return False
    pairs = zip(flow.nodes, graph.nodes, strict=True)
    return all((a.op, a.fqn, a.call) == (b.op, b.fqn, b.call) for a, b in pairs)


def gradients_request(state: WindowState, *, run_line: bool) -> TraceGradients:
    """The backward that the settings describe; where no target is given, what was expected of the output is one."""
    settings, training = state.settings, state.training
    return TraceGradients(
        inputs=settings.inputs,
        device=settings.device,
        dtype=settings.dtype,
        mode=settings.mode,
        seed=settings.seed,
        loss=training.loss,
        transform=training.transform,
        target=training.target or settings.expectation,
        output=output_chosen(state),
        run_line=run_line,
    )


def output_chosen(state: WindowState) -> int:
    """The place of the output that is trained; −1 for the first with a gradient, also where what was chosen is gone."""
    place = state.training.output
    return place if place < len(state.run.outputs) else -1


def is_tracing(state: WindowState) -> bool:
    """Whether a backward is under way."""
    return "gradients" in state.pending.values()
