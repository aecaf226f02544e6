"""One parameter under several names: tied weights, which train together. Often meant, so a note."""

from collections import defaultdict
from collections.abc import Iterator

from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding


def check(context: RunContext) -> Iterator[Finding]:
    """By identity of the parameter, not by equal values: those are another rule's, equal_layers."""
    names: dict[int, list[str]] = defaultdict(list)
    sizes: dict[int, int] = {}
    for fqn, parameter in context.module.named_parameters(remove_duplicate=False):
        names[id(parameter)].append(fqn)
        sizes[id(parameter)] = parameter.numel()
    tied = {one: found for one, found in names.items() if len(found) > 1}
    if not tied:
        return
    first = next(iter(tied.values()))
    owner = first[0].rpartition(".")[0]
    more = f", and {len(tied) - 1} more" if len(tied) > 1 else ""
    yield Finding(
        rule="shared_parameters",
        severity="note",
        node=next((node.id for node in context.graph.nodes if owner and node.fqn == owner), None),
        message=f"{' and '.join(first[:3])} are one parameter{more}: they are trained together, and counted once.",
        evidence={"shared": len(tied), "values": sum(sizes[one] for one in tied)},
        fix="Where that is not meant, make a new layer for each place.",
    )
