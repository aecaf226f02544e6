"""What the pointer is told: everything about a node, a container or a wire. All text from files is escaped."""

from collections.abc import Mapping
from html import escape

import msgspec

from inspector.core.formatting import count_text, named_shape_text, seconds_text, shape_text
from inspector.core.graph_axes import axes_lines, node_specs
from inspector.gui.graph_view.cards import Card
from inspector.gui.graph_view.finding_marks import Mark
from inspector.gui.graph_view.picture import Hit, Picture
from inspector.protocol.graph import Failure, Node, TensorSpec


def tooltip_text(picture: Picture, hit: Hit, wire: int | None, marks: Mapping[int, Mark] | None = None) -> str:
    """As rich text, or "" where there is nothing to say. `marks` are what findings say of boxes."""
    if hit.box is not None:
        box = picture.visible.boxes[hit.box]
        found = list(marks[hit.box].sentences) if marks and hit.box in marks else []
        if box.node is not None:
            return _rich([*node_lines(_with_axes(picture, box.node), picture.failure), *found])
        return _rich([*card_lines(picture.cards[hit.box]), *found])
    if wire is not None:
        return _rich(picture.tooltip(wire).splitlines())
    if hit.container is not None and hit.header:
        return _rich(card_lines(picture.headers[picture.place_of_container[hit.container]]))
    return ""


def _with_axes(picture: Picture, node: int) -> Node:
    graph = picture.visible.hierarchy.graph
    inputs, outputs = node_specs(graph, picture.known.axes, node)
    return msgspec.structs.replace(graph.nodes[node], inputs=inputs, outputs=outputs)


def node_lines(node: Node, failure: Failure | None) -> list[str]:
    """A node in full; the first line is its heading."""
    lines = [f"{node.op}  {node.details}".rstrip()]
    if node.fqn:
        lines.append(node.fqn + (f", call {node.call + 1}" if node.call else ""))
    lines.extend(_tensors("in", node.inputs))
    lines.extend(_tensors("out", node.outputs))
    if node.num_params:
        lines.append(f"{count_text(node.num_params)} parameters")
    if node.macs is not None:
        lines.append(f"{count_text(node.macs)} multiply-accumulates")
    if node.elapsed_s is not None:
        lines.append(seconds_text(node.elapsed_s))
    lines.extend(node.notes)
    if node.failed and failure is not None and failure.node == node.id:
        lines.extend(text for text in (failure.message, failure.fix) if text)
    return lines


def card_lines(card: Card) -> list[str]:
    """A container in full."""
    shape = f"out  {shape_text(card.shape)}" if card.shape is not None else ""
    return [text for text in (f"{card.title} {card.badge}".rstrip(), card.name, shape, card.counts) if text]


def _tensors(label: str, specs: tuple[TensorSpec, ...]) -> list[str]:
    lines = [f"{label}  {named_shape_text(spec.shape, spec.axes)} {spec.dtype}" for spec in specs[:8]]
    lines += [line for spec in specs[:8] for line in axes_lines(spec)] if label == "out" else []
    return [*lines, f"and {len(specs) - 8} more"] if len(specs) > 8 else lines


def _rich(lines: list[str]) -> str:
    if not lines:
        return ""
    return f"<b>{escape(lines[0])}</b>" + "".join(f"<br/>{escape(line)}" for line in lines[1:])
