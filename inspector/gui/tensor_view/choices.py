"""Which tensors of what is chosen can be looked into, and as what pictures: pure functions."""

import math
from typing import NamedTuple

from inspector.core.formatting import shape_text
from inspector.gui.state import WindowState
from inspector.protocol.files import ModuleRow
from inspector.protocol.graph import Node, TensorSpec
from inspector.protocol.tensors import MapLayout, TensorPlace

# These hide their attention weights; the engine computes them again.
HIDES_WEIGHTS = ("scaled_dot_product_attention", "multi_head_attention_forward", "MultiheadAttention")


class TensorChoice(NamedTuple):
    """A tensor, and what it is called in the list."""

    label: str
    place: TensorPlace


class LayoutChoice(NamedTuple):
    """A way to see a tensor as pictures. `unit` is what one picture is: channel, head, feature and so on."""

    layout: MapLayout
    label: str
    unit: str


def tensor_choices(state: WindowState, module: ModuleRow | None) -> tuple[TensorChoice, ...]:
    """The outputs, inputs, attention weights and parameters of what is chosen."""
    graph, chosen = state.run.graph, state.selected_node
    choices: list[TensorChoice] = []
    if graph is not None and chosen is not None and chosen < len(graph.nodes):
        node = graph.nodes[chosen]
        if not node.failed:
            choices += _numbered("output", node, node.outputs)
        if node.op in HIDES_WEIGHTS and not node.failed:
            choices.append(TensorChoice("attention weights", TensorPlace(role="attention", node=node.id)))
        if node.kind in ("module", "function"):
            choices += _numbered("input", node, node.inputs)
    for tensor in module.tensors if module is not None else ():
        fqn = f"{module.fqn}.{tensor.name}" if module is not None and module.fqn else tensor.name
        choices.append(
            TensorChoice(f"{tensor.name}  {shape_text(tensor.shape)}", TensorPlace(role="parameter", fqn=fqn))
        )
    return tuple(choices)


def _numbered(role: str, node: Node, specs: tuple[TensorSpec, ...]) -> list[TensorChoice]:
    return [
        TensorChoice(
            f"{role}{'' if len(specs) == 1 else f' {index}'}  {shape_text(spec.shape)}",
            TensorPlace(role="input" if role == "input" else "output", node=node.id, index=index),
        )
        for index, spec in enumerate(specs)
    ]


def layout_choices(place: TensorPlace, shape: tuple[int, ...], category: str = "") -> tuple[LayoutChoice, ...]:
    """The ways in which the axes may be read as pictures, the likeliest first. `category` is the node's."""
    plane = LayoutChoice("plane", "one matrix", "matrix")
    if len(shape) == 4:
        return (*_four_axes(place, shape), plane)
    if len(shape) == 3 and place.role != "parameter":
        maps = LayoutChoice("channels", "maps (C, H, W)", "channel")
        strips = LayoutChoice("strips", "strips (N, C, L)", "channel")
        tokens = LayoutChoice("tokens", "tokens as maps", "feature")
        if place.role == "attention":
            return (maps._replace(label="heads", unit="head"), plane)
        patches = patches_side(shape[1])
        if patches and category not in ("convolution", "pooling"):
            return (tokens, strips, maps, plane)
        first = (strips, maps) if category in ("convolution", "pooling", "normalisation") else (maps, strips)
        return (plane, *first) if category in ("recurrent", "embedding") else (*first, plane)
    return (plane,)


def _four_axes(place: TensorPlace, shape: tuple[int, ...]) -> tuple[LayoutChoice, ...]:
    if place.role == "parameter":
        kernels = LayoutChoice("kernels", "kernels, slice by slice", "slice")
        return (LayoutChoice("tiles", "kernels in colour", "kernel"), kernels) if shape[1] == 3 else (kernels,)
    square = shape[2] == shape[3]
    unit = "head" if place.role == "attention" else "channel"
    maps = LayoutChoice("maps", "heads" if unit == "head" else "maps (N, C, H, W)", unit)
    if square and patches_side(shape[3]):
        return (maps, LayoutChoice("query", "one token's row as a map", "head"))
    return (maps,)


def patches_side(tokens: int) -> int:
    """The side of the square that so many tokens make, alone or behind one class token; 0 where they make none."""
    for count in (tokens, tokens - 1):
        side = math.isqrt(max(count, 0))
        if side > 1 and side * side == count:
            return side
    return 0
