"""Case D4: BatchNorm in train mode was given one value per channel."""

import torch

from inspector.engine.diagnosis.fixes.failed_run import FailedRun


def suggest(run: FailedRun) -> str:
    """A larger batch, or eval mode; both tried."""
    if "more than 1 value per channel" not in run.failure.message:
        return ""
    evaluated = run.runs()
    larger = run.runs(lambda tensor: torch.cat([tensor, tensor]), train=True)
    ways = ["run in eval mode (model.eval())"] * evaluated + ["feed a batch of 2 or more"] * larger
    if not ways:
        return ""
    text = ", or ".join(ways)
    return f"{text[0].upper()}{text[1:]}: in train mode {run.place} needs more than one value per channel."
