"""Cases B2, B3, D2: a Linear, or a view, was given another number of features than it expects."""

import math

from torch import nn

from inspector.engine.diagnosis.fixes.channels import counted, with_channels
from inspector.engine.diagnosis.fixes.failed_run import FailedRun, numbers, replaced_linear
from inspector.engine.shape_finder.attempt import Obstacle
from inspector.engine.shape_finder.sizes import Fit
from inspector.protocol.graph import Graph, Node


def suggest(run: FailedRun) -> str:
    """The number that mends it, each found by a try that ran."""
    obstacle = run.tried().obstacle
    if obstacle is None or obstacle.kind != "features" or obstacle.expected is None or obstacle.actual is None:
        return ""
    node = run.node
    if node is not None and node.inputs and len(node.inputs[0].shape) > 2 and isinstance(run.layer, nn.Linear):
        without = _without_flatten(run, node.inputs[0].shape, obstacle.expected)
        if without:
            return without
    return (
        _another_size(run, obstacle)
        or _other_channels(run, obstacle)
        or _another_width(run, obstacle)
        or _plain(run, obstacle)
    )


def _without_flatten(run: FailedRun, shape: tuple[int, ...], expected: int) -> str:
    """D2: with a Flatten before it the layer fits; now, or at another size of the picture."""
    flat, fed = math.prod(shape[1:]), run.first
    if fed is None or fed.ndim != 4:
        return ""
    edit = (run.failure.fqn, lambda layer: nn.Sequential(nn.Flatten(), layer))
    insert = f"Insert nn.Flatten() before {run.place}: Linear acts on the last axis;"
    here = numbers(fed.shape[2:])
    if flat == expected:
        return f"{insert} {here} then gives {expected:,} features." if run.runs(edit=edit) else ""
    fit = run.fitting_size(edit=edit)
    if fit is None:
        return ""
    return (
        f"{insert} {here} then gives {flat:,} features, so feed {numbers((fit.size, fit.size))}, which gives the "
        f"{expected:,} that it expects, or set in_features={flat}."
    )


def _another_size(run: FailedRun, obstacle: Obstacle) -> str:
    """B3: the size of picture (or length) that gives the features that are expected."""
    fed = run.first
    if fed is None or fed.ndim not in {3, 4}:
        return ""
    fit = run.fitting_size()
    if fit is None:
        return ""
    before = _shape_before_flatten(run.graph, run.node)
    axes = fed.ndim - 2
    makes = _factors(obstacle.expected or 0, before)
    gives = f"an input of {_size(fit, axes)} gives" if axes > 1 else f"an input of length {_size(fit, axes)} gives"
    actual = math.prod(before[1:]) if before else obstacle.actual or 0
    change = _or_in_features(run, actual)
    return f"{run.place} expects {makes} features, which {gives}{change}."


def _other_channels(run: FailedRun, obstacle: Obstacle) -> str:
    """A picture flattened at once: with another number of channels it has the features that are expected."""
    fed, expected = run.first, obstacle.expected or 0
    if fed is None or fed.ndim != 4 or not fed.shape[1]:
        return ""
    area = math.prod(fed.shape[2:])
    channels = expected // area if area and expected % area == 0 else 0
    if channels not in {1, 3, 4} or not run.runs(lambda tensor: with_channels(tensor, channels)):
        return ""
    change = _or_in_features(run, math.prod(fed.shape[1:]))
    made = f"{expected:,} = {channels}·{fed.shape[2]}·{fed.shape[3]}"
    return f"{run.place} expects {made} features: feed {counted(channels)} instead of {fed.shape[1]}{change}."


def _size(fit: Fit, axes: int) -> str:
    chosen = numbers((fit.size,) * axes)
    return chosen if fit.least == fit.most else f"{chosen} ({fit.least} to {fit.most} do)"


def _or_in_features(run: FailedRun, actual: int) -> str:
    """`; or set in_features=16384`, only where a try with that layer ran."""
    if isinstance(run.layer, nn.Linear) and run.runs(edit=(run.failure.fqn, replaced_linear(actual))):
        return f"; or set in_features={actual}"
    if run.failure.op in {"view", "reshape"}:
        return f"; or use x.flatten(1), which gives {actual:,}, and set in_features={actual} in the next Linear"
    return ""


def _another_width(run: FailedRun, obstacle: Obstacle) -> str:
    """B2: the input itself, or the layer before, has another width."""
    expected, actual, fed = obstacle.expected or 0, obstacle.actual or 0, run.first
    layer = run.layer
    mends = isinstance(layer, nn.Linear) and run.runs(edit=(run.failure.fqn, replaced_linear(actual)))
    direct = fed is not None and fed.ndim and fed.shape[-1] == actual
    feeds = direct and run.runs(
        lambda tensor: tensor[..., :1].expand(*tensor.shape[:-1], expected) if tensor.ndim else tensor
    )
    of = f" in {run.place}" if run.failure.fqn else ""
    if mends and feeds:
        return f"Set in_features={actual}{of}, or feed {expected} features."
    if mends:
        giver = _giver(run.graph, run.node, actual)
        return f"Set in_features={actual}{of}: {giver} gives {actual:,}, not {expected:,}."
    return f"Feed {expected:,} features instead of {actual:,}." if feeds else ""


def _giver(graph: Graph, node: Node | None, features: int) -> str:
    """The layer with weights that gave these features, by name; `the layer before` where something else made them."""
    sources = {edge.target: edge.source for edge in reversed(graph.edges)}
    place = sources.get(node.id) if node is not None else None
    while place is not None:
        one = graph.nodes[place]
        if not one.outputs or one.outputs[0].shape[-1:] != (features,):
            break
        if one.kind == "module" and one.num_params:
            return f'{one.op} "{one.fqn}"'
        place = sources.get(place)
    return "the layer before"


def _plain(run: FailedRun, obstacle: Obstacle) -> str:
    expected, actual = obstacle.expected or 0, obstacle.actual or 0
    if run.failure.op not in {"Linear", "linear"}:
        return ""
    return f"{run.place} expects {expected:,} features, and was given {actual:,}."


def _shape_before_flatten(graph: Graph, node: Node | None) -> tuple[int, ...]:
    """The shape with channels and sides, before it was flattened for this node."""
    while node is not None:
        if node.inputs and len(node.inputs[0].shape) > 2:
            return node.inputs[0].shape
        source = next((edge.source for edge in graph.edges if edge.target == node.id), None)
        node = graph.nodes[source] if source is not None and source < node.id else None
        if node is not None and node.category not in {"shape", "dropout", "activation"}:
            return ()
    return ()


def _factors(features: int, before: tuple[int, ...]) -> str:
    """`12,544 = 64·14·14`."""
    channels = before[1] if len(before) > 2 else 0
    if not channels or features % channels:
        return f"{features:,}"
    rest = features // channels
    side = math.isqrt(rest)
    if len(before) == 4 and side * side == rest:
        return f"{features:,} = {channels}·{side}·{side}"
    return f"{features:,} = {channels}·{rest}"
