"""Modules with weights that this forward never used."""

from collections.abc import Iterator

from inspector.core.formatting import listed
from inspector.engine.capture.table import num_elements
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding


def check(context: RunContext) -> Iterator[Finding]:
    """A note: heads for training alone, and branches for other inputs, are common."""
    parts = dict(context.module.named_modules())
    read = {node.fqn for node in context.graph.nodes if node.kind == "parameter"}
    idle = {}
    for fqn in context.graph.uncalled_modules:
        part = parts.get(fqn)
        held = dict(part.named_parameters(prefix=fqn)) if part is not None else {}
        count = sum(num_elements(parameter) for name, parameter in held.items() if name not in read)
        if count:
            idle[fqn] = count
    if not idle:
        return
    names = listed(list(idle))
    modules, were = ("module", "was") if len(idle) == 1 else ("modules", "were")
    yield Finding(
        rule="uncalled_modules",
        severity="note",
        node=None,
        message=f"{len(idle)} {modules} with {sum(idle.values()):,} parameters {were} never called: {names}.",
        evidence={"modules": len(idle), "parameters": sum(idle.values())},
        fix="Remove them, or call them in forward; those for training alone may stay.",
    )
