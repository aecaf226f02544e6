"""ONNX models: run by ONNX Runtime where it is installed; else only their graph is shown."""

import io
import os
from pathlib import Path

from inspector.engine.errors import EngineError
from inspector.engine.formats.onnx_reader import read_onnx
from inspector.engine.formats.reading import HeldSource, Refused, Source
from inspector.engine.loading.consent import open_held
from inspector.engine.loading.loaded import Loaded
from inspector.engine.module_tree import model_info
from inspector.engine.onnx_program import build, runtime, runtime_version
from inspector.protocol.files import FileDescription
from inspector.protocol.requests import LoadModel


def load_onnx(request: LoadModel, description: FileDescription) -> Loaded:
    """Load an ONNX model as a module that runs each operation in ONNX Runtime.

    Raises:
        EngineError: ONNX Runtime is not here, or the file is damaged, or keeps weights where they may not lie.
    """
    version = runtime_version()
    if not version:
        raise EngineError(
            "The graph is as the file tells it. Running ONNX models takes ONNX Runtime, which is not installed here.",
            "pip install onnxruntime, then open the file again.",
        )
    runtime()
    with open_held(request.path) as held:
        try:
            if isinstance(held.stream, io.BytesIO):
                source: Source = HeldSource(request.path, held.stream.getvalue())
                module = build(read_onnx(source), source)
            else:
                descriptor = os.dup(held.stream.fileno())
                with Source(request.path, os.fstat(descriptor).st_size, descriptor) as source:
                    module = build(read_onnx(source), source)
        except Refused as refused:
            raise EngineError(
                f"{Path(request.path).name} could not be loaded: {refused}", "It may be damaged."
            ) from None
    module.foreign_class = Path(request.path).stem
    info = model_info(module, description.format)
    note = (
        f"Run by ONNX Runtime {version} on the CPU, one operation at a time: times are without its fusions, and there "
        "are no gradients."
    )
    return Loaded(module=module, info=info, path=request.path, notes=(note,))
