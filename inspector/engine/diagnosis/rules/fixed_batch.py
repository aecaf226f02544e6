"""A model that runs with one batch size alone, as where forward says view(1, −1) or view(32, …)."""

from collections.abc import Iterator

import torch

from inspector.core.formatting import shape_text
from inspector.core.head_trail import plain_name
from inspector.engine.capture import CaptureOptions, capture_forward, unchanged
from inspector.engine.diagnosis.context import CannotTellError, RunContext
from inspector.engine.diagnosis.rules.missing_batch import unbatched_layer
from inspector.engine.diagnosis.trials import SLOWEST_S, only_tensor
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Failure, Graph, Node

_TRACED = (torch.jit.ScriptModule, torch.fx.GraphModule, torch.export.UnflattenedModule)
_RESHAPES = ("view", "reshape", "flatten", "unflatten", "expand", "expandas", "viewas")


def check(context: RunContext) -> Iterator[Finding]:
    """Asked only where the run with another batch size, which finds the axes, did not go through."""
    fed = only_tensor(context)
    if not context.axes_note or fed is None or context.mode == "train" or unbatched_layer(context) is not None:
        return
    if context.captured_s > SLOWEST_S:
        raise CannotTellError(f"it needs another run, and one takes {context.captured_s:.1f} s")
    if isinstance(context.module, _TRACED):  # for one size, and they say so
        return
    size = int(fed.shape[0])
    tried = [_tried(context, fed, other) for other in (size + 1, 2 * size)]
    graph, failure = tried[-1]
    if failure is not None and tried[0][1] is not None:
        yield _finding(context, graph, failure, size, 2 * size)


def _tried(context: RunContext, fed: torch.Tensor, size: int) -> tuple[Graph, Failure | None]:
    batch = torch.cat([fed] * -(-size // fed.shape[0]))[:size]
    with unchanged(context.module, mode=context.mode, seed=0):
        captured = capture_forward(context.module, (batch,), {}, options=CaptureOptions(statistics=False))
    return captured.graph, captured.failure


def _finding(context: RunContext, graph: Graph, failure: Failure, size: int, other: int) -> Finding:
    culprit = _culprit(graph, other)
    failed = f"{failure.op} {failure.fqn}".strip() or "forward"
    if culprit is not None and culprit.id != failure.node:
        before, after = culprit.inputs[0].shape, culprit.outputs[0].shape
        why = f"{culprit.op} makes {shape_text(after)} of {shape_text(before)}, and {failed} then fails"
    else:
        met = " and ".join(shape_text(shape) for shape in failure.input_shapes)
        why = f"{failed} fails{f' on {met}' if met else ''}"
    place = culprit.id if culprit is not None else failure.node
    same = place is not None and place < len(context.graph.nodes) and _same_node(context.graph, graph, place)
    reshape = culprit is not None or plain_name(failure.op) in _RESHAPES
    return Finding(
        rule="fixed_batch",
        severity="warning",
        node=place if same else None,
        message=f"It runs with a batch of {size} alone: of {other} {why}.",
        evidence={"batch": size, "tried": other},
        fix=(
            "Take the batch from the input: x.flatten(1), or x.reshape(x.shape[0], …)."
            if reshape
            else f"Look at where {failed} gets a size that was written for a batch of {size}."
        ),
        code="x = x.flatten(1)" if culprit is not None else "",
    )


def _culprit(graph: Graph, batch: int) -> Node | None:
    """The reshape that gave an axis of the batch away."""
    for node in graph.nodes:
        if plain_name(node.op) in _RESHAPES and node.inputs and node.outputs:
            before, after = node.inputs[0].shape, node.outputs[0].shape
            if before[:1] == (batch,) and after[:1] != (batch,) and batch not in after:
                return node
    return None


def _same_node(here: Graph, there: Graph, place: int) -> bool:
    return here.nodes[place].op == there.nodes[place].op and here.nodes[place].fqn == there.nodes[place].fqn
