"""The picture of a graph without a window, for the command line."""

import os
from pathlib import Path

from inspector.core.graph_axes import axes_in
from inspector.core.layout import Direction
from inspector.gui.graph_view.cards import Fonts, Ruler
from inspector.gui.graph_view.drawing import Drawing, Kind, whole, write_drawing
from inspector.gui.graph_view.making import Wish, make_picture
from inspector.gui.graph_view.picture import KnownAxes
from inspector.gui.theme import DARK, LIGHT
from inspector.protocol.graph import Failure, Graph

SCREEN = (1600, 1000)  # what the picture should fill, in pixels: a long graph is wrapped as a window of this size would


def write_graph_picture(
    graph: Graph,
    failure: Failure | None,
    kind: Kind,
    path: Path,
    *,
    dark: bool = False,
    direction: Direction = "down",
    scale: float = 2.0,
) -> str:
    """Draw a graph, folded as the window would at first, into a file; gives a sentence on what differs.

    Raises:
        OSError: the file can't be written.
    """
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    from inspector.client.layout_process import LayoutProcess  # noqa: PLC0415 - Qt reads its platform when it starts
    from inspector.gui.app import make_application  # noqa: PLC0415

    font = make_application().font()
    fonts = Fonts.of(font)
    axes = KnownAxes(axes_in(graph))
    wish = Wish(graph, None, frozenset(), None, failure, direction, Ruler(fonts), axes=axes, room=SCREEN)
    process = LayoutProcess()
    try:
        picture = make_picture(wish, process.lay_out)
    finally:
        process.close()
    if picture is None:
        raise OSError("the graph could not be laid out")
    colours = DARK if dark else LIGHT
    return write_drawing(Drawing(picture, fonts, colours, whole(picture), scale), kind, path)
