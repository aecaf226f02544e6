"""The picture is too small for the layers, or has a size for which the model was not made."""

from inspector.core.formatting import shape_text
from inspector.engine.diagnosis.fixes.failed_run import FailedRun, numbers


def suggest(run: FailedRun) -> str:
    """The size that runs, found by trying; for a picture that is too small the least one."""
    obstacle, fed = run.tried().obstacle, run.first
    if obstacle is None or fed is None or fed.ndim not in {3, 4, 5}:
        return ""
    fit = run.fitting_size()
    if fit is None:
        return ""
    axes = fed.ndim - 2
    here = numbers(fed.shape[2:])
    size = numbers((fit.size,) * axes)
    if obstacle.kind == "small":
        least = numbers((fit.least,) * axes)
        which = f"at least {least}" if fit.open_ended else least
        return f"Feed {which} instead of {here}, which is too small for {run.place}."
    if obstacle.kind == "size" or fit.size != fed.shape[-1]:
        return f"Feed {size} instead of {here}: at {run.place} the shapes {_met(run)} then fit."
    return ""


def _met(run: FailedRun) -> str:
    return " and ".join(shape_text(shape) for shape in run.failure.input_shapes) or "that meet there"
