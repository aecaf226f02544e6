"""Dtypes by the names that torch gives them, without `torch.`."""

import torch

from inspector.engine.errors import EngineError

_NAMES = (
    "float64",
    "float32",
    "float16",
    "bfloat16",
    "complex64",
    "complex128",
    "int64",
    "int32",
    "int16",
    "int8",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "bool",
    "float8_e4m3fn",
    "float8_e5m2",
)
_ALIASES = {
    "half": "float16",
    "float": "float32",
    "double": "float64",
    "long": "int64",
    "int": "int32",
    "short": "int16",
}
DTYPES: dict[str, torch.dtype] = {name: getattr(torch, name) for name in _NAMES if hasattr(torch, name)}


def torch_dtype(name: str) -> torch.dtype:
    """The dtype called `name` (`float32`, `torch.float32`, `half` …).

    Raises:
        EngineError: there is none of that name.
    """
    plain = name.removeprefix("torch.")
    found = DTYPES.get(_ALIASES.get(plain, plain))
    if found is None:
        raise EngineError(f'There is no dtype "{name}".', f"Choose one of {', '.join(DTYPES)}.")
    return found


def dtype_name(dtype: torch.dtype) -> str:
    """`float32` for torch.float32."""
    return str(dtype).removeprefix("torch.")


def is_continuous(dtype: torch.dtype) -> bool:
    """Whether the dtype holds real or complex numbers, rather than integers or truth values."""
    return dtype.is_floating_point or dtype.is_complex


def wanted_dtype(own: torch.dtype, override: str) -> torch.dtype:
    """The dtype of an input when the run asks for `override`.

    Integers and truth values keep theirs when the override is floating: a run in float16 must not turn the
    indices of an embedding into half numbers.
    """
    if not override:
        return own
    wanted = torch_dtype(override)
    return own if is_continuous(wanted) and not is_continuous(own) else wanted
