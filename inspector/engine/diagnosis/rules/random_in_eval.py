"""Outputs that change from run to run in eval mode, as `F.dropout(x)` stays at work there, or forward draws."""

from collections.abc import Iterator

from inspector.core.head_trail import plain_name
from inspector.engine.diagnosis.context import RunContext
from inspector.engine.diagnosis.trials import first_to_differ, largest_difference, observed_twice, same, tensors_of
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node

_RANDOM = ("rand", "bernoulli", "multinomial", "normal", "poisson", "gumbelsoftmax", "rrelu", "exponential", "uniform")
_SEEDS = (0, 1)


def check(context: RunContext) -> Iterator[Finding]:
    """Run twice with other seeds, only where something was drawn; equal outputs are healthy."""
    suspect = next((node for node in context.graph.nodes if _may_draw(node)), None)
    if context.mode == "train" or (suspect is None and not context.traces.drew):
        return
    first, second = observed_twice(context, _SEEDS, in_a_row=False)
    before, after = tensors_of(first), tensors_of(second)
    if before is None or after is None or same(before, after) is not False:
        return
    largest = largest_difference(before, after) or 0.0
    node = suspect or first_to_differ(first, second)
    where = f"{node.op}{f' in {node.fqn}' if node.fqn else ''}" if node is not None else "forward"
    drawn = (
        "draws"
        if suspect is not None
        else "takes a number drawn outside of the graph, as by Python's random or numpy's"
    )
    # Dropout in eval is a mistake; who draws noise or a mask there (MAE, a VAE) may mean it.
    dropout = suspect is not None and suspect.category == "dropout"
    yield Finding(
        rule="random_in_eval",
        severity="warning" if dropout else "note",
        node=node.id if node is not None else None,
        message=f"Two runs of the same input in eval mode differ by up to {largest:.3g}: {where} {drawn}.",
        evidence={"largest_difference": largest, "runs": len(_SEEDS)},
        fix=(
            "Write F.dropout(x, p, training=self.training), or use nn.Dropout, which model.eval() switches off."
            if dropout
            else "Draw only while training: `if self.training:`."
        ),
        code="x = F.dropout(x, p, training=self.training)" if dropout else "",
    )


def _may_draw(node: Node) -> bool:
    if node.category == "dropout":
        return node.kind == "function"
    return node.kind in {"function", "constant"} and plain_name(node.op).startswith(_RANDOM)
