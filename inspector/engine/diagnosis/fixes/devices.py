"""Tensors on two devices met."""

from inspector.engine.diagnosis.fixes.failed_run import FailedRun


def suggest(run: FailedRun) -> str:
    """Where the weights and the inputs are; a tensor made inside forward is the usual cause when both agree."""
    message = run.failure.message
    if "same device" not in message and "should be the same" not in message:
        return ""
    weights = {str(parameter.device) for parameter in run.module.parameters()}
    inputs = {str(tensor.device) for tensor in run.tensors}
    if len(weights | inputs) < 2 and "device" not in message:
        return ""
    if len(weights) == 1 and inputs != weights:
        return f"Move the input to {next(iter(weights))}, where the weights are."
    if len(weights) > 1:
        return f"The weights are spread over {', '.join(sorted(weights))}: move the model to one with model.to(…)."
    if len(weights | inputs) == 1:
        return "A tensor made inside forward is on another device: make it with device=x.device, or as a buffer."
    return ""
