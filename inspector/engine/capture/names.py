"""Plain names of functions: `add` for `Tensor.__add__`, `T` for the property; and which calls are no operations."""

from collections.abc import Callable
from typing import Any

import torch

# Calls that give no tensor and yet belong on the picture: values leave the graph here.
READS = frozenset(
    [
        "item",
        "tolist",
        "numpy",
        "bool",
        "int",
        "float",
        "complex",
        "index",
        "array",
        "equal",
        "allclose",
        "is_nonzero",
        "contains",
    ]
)

_DUNDER_NAMES = {
    "rsub": "sub",
    "rdiv": "div",
    "truediv": "div",
    "rtruediv": "div",
    "itruediv": "div_",
    "idiv": "div_",
    "floordiv": "floor_divide",
    "rfloordiv": "floor_divide",
    "ifloordiv": "floor_divide_",
    "mod": "remainder",
    "rmod": "remainder",
    "imod": "remainder_",
    "radd": "add",
    "iadd": "add_",
    "isub": "sub_",
    "rmul": "mul",
    "imul": "mul_",
    "rpow": "pow",
    "ipow": "pow_",
    "rmatmul": "matmul",
    "imatmul": "matmul_",
    "and": "bitwise_and",
    "rand": "bitwise_and",
    "iand": "bitwise_and_",
    "or": "bitwise_or",
    "ror": "bitwise_or",
    "ior": "bitwise_or_",
    "xor": "bitwise_xor",
    "rxor": "bitwise_xor",
    "ixor": "bitwise_xor_",
    "invert": "bitwise_not",
    "lshift": "bitwise_left_shift",
    "rshift": "bitwise_right_shift",
    "iter": "unbind",
    "nonzero": "is_nonzero",
}
_SYNONYMS = {
    "true_divide": "div",
    "true_divide_": "div_",
    "divide": "div",
    "divide_": "div_",
    "multiply": "mul",
    "multiply_": "mul_",
    "subtract": "sub",
    "subtract_": "sub_",
    "negative": "neg",
    "absolute": "abs",
    "rsub": "sub",
    "concat": "cat",
    "concatenate": "cat",
    "size": "shape",
}
# Looked up so often that the rest is not worth asking: they tell about a tensor, or leave its values alone.
_NO_OPERATIONS = frozenset(
    [
        "shape",
        "size",
        "dim",
        "ndim",
        "device",
        "dtype",
        "layout",
        "numel",
        "nelement",
        "stride",
        "storage_offset",
        "is_contiguous",
        "itemsize",
        "element_size",
        "requires_grad",
        "requires_grad_",
        "grad",
        "grad_fn",
        "is_cuda",
        "is_floating_point",
        "is_complex",
        "len",
        "hash",
        "is_sparse",
        "is_quantized",
        "is_leaf",
        "names",
        "data_ptr",
        "untyped_storage",
        "storage",
        "repr",
        "str",
        "format",
        "retain_grad",
        "register_hook",
        "backward",
        "is_inference",
        "is_signed",
        "get_device",
        "nbytes",
        "has_names",
        "is_shared",
        "dir",
        "reduce_ex",
        "deepcopy",
        "setstate",
        "set_printoptions",
        "typed_storage",
        "is_same_size",
        "version",
        "refine_names",
    ]
)
_plain_names: dict[Callable[..., Any], str | None] = {}


def plain_name(func: Callable[..., Any]) -> str | None:
    """The name that the picture shows for `func`, or None for what is no operation (`.shape`, `len()`)."""
    try:
        return _plain_names[func]
    except KeyError:
        pass
    except TypeError:  # not hashable
        return _named(func)
    name = _named(func)
    if len(_plain_names) < 4096:  # functions made anew at each call must not pile up
        _plain_names[func] = name
    return name


def is_in_place(name: str) -> bool:
    """Whether a function of that plain name writes into its first argument."""
    return name.endswith("_") or name in ("setitem", "set_data")


def dtype_name(dtype: torch.dtype) -> str:
    """`float32`, without `torch.`."""
    name = _dtype_names.get(dtype)
    if name is None:
        name = _dtype_names[dtype] = str(dtype).removeprefix("torch.")
    return name


_dtype_names: dict[torch.dtype, str] = {}


def _named(func: Callable[..., Any]) -> str | None:
    if func is torch.autograd.grad:
        return "autograd.grad"  # `grad` is the attribute of a tensor
    name = str(getattr(func, "__name__", None) or getattr(func, "_qualified_op_name", None) or type(func).__name__)
    if name == "__get__":  # a property of Tensor
        name = str(getattr(getattr(func, "__self__", None), "__name__", "get"))
    elif name == "__set__":
        name = str(getattr(getattr(func, "__self__", None), "__name__", "set"))
        return "set_data" if name == "data" else None
    elif isinstance(func, torch._ops.OpOverload):
        name = func._schema.name.split("::")[-1]
    name = name.split("::")[-1].split(".")[0]
    if name.startswith("__") and name.endswith("__"):
        inner = name.strip("_")
        plain = _DUNDER_NAMES.get(inner, inner)
    else:
        plain = name.lstrip("_") or name
    plain = _SYNONYMS.get(plain, plain)
    return None if plain in _NO_OPERATIONS else plain
