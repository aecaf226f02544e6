"""Case B5: the input has no batch dimension."""

from inspector.core.formatting import shape_text
from inspector.engine.diagnosis.fixes.failed_run import FailedRun, numbers


def suggest(run: FailedRun) -> str:
    """Tries a batch of one; where the size is wrong as well, tries sizes too."""
    first = run.first
    if first is None or first.ndim > 4:
        return ""
    batched = (1, *first.shape)
    fed = shape_text(first.shape)
    add = f"Add the missing batch dimension: feed {shape_text(batched)}, x.unsqueeze(0), instead of {fed}"
    if first.ndim >= 1 and run.runs(lambda tensor: tensor.unsqueeze(0)):
        return f"{add}."
    if first.ndim != 3 or not _reached_by_conv(run):
        return ""
    fit = run.fitting_size(batched=False)
    if fit is None:
        return ""
    return f"{add}; the picture must then be {numbers((fit.size, fit.size))}, not {numbers(first.shape[1:])}."


def _reached_by_conv(run: FailedRun) -> bool:
    """Whether a 2-D convolution took the bare (C, H, W)."""
    return any(
        node.op in {"Conv2d", "conv2d"} and node.inputs and len(node.inputs[0].shape) == 3 for node in run.graph.nodes
    )
