"""What `run` says of a file that gives no model here, but a graph: the graph as the file tells it, and why no more."""

from pathlib import Path

from inspector.core.graph_axes import with_axes
from inspector.protocol.events import FileDrawn
from inspector.protocol.files import FileDescription, ModelInfo
from inspector.protocol.graph import Failure
from inspector.protocol.reports import RunReport, Timing


def report_of_file(description: FileDescription, drawn: FileDrawn, message: str) -> RunReport:
    """A report without a run: its failure says what is missing, its graph is the file's."""
    graph = with_axes(drawn.graph, drawn.axes)
    return RunReport(
        model=ModelInfo(
            format=description.format,
            class_name=description.metadata.get("class", Path(description.path).name),
            num_params=sum(node.num_params - node.num_shared for node in graph.nodes),
            size_bytes=description.size_bytes,
        ),
        graph=graph,
        outputs=(),
        findings=(),
        unchecked=(),
        failure=Failure(node=None, fqn="", op="load", message=message, input_shapes=(), fix=""),
        timing=Timing(plain_s=None, captured_s=None),
    )
