"""The graph of an ONNX file as the file tells it: operations and real wires, shapes as stored, nothing run or guessed.

Constants are not drawn: what an operation takes of the file's own tensors is told on its card, as its parameters are.
"""

from collections import ChainMap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from inspector.core.file_graph import with_totals
from inspector.core.formatting import bytes_text, shape_text
from inspector.core.graph_axes import NOTHING
from inspector.engine.formats.onnx_operations import attribute_text, category_of, details_of, is_parameter, num_values
from inspector.engine.formats.onnx_parts import (
    OnnxFile,
    OnnxFunction,
    OnnxGraph,
    OnnxNode,
    OnnxTensor,
    OnnxValue,
)
from inspector.engine.formats.onnx_scopes import Place, is_constant, places_of
from inspector.protocol.graph import Edge, Graph, GraphAxes, Group, Node, TensorAxes, TensorSpec

MAX_NODES = 50_000  # what the view draws without trouble; also ends what defines itself by itself twice, and again
MAX_CALLS = 5_000  # of functions that the file defines; those beyond are one operation each
_MAX_DEPTH = 24
_MOST_NOTES = 24
NOTE = "As the file tells it; nothing was run. Shapes are those that the file holds; ? is a size that it leaves open."

# Where a name's value comes from: an output of a node, or a tensor of the file.
Made = tuple[int, int]
Names = ChainMap[str, "Made | OnnxTensor"]


def graph_of_onnx(file: OnnxFile) -> tuple[Graph, GraphAxes]:
    """The graph, and the names that the file gives to sizes that are free."""
    drawing = _Drawing({(one.domain, one.name): one for one in file.functions})
    drawing.draw_model(file.graph)
    notes = [NOTE]
    if drawing.left_out:
        notes.append(f"Only the first {MAX_NODES:,} operations are drawn.")
    if drawing.calls > MAX_CALLS:
        notes.append(
            f"Functions of the file are drawn with what is in them {MAX_CALLS:,} times, and else as one operation."
        )
    graph = Graph(
        nodes=tuple(drawing.nodes),
        groups=with_totals(drawing.groups, drawing.nodes),
        edges=tuple(drawing.edges),
        notes=tuple(notes),
        origin="file",
    )
    return graph, drawing.axes()


@dataclass
class _Around:
    """What the operations of one graph have around them: names in reach, shapes told, groups, and how deep it is."""

    names: Names
    told: ChainMap[str, OnnxValue]
    group: int | None = None
    prefix: str = ""
    depth: int = 0
    functions: tuple[str, ...] = ()

    def inside(self, group: int, prefix: str, values: Sequence[OnnxValue], function: str = "") -> "_Around":
        """The same for a graph inside; a function sees nothing of what is around its call."""
        told = {value.name: value for value in values}
        return _Around(
            names=ChainMap() if function else self.names.new_child(),
            told=ChainMap(told) if function else self.told.new_child(told),
            group=group,
            prefix=prefix,
            depth=self.depth + 1,
            functions=(*self.functions, function) if function else self.functions,
        )


