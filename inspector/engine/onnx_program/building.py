"""Builds the modules of an ONNX model from its file: a module for each scope, a leaf for each operation.

The names in a file are texts and stay texts: no code is made of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.onnx_graph import passed_on
from inspector.engine.formats.onnx_operations import category_of, details_of, is_parameter, num_values
from inspector.engine.formats.onnx_parts import OnnxFile, OnnxGraph, OnnxNode, OnnxTensor
from inspector.engine.formats.onnx_scopes import Place, is_constant, places_of
from inspector.engine.formats.reading import Source
from inspector.engine.onnx_program.modules import (
    Block,
    Frame,
    OnnxModel,
    OnnxOperation,
    OnnxScope,
    Operation,
    Step,
    model_class,
)
from inspector.engine.onnx_program.sessions import TYPES, Sessions
from inspector.engine.onnx_program.tensors import HeldTensors
from inspector.engine.onnx_program.writing import bytes_field, tensor_named, text_field, text_fields

MAX_NODES = 50_000
MAX_MODULES = 100_000  # each dot in a name may be one
# Tensors of so few whole numbers are settings of their operation, and a part of it.
_MOST_SETTINGS = 64


def build(file: OnnxFile, source: Source) -> OnnxModel:
    """The model of a file that has been read.

    Raises:
        EngineError: a tensor can't be read, lies where it may not, or the file is too large.
    """
    if len(file.graph.nodes) > MAX_NODES:
        raise EngineError(f"It has more than {MAX_NODES:,} operations, which are too many to be run one by one.")
    return _Building(file, source).model()


@dataclass
class _Planned:
    """An operation that will run: its place, and the names that go in and out."""

    node: OnnxNode
    place: Place
    uses: tuple[str, ...]


@dataclass
class _Building:
    file: OnnxFile
    source: Source
    constants: dict[str, OnnxTensor] = field(default_factory=dict)
    planned: list[_Planned] = field(default_factory=list)
    last_use: dict[str, int] = field(default_factory=dict)
    made_at: dict[str, int] = field(default_factory=dict)
    parameters: dict[int, nn.Parameter] = field(default_factory=dict)
    num_modules: int = 0

    def __post_init__(self) -> None:
        self.sessions = Sessions()
        self.held = HeldTensors(self.source, self.sessions)
        self.frame = Frame(self.file.opsets or {"": 17}, self.file.ir_version, self.sessions)

    def model(self) -> OnnxModel:
        """All of it."""
        graph = self.file.graph
        _refuse_outside(self.file)
        self.constants = {tensor.name: tensor for tensor in graph.tensors}
        inputs = tuple(value for value in graph.inputs if value.name not in self.constants)
        self.made_at = {value.name: -1 for value in inputs}
        self._plan(graph)
        self.last_use.update((value.name, len(self.planned)) for value in graph.outputs)
        root = model_class(inputs)()
        root.onnx_inputs = inputs
        root.onnx_outputs = tuple(dict.fromkeys(value.name for value in graph.outputs))
        root.onnx_constants = self._constant_outputs(root)
        outputs = tuple(name for name in root.onnx_outputs if name not in root.onnx_constants)
        for name in outputs:
            self._check(name, len(self.planned))
        block = Block(tuple(value.name for value in inputs), outputs)
        root.onnx_blocks.append(block)
        self._fill(root, block, 0, len(self.planned), 0)
        return root.eval()

    def _constant_outputs(self, root: OnnxModel) -> dict[str, str]:
        """Outputs that are tensors of the file, as buffers of the model."""
        found = {}
        for name in root.onnx_outputs:
            tensor = self.constants.get(name)
            if tensor is not None:
                found[name] = free_name(root, name.replace(".", "_"))
                root.register_buffer(found[name], self.held.read(tensor))
        return found

    def _plan(self, graph: OnnxGraph) -> None:
        for node, place in zip(graph.nodes, places_of(graph.nodes), strict=True):
            tensor = passed_on(node, self.constants) if _is_held(node) or not is_constant(node) else None
            if tensor is not None:
                self.constants[node.outputs[0]] = tensor
                continue
            at = len(self.planned)
            uses = tuple(name for name in _taken(node) if name not in self.constants)
            for name in uses:
                self._check(name, at)
            self.planned.append(_Planned(node, place, uses))
            self.last_use.update(dict.fromkeys(uses, at))
            for name in node.outputs:
                if name in self.made_at or (name and name in self.constants):
                    raise EngineError(f'Two operations of this model give "{clean_text(name, 100)}".', _DAMAGED)
                if name:
                    self.made_at[name] = at

    def _check(self, name: str, at: int) -> None:
        """That a value is there before the operation that takes it."""
        if self.made_at.get(name, at) >= at:
            raise EngineError(f'Nothing in this model gives "{clean_text(name, 100)}" before it is needed.', _DAMAGED)

    def _fill(self, scope: OnnxScope, block: Block, start: int, end: int, depth: int) -> None:
        """The steps of operations `start` to `end`, of which those deeper than `depth` belong to scopes inside."""
        at = start
        while at < end:
            groups = self.planned[at].place.groups
            stop = at + 1
            if len(groups) > depth:
                while stop < end and self.planned[stop].place.groups[: depth + 1] == groups[: depth + 1]:
                    stop += 1
                step = self._scope_step(scope, groups, at, stop, depth)
            else:
                step = self._operation_step(scope, self.planned[at])
            gone = tuple({name for name in step.inputs if self.last_use[name] < stop})
            block.steps.append(replace(step, last=gone))
            at = stop

    def _scope_step(self, scope: OnnxScope, groups: tuple[str, ...], start: int, stop: int, depth: int) -> Step:
        inside = self.planned[start:stop]
        inputs = tuple(dict.fromkeys(name for one in inside for name in one.uses if self.made_at[name] < start))
        outputs = tuple(name for one in inside for name in one.node.outputs if self.last_use.get(name, -1) >= stop)
        path, holder, name = self._way(scope, _relative(groups[depth], groups[depth - 1] if depth else ""))
        module = holder._modules.get(name)
        if not isinstance(module, OnnxScope):
            module = OnnxScope(self.planned[start].place.classes[depth] or "Module")
            name = self._add(holder, name, module)
        block = Block(inputs, outputs)
        module.onnx_blocks.append(block)
        self._fill(module, block, start, stop, depth + 1)
        return Step((*path, name), len(module.onnx_blocks) - 1, inputs, outputs)

    def _operation_step(self, scope: OnnxScope, planned: _Planned) -> Step:
        node, place = planned.node, planned.place
        around = place.groups[-1] if place.groups else ""
        path, holder, name = self._way(scope, _relative(place.fqn, around) or node.op)
        module = holder._modules.get(name)
        if not (isinstance(module, OnnxOperation) and place.call and module.op == node.op):
            held = [self.constants.get(name) for name in node.inputs]
            op = node.op if node.domain in {"", "ai.onnx"} else f"{node.domain}::{node.op}"
            module = OnnxOperation(op, category_of(node.op), details_of(node, held), self.frame)
            name = self._add(holder, name, module)
        outputs = tuple(name for name in node.outputs if self.last_use.get(name, -1) >= 0)
        module.onnx_calls.append(self._operation(module, planned, outputs))
        return Step((*path, name), len(module.onnx_calls) - 1, planned.uses, outputs)

    def _way(self, scope: nn.Module, path: str) -> tuple[tuple[str, ...], nn.Module, str]:
        """The module that a dotted path leads to, made where it is not there, and the last name."""
        *between, last = [part or "_" for part in path.split(".")]
        names: list[str] = []
        for part in between:
            child = scope._modules.get(part)
            if isinstance(child, OnnxScope):
                names.append(part)
            else:
                child = OnnxScope("Module")
                names.append(self._add(scope, part, child))
            scope = child
        return tuple(names), scope, last

    def _add(self, holder: nn.Module, name: str, module: nn.Module) -> str:
        """Put a module into another one; gives the name that it has there."""
        self.num_modules += 1
        if self.num_modules > MAX_MODULES:
            raise EngineError(
                f"Its names tell of more than {MAX_MODULES:,} modules, as no honest model's do.", _DAMAGED
            )
        free = free_name(holder, name)
        holder.add_module(free, module)
        return free

    def _operation(self, module: OnnxOperation, planned: _Planned, outputs: tuple[str, ...]) -> Operation:
        node = planned.node
        # The graphs inside an operation take values from around it by their names, which so have to stay.
        keeps = any(one.graphs for one in node.attributes)
        taken = _taken(node)
        local = [name if keeps else f"i{at}" for at, name in enumerate(taken)]
        given = {name: name if keeps else f"o{at}" if name else "" for at, name in enumerate(node.outputs)}
        inputs: list[tuple[str, str]] = []
        embedded: dict[str, bytes] = {}
        for name, own in zip(taken, local, strict=True):
            tensor = self.constants.get(name)
            if tensor is None:
                inputs.append((own, ""))
            elif _is_setting(tensor):
                embedded[own] = tensor_named(self.held.message(tensor), own)
            else:
                at = node.inputs.index(name) if name in node.inputs else 0
                learned = is_parameter(node, at, tensor)
                inputs.append((own, self._own(module, tensor, learned=learned)))
        names = iter(local)
        message = text_fields(1, [next(names) if name else "" for name in node.inputs])
        message += text_fields(2, [given[name] for name in node.outputs]) + text_field(4, node.op)
        message += b"".join(bytes_field(5, self.held.bytes_at(one.place)) for one in node.attributes)
        message += text_field(7, node.domain) + (text_field(8, node.overload) if node.overload else b"")
        functions = self.file.functions if keeps or node.domain not in {"", "ai.onnx"} else ()
        return Operation(
            message=message,
            inputs=tuple(inputs),
            outputs=tuple(given[name] for name in outputs),
            embedded=tuple(embedded.values()),
            functions=tuple(self.held.bytes_at(function.place) for function in functions),
        )

    def _own(self, module: OnnxOperation, tensor: OnnxTensor, *, learned: bool) -> str:
        """The name of the module's own tensor; what several operations take is one tensor."""
        value = self.held.read(tensor)
        parameter = self.parameters.get(id(value))
        if learned and parameter is None and value.is_floating_point():
            parameter = self.parameters[id(value)] = nn.Parameter(value, requires_grad=False)
        owned = parameter if parameter is not None else value
        for name, known in (*module._parameters.items(), *module._buffers.items()):
            if known is owned:
                return name
        name = free_name(module, tensor.name.rpartition(".")[2] or "constant")
        if parameter is not None:
            module.register_parameter(name, parameter)
        else:
            module.register_buffer(name, value)
        return name


