"""An ONNX model as a torch module that runs each operation in ONNX Runtime. Must not know files' formats by name.

Each operation is a session of its own, so that every tensor in between is there to be looked at, changed or timed.
"""

from inspector.engine.onnx_program.building import build
from inspector.engine.onnx_program.modules import OnnxModel
from inspector.engine.onnx_program.sessions import runtime, runtime_version

__all__ = ["OnnxModel", "build", "runtime", "runtime_version"]
