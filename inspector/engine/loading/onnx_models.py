"""ONNX models."""

from inspector.engine.errors import EngineError
from inspector.engine.loading.loaded import Loaded
from inspector.protocol.files import FileDescription
from inspector.protocol.requests import LoadModel


def load_onnx(request: LoadModel, description: FileDescription) -> Loaded:
    """Load.

    Raises:
        EngineError: it can't be run here.
    """
    raise EngineError(
        "Its graph is shown as the file tells it; running ONNX models needs ONNX Runtime, which is not installed here.",
        "pip install onnxruntime, then open the file again.",
    )