_DAMAGED = "The file may be damaged."


def _is_setting(tensor: OnnxTensor) -> bool:
    """Whether a tensor is a part of its operation: shapes, axes and numbers, and types that torch has not."""
    if tensor.external is not None:
        return False
    if tensor.type_number not in TYPES or not tensor.shape:
        return True
    return not TYPES[tensor.type_number].is_floating_point and num_values(tensor) <= _MOST_SETTINGS


def _is_held(node: OnnxNode) -> bool:
    """Whether it is a tensor of the file, which is read here and never run."""
    return is_constant(node) and len(node.outputs) == 1 and any(one.tensors for one in node.attributes)


def _taken(node: OnnxNode) -> list[str]:
    """What an operation takes: its inputs in order, then what the graphs inside it take from around it."""
    own = [name for name in node.inputs if name]
    return own + [name for name in dict.fromkeys(_captured(node)) if name not in own]


def _captured(node: OnnxNode) -> Iterator[str]:
    """The values from around it that the graphs inside an operation take."""
    for one in node.attributes:
        for graph in one.graphs:
            yield from _free_names(graph)


def _free_names(graph: OnnxGraph) -> Iterator[str]:
    known = {value.name for value in graph.inputs} | {tensor.name for tensor in graph.tensors}
    for node in graph.nodes:
        yield from (name for name in (*node.inputs, *_captured(node)) if name and name not in known)
        known.update(node.outputs)
    yield from (value.name for value in graph.outputs if value.name not in known)


