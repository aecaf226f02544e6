"""Whether an event makes sense, beyond its types: an engine that a model took over must not lead the window astray."""

import math

from inspector.client.base import PLAIN_DTYPES, Reply
from inspector.protocol.base import ArrayRef
from inspector.protocol.changes import Comparison
from inspector.protocol.comparison import FolderComparison, RunComparison
from inspector.protocol.events import (
    AnyEvent,
    AxesFound,
    CellsRead,
    ChangesCompared,
    EvaluationFinished,
    EvaluationProgressed,
    FileDrawn,
    FolderCompared,
    FolderScanned,
    ForwardProfiled,
    GradientsTraced,
    GraphCaptured,
    ImagesDecoded,
    InputPrepared,
    MapsRead,
    OutputsComputed,
    RowRead,
    RunsCompared,
    ShapesFound,
    TensorFetched,
    ValueFound,
)
from inspector.protocol.gradients import GradientFlow
from inspector.protocol.graph import Graph, GraphAxes
from inspector.protocol.shapes import AcceptedShapes


def check_reply(reply: Reply) -> None:  # noqa: C901 - one case a family of events
    """Look at everything in the event that points somewhere.

    Raises:
        ValueError: an array names bytes that were not sent, or a graph or a folder points at what is not in it.
    """
    for ref in array_refs(reply.event):
        reply.array(ref)
    match reply.event:
        case GraphCaptured(graph=graph, axes=axes):
            _check_graph(graph, ran=True)
            _check_axes(axes)
        case FileDrawn(graph=graph, axes=axes):
            _check_graph(graph, ran=False)
            _check_axes(axes)
        case AxesFound(axes=axes):
            _check_axes(axes)
        case ForwardProfiled() | GradientsTraced() | ChangesCompared():
            _check_figures(reply.event)
        case ShapesFound(accepted=accepted):
            _check_shapes(accepted)
        case RunsCompared(comparison=runs):
            _check_runs(runs)
        case FolderCompared(comparison=folder):
            _check_folders(folder)
        case InputPrepared() | ImagesDecoded() | FolderScanned() | EvaluationProgressed() | EvaluationFinished():
            _check_images(reply.event)
        case TensorFetched() | CellsRead() | MapsRead() | ValueFound() | RowRead():
            _check_tensor(reply.event)
        case _:
            pass


def array_refs(event: AnyEvent) -> tuple[ArrayRef, ...]:  # noqa: PLR0911 - one a family of events
    """The arrays that travel beside this event."""
    match event:
        case OutputsComputed(outputs=outputs):
            return tuple(output.array for output in outputs)
        case ChangesCompared(comparison=comparison):
            return tuple(output.array for output in comparison.outputs_before)
        case RunsCompared(comparison=runs):
            return tuple(tensor.array for pair in runs.outputs for tensor in (pair.a, pair.b) if tensor is not None)
        case InputPrepared(picture=picture):
            return () if picture is None else (picture,)
        case EvaluationProgressed(indices=indices, outputs=rows):
            return (indices, rows)
        case ImagesDecoded(pictures=pictures):
            return tuple(picture for picture in pictures if picture is not None)
        case CellsRead(values=values) | RowRead(values=values) | MapsRead(maps=values):
            return (values,)
        case _:
            return ()


def _check_figures(event: ForwardProfiled | GradientsTraced | ChangesCompared) -> None:
    match event:
        case ForwardProfiled():
            _check_profile(event)
        case GradientsTraced(flow=flow):
            _check_flow(flow)
        case ChangesCompared(comparison=comparison):
            _check_comparison(comparison)


def _check_shapes(accepted: AcceptedShapes) -> None:
    if any(len(choice.shapes) != len(accepted.inputs) for choice in accepted.choices):
        raise ValueError("a shape is for another input than was fed")
    if any(size < 0 for choice in accepted.choices for shape in choice.shapes for size in shape):
        raise ValueError("a size is below nothing")
    if any(run.step < 1 or run.first > run.last for axis in accepted.axes for run in axis.runs):
        raise ValueError("sizes go nowhere")


def _check_profile(profile: ForwardProfiled) -> None:
    figures = [profile.plain_s, profile.observed_s, *profile.group_s]
    for node in profile.nodes:
        figures += [node.elapsed_s, node.fastest_s, node.slowest_s, node.peak_bytes]
    if any(figure is not None and not (math.isfinite(figure) and figure >= 0) for figure in figures):
        raise ValueError("a time or size is no number that there can be")
    if profile.runs < 1:
        raise ValueError("a profile has no runs")


def _check_flow(flow: GradientFlow) -> None:
    norms = [norm for row in flow.parameters for norm in (row.norm, row.max_abs, row.weight_norm)]
    norms += [node.norm for node in flow.nodes]
    if any(norm is not None and norm < 0 for norm in norms):
        raise ValueError("a norm is less than nothing")
    if any(row.zeros is not None and not 0 <= row.zeros <= 1 for row in flow.parameters):
        raise ValueError("a share of zeros is no share")
    if any(row.stop is not None and not 0 <= row.stop < len(flow.stops) for row in flow.parameters):
        raise ValueError("a parameter is cut off by what is not listed")
    if any(stop.node is not None and stop.node < 0 for stop in flow.stops):
        raise ValueError("an operation where the gradient ends has no place")


