"""float16 ends at 65,504: values that became infinite there, or would in a run that still is float32."""

from collections.abc import Iterator

from inspector.core.head_trail import plain_name
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Graph, Node, Statistics

HALF_MAX = 65504.0
# Infinities that are put there on purpose: masks.
_PUTS = ("maskedfill", "where", "full", "fulllike", "newfull", "triu", "tril", "fill", "log", "div", "truediv")


def check(context: RunContext) -> Iterator[Finding]:
    """The first node of either kind. What reaches an output as infinity is told by nan_or_inf as well."""
    before = _measured_sources(context.graph)
    for node in context.graph.nodes:
        found = node.statistics
        if node.kind not in {"module", "function"} or found is None or not node.outputs:
            continue
        dtype = node.outputs[0].dtype
        if dtype == "float16" and found.inf and plain_name(node.op).rstrip("_") not in _PUTS:
            if all(not source.inf for source in before.get(node.id, ())):
                yield _overflowed(node, found)
                return
        elif dtype in {"float32", "float64", "bfloat16"} and found.max is not None and found.max > HALF_MAX:
            yield _would(node, found.max, dtype)
            return


def _measured_sources(graph: Graph) -> dict[int, list[Statistics]]:
    found: dict[int, list[Statistics]] = {}
    for edge in graph.edges:
        statistics = graph.nodes[edge.source].statistics
        if statistics is not None:
            found.setdefault(edge.target, []).append(statistics)
    return found


def _overflowed(node: Node, found: Statistics) -> Finding:
    name = f"{node.op} {node.fqn}".strip()
    return Finding(
        rule="half_overflow",
        severity="warning",
        node=node.id,
        message=f"{name} overflows float16: {found.inf:,} of its {found.num_elements:,} values are infinite.",
        evidence={"infinite": found.inf, "largest_finite": found.max or 0.0, "end": HALF_MAX},
        fix="Run in float32 or bfloat16, or scale the values down before it.",
        code="model.bfloat16()",
    )


def _would(node: Node, largest: float, dtype: str) -> Finding:
    name = f"{node.op} {node.fqn}".strip()
    return Finding(
        rule="half_overflow",
        severity="note",
        node=node.id,
        message=f"{name} reaches {largest:.4g} in {dtype}; float16 ends at 65,504, so there it would be infinite.",
        evidence={"largest": largest, "end": HALF_MAX},
        fix="Keep this model in float32 or bfloat16, or scale the values down before it.",
        code="model.bfloat16()",
    )
