"""The modules that an ONNX model becomes: its modules as they were named, and a leaf for each operation.

Values go by name from step to step, and are let go of behind the last that needs them.
"""

import inspect
import keyword
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import cast

import torch
from torch import nn

from inspector.engine.foreign import ForeignModule, ForeignOperation
from inspector.engine.formats.onnx_parts import OnnxValue
from inspector.engine.onnx_program.sessions import Sessions, Value, type_of
from inspector.engine.onnx_program.writing import model_of
from inspector.protocol.graph import Category, TensorSpec


@dataclass(frozen=True)
class Frame:
    """What the models of all operations of one file share."""

    opsets: dict[str, int]
    ir_version: int
    sessions: Sessions


@dataclass(frozen=True)
class Operation:
    """One operation as it is run: its message, and where each of its inputs comes from.

    `inputs` are the names that it is fed by, each with the module's own tensor that goes there, "" for a value that is
    given. `embedded` are messages of tensors that stand in its model, `functions` of what the file itself defines.
    """

    message: bytes
    inputs: tuple[tuple[str, str], ...]
    outputs: tuple[str, ...]
    embedded: tuple[bytes, ...] = ()
    functions: tuple[bytes, ...] = ()


class OnnxOperation(ForeignOperation):
    """One operation; a module that is called several times has one for each call, and is told which."""

    def __init__(self, op: str, category: Category, details: str, frame: Frame) -> None:
        super().__init__()
        self.foreign_class = self.op = op
        self.category, self.details = category, details
        self.onnx_frame = frame
        self.onnx_calls: list[Operation] = []

    def forward(self, call: int, *values: Value) -> tuple[Value, ...]:
        """The outputs of that call, for the values that it takes from others, in the order of its inputs.

        Raises:
            RuntimeError: ONNX Runtime refuses it.
        """
        operation = self.onnx_calls[call]
        given = iter(values)
        fed = {name: getattr(self, source) if source else next(given) for name, source in operation.inputs}
        if any(isinstance(value, torch.Tensor) and value.is_meta for value in fed.values()):
            raise RuntimeError("ONNX Runtime computes with values: it can't run on the meta device.")
        kinds = tuple(type_of(value) for value in fed.values())
        made = self.onnx_frame.sessions.run(
            (operation.message, operation.embedded, operation.outputs, kinds),
            lambda: self._model(operation, dict(zip(fed, kinds, strict=True))),
            fed,
            operation.outputs,
            heavy=self.category in _HEAVY,
        )
        return tuple(made)

    def _model(self, operation: Operation, kinds: Mapping[str, bytes]) -> bytes:
        return model_of(
            operation.message,
            kinds,
            operation.outputs,
            tensors=operation.embedded,
            opsets=self.onnx_frame.opsets,
            functions=operation.functions,
            ir_version=self.onnx_frame.ir_version,
        )

    def macs(self, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> int | None:
        """As ForeignOperation says."""
        return operation_macs(self, inputs, outputs)


@dataclass(frozen=True)
class Step:
    """A call of a child: its name, which call it is, what goes in and out, and what nobody needs behind it."""

    child: tuple[str, ...]
    call: int
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    last: tuple[str, ...] = ()


@dataclass(frozen=True)
class Block:
    """What one call of a module does."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    steps: list[Step] = field(default_factory=list)


class OnnxScope(ForeignModule):
    """A module of the model that the file was made from. Its own things have names that no model's modules have."""

    def __init__(self, class_name: str = "") -> None:
        super().__init__()
        self.foreign_class = class_name
        self.onnx_blocks: list[Block] = []

    def forward(self, call: int, *values: Value) -> tuple[Value, ...]:
        """What that call gives to others."""
        block = self.onnx_blocks[call]
        names = dict(zip(block.inputs, values, strict=True))
        del values
        for step in block.steps:
            given = [names[name] for name in step.inputs]
            for name in step.last:
                names.pop(name, None)
            made = _child(self, step.child)(step.call, *given)
            del given
            names.update(zip(step.outputs, made, strict=True))
        return tuple(names[name] for name in block.outputs)


class OnnxModel(OnnxScope):
    """The whole model; `onnx_inputs` are its inputs as the file tells them."""

    onnx_inputs: tuple[OnnxValue, ...] = ()
    onnx_outputs: tuple[str, ...] = ()
    onnx_constants: Mapping[str, str] = {}


def _child(module: nn.Module, path: tuple[str, ...]) -> nn.Module:
    for name in path:
        module = cast("nn.Module", module._modules[name])
    return module


def model_class(inputs: Sequence[OnnxValue]) -> type[OnnxModel]:
    """A class whose forward takes these inputs, by names that Python allows."""
    names = argument_names([value.name for value in inputs])

    def forward(self: OnnxModel, *values: Value, **named: Value) -> dict[str, Value] | Value:
        given = [*values, *(named[name] for name in names[len(values) :] if name in named)]
        if len(given) != len(names):
            raise TypeError(f"This model takes {len(names)} inputs ({', '.join(names)}), not {len(given)}.")
        made = iter(OnnxScope.forward(self, 0, *given))
        outputs = {
            name: getattr(self, self.onnx_constants[name]) if name in self.onnx_constants else next(made)
            for name in self.onnx_outputs
        }
        return next(iter(outputs.values())) if len(outputs) == 1 else outputs

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(name, kind) for name in ("self", *names)]
    forward.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # as inspect documents
    return type("OnnxModel", (OnnxModel,), {"forward": forward})


def argument_names(names: Sequence[str]) -> list[str]:
    """The names as Python's identifiers, each once; `input.1` is `input_1`."""
    found: list[str] = []
    for name in names:
        plain = re.sub(r"\W+", "_", name, flags=re.ASCII).strip("_")[:60] or "input"
        plain = f"_{plain}" if plain[0].isdigit() or keyword.iskeyword(plain) or plain == "self" else plain
        while plain in found:
            plain += "_"
        found.append(plain)
    return found


_HEAVY = frozenset(["convolution", "linear", "attention", "recurrent", "other"])
_LIGHT = frozenset(["normalisation", "activation", "pooling", "dropout", "arithmetic", "shape", "embedding"])


def operation_macs(operation: OnnxOperation, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> int | None:
    """Multiply-accumulates, without biases; None for an operation that multiplies in a way that is not known here."""
    given = iter(spec.shape for spec in inputs)
    sources = [source for _, source in operation.onnx_calls[0].inputs]
    try:
        shapes = [tuple(getattr(operation, source).shape) if source else next(given) for source in sources]
        return _count(operation, shapes, outputs[0].shape)
    except (StopIteration, IndexError, ZeroDivisionError, ValueError):
        return None


def _count(operation: OnnxOperation, shapes: list[tuple[int, ...]], output: tuple[int, ...]) -> int | None:
    match operation.op:
        case "Conv":
            return math.prod(output) * math.prod(shapes[1][1:])
        case "ConvTranspose":
            return math.prod(shapes[0]) * math.prod(shapes[1][1:])
        case "Gemm":
            return math.prod(shapes[0]) * output[-1]
        case "MatMul":
            return math.prod(output) * shapes[0][-1]
        case "RNN" | "GRU" | "LSTM":
            length, batch, _ = shapes[0]
            return length * batch * (math.prod(shapes[1]) + math.prod(shapes[2]))
    return 0 if operation.category in _LIGHT else None
