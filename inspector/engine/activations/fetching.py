"""Getting hold of one tensor: a parameter is there, an activation comes from running once more, seeded the same."""

from dataclasses import dataclass

import torch
from torch import nn

from inspector.engine.attention import WITH_WEIGHTS
from inspector.engine.capture import Captured, CaptureOptions, Keep
from inspector.engine.capture.table import is_lazy
from inspector.engine.errors import EngineError
from inspector.engine.loading import Loaded
from inspector.engine.placing import placed
from inspector.engine.running import bind_inputs, captured_run, input_dtype, proposed_inputs
from inspector.engine.statistics import measure_or_none
from inspector.protocol.graph import Graph, Node
from inspector.protocol.inputs import InputSlot
from inspector.protocol.requests import RunForward
from inspector.protocol.tensors import TensorPlace

RECOMPUTED = "Recomputed from q and k: the operation itself gives no weights. Dropout is left out."
OTHER_VALUES = "The run gave other values this time, with the same seed: something in the model is not deterministic."


@dataclass(frozen=True)
class Kept:
    """The tensor in hand: plain, on the CPU. `dtype` is the one it had in the model."""

    place: TensorPlace
    tensor: torch.Tensor
    dtype: torch.dtype
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class LastRun:
    """What was asked for, and the graph that it gave."""

    request: RunForward
    graph: Graph


def fetch(loaded: Loaded, slots: tuple[InputSlot, ...], last: LastRun | None, place: TensorPlace) -> Kept:
    """Keep the tensor at `place`.

    Raises:
        EngineError: there is none, it has no plain values, or running again failed.
    """
    if place.role == "parameter":
        return _parameter(loaded.module, place, place.fqn)
    if last is None or not 0 <= place.node < len(last.graph.nodes):
        raise EngineError("This node is not in the last run.", "Run the model, and choose the node again.")
    node, index = _source(last.graph, place)
    if node.kind == "parameter":
        return _parameter(loaded.module, place, node.fqn)
    if place.role == "attention" and node.op not in WITH_WEIGHTS:
        raise EngineError(f"{node.op} has no attention weights.")
    keep = Keep(node.kind, node.call_index, index, rank=rank_of(last.graph, node), attention=place.role == "attention")
    captured = _run_again(loaded, slots, last.request, keep)
    if keep.problem:
        raise EngineError(keep.problem)
    other = _other_way(last.graph, captured)
    if keep.tensor is None:
        fix = "What the model does must depend on its input and the seed alone, to be looked into."
        raise EngineError(other or "Running once more did not come by this node.", fix)
    notes = [RECOMPUTED] if place.role == "attention" else []
    if other:
        notes.append(other)
    elif not _same_values(node, index, keep):
        notes.append(OTHER_VALUES)
    return Kept(place, keep.tensor, keep.tensor.dtype, tuple(notes))


def _parameter(module: nn.Module, place: TensorPlace, fqn: str) -> Kept:
    path, _, name = fqn.rpartition(".")
    try:
        owner = module.get_submodule(path)
        tensor = getattr(owner, name)
    except AttributeError:
        tensor = None
    if not isinstance(tensor, torch.Tensor):
        raise EngineError(f'The model has no parameter or buffer "{fqn}".')
    if is_lazy(tensor):
        raise EngineError(f'"{fqn}" gets its size in the first run, and has no values yet.', "Run the model first.")
    value = tensor.detach()
    if value.is_meta or value.is_nested:
        raise EngineError(f'"{fqn}" has no plain values to show.')
    dtype = value.dtype
    if value.layout is not torch.strided:
        value = value.to_dense()
    if value.is_quantized:
        value = value.dequantize()
    return Kept(place, value.resolve_conj().resolve_neg().cpu(), dtype)


def _source(graph: Graph, place: TensorPlace) -> tuple[Node, int]:
    """The node and output that hold it: an input is what came along its wire, as it was then."""
    if place.role != "input":
        return graph.nodes[place.node], place.index
    for edge in graph.edges:
        if edge.target == place.node and edge.target_input == place.index:
            return graph.nodes[edge.source], edge.source_output
    raise EngineError(f"The node has no input {place.index}.")


def rank_of(graph: Graph, node: Node) -> int:
    """What tells the node from others of its kind between the same two operations, as `Keep.rank`."""
    alike = [other.id for other in graph.nodes if (other.kind, other.call_index) == (node.kind, node.call_index)]
    return alike.index(node.id)


def _run_again(loaded: Loaded, slots: tuple[InputSlot, ...], request: RunForward, keep: Keep) -> Captured:
    inputs = request.inputs or proposed_inputs(slots)
    with placed(loaded.module, request.device, request.dtype) as module:
        args, kwargs = bind_inputs(module, inputs, request.device, input_dtype(request.dtype))
        return captured_run(
            module, args, kwargs, request, CaptureOptions(statistics=False, changes=request.changes, keep=keep)
        )


def _other_way(graph: Graph, captured: Captured) -> str:
    """Where running again went another way, in a sentence; "" where it did not."""
    for old, new in zip(graph.nodes, captured.graph.nodes, strict=False):
        if _what(old) != _what(new):
            return f"Running once more took another way: node {old.id} was {old.op}, and is {new.op} now."
    if len(graph.nodes) != len(captured.graph.nodes):
        before, now = len(graph.nodes), len(captured.graph.nodes)
        return f"Running once more took another way: {before} nodes before, {now} now."
    return ""


def _what(node: Node) -> tuple[object, ...]:
    return node.kind, node.op, node.fqn, node.call, node.outputs


def _same_values(node: Node, index: int, keep: Keep) -> bool:
    """As far as the figures of the run tell: they are of the first floating output."""
    before = node.statistics
    floating = [place for place, spec in enumerate(node.outputs) if "float" in spec.dtype]
    measured = floating[0] if floating else 0
    if keep.attention or before is None or keep.tensor is None or index != measured:
        return True
    now = measure_or_none(keep.tensor)
    if now is None:
        return True
    exact = ((now.min, before.min), (now.max, before.max), (now.nan, before.nan), (now.inf, before.inf))
    return all(one == other for one, other in exact)