def _check_comparison(comparison: Comparison) -> None:
    named = [difference.node for difference in comparison.differences]
    if comparison.first is not None and comparison.first not in named:
        raise ValueError("the first node that differs is not among those that do")
    if any(node < 0 for node in named):
        raise ValueError("a node that differs has no place")


def _check_runs(runs: RunComparison) -> None:
    _check_graph(runs.graph_a, ran=True)
    _check_graph(runs.graph_b, ran=True)
    for graph, named in (
        (runs.graph_a, [pair.a for pair in runs.pairs if pair.a is not None]),
        (runs.graph_b, [pair.b for pair in runs.pairs if pair.b is not None]),
    ):
        if any(not 0 <= node < len(graph.nodes) for node in named) or len(set(named)) != len(named):
            raise ValueError("a node that is compared is not in its graph, or is there twice")
    if runs.first is not None and not 0 <= runs.first.pair < len(runs.pairs):
        raise ValueError("the first nodes that differ are not among those compared")


def _check_folders(folder: FolderComparison) -> None:
    classes = range(-1, len(folder.classes))
    if any(one.label not in classes or one.predicted_a not in classes or one.predicted_b not in classes
           for one in folder.disagreements):  # fmt: skip
        raise ValueError("an image has a class that is not listed")
    for side in (folder.a, folder.b):
        if len(side.matrix) != len(folder.classes) or any(len(row) != len(folder.classes) for row in side.matrix):
            raise ValueError("a matrix is not as wide as there are classes")


def _check_images(
    event: InputPrepared | ImagesDecoded | FolderScanned | EvaluationProgressed | EvaluationFinished,
) -> None:
    match event:
        case InputPrepared(picture=picture):
            sound = _is_picture(picture)
        case ImagesDecoded(paths=paths, pictures=pictures):
            sound = len(paths) == len(pictures) and all(map(_is_picture, pictures))
        case FolderScanned(classes=classes, images=images):
            sound = all(0 <= image.label < len(classes) for image in images)
        case EvaluationProgressed(indices=indices, outputs=outputs):
            sound = len(indices.shape) == 1 and len(outputs.shape) == 2 and indices.shape[0] == outputs.shape[0]
        case EvaluationFinished(classes=classes, matrix=matrix):
            widths = (len(matrix), len(event.outside), len(event.per_class), *map(len, matrix))
            sound = all(width == len(classes) for width in widths)
    if not sound:
        raise ValueError("a picture, a row or a class of images does not fit what is said of it")


def _is_picture(ref: ArrayRef | None) -> bool:
    """Whether it is None, or (H, W, 3) uint8."""
    return ref is None or (len(ref.shape) == 3 and ref.shape[2] == 3 and ref.dtype == "uint8")


def _check_axes(axes: GraphAxes | None) -> None:
    if axes is None:
        return
    for places in (axes.inputs, axes.outputs, axes.group_inputs, axes.group_outputs):
        if any(not -1 <= place < len(axes.kinds) for tensors in places for place in tensors):
            raise ValueError("a tensor has axes of a kind that is not listed")


def _check_graph(graph: Graph, *, ran: bool) -> None:
    if (graph.origin == "run") != ran:
        raise ValueError("a graph does not say truly whether it ran")
    nodes, groups = range(len(graph.nodes)), range(len(graph.groups))
    if any(node.id != index for index, node in enumerate(graph.nodes)):
        raise ValueError("a node's id is not its place")
    if any(node.group is not None and node.group not in groups for node in graph.nodes):
        raise ValueError("a node is in a group that is not there")
    # A parent comes before its children, so that there can be no circle.
    for index, group in enumerate(graph.groups):
        if group.id != index or not (group.parent is None or 0 <= group.parent < index):
            raise ValueError("a group's parent does not come before it")
    if any(edge.source not in nodes or edge.target not in nodes for edge in graph.edges):
        raise ValueError("a wire ends at a node that is not there")


def _check_tensor(event: TensorFetched | CellsRead | MapsRead | ValueFound | RowRead) -> None:
    match event:
        case TensorFetched(shape=shape, array_dtype=array_dtype):
            sound = min(shape, default=0) >= 0 and array_dtype in PLAIN_DTYPES
        case CellsRead(window=window, values=values):
            room = (window.num_rows, window.num_columns)
            sound = len(values.shape) == 2 and all(size <= most for size, most in zip(values.shape, room, strict=True))
        case MapsRead(window=window, maps=maps):
            colours = (3,) if window.layout == "tiles" else ()
            named = (event.channels, event.lows, event.highs)
            sound = len(maps.shape) == 3 + len(colours) and maps.shape[3:] == colours
            sound = sound and all(len(each) == maps.shape[0] for each in named)
        case ValueFound(index=index):
            sound = min(index, default=0) >= 0
        case RowRead(values=values):
            sound = len(values.shape) == 1
    if not sound:
        raise ValueError("parts of a tensor do not fit what is said of them")
