"""An output that depends on the calls before, as forward keeps a hidden state or a cache of its own."""

from collections.abc import Iterator

from inspector.core.formatting import listed, value_text
from inspector.engine.diagnosis.context import RunContext
from inspector.engine.diagnosis.trials import first_to_differ, largest_difference, observed_twice, same, tensors_of
from inspector.protocol.findings import Finding


def check(context: RunContext) -> Iterator[Finding]:
    """Asked only where forward left another object behind; settled by calling it twice in a row, equally seeded."""
    if not context.traces.kept or context.mode == "train":  # norms keep statistics while training, as they should
        return
    first, second = observed_twice(context, seeds=(0, 0), in_a_row=True)
    before, after = tensors_of(first), tensors_of(second)
    if before is None or same(before, after) is True:
        return
    evidence: dict[str, float | int | str] = {"kept": len(context.traces.kept)}
    does = "fails" if after is None else "differs"
    largest = largest_difference(before, after) if after is not None else None
    if largest is not None:
        evidence["largest_difference"] = largest
        does = f"differs by up to {value_text(largest)}"
    node = first_to_differ(first, second)
    names = listed([f"self.{name}" for name in context.traces.kept])
    yield Finding(
        rule="state_kept",
        severity="warning",
        node=node.id if node is not None else None,
        message=f"A second call with the same input {does}: forward keeps {names} from call to call.",
        evidence=evidence,
        fix=(
            "Begin anew in each forward, or take the state as an input and return it; else an answer depends on what "
            "was asked before."
        ),
    )
