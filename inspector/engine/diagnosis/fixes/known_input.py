"""The last resort: an input that the model does accept, as the shape finder found it."""

from inspector.core.formatting import shape_text
from inspector.engine.diagnosis.fixes.failed_run import FailedRun
from inspector.engine.inputs import make_tensor
from inspector.engine.shape_finder import propose_slots


def suggest(run: FailedRun) -> str:
    """Only when what was fed is shaped otherwise, and the proposal was seen to run."""
    slots = [slot for slot in propose_slots(run.module) if slot.required]
    if any("no shape that was tried ran" in slot.why for slot in slots):
        return ""
    shapes = [slot.proposed.shape for slot in slots]
    if len(shapes) == len(run.tensors) and all(
        tuple(tensor.shape) == shape for tensor, shape in zip(run.tensors, shapes, strict=True)
    ):
        return ""
    if any(make_tensor(slot.proposed).numel() == 0 for slot in slots):
        return ""
    return f"An input of {' and '.join(shape_text(shape) for shape in shapes)} runs."