@dataclass
class _Drawing:
    """Collects nodes, groups and wires."""

    functions: dict[tuple[str, str], OnnxFunction]
    nodes: list[Node] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    edges: list[Edge] = field(default_factory=list)
    left_out: bool = False
    calls: int = 0
    _counted: set[tuple[int, int]] = field(default_factory=set)
    _dims: dict[int, list[tuple[str, ...]]] = field(default_factory=dict)

    def draw_model(self, graph: OnnxGraph) -> None:
        """The whole graph with its inputs and outputs."""
        around = _Around(ChainMap(), ChainMap(_told(graph)))
        held = {tensor.name for tensor in graph.tensors}
        for value in graph.inputs:
            if value.name not in held:  # older files list their weights among the inputs
                around.names[value.name] = (self._end("input", value, around), 0)
        self._draw(graph.nodes, graph.tensors, around)
        for value in graph.outputs:
            made = around.names.get(value.name)
            if isinstance(made, OnnxTensor):
                made = (self._constant(made), 0)
            node = self._end("output", value, around)
            self._wire(made, node, 0)

    def _draw(self, nodes: Sequence[OnnxNode], tensors: Sequence[OnnxTensor], around: _Around) -> None:
        around.names.update((tensor.name, tensor) for tensor in tensors)
        group_of: dict[str, int] = {}
        for node, place in zip(nodes, places_of(nodes), strict=True):
            if len(self.nodes) >= MAX_NODES or len(self.groups) >= MAX_NODES:
                self.left_out = True
                return
            passed = passed_on(node, around.names)
            if passed is not None:
                around.names[node.outputs[0]] = passed
                continue
            group = self._groups(place, group_of, around)
            fqn = _joined(around.prefix, place.fqn)
            body = self._body(node, around)
            if body is not None:
                self._draw_function(node, body, fqn, group, around)
                continue
            inner = [(one.name, graph) for one in node.attributes for graph in one.graphs]
            results: list[Made] = []
            if inner and around.depth < _MAX_DEPTH:
                group, results = self._draw_inner(node, inner, fqn, group, around)
            self._operation(node, place, around, group=group, results=results)

    def _body(self, node: OnnxNode, around: _Around) -> OnnxFunction | None:
        """The function that the file defines for this operation; None for one that calls itself."""
        key = ("" if node.domain == "ai.onnx" else node.domain, node.op)
        found = self.functions.get(key)
        name = f"{node.domain}::{node.op}"
        if found is None or name in around.functions or around.depth >= _MAX_DEPTH:
            return None
        self.calls += 1
        return found if self.calls <= MAX_CALLS else None

    def _draw_function(self, node: OnnxNode, body: OnnxFunction, fqn: str, group: int | None, around: _Around) -> None:
        called = self._group(fqn, node.op, group)
        inside = around.inside(called, fqn, body.values, f"{node.domain}::{node.op}")
        for name, given in zip(body.inputs, node.inputs, strict=False):
            if given in around.names:
                inside.names[name] = around.names[given]
        self._draw(body.nodes, (), inside)
        for name, made in zip(node.outputs, body.outputs, strict=False):
            if made in inside.names:
                around.names[name] = inside.names[made]

    def _draw_inner(
        self, node: OnnxNode, inner: list[tuple[str, OnnxGraph]], fqn: str, group: int | None, around: _Around
    ) -> tuple[int, list[Made]]:
        """The graphs inside an operation, in groups within one group for it; and what they give."""
        whole = self._group(fqn, node.op, group)
        results: list[Made] = []
        for name, graph in inner:
            own = _joined(fqn, name)
            inside = around.inside(self._group(own, name, whole), own, list(_told(graph).values()))
            # What a loop or scan starts from comes in by place; an If sees all that is around it.
            for value, given in zip(graph.inputs, node.inputs, strict=False):
                if given in around.names:
                    inside.names[value.name] = around.names[given]
            self._draw(graph.nodes, graph.tensors, inside)
            for value in graph.outputs:
                made = inside.names.get(value.name)
                if isinstance(made, tuple):
                    results.append(made)
        return whole, results

    def _operation(
        self, node: OnnxNode, place: Place, around: _Around, *, group: int | None, results: list[Made]
    ) -> None:
        given = [around.names.get(name) if name else None for name in node.inputs]
        held = [value if isinstance(value, OnnxTensor) else None for value in given]
        own = [(at, tensor) for at, tensor in enumerate(held) if tensor is not None]
        params, shared = self._count(node, own)
        wired = [(name, value) for name, value in zip(node.inputs, given, strict=True)
                 if name and not isinstance(value, OnnxTensor)]  # fmt: skip
        index = len(self.nodes)
        inputs, _ = _specs([around.told.get(name) for name, _ in wired])
        outputs, dims = _specs([around.told.get(name) for name in node.outputs if name])
        self._dims[index] = dims
        self.nodes.append(
            Node(
                id=index,
                kind="module" if params or place.stands_for_module else "function",
                op=node.op if node.domain in {"", "ai.onnx"} else f"{node.domain}::{node.op}",
                fqn=_joined(around.prefix, place.fqn),
                group=group,
                inputs=inputs,
                outputs=outputs,
                num_params=params,
                num_shared=shared,
                category=category_of(node.op),
                details=details_of(node, held),
                call_index=index,
                call=place.call,
                notes=tuple(_notes(node, place, own)),
            )
        )
        for at, (_name, value) in enumerate(wired):
            self._wire(value, index, at)
        for at, result in enumerate(results):
            self._wire(result, index, len(wired) + at)
        made = [name for name in node.outputs if name]
        around.names.update((name, (index, at)) for at, name in enumerate(made))

    def _count(self, node: OnnxNode, own: list[tuple[int, OnnxTensor]]) -> tuple[int, int]:
        """Parameters, and how many of them an earlier operation has counted."""
        params = shared = 0
        for at, tensor in own:
            if is_parameter(node, at, tensor):
                size = num_values(tensor)
                params += size
                shared += size if tensor.place in self._counted else 0
                self._counted.add(tensor.place)
        return params, shared

    def _groups(self, place: Place, group_of: dict[str, int], around: _Around) -> int | None:
        parent = around.group
        for fqn, name in zip(place.groups, place.classes, strict=True):
            if fqn not in group_of:
                group_of[fqn] = self._group(_joined(around.prefix, fqn), name or "Module", parent)
            parent = group_of[fqn]
        return parent

    def _group(self, fqn: str, class_name: str, parent: int | None) -> int:
        index = len(self.groups)
        self.groups.append(Group(index, fqn, class_name, parent, len(self.nodes)))
        return index

    def _end(self, kind: str, value: OnnxValue, around: _Around) -> int:
        index = len(self.nodes)
        specs, dims = _specs([value])
        is_input = kind == "input"
        self._dims[index] = dims if is_input else []
        notes = () if value.kind == "tensor" else (f"It is no tensor but a {value.kind}.",)
        self.nodes.append(
            Node(
                id=index,
                kind="input" if is_input else "output",
                op=kind,
                fqn=value.name,
                group=around.group,
                inputs=() if is_input else specs,
                outputs=specs if is_input else (),
                category="input" if is_input else "output",
                call_index=index,
                notes=notes,
            )
        )
        return index

    def _constant(self, tensor: OnnxTensor) -> int:
        """A tensor of the file that is given out as it is."""
        index = len(self.nodes)
        self._dims[index] = [("",) * len(tensor.shape)]
        self.nodes.append(
            Node(
                id=index,
                kind="constant",
                op="constant",
                fqn=tensor.name,
                group=None,
                outputs=(TensorSpec(tensor.shape, tensor.dtype),),
                category="parameter",
                call_index=index,
            )
        )
        return index

    def _wire(self, made: Made | OnnxTensor | None, target: int, place: int) -> None:
        if isinstance(made, tuple):
            self.edges.append(Edge(made[0], made[1], target, place))

    def axes(self) -> GraphAxes:
        """The names of free sizes; a wire's end has those of where it comes from."""
        kinds: dict[TensorAxes, int] = {}
        outputs = []
        for index in range(len(self.nodes)):
            places = []
            for dims in self._dims.get(index, ()):
                found = TensorAxes(names=dims) if any(dims) else NOTHING
                places.append(-1 if found is NOTHING else kinds.setdefault(found, len(kinds)))
            outputs.append(tuple(places))
        ends: dict[int, dict[int, int]] = {}
        for edge in self.edges:
            if edge.source_output < len(outputs[edge.source]):
                ends.setdefault(edge.target, {})[edge.target_input] = outputs[edge.source][edge.source_output]
        inputs = tuple(
            tuple(ends.get(node.id, {}).get(place, -1) for place in range(len(node.inputs))) for node in self.nodes
        )
        return GraphAxes(kinds=tuple(kinds), inputs=inputs, outputs=tuple(outputs))


