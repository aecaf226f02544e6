"""One batch through the model, and its output as one row of classes per image; or a sentence why it is none."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inspector.core.formatting import shape_text
from inspector.engine.errors import Cancelled, EngineError, said_by
from inspector.protocol.graph import Graph

_MOST_NESTED = 8


@dataclass(frozen=True)
class Rows:
    """Raw outputs (n, K) float32, and their place among the tensors that forward returned."""

    values: NDArray[np.float32]
    place: int


@dataclass(frozen=True)
class Placement:
    """Where a module takes its input, and as which type."""

    device: torch.device
    dtype: torch.dtype


def placement_of(module: nn.Module, device: str, dtype: str) -> Placement:
    """Where the module's own parameters are; what was asked for where it has none."""
    for tensor in (*module.parameters(), *module.buffers()):
        if tensor.is_floating_point():
            return Placement(tensor.device, tensor.dtype)
    wanted = getattr(torch, dtype, torch.float32) if dtype else torch.float32
    return Placement(torch.device(device), wanted if isinstance(wanted, torch.dtype) else torch.float32)


def forward_batch(module: nn.Module, values: NDArray[np.float32], placement: Placement, graph: Graph | None) -> Rows:
    """Run one batch. `values` may be a view: the tensor keeps its order in memory.

    Raises:
        EngineError: forward raised, or its output is not one row of classes per image.
    """
    batch = torch.from_numpy(values).to(placement.device, placement.dtype)
    try:
        output = module(batch)
    except (EngineError, Cancelled):
        raise
    except Exception as error:  # a model raises what it likes
        raise EngineError(_failed(values.shape, error), _mend(values.shape)) from error
    return rows_of(output, len(values), graph)


def rows_of(output: object, num_images: int, graph: Graph | None) -> Rows:
    """The first tensor with one row of classes per image, `logits` before others.

    Raises:
        EngineError: there is none; the sentence says what there is.
    """
    tensors = list(_tensors_in(output, ""))
    if not tensors:
        raise EngineError("The model returned no tensor, so there is nothing to compare with the labels.")
    order = sorted(range(len(tensors)), key=lambda place: (not _is_logits(tensors[place][0]), place))
    for place in order:
        rows = _as_rows(tensors[place][1], num_images)
        if rows is not None:
            return Rows(rows, place)
    raise _no_rows(tensors[order[0]][1], num_images, graph)


def _tensors_in(value: object, name: str, depth: int = 0) -> Iterator[tuple[str, torch.Tensor]]:
    """All tensors of a nested output, in order, with the last key or attribute that leads there."""
    if isinstance(value, torch.Tensor):
        yield name, value
    elif depth >= _MOST_NESTED:
        return
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _tensors_in(item, str(key), depth + 1)
    elif isinstance(value, (tuple, list)):
        fields = getattr(value, "_fields", None)
        for place, item in enumerate(value):
            yield from _tensors_in(item, fields[place] if fields else name, depth + 1)
    elif hasattr(value, "__dataclass_fields__"):
        for key in value.__dataclass_fields__:
            yield from _tensors_in(getattr(value, key), key, depth + 1)


def _is_logits(name: str) -> bool:
    return name in ("logits", "out", "output", "prediction", "predictions")


def _as_rows(tensor: torch.Tensor, num_images: int) -> NDArray[np.float32] | None:
    """The tensor as (n, K) float32; sizes of 1 behind the second axis are dropped. None when it is no such thing."""
    if not (tensor.is_floating_point() and tensor.layout == torch.strided):
        return None
    shape = tuple(tensor.shape)
    if len(shape) == 1 and (shape[0] == num_images or num_images == 1):
        shape = (num_images, shape[0] // num_images)
    elif len(shape) == 0 and num_images == 1:
        shape = (1, 1)
    if len(shape) < 2 or shape[0] != num_images or shape[1] == 0 or any(size != 1 for size in shape[2:]):
        return None
    plain = tensor.detach().to("cpu", torch.float32).reshape(shape[:2])
    rows: NDArray[np.float32] = plain.numpy().copy()
    return rows


def _no_rows(tensor: torch.Tensor, num_images: int, graph: Graph | None) -> EngineError:
    shape = tuple(tensor.shape)
    images = f"{num_images} image" if num_images == 1 else f"{num_images} images"
    if not tensor.is_floating_point():
        return EngineError(
            f"The model returned {str(tensor.dtype).removeprefix('torch.')} values of shape {shape_text(shape)}, "
            "not a row of class scores for each image.",
            "Return the scores before arg max.",
        )
    if shape and shape[0] != num_images:
        where = folding_operation(graph)
        culprit = f", at {where}" if where else ""
        return EngineError(
            f"A batch of {images} gave {shape[0]} rows {shape_text(shape)}: another axis was folded into the "
            f"batch{culprit}, or the batch was joined.",
            "Keep the batch as the first axis: reshape with x.flatten(1) or x.reshape(len(x), -1).",
        )
    return EngineError(
        f"The output has shape {shape_text(shape)} for {images}; a confusion matrix needs one row of classes "
        "for each, (N, K).",
        "Pool or index the other axes away.",
    )


def folding_operation(graph: Graph | None) -> str:
    """The last operation of the run that changed the size of the first axis, as `flatten (net.flatten)`; "" if none."""
    for node in reversed(graph.nodes if graph is not None else ()):
        if node.kind not in ("module", "function") or not node.inputs or not node.outputs:
            continue
        before, after = node.inputs[0].shape, node.outputs[0].shape
        if before and after and before[0] != after[0]:
            return f"{node.op} ({node.fqn})" if node.fqn else node.op
    return ""


def _failed(shape: tuple[int, ...], error: Exception) -> str:
    lines = said_by(error).strip().splitlines()
    said = lines[0].rstrip(".") if lines else type(error).__name__
    one = f"{shape[0]} image" if shape[0] == 1 else f"{shape[0]} images"
    return f"The model failed on a batch of {one}, each {shape_text(shape[1:])}: {said}."


def _mend(shape: tuple[int, ...]) -> str:
    if shape[0] == 1:
        return "Check the size and the channels of the preprocessing, and that the model is in eval mode."
    return "Check the size and the channels of the preprocessing; a model of a fixed batch size needs that size."


def output_node(graph: Graph | None, place: int) -> int | None:
    """The id of the graph's output node for the tensor at that place; None where it can't be told."""
    outputs: list[Any] = [node.id for node in graph.nodes if node.kind == "output"] if graph is not None else []
    if len(outputs) == 1 and place == 0:
        return int(outputs[0])
    return int(outputs[place]) if place < len(outputs) else None


def num_outputs_of(graph: Graph | None) -> int | None:
    """How many columns the first output with one row per image had in the observed run; None where none is such."""
    for node in graph.nodes if graph is not None else ():
        specs = (node.outputs or node.inputs) if node.kind == "output" else ()
        for spec in specs:
            if len(spec.shape) >= 2 and all(size == 1 for size in spec.shape[2:]):
                return spec.shape[1]
    return None
