"""Which tensors of what is chosen can be looked into, and as what pictures: pure functions."""

import math
from typing import NamedTuple

from inspector.core.formatting import shape_text
from inspector.gui.state import WindowState
from inspector.protocol.files import ModuleRow
from inspector.protocol.graph import Graph, Node, TensorSpec
from inspector.protocol.tensors import MapLayout, TensorPlace

# What makes square maps of tokens by tokens: said of them when they turn out to be no attention.
SCORES = ("matmul", "__matmul__", "bmm", "baddbmm", "einsum", "softmax", "Softmax", "masked_fill", "masked_fill_")
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


def layout_choices(
    place: TensorPlace, shape: tuple[int, ...], category: str = "", *, images: bool = True
) -> tuple[LayoutChoice, ...]:
    """The ways in which the axes may be read as pictures, the likeliest first.

    Args:
        place: which tensor.
        shape: its shape.
        category: the node's.
        images: whether the model is fed images, so that tokens may be their patches.
    """
    plane = LayoutChoice("plane", "one matrix", "matrix")
    if len(shape) == 5:
        kernels = LayoutChoice("kernels", "kernels, slice by slice", "slice")
        return (kernels if place.role == "parameter" else LayoutChoice("slices", "slices (D, H, W)", "slice"), plane)
    if len(shape) == 4:
        return (*_four_axes(place, shape, category), plane)
    if len(shape) == 3 and place.role != "parameter":
        return _three_axes(place, shape, category, images=images)
    return (plane,)


def _three_axes(place: TensorPlace, shape: tuple[int, ...], category: str, *, images: bool) -> tuple[LayoutChoice, ...]:
    plane = LayoutChoice("plane", "one matrix", "matrix")
    maps = LayoutChoice("channels", "maps (C, H, W)", "channel")
    strips = LayoutChoice("strips", "strips (N, C, L)", "channel")
    if place.role == "attention":
        return (maps._replace(label="heads", unit="head"), plane)
    if category in ("recurrent", "embedding"):
        return (plane, maps, strips)
    if patches_side(shape[1]) and category not in ("convolution", "pooling"):
        tokens = LayoutChoice("tokens", "tokens as maps", "feature")
        return (tokens, strips, maps, plane) if images else (plane, tokens, strips, maps)
    return (strips, maps, plane) if category in ("convolution", "pooling", "normalisation") else (maps, strips, plane)


def _four_axes(place: TensorPlace, shape: tuple[int, ...], category: str) -> tuple[LayoutChoice, ...]:
    if place.role == "parameter":
        kernels = LayoutChoice("kernels", "kernels, slice by slice", "slice")
        return (LayoutChoice("tiles", "kernels in colour", "kernel"), kernels) if shape[1] == 3 else (kernels,)
    square = shape[2] == shape[3]
    unit = "head" if place.role == "attention" else "channel"
    maps = LayoutChoice("maps", "heads" if unit == "head" else "maps (N, C, H, W)", unit)
    if square and patches_side(shape[3]) and category not in ("convolution", "pooling", "normalisation"):
        return (maps, LayoutChoice("query", "one token's row as a map", "head"))
    return (maps,)


def is_fed_images(graph: Graph | None) -> bool:
    """Whether any input of the model has the axes of images or volumes."""
    nodes = () if graph is None else graph.nodes
    return any(len(spec.shape) >= 4 for node in nodes if node.kind == "input" for spec in node.outputs)


def patches_side(tokens: int) -> int:
    """The side of the square that so many tokens make, alone or behind one class token; 0 where they make none."""
    for count in (tokens, tokens - 1):
        side = math.isqrt(max(count, 0))
        if side > 1 and side * side == count:
            return side
    return 0
