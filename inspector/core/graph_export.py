"""The graph as text for other programs: DOT, as Graphviz reads it, and JSON, as docs/messages.md describes it."""

import re
from collections import defaultdict

import msgspec

from inspector.core.formatting import shape_text
from inspector.protocol.graph import Graph, Node

_SHAPES = {"input": "oval", "output": "oval", "parameter": "note", "constant": "note"}
# what no XML or DOT reader takes: control characters and lone halves of surrogate pairs
_UNREADABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


def readable(text: str) -> str:
    """The text without characters that a file of text can't hold."""
    return _UNREADABLE.sub("�", text)


def json_bytes(graph: Graph) -> bytes:
    """The graph's messages as indented JSON, in UTF-8."""
    return msgspec.json.format(msgspec.json.encode(graph), indent=2) + b"\n"


def dot_text(graph: Graph) -> str:
    """The graph in the DOT language: groups as clusters, wires with the shapes of their tensors."""
    nodes: dict[int | None, list[Node]] = defaultdict(list)
    groups: dict[int | None, list[int]] = defaultdict(list)
    for node in graph.nodes:
        nodes[node.group if node.group is not None and 0 <= node.group < len(graph.groups) else None].append(node)
    for group in graph.groups:
        groups[group.parent if group.parent is not None and group.parent < group.id else None].append(group.id)
    lines = ["digraph model {", "  node [shape=box];"]
    # a stack of our own: models nest deeper than Python does
    todo: list[int | str | None] = [None]
    while todo:
        at = todo.pop()
        if isinstance(at, str):
            lines.append(at)
            continue
        if at is not None:
            label = " ".join(part for part in (graph.groups[at].class_name, graph.groups[at].fqn) if part)
            lines += [f"  subgraph cluster_{at} {{", f"  label={_quoted(label)};"]
            todo.append("  }")
        lines.extend(_node_line(node) for node in nodes[at])
        todo.extend(reversed(groups[at]))
    lines.extend(_edge_lines(graph))
    return "\n".join([*lines, "}", ""])


def _node_line(node: Node) -> str:
    shape = shape_text(node.outputs[0].shape) if node.outputs else ""
    label = "\n".join(part for part in (f"{node.op} {node.details}".strip(), node.fqn, shape) if part)
    look = f", shape={_SHAPES[node.kind]}" if node.kind in _SHAPES else ""
    failed = ", color=red" if node.failed else ""
    return f"  n{node.id} [label={_quoted(label)}{look}{failed}];"


def _edge_lines(graph: Graph) -> list[str]:
    lines = []
    for edge in graph.edges:
        outputs = graph.nodes[edge.source].outputs
        label = shape_text(outputs[edge.source_output].shape) if edge.source_output < len(outputs) else ""
        style = ", style=dashed" if edge.inferred else ""
        lines.append(f"  n{edge.source} -> n{edge.target} [label={_quoted(label)}{style}];")
    return lines


def _quoted(text: str) -> str:
    """A quoted string of DOT; a backslash would begin an escape there."""
    escaped = readable(text).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
