"""The attention weights that a call does not give, computed again from its queries and keys."""

import inspect
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn import functional

# What hides its weights: nodes of these names have them on demand.
WITH_WEIGHTS = ("scaled_dot_product_attention", "multi_head_attention_forward", "MultiheadAttention")


def attention_weights(
    called: nn.Module | str, args: tuple[Any, ...], kwargs: Mapping[str, Any], max_bytes: int
) -> torch.Tensor:
    """The weights (…, heads, L, S) of one call of attention, without its dropout.

    Args:
        called: the module, or the function's name.
        args: what it is called with.
        kwargs: what it is called with, by name.
        max_bytes: more is not made.

    Raises:
        ValueError: it is no attention, or its weights take too much memory.
    """
    if isinstance(called, nn.MultiheadAttention):
        return _of_module(called, args, kwargs, max_bytes)
    if called == "scaled_dot_product_attention":
        return scaled_dot_product_weights(*args, **kwargs, max_bytes=max_bytes)
    if called == "multi_head_attention_forward":
        signature = inspect.signature(functional.multi_head_attention_forward)
        given = signature.bind(*args, **kwargs).arguments
        _check_size(given["query"], given["key"], given["num_heads"], max_bytes)
        given |= {"need_weights": True, "average_attn_weights": False, "training": False}
        return _second(functional.multi_head_attention_forward(**given))
    raise ValueError("this operation is no attention that is known.")


def scaled_dot_product_weights(  # noqa: PLR0917 - torch's own signature
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor | None = None,
    attn_mask: torch.Tensor | None = None,
    dropout_p: float = 0.0,
    is_causal: bool = False,
    scale: float | None = None,
    enable_gqa: bool = False,
    *,
    max_bytes: int = 1 << 40,
) -> torch.Tensor:
    """softmax(q kᵀ · scale + mask): the weights in `torch.nn.functional.scaled_dot_product_attention`.

    The signature is torch's; `value` and `dropout_p` play no part. Rows that are masked wholly are zero, as there.

    Raises:
        ValueError: the weights take more than `max_bytes`.
    """
    length, sources = query.shape[-2], key.shape[-2]
    leading = math.prod(query.shape[:-2])
    if leading * length * sources * query.element_size() > max_bytes:
        raise ValueError("they take too much memory.")
    if enable_gqa:
        key = key.repeat_interleave(query.shape[-3] // key.shape[-3], dim=-3)
    factor = 1 / math.sqrt(query.shape[-1]) if scale is None else scale
    scores = query @ key.transpose(-2, -1) * factor
    if is_causal:
        kept = torch.ones(length, sources, dtype=torch.bool, device=query.device).tril()
        scores = scores.masked_fill(~kept, -math.inf)
    if attn_mask is not None:
        scores = scores.masked_fill(~attn_mask, -math.inf) if attn_mask.dtype is torch.bool else scores + attn_mask
    weights = functional.softmax(scores, dim=-1)
    return weights.masked_fill(torch.isneginf(scores).all(dim=-1, keepdim=True), 0.0).cpu()


def _of_module(
    module: nn.MultiheadAttention, args: tuple[Any, ...], kwargs: Mapping[str, Any], max_bytes: int
) -> torch.Tensor:
    """Torch's own code gives them when it is asked to; the module's own hooks do not run a second time for it."""
    given = inspect.signature(nn.MultiheadAttention.forward).bind(module, *args, **kwargs).arguments
    query = given["query"]
    if query.is_nested:
        raise ValueError("its input is nested.")
    axis = 1 if module.batch_first and query.dim() == 3 else 0
    length, sources = query.shape[axis], given["key"].shape[axis]
    batch = query.shape[1 - axis] if query.dim() == 3 else 1
    if batch * module.num_heads * length * sources * query.element_size() > max_bytes:
        raise ValueError("they take too much memory.")
    given |= {"need_weights": True, "average_attn_weights": False}
    dropout = module.dropout
    module.dropout = 0.0
    try:
        return _second(nn.MultiheadAttention.forward(**given))
    finally:
        module.dropout = dropout


def _check_size(query: torch.Tensor, key: torch.Tensor, num_heads: int, max_bytes: int) -> None:
    batch = query.shape[1] if query.dim() == 3 else 1
    if batch * num_heads * query.shape[0] * key.shape[0] * query.element_size() > max_bytes:
        raise ValueError("they take too much memory.")


def _second(result: tuple[torch.Tensor, torch.Tensor | None]) -> torch.Tensor:
    if result[1] is None:
        raise ValueError("torch gave none.")
    return result[1].detach().cpu()
