"""The strip below the graph: what the picture does not show, and what could not be found out about it."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QVBoxLayout, QWidget

from inspector.core.graph_axes import batch_sentence
from inspector.gui.parts import Sentence, named, plain_tip
from inspector.gui.theme import GRID, theme, theme_source
from inspector.protocol.graph import Graph, GraphAxes

MOST_NAMES = 3
MOST_NOTES = 3
MOST_LINES = 2  # the tool tip has all of it
MOST_TOLD = 40  # names in the tool tip


class Captions(QWidget):
    """A line or two below the picture, so that no box lies under them; nothing where there is nothing to say."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "graph_captions", "Notes on the graph")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._told = Sentence("graph_notes", "Notes on the graph", "dimmed", small=True)
        self._told.limit_lines(MOST_LINES)
        self._told.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)  # the strip's own tool tip says more
        frame = QVBoxLayout(self)
        frame.setContentsMargins(3 * GRID, GRID, 3 * GRID, GRID)
        frame.addWidget(self._told)
        self._restyle()
        theme_source().changed.connect(self._restyle)
        self.hide()

    def show_graph(self, graph: Graph | None, axes: GraphAxes | None) -> None:
        """Say what the picture does not show, and what is not known about the batch."""
        lines = caption_lines(graph, axes) if graph is not None else []
        self._told.say("  ·  ".join(lines))
        uncalled = graph.uncalled_modules if graph is not None else ()
        self.setToolTip(
            plain_tip("\n".join([*lines, *uncalled[:MOST_TOLD], *(["…"] if len(uncalled) > MOST_TOLD else [])]))
        )
        self.setVisible(bool(lines))

    def text(self) -> str:
        """What is said."""
        return self._told.text()

    def _restyle(self) -> None:
        colours = theme()
        self.setStyleSheet(
            f"#graph_captions {{ background: {colours.panel}; border-top: 1px solid {colours.border}; }}"
        )


def caption_lines(graph: Graph, axes: GraphAxes | None) -> list[str]:
    """What the picture leaves out, in a line each."""
    lines = [note.rstrip(".") for note in graph.notes[:MOST_NOTES]]
    if axes is not None and axes.note:
        lines.append(batch_sentence(axes).rstrip("."))
    uncalled = graph.uncalled_modules
    if uncalled:
        names = ", ".join(uncalled[:MOST_NAMES]) + (" …" if len(uncalled) > MOST_NAMES else "")
        count = "1 module was" if len(uncalled) == 1 else f"{len(uncalled)} modules were"
        lines.append(f"{count} never called: {names}")
    return lines
