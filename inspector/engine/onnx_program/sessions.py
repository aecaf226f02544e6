"""Sessions of ONNX Runtime, one an operation; equal operations share one.

Nothing of somebody's own is ever loaded into it: no library of operations, no file, no provider but the CPU's.
"""

import functools
import importlib.metadata
import importlib.util
import os
import re
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import torch

from inspector.engine.errors import EngineError
from inspector.engine.onnx_program.writing import map_type, optional_type, sequence_type, tensor_type

# A tensor, or what is none: a sequence, a map, texts. These stay what ONNX Runtime made of them.
Value = Any

# ONNX's numbers of torch's types.
TYPE_NUMBERS: dict[torch.dtype, int] = {
    torch.float32: 1,
    torch.uint8: 2,
    torch.int8: 3,
    torch.uint16: 4,
    torch.int16: 5,
    torch.int32: 6,
    torch.int64: 7,
    torch.bool: 9,
    torch.float16: 10,
    torch.float64: 11,
    torch.uint32: 12,
    torch.uint64: 13,
    torch.bfloat16: 16,
}
_NUMBERS_BY_NAME = {
    "float": 1,
    "uint8": 2,
    "int8": 3,
    "uint16": 4,
    "int16": 5,
    "int32": 6,
    "int64": 7,
    "string": 8,
    "bool": 9,
    "float16": 10,
    "double": 11,
    "uint32": 12,
    "uint64": 13,
    "bfloat16": 16,
}
# Each session of a heavy operation has threads of its own; there may be hundreds of sessions.
_MOST_THREADS = 8
TYPES = {number: dtype for dtype, number in TYPE_NUMBERS.items()}
_CODES = re.compile(r"^\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : ")
_PLACES = re.compile(r"(/\S+/)?(\w+\.(cc|h)):\d+ ")

# `onnxruntime::Helper::Helper(const T&) a == b was false. The sentence for people.`
_CHECKS = re.compile(r"^\S*(?:onnxruntime|[A-Za-z]+)::.{0,600}? was false\. ?(?=\S)", re.DOTALL)


def runtime_version() -> str:
    """ONNX Runtime's version, "" where it is not installed; it is not imported for that."""
    if importlib.util.find_spec("onnxruntime") is None:
        return ""
    for name in ("onnxruntime", "onnxruntime-gpu"):
        try:
            return importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return "of an unknown version"


@functools.cache
def runtime() -> Any:  # noqa: ANN401 - a library without types
    """The library, silent.

    Raises:
        EngineError: it can't be imported.
    """
    try:
        os.environ["ORT_DISABLE_TELEMETRY"] = "1"  # before its import, which would begin to send
        import onnxruntime  # noqa: PLC0415 - an extra

        onnxruntime.disable_telemetry_events()
        onnxruntime.set_default_logger_severity(4)
    except Exception as error:  # a build for another system raises what it likes
        raise EngineError(
            f"ONNX Runtime can't be imported: {type(error).__name__}: {error}", "pip install -U onnxruntime"
        ) from error
    if not hasattr(onnxruntime.OrtValue, "from_dlpack"):
        raise EngineError(
            f"ONNX Runtime {runtime_version()} is too old: 1.26 or later is needed.", "pip install -U onnxruntime"
        )
    return onnxruntime


class Sessions:
    """Sessions by the model that they run. A copy of a module shares them."""

    def __init__(self) -> None:
        self._made: dict[Hashable, Any] = {}

    def __deepcopy__(self, _memo: object) -> "Sessions":
        return self

    def forget(self, key: Hashable) -> None:
        """Let go of a session that is not needed again."""
        self._made.pop(key, None)

    def run(
        self,
        key: Hashable,
        model: Callable[[], bytes],
        fed: Mapping[str, Value],
        outputs: Sequence[str],
        *,
        heavy: bool = False,
    ) -> list[Value]:
        """What one operation gives. `model` is written once for a `key`; a `heavy` one gets threads of its own.

        Raises:
            RuntimeError: ONNX Runtime refuses it, in its words.
        """
        try:
            session = self._made.get(key)
            if session is None:
                session = self._made[key] = _session(model(), heavy=heavy)
            given = {name: _to_runtime(value) for name, value in fed.items()}
            return [_from_runtime(value) for value in session.run_with_ort_values(list(outputs), given)]
        except (EngineError, MemoryError):
            raise
        except Exception as error:  # noqa: BLE001 - the library has classes of its own for each status
            raise RuntimeError(_plain(str(error))) from None


def type_of(value: Value) -> bytes:
    """The message of a value's type; empty where it has none that an operation could take."""
    if isinstance(value, torch.Tensor):
        return tensor_type(TYPE_NUMBERS.get(value.dtype, 0))
    return _type_named(value.data_type()) if hasattr(value, "data_type") else b""


def _type_named(text: str) -> bytes:
    """Of ONNX Runtime's own name of it: `seq(tensor(float))`."""
    kind, _, inner = text.removesuffix(")").partition("(")
    match kind:
        case "tensor":
            return tensor_type(_NUMBERS_BY_NAME.get(inner, 0))
        case "seq":
            return sequence_type(_type_named(inner))
        case "optional":
            return optional_type(_type_named(inner))
        case "map":
            key, _, held = inner.partition(",")
            return map_type(_NUMBERS_BY_NAME.get(key, 0), _type_named(held))
    return b""


def _session(model: bytes, *, heavy: bool) -> Any:  # noqa: ANN401 - a library without types
    library = runtime()
    options = library.SessionOptions()
    options.log_severity_level = 4
    # Not ONNX Runtime's one pool for all: with it, sessions that a model's own code makes would be refused.
    options.intra_op_num_threads = min(torch.get_num_threads(), _MOST_THREADS) if heavy else 1
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.enable_cpu_mem_arena = False
    options.enable_mem_pattern = False
    options.graph_optimization_level = library.GraphOptimizationLevel.ORT_DISABLE_ALL
    return library.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _to_runtime(value: Value) -> Any:  # noqa: ANN401 - as above
    if not isinstance(value, torch.Tensor):
        return value
    if value.device.type != "cpu":
        raise RuntimeError("ONNX models are computed on the CPU here: choose CPU as the device.")
    if value.dtype not in TYPE_NUMBERS:
        raise RuntimeError(f"A tensor of {value.dtype} can't be given to ONNX Runtime.")
    dense = value.detach().contiguous()
    if dense.dtype is torch.bool:  # which the one way has no type for
        return runtime().OrtValue.ortvalue_from_numpy(dense.numpy())
    return runtime().OrtValue.from_dlpack(dense)


def _from_runtime(value: Any) -> Value:  # noqa: ANN401 - as above
    if value is None or not value.has_value() or not value.is_tensor() or value.data_type() == "tensor(string)":
        return value
    tensor = torch.utils.dlpack.from_dlpack(value)
    return tensor.view(torch.bool) if value.data_type() == "tensor(bool)" and tensor.dtype is torch.uint8 else tensor


def _plain(message: str) -> str:
    """Without ONNX Runtime's codes and places in its own source."""
    text = _PLACES.sub("", _CODES.sub("", message)).strip()
    _, sign, reason = text.partition("Status Message: ")
    told = _CHECKS.sub("", reason if sign else text).strip()
    return told[:2000] or "ONNX Runtime gave no reason."
