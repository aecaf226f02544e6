"""What asking and being answered does to the comparison's part of the window's state: pure functions."""

from dataclasses import replace
from typing import assert_never

import numpy as np

from inspector.client.base import Reply
from inspector.core.per_item import as_rows
from inspector.gui.state import ComparisonState, OutputValues, WindowState
from inspector.protocol.changes import Comparison, NodeDifference
from inspector.protocol.comparison import RunComparison, Side
from inspector.protocol.events import (
    ConsentNeeded,
    EntryNeeded,
    FileDescribed,
    FolderCompared,
    ModelLoaded,
    RunsCompared,
    WeightsCompared,
)
from inspector.protocol.graph import Graph, Node
from inspector.protocol.outputs import OutputTensor
from inspector.protocol.requests import CompareFolder, CompareModels, CompareWeights, LoadModel

ComparisonEvent = (
    FileDescribed | ConsentNeeded | EntryNeeded | ModelLoaded | WeightsCompared | RunsCompared | FolderCompared
)


def apply_event(comparison: ComparisonState, reply: Reply, event: ComparisonEvent) -> ComparisonState:  # noqa: PLR0911 - one an event
    """The state after an answer about B or the comparison."""
    match event:
        case FileDescribed():
            return replace(comparison, description=event.description)
        case ConsentNeeded():
            return replace(comparison, consent=event)
        case EntryNeeded():
            return replace(comparison, entry_needed=event)
        case ModelLoaded():
            return replace(comparison, other=event, source=event.source, entry=event.entry)
        case WeightsCompared():
            return replace(comparison, weights=event.report)
        case RunsCompared():
            pairs = tuple((_values(reply, pair.a), _values(reply, pair.b)) for pair in event.comparison.outputs)
            return replace(comparison, runs=event.comparison, outputs=pairs)
        case FolderCompared():
            return replace(comparison, folder=event.comparison)
        case _:
            assert_never(event)


def _values(reply: Reply, tensor: OutputTensor | None) -> OutputValues | None:
    if tensor is None:
        return None
    values = as_rows(tensor, reply.array(tensor.array))
    return OutputValues(tensor, values.astype(np.float64) if np.issubdtype(values.dtype, np.floating) else values)


# --- asking


def begun(state: WindowState, path: str, source: str = "") -> WindowState:
    """Compare with another file, or with the model itself where `path` is empty: what was compared before goes."""
    settings = state.settings
    a = Side(device=settings.device, dtype=settings.dtype, mode=settings.mode)
    itself = not path
    b = Side(
        device=settings.device,
        dtype=settings.dtype,
        mode=("eval" if settings.mode == "train" else "train") if itself and not settings.changes else settings.mode,
        changes=settings.changes if itself else (),
    )
    return replace(state, comparison=ComparisonState(begun=True, path=path, source=source, a=a, b=b))


def comparing(state: WindowState) -> WindowState:
    """The request is on its way: what it will tell anew goes."""
    old = state.comparison
    fresh = replace(
        old,
        consent=None,
        declined=False,
        entry_needed=None,
        changed_on_disk="",
        other=None if old.changed_on_disk else old.other,
        weights=None,
        runs=None,
        outputs=(),
        folder=None,
        running=True,
        inputs=state.settings.inputs,
        seed=state.settings.seed,
    )
    return replace(state, comparison=fresh)


def reloaded(comparison: ComparisonState) -> ComparisonState:
    """The engine has the open model anew, and of B nothing any more."""
    if not comparison.begun:
        return comparison
    return ComparisonState(
        begun=True,
        path=comparison.path,
        source=comparison.source,
        entry=comparison.entry,
        arguments=comparison.arguments,
        weights_only=comparison.weights_only,
        mends=comparison.mends,
        page=comparison.page,
        a=comparison.a,
        b=comparison.b,
    )


def models_request(state: WindowState, trusted: tuple[str, ...]) -> CompareModels | CompareWeights:
    """The comparison that is wished; of files whose model can't be had, the weights alone."""
    comparison = state.comparison
    if state.model is None or comparison.alone:
        return CompareWeights(path_a=state.path, path_b=comparison.path)
    other = None
    if comparison.path and comparison.other is None:
        other = LoadModel(
            path=comparison.path,
            source=comparison.source,
            entry=comparison.entry,
            arguments=comparison.arguments,
            trusted=trusted,
            weights_only=comparison.weights_only,
            mends=comparison.mends,
            try_inputs=False,
        )
    return CompareModels(
        other=other,
        again=comparison.other is not None,
        a=comparison.a,
        b=comparison.b,
        inputs=comparison.inputs,
        seed=comparison.seed,
    )


def folder_request(state: WindowState, batch_size: int) -> CompareFolder:
    """Both sides over the test folder that is chosen."""
    return CompareFolder(
        folder=state.evaluation.folder,
        labels=state.evaluation.labels,
        preprocess=state.preprocess,
        mapping=state.evaluation.mapping,
        class_names=state.class_names,
        a=state.comparison.a,
        b=state.comparison.b,
        batch_size=batch_size,
    )


# --- what is shown


def page_of(comparison: ComparisonState) -> str:
    """The page that the user chose; else the nodes where they differ and no weight does, and the weights first."""
    if comparison.page:
        return comparison.page
    weights, runs = comparison.weights, comparison.runs
    if weights is None or runs is None or weights.num_same != len(weights.rows):
        return "weights"
    return "nodes" if runs.num_different or runs.num_only_a or runs.num_only_b else "weights"


def why_no_runs(comparison: ComparisonState) -> str:
    """Why there are no nodes and outputs side by side; weights come first."""
    if comparison.alone:
        return "The weights were compared alone: nothing ran."
    return "Running both …" if comparison.running else "The two were not run side by side: compare again."


# --- on the graph


def marks_on(graph: Graph | None, runs: RunComparison | None) -> Comparison | None:
    """Where two runs differ, by the nodes of the graph that is shown; None where that is of another run."""
    if graph is None or runs is None or not _same_way(graph, runs.graph_a):
        return None
    differences = tuple(
        NodeDifference(node=pair.a, relative=pair.relative)
        for pair in runs.pairs
        if pair.a is not None and pair.equal is False
    )
    first = runs.pairs[runs.first.pair].a if runs.first is not None else None
    return Comparison(outcomes=(), differences=differences, first=first)


def _same_way(shown: Graph, compared: Graph) -> bool:
    if len(shown.nodes) != len(compared.nodes):
        return False
    return all(_what(one) == _what(other) for one, other in zip(shown.nodes, compared.nodes, strict=True))


def _what(node: Node) -> tuple[str, str, str, int]:
    return node.kind, node.op, node.fqn, node.call
