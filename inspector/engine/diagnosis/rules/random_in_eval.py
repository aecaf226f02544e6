"""Outputs that change from run to run in eval mode, as `F.dropout(x)` stays at work there."""

from collections.abc import Iterator

from inspector.core.head_trail import plain_name
from inspector.engine.diagnosis.context import RunContext
from inspector.engine.diagnosis.trials import run_again, same
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node

_RANDOM = ("rand", "bernoulli", "multinomial", "normal", "poisson", "gumbelsoftmax", "rrelu", "exponential", "uniform")
_SEEDS = (0, 1)


def check(context: RunContext) -> Iterator[Finding]:
    """Run twice with other seeds, only where something in the graph could draw; equal outputs are healthy."""
    suspect = next((node for node in context.graph.nodes if _may_draw(node)), None)
    if context.mode == "train" or suspect is None:
        return
    first, second = (run_again(context, context.args, context.kwargs, seed=seed) for seed in _SEEDS)
    if first is None or second is None or same(first, second) is not False:
        return
    pairs = zip(first, second, strict=True)
    largest = max((float((a.double() - b.double()).abs().max()) for a, b in pairs if a.numel()), default=0.0)
    where = f" in {suspect.fqn}" if suspect.fqn else ""
    # Dropout in eval is a mistake; who draws noise or a mask there (MAE, a VAE) may mean it.
    dropout = suspect.category == "dropout"
    yield Finding(
        rule="random_in_eval",
        severity="warning" if dropout else "note",
        node=suspect.id,
        message=(f"Two runs of the same input in eval mode differ by up to {largest:.3g}: {suspect.op}{where} draws."),
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