def _refuse_outside(file: OnnxFile) -> None:
    """Weights outside the file that ONNX Runtime itself would look for: those inside an operation or a function."""
    waiting = [(node.op, node.attributes) for node in file.graph.nodes if not _is_held(node)]
    waiting += [(node.op, node.attributes) for function in file.functions for node in function.nodes]
    waiting += [(function.name, function.attributes) for function in file.functions]
    while waiting:
        op, attributes = waiting.pop()
        tensors = [tensor for attribute in attributes for tensor in attribute.tensors]
        for graph in (graph for attribute in attributes for graph in attribute.graphs):
            tensors += graph.tensors
            waiting += [(inner.op, inner.attributes) for inner in graph.nodes]
        if any(tensor.external is not None for tensor in tensors):
            raise EngineError(
                f"Weights inside the operation {clean_text(op, 60)} lie in another file, which is not followed.",
                "Export the model again with its weights inside it.",
            )


def _relative(fqn: str, around: str) -> str:
    return fqn[len(around) + 1 :] if around and fqn.startswith(f"{around}.") else fqn


def free_name(module: nn.Module, name: str) -> str:
    """The name, with a line behind it for each thing in the module that is called so already."""
    plain = name.replace(".", "_") or "_"
    while hasattr(module, plain):
        plain += "_"
    return plain
