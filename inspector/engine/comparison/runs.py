"""The same input through two sides in turn: while the second runs, of the first only signatures are kept."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from inspector.core.comparison import first_sentence, output_sentence, pair_text, runs_sentence
from inspector.core.formatting import listed
from inspector.core.per_item import as_rows
from inspector.engine.activations.fetching import rank_of
from inspector.engine.capture import Captured, CaptureOptions, Keep, capture_forward, unchanged
from inspector.engine.capture.table import is_lazy
from inspector.engine.comparison.nodes import first_different, inputs_equal, node_pairs
from inspector.engine.diagnosis import suggest_fix
from inspector.engine.loading import Loaded
from inspector.engine.loading.steps import Steps
from inspector.engine.placing import placed
from inspector.engine.running import bind_inputs, input_dtype, output_tensors, positional_names
from inspector.protocol.base import ArrayRef
from inspector.protocol.comparison import (
    FirstDifference,
    NodePair,
    OutputPair,
    RunComparison,
    Side,
    WeightsReport,
)
from inspector.protocol.graph import Failure, Graph
from inspector.protocol.inputs import NamedInput
from inspector.protocol.outputs import OutputTensor

# Values of each node's output that are compared; whether they are the same is told from all.
SAMPLED = 4096
Put = Callable[[NDArray[np.generic]], ArrayRef]


@dataclass(frozen=True)
class Ran:
    """One side's run: what was seen, why it failed if it did, and the buffers that it moved."""

    captured: Captured
    failure: Failure | None
    moved: tuple[str, ...]


@dataclass(frozen=True)
class Way:
    """A model and how it runs."""

    loaded: Loaded
    side: Side


def compare_runs(
    a: Way,
    b: Way,
    inputs: Sequence[NamedInput],
    seed: int,
    *,
    put: Put,
    weights: WeightsReport,
    class_names: tuple[str, ...] = (),
    steps: Steps,
) -> RunComparison:
    """Run both and compare node by node, output by output; both models are left as they were.

    Raises:
        EngineError: the input can't be made, or a device or dtype is not there.
        Cancelled: it was asked to stop.
    """
    steps.progress("Running A", 0, 3)
    ran_a = _run(a, inputs, seed)
    steps.between()
    steps.progress("Running B", 1, 3)
    ran_b = _run(b, inputs, seed)
    steps.between()
    pairs = node_pairs(ran_a.captured, ran_b.captured)
    graph_a, graph_b = ran_a.captured.graph, ran_b.captured.graph
    operations = [pair for pair in pairs if _is_operation(pair, graph_a, graph_b)]
    compared = RunComparison(
        graph_a=graph_a,
        graph_b=graph_b,
        pairs=pairs,
        outputs=_output_pairs(ran_a, ran_b, put, class_names),
        num_same=sum(pair.equal is True for pair in operations),
        num_different=sum(pair.equal is False for pair in operations),
        num_only_a=sum(pair.b is None for pair in operations),
        num_only_b=sum(pair.a is None for pair in operations),
        failure_a=ran_a.failure,
        failure_b=ran_b.failure,
        buffers_a=ran_a.moved,
        buffers_b=ran_b.moved,
        notes=_notes(a, b, ran_a, ran_b),
    )
    place = first_different(pairs, graph_a)
    if place is not None:
        steps.progress("Comparing the first node that differs", 2, 3)
        tensors = [_kept(way, inputs, seed, graph, node) for way, graph, node in (
            (a, graph_a, pairs[place].a), (b, graph_b, pairs[place].b))]  # fmt: skip
        first = _first(compared, place, tensors[0], tensors[1], weights)
        compared = msgspec.structs.replace(compared, first=first)
    return msgspec.structs.replace(compared, sentence=runs_sentence(compared))


def _is_operation(pair: NodePair, a: Graph, b: Graph) -> bool:
    kinds = [graph.nodes[node].kind for graph, node in ((a, pair.a), (b, pair.b)) if node is not None]
    return any(kind in ("module", "function") for kind in kinds)


def _run(way: Way, inputs: Sequence[NamedInput], seed: int) -> Ran:
    side = way.side
    with placed(way.loaded.module, side.device, side.dtype) as module:
        args, kwargs = bind_inputs(module, inputs, side.device, input_dtype(side.dtype))
        watched = _Buffers(module)
        options = CaptureOptions(statistics=False, signed=True, sampled=SAMPLED, changes=side.changes)
        with unchanged(module, mode=side.mode, seed=seed):
            captured = capture_forward(module, args, kwargs, input_names=positional_names(module), options=options)
            watched.look()
        failure = captured.failure
        if failure is not None:
            fix = suggest_fix(module, captured.graph, failure, args, kwargs)
            failure = msgspec.structs.replace(failure, fix=fix)
    return Ran(captured, failure, watched.moved)


class _Buffers:
    """A model's buffers as they were; `look`, while they still are what a run made of them, tells which it moved."""

    def __init__(self, module: nn.Module) -> None:
        self._module = module
        self._before = {name: value.detach().clone() for name, value in module.named_buffers() if not is_lazy(value)}
        self.moved: tuple[str, ...] = ()

    def look(self) -> None:
        """Compare."""
        now = dict(self._module.named_buffers())
        self.moved = tuple(name for name, value in self._before.items() if not _same(value, now.get(name)))


def _same(a: torch.Tensor, b: torch.Tensor | None) -> bool:
    return b is not None and a.shape == b.shape and bool(torch.equal(a, b))


