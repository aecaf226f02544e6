"""The graph of a run as a file, its format by the name's ending. DOT and JSON need no Qt."""

from pathlib import Path
from typing import cast, get_args

from inspector.cli.engine import CommandError
from inspector.cli.printing import note
from inspector.core.graph_export import dot_text, json_bytes
from inspector.core.whole_file import write_whole
from inspector.protocol.graph import Failure, Graph

TEXTS = ("dot", "json")
PICTURES = ("svg", "png", "pdf")


def check_graph_path(path: str) -> None:
    """Refuse a name before anything runs for it.

    Raises:
        CommandError: its ending is of no format.
    """
    if path and Path(path).suffix.lower().lstrip(".") not in (*TEXTS, *PICTURES):
        raise CommandError(f"--graph: {path} must end in .svg, .png, .pdf, .dot or .json.", 2)


def write_graph(graph: Graph | None, failure: Failure | None, path: str) -> None:
    """Write the graph, as far as it was captured.

    Raises:
        CommandError: there is no graph, or the file can't be written.
    """
    target = Path(path)
    kind = target.suffix.lower().lstrip(".")
    if graph is None:
        raise CommandError("--graph: the run captured no graph.", 1)
    try:
        if kind == "dot":
            write_whole(target, dot_text(graph))
        elif kind == "json":
            write_whole(target, json_bytes(graph))
        else:
            _write_picture(graph, failure, kind, target)
    except OSError as error:
        raise CommandError(f"--graph: {path} could not be written: {error.strerror or error}.", 1) from error


def _write_picture(graph: Graph, failure: Failure | None, kind: str, target: Path) -> None:
    from inspector.gui.graph_view.drawing import Kind  # noqa: PLC0415 - only pictures pay for Qt
    from inspector.gui.graph_view.offscreen import write_graph_picture  # noqa: PLC0415

    if kind in get_args(Kind):
        remark = write_graph_picture(graph, failure, cast("Kind", kind), target)
        if remark:
            note(f"inspector: {remark}")
