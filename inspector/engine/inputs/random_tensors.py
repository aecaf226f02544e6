"""Random tensors, drawn by torch's own generator on the CPU, so that every device sees the same values."""

import math

import torch

from inspector.engine.errors import EngineError
from inspector.engine.inputs.dtypes import dtype_name, is_continuous, wanted_dtype
from inspector.engine.inputs.dtypes import torch_dtype as named_dtype
from inspector.protocol.inputs import RandomInput

# 2^31 float32 numbers are 8 GiB: more than one input can mean, and enough to take a small machine down.
MOST_ELEMENTS = 2**31


def random_tensor(source: RandomInput, dtype: str = "") -> torch.Tensor:
    """The tensor that `source` describes, on the CPU; the same for the same seed.

    Raises:
        EngineError: the shape, range or seed can't be, or the distribution has no values of that dtype.
    """
    _check(source)
    wanted = wanted_dtype(named_dtype(source.dtype), dtype)
    generator = torch.Generator().manual_seed(source.seed)
    try:
        return _draw(source, wanted, generator)
    except (RuntimeError, MemoryError) as error:
        size = "×".join(f"{side:,}" for side in source.shape)
        raise EngineError(f"A random tensor of {size} could not be made: {_first_line(error)}.") from error


def _check(source: RandomInput) -> None:
    count = 1
    for side in source.shape:
        if side < 0:
            raise EngineError(f"A shape can't hold {side}.", "Give every axis a size of 0 or more.")
        count *= side
    if count > MOST_ELEMENTS:
        raise EngineError(f"A tensor of {count:,} numbers is too large to be an input.", "Choose a smaller shape.")
    if not (math.isfinite(source.low) and math.isfinite(source.high)):
        raise EngineError("A range needs two finite ends.", "Give the lower and the upper end as numbers.")
    if not -(2**63) <= source.seed < 2**64:
        raise EngineError(f"The seed {source.seed} does not fit in 64 bits.", "Choose a smaller seed.")


def _draw(source: RandomInput, dtype: torch.dtype, generator: torch.Generator) -> torch.Tensor:
    match source.distribution:
        case "zeros":
            return torch.zeros(source.shape).to(dtype)
        case "ones":
            return torch.ones(source.shape).to(dtype)
        case "integers":
            return _integers(source, dtype, generator)
        case "normal":
            _need_continuous(source, dtype)
            return torch.randn(source.shape, generator=generator, dtype=_drawn_as(dtype)).to(dtype)
        case "uniform":
            _need_continuous(source, dtype)
            if source.low > source.high:
                raise EngineError(f"The range from {source.low:g} to {source.high:g} is empty.", "Swap the two ends.")
            drawn = torch.rand(source.shape, generator=generator, dtype=_drawn_as(dtype))
            return (drawn * (source.high - source.low) + source.low).to(dtype)


def _integers(source: RandomInput, dtype: torch.dtype, generator: torch.Generator) -> torch.Tensor:
    low, high = int(source.low), int(source.high)
    if low >= high:
        raise EngineError(
            f"There is no integer from {low} up to, not including, {high}.", "Make the upper end larger than the lower."
        )
    if not is_continuous(dtype) and dtype is not torch.bool:
        limits = torch.iinfo(dtype)
        if low < limits.min or high - 1 > limits.max:
            raise EngineError(
                f"{dtype_name(dtype)} holds {limits.min} to {limits.max}, not {low} to {high - 1}.",
                "Choose a narrower range or a wider dtype.",
            )
    return torch.randint(low, high, source.shape, generator=generator).to(dtype)


def _need_continuous(source: RandomInput, dtype: torch.dtype) -> None:
    if not is_continuous(dtype):
        raise EngineError(
            f"The {source.distribution} distribution gives no {dtype_name(dtype)} values.",
            "Choose the distribution integers, or a floating dtype.",
        )


def _drawn_as(dtype: torch.dtype) -> torch.dtype:
    """The dtype to draw in: half and narrower are drawn as float32, so that values differ by rounding only."""
    if dtype.is_complex:
        return torch.complex128 if dtype is torch.complex128 else torch.complex64
    return torch.float64 if dtype is torch.float64 else torch.float32


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