def _kept(way: Way, inputs: Sequence[NamedInput], seed: int, graph: Graph, node: int | None) -> torch.Tensor | None:
    """The first output of that node, from running once more."""
    if node is None:
        return None
    wanted = graph.nodes[node]
    keep = Keep(wanted.kind, wanted.call_index, 0, rank=rank_of(graph, wanted))
    side = way.side
    with placed(way.loaded.module, side.device, side.dtype) as module:
        args, kwargs = bind_inputs(module, inputs, side.device, input_dtype(side.dtype))
        options = CaptureOptions(statistics=False, changes=side.changes, keep=keep)
        with unchanged(module, mode=side.mode, seed=seed):
            capture_forward(module, args, kwargs, options=options)
    return keep.tensor


def _first(
    runs: RunComparison, place: int, a: torch.Tensor | None, b: torch.Tensor | None, weights: WeightsReport
) -> FirstDifference:
    pair = runs.pairs[place]
    equal = inputs_equal(runs.pairs, place, runs.graph_a, runs.graph_b)
    differ = _weights_differ(runs, pair, weights)
    text = pair_text(pair, runs.graph_a, runs.graph_b)
    found = FirstDifference(pair=place, num_elements=pair.num_elements, inputs_equal=equal, weights_differ=differ)
    relative, max_abs = pair.relative, pair.max_abs
    if a is not None and b is not None and a.shape == b.shape:
        num_different, max_abs, relative = _distances(a, b)
        found = msgspec.structs.replace(found, num_different=num_different, max_abs=max_abs, relative=relative)
    return msgspec.structs.replace(found, sentence=first_sentence(text, relative, max_abs, equal, differ))


def _distances(a: torch.Tensor, b: torch.Tensor) -> tuple[int, float | None, float | None]:
    """How many values differ, the greatest |b − a|, and ‖b − a‖ / ‖a‖."""
    wide = torch.complex128 if a.is_complex() or b.is_complex() else torch.float64
    old, new = a.to(wide), b.to(wide)
    different = int(((old != new) & ~(old.isnan() & new.isnan())).sum())
    apart = (new - old).abs()
    norm = float(old.abs().norm())
    finite = bool(apart.isfinite().all()) and apart.numel() > 0
    return (
        different,
        float(apart.max()) if finite else None,
        float(apart.norm()) / norm if finite and norm > 0 else None,
    )


def _weights_differ(runs: RunComparison, pair: NodePair, weights: WeightsReport) -> bool | None:
    """Whether a module's own parameters or buffers differ; None for what has none."""
    node = runs.graph_a.nodes[pair.a] if pair.a is not None else None
    if node is None or node.kind != "module":
        return None
    own = [row for row in weights.rows if row.name.rpartition(".")[0] == node.fqn]
    return any(row.status != "same" for row in own) if own else None


def _output_pairs(a: Ran, b: Ran, put: Put, class_names: tuple[str, ...]) -> tuple[OutputPair, ...]:
    told_a, values_a = _outputs(a, put)
    told_b, values_b = _outputs(b, put)
    if a.failure is not None or b.failure is not None:  # what one gave stands alone
        return (*(OutputPair(a=one, b=None) for one in told_a), *(OutputPair(a=None, b=one) for one in told_b))
    pairs = []
    for place in range(max(len(told_a), len(told_b))):
        left = told_a[place] if place < len(told_a) else None
        right = told_b[place] if place < len(told_b) else None
        if left is None or right is None:
            pairs.append(OutputPair(a=left, b=right, sentence=f"Only {'A' if right is None else 'B'} has this output."))
            continue
        tensors = (a.captured.outputs[place].tensor, b.captured.outputs[place].tensor)
        max_abs = relative = None
        equal = False
        if tensors[0].shape == tensors[1].shape:
            different, max_abs, relative = _distances(*(_plain(tensor) for tensor in tensors))
            equal = different == 0 and tensors[0].dtype == tensors[1].dtype
        rows = as_rows(left, values_a[place]), as_rows(right, values_b[place])
        told = output_sentence(*rows, left.head, class_names)
        pairs.append(OutputPair(a=left, b=right, equal=equal, max_abs=max_abs, relative=relative, sentence=told))
    return tuple(pairs)


def _plain(tensor: torch.Tensor) -> torch.Tensor:
    value = tensor.detach()
    if value.layout != torch.strided:
        value = value.to_dense()
    return (value.dequantize() if value.is_quantized else value).cpu()


def _outputs(ran: Ran, put: Put) -> tuple[tuple[OutputTensor, ...], list[NDArray[np.generic]]]:
    if ran.failure is not None:
        return (), []
    tensors, values, _ = output_tensors(ran.captured, put)
    return tensors, values


def _notes(a: Way, b: Way, ran_a: Ran, ran_b: Ran) -> tuple[str, ...]:
    """What the mode did, and which changes were not made."""
    notes = []
    for name, way, ran in (("A", a, ran_a), ("B", b, ran_b)):
        acting = _mode_nodes(ran.captured.graph) if way.side.mode == "train" else []
        if acting and a.side.mode != b.side.mode:
            act = "acts" if len(acting) == 1 else "act"
            notes.append(f"In train mode {listed(acting, 4)} {act} otherwise than in eval mode.")
        if ran.moved:
            notes.append(f"{name}'s run moved {listed(ran.moved)}; all buffers were put back.")
        refused = [outcome.sentence for outcome in ran.captured.outcomes if not outcome.applied]
        notes += [f"{name}: {sentence}" for sentence in refused]
    return tuple(notes)


def _mode_nodes(graph: Graph) -> list[str]:
    """Calls that do one thing in training and another in evaluation."""
    return [
        f"{node.fqn} {node.op}".strip()
        for node in graph.nodes
        if node.kind == "module" and (node.category == "dropout" or "BatchNorm" in node.op)
    ]
