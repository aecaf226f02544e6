"""The batch goes in and does not come out: averaged away, squeezed away, or laid into one long row."""

from collections.abc import Iterator

import torch

from inspector.core.formatting import shape_text
from inspector.core.head_trail import plain_name
from inspector.core.wires import ancestors
from inspector.engine.diagnosis.context import RunContext
from inspector.engine.diagnosis.rules.batch_folded import loses_to_time, time_first_before
from inspector.engine.diagnosis.trials import only_tensor, run_again
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Graph, Node, TensorSpec


def check(context: RunContext) -> Iterator[Finding]:
    """By the measured axes of the first output; and `squeeze()`, which takes a batch of one along."""
    if context.mode == "train":
        return
    output = context.outputs[0]
    if output.node is None:
        return
    spec = _spec_of(context.graph, output.node)
    if spec.batch and spec.shape and not any(spec.batch):
        yield from _lost(context, output.node, spec)
    else:
        yield from _squeezed(context)


def _spec_of(graph: Graph, output: int) -> TensorSpec:
    node = graph.nodes[output]
    return (node.outputs or node.inputs)[0]


def _lost(context: RunContext, output: int, spec: TensorSpec) -> Iterator[Finding]:
    # What an LSTM makes of a batch that it took for time is another rule's: batch_folded.
    if loses_to_time(context) is not None:
        return
    way = ancestors(context.graph, [output])
    losing = [node for node in context.graph.nodes if node.id in way and _loses(node)]
    if not losing:
        return
    node = losing[0]
    layer = time_first_before(context, node)
    before = next(one for one in node.inputs if any(one.batch))
    yield Finding(
        rule="batch_lost",
        severity="warning",
        node=node.id,
        message=(
            f"The output {shape_text(spec.shape)} is the same size whatever the batch: {node.op} makes "
            f"{shape_text(node.outputs[0].shape)} of {shape_text(before.shape)}, {_what_it_does(node)}"
            + (
                f', as "{layer.fqn}" has batch_first=False and takes axis 1 for the batch.'
                if layer is not None
                else "."
            )
        ),
        evidence={"batch_axes_in": sum(times != 0 for times in before.batch), "batch_axes_out": 0},
        fix=_fix(node) if layer is None else f'Where the batch comes first: set batch_first=True in "{layer.fqn}".',
        code=_code(node) if layer is None else "batch_first=True",
    )


def _loses(node: Node) -> bool:
    if node.kind not in {"module", "function"} or not node.outputs:
        return False
    return any(any(spec.batch) for spec in node.inputs) and all(
        spec.batch and not any(spec.batch) for spec in node.outputs
    )


def _what_it_does(node: Node) -> str:
    taken = plain_name(node.op) in {"getitem", "select", "unbind", "narrow"}
    return "taking a part of the batch" if taken else "joining all items of the batch"


def _fix(node: Node) -> str:
    name = plain_name(node.op)
    if name in {"view", "reshape", "flatten"}:
        return f"Keep the first axis: x.flatten(1) in place of {node.op}."
    if name in {"getitem", "select"}:
        return "Leave the first axis alone: x[:, 0] takes the first step of every item, x[0] the first item."
    return f"Say which axes {node.op} takes, as in x.{node.op}(dim=1), and leave the first alone."


def _code(node: Node) -> str:
    name = plain_name(node.op)
    if name in {"view", "reshape", "flatten"}:
        return "x = x.flatten(1)"
    return f"x = x.{node.op}(dim=1)" if name in {"mean", "sum", "amax", "amin"} else ""


def _squeezed(context: RunContext) -> Iterator[Finding]:
    """Asked only where something squeezes every axis of length one; settled by batches of one and of two."""
    suspect = next(
        (node for node in context.graph.nodes if plain_name(node.op) == "squeeze" and not node.details), None
    )
    fed = only_tensor(context)
    if suspect is None or fed is None:
        return
    one = run_again(context, (fed[:1],), {})
    two = run_again(context, (torch.cat([fed[:1], fed[:1]]),), {})
    if not two or two[0].shape[:1] != (2,):
        return
    if one and one[0].ndim == two[0].ndim:
        return
    now = shape_text(one[0].shape) if one else "an error"
    yield Finding(
        rule="batch_lost",
        severity="warning",
        node=suspect.id,
        message=(
            f"squeeze() takes every axis of length 1 away, that of a batch of one too: a batch of 2 gives "
            f"{shape_text(two[0].shape)}, and a batch of 1 {now}."
        ),
        evidence={"axes_of_two": two[0].ndim, "axes_of_one": one[0].ndim if one else 0},
        fix="Name the axis that squeeze takes away.",
        code="x = x.squeeze(-1)",
    )
