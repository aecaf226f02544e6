"""The gradient flow that the fake engine tells of: all of `fake_messages`' model is reached, but the stem."""

from inspector.client import fake_messages as said
from inspector.protocol.events import GradientsTraced
from inspector.protocol.findings import Finding
from inspector.protocol.gradients import (
    GradientFlow,
    GradientStop,
    LossName,
    NodeGradient,
    OutputTransform,
    ParameterGradient,
)

STOPS_AT = 5  # the node `relu` of the block


def gradients(loss: LossName | None, transform: OutputTransform) -> GradientsTraced:
    """A gradient that is cut off in the block: the stem and the block's first convolution get none."""
    cut = ("stem.conv.weight", "stem.norm.weight", "block.conv1.weight")
    reached = (("block.conv2.weight", (16, 16, 3, 3), 0.031), ("classifier.weight", (10, 16), 1.24))
    rows = (
        *(
            ParameterGradient(
                fqn=name,
                shape=(16,),
                norm=None,
                max_abs=None,
                zeros=None,
                requires_grad=True,
                reached="cut off",
                weight_norm=2.0,
                stop=0,
            )
            for name in cut
        ),
        *(
            ParameterGradient(
                fqn=name,
                shape=shape,
                norm=norm,
                max_abs=norm / 3,
                zeros=0.0,
                requires_grad=True,
                reached="reached",
                weight_norm=2.0,
            )
            for name, shape, norm in reached
        ),
        ParameterGradient(
            fqn="classifier.bias",
            shape=(10,),
            norm=None,
            max_abs=None,
            zeros=None,
            requires_grad=False,
            reached="frozen",
        ),
    )
    stop = GradientStop(
        kind="stops",
        op="relu",
        message="relu takes a tensor with a gradient and gives one without.",
        node=STOPS_AT,
        fqn="block",
        source_line="digits.py:31",
        parameters=cut,
    )
    finding = Finding(
        rule="gradient_stops",
        severity="warning",
        node=STOPS_AT,
        message="The gradient stops at relu (block, digits.py:31). 3 of 5 parameters get no gradient.",
        evidence={"parameters": 3, "of": 5, "op": "relu"},
        fix="Compute it with operations that have a gradient.",
    )
    nodes = tuple(
        NodeGradient(op=node.op, fqn=node.fqn, call=node.call, norm=0.1 * node.id if node.id > STOPS_AT else None)
        for node in said.graph().nodes
    )
    return GradientsTraced(
        flow=GradientFlow(
            loss=loss or "cross_entropy",
            transform=transform,
            output="output",
            sentence="The gradient stops at relu (block, digits.py:31): it reaches 2 of 5 parameters, 3 are cut off.",
            loss_value=2.303,
            target="class 6, made up: the one that it holds for least likely now",
            parameters=rows,
            nodes=nodes,
            stops=(stop,),
            total_norm=1.2404,
            findings=(finding,),
        )
    )
