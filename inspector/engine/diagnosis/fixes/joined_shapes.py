"""Two tensors met in an addition, a product or a concatenation, and do not fit."""

from inspector.core.formatting import shape_text
from inspector.engine.diagnosis.fixes.failed_run import FailedRun

_JOINS = {
    "add",
    "sub",
    "mul",
    "div",
    "add_",
    "mul_",
    "sub_",
    "div_",
    "cat",
    "stack",
    "concat",
    "where",
    "matmul",
    "bmm",
}


def suggest(run: FailedRun) -> str:
    """An honest sentence: which axes differ. What was meant is not known."""
    shapes = run.failure.input_shapes
    if run.failure.op not in _JOINS or len(shapes) < 2:
        return ""
    first, second = shapes[0], shapes[1]
    if len(first) != len(second):
        return (
            f"{shape_text(first)} and {shape_text(second)} meet in {run.failure.op}: give both the same number of axes."
        )
    unequal = [axis for axis, (one, other) in enumerate(zip(first, second, strict=True)) if one != other]
    said = ", ".join(f"axis {axis} is {first[axis]:,} in one and {second[axis]:,} in the other" for axis in unequal)
    return f"{shape_text(first)} and {shape_text(second)} meet in {run.failure.op}: {said}." if said else ""