def _told(graph: OnnxGraph) -> dict[str, OnnxValue]:
    return {value.name: value for value in (*graph.values, *graph.outputs, *graph.inputs)}


def _joined(prefix: str, fqn: str) -> str:
    return f"{prefix}.{fqn}" if prefix and fqn else prefix or fqn


def passed_on(node: OnnxNode, names: Mapping[str, object]) -> OnnxTensor | None:
    """The tensor of the file that a node only gives under another name; exporters share equal weights so."""
    if len(node.outputs) != 1:
        return None
    if is_constant(node):
        tensors = [tensor for one in node.attributes for tensor in one.tensors]
        return tensors[0] if tensors else _number(node)
    source = names.get(node.inputs[0]) if node.op == "Identity" and len(node.inputs) == 1 else None
    return source if isinstance(source, OnnxTensor) else None


def _number(node: OnnxNode) -> OnnxTensor | None:
    """A constant that is written as a number or a list of them."""
    types = {"value_int": 7, "value_ints": 7, "value_float": 1, "value_floats": 1}
    for one in node.attributes:
        if one.name in types and one.value is not None:
            values = one.value if isinstance(one.value, tuple) else (one.value,)
            whole = tuple(value for value in values if isinstance(value, int))
            return OnnxTensor(
                name=node.name,
                shape=(len(values),) if isinstance(one.value, tuple) else (),
                type_number=types[one.name],
                place=one.place,
                values=whole if len(whole) == len(values) else None,
            )
    return None


def _specs(values: Sequence[OnnxValue | None]) -> tuple[tuple[TensorSpec, ...], list[tuple[str, ...]]]:
    """Tensors with the names of their free sizes, up to the first of which the file says nothing."""
    specs, dims = [], []
    for value in values:
        if value is None or value.dims is None:
            break
        specs.append(TensorSpec(tuple(size if isinstance(size, int) else -1 for size in value.dims), value.dtype))
        dims.append(tuple(size if isinstance(size, str) else "" for size in value.dims))
    return tuple(specs), dims


def _notes(node: OnnxNode, place: Place, own: list[tuple[int, OnnxTensor]]) -> Iterator[str]:
    """Everything that the card has no room for: module and name, attributes, and the tensors it takes of the file."""
    if place.module_class:
        yield f"It stands for a {place.module_class}."
    if node.name:
        yield f"named {node.name}"
    told = [f"{one.name} = {attribute_text(one)}" for one in node.attributes if attribute_text(one)]
    told += [_tensor_line(tensor) for _at, tensor in own]
    yield from told[:_MOST_NOTES]
    if len(told) > _MOST_NOTES:
        yield f"and {len(told) - _MOST_NOTES} more"


def _tensor_line(tensor: OnnxTensor) -> str:
    if tensor.values is not None:
        return f"{tensor.name or 'constant'} = {list(tensor.values) if tensor.shape else tensor.values[0]}"
    where = f", in {tensor.external.location}" if tensor.external is not None else ""
    return (
        f"{tensor.name or 'constant'} {shape_text(tensor.shape)} {tensor.dtype}, {bytes_text(tensor.size_bytes)}{where}"
    )
