"""The graph that a file gives without a run: its own where it holds one, else its modules, without wires."""

from inspector.core.file_graph import graph_of_file
from inspector.engine.errors import EngineError
from inspector.engine.formats.onnx_graph import graph_of_onnx
from inspector.engine.formats.onnx_reader import read_onnx
from inspector.engine.formats.reading import Refused, open_source
from inspector.protocol.events import FileDrawn
from inspector.protocol.files import FileDescription


def draw_file(description: FileDescription) -> FileDrawn | None:
    """The graph of a file that has been described; None where it names no modules."""
    if description.format == "onnx":
        return _draw_onnx(description.path)
    graph = graph_of_file(description)
    return None if graph is None else FileDrawn(graph=graph)


def _draw_onnx(path: str) -> FileDrawn | None:
    try:
        with open_source(path) as source:
            graph, axes = graph_of_onnx(read_onnx(source))
    except (Refused, EngineError):
        return None  # it was described a moment ago: another file lies there now
    return FileDrawn(graph=graph, axes=axes)
