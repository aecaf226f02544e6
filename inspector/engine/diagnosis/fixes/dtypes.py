"""Input and weights have different dtypes, or an embedding was given floats."""

import re

import torch

from inspector.engine.diagnosis.fixes.failed_run import FailedRun
from inspector.engine.inputs.dtypes import dtype_name
from inspector.engine.shape_finder.search import float_dtype_of

_ABOUT_DTYPES = re.compile(
    r"dtype|scalar type|Tensor for argument|FloatTensor|should be the same|must have the same", re.I
)


def suggest(run: FailedRun) -> str:
    """Tries the input in the dtype of the weights; for an embedding, as integers."""
    first = run.first
    if first is None or not _ABOUT_DTYPES.search(run.failure.message):
        return ""
    fed, wanted = dtype_name(first.dtype), float_dtype_of(run.module)
    if first.is_floating_point() and run.runs(lambda tensor: tensor.to(torch.int64).clamp(min=0)):
        return f"Feed integers (int64) instead of {fed}: {run.place} looks rows up by their index."
    if run.runs(lambda tensor: tensor.to(wanted)):
        name = dtype_name(wanted)
        other = " or bring the model to float32 with model.float()" if name != "float32" else ""
        return f"Feed {name} instead of {fed}, as the weights are{',' if other else ''}{other}."
    dtypes = sorted({dtype_name(parameter.dtype) for parameter in run.module.parameters()})
    if len(dtypes) > 1:
        return f"The weights mix {' and '.join(dtypes)}: bring the model to one dtype with model.float()."
    return ""
