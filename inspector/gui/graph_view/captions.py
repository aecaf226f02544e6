"""Small print in a corner of the graph: modules that were never called, and what could not be seen."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QWidget

from inspector.gui.graph_view.colours import colour
from inspector.gui.parts.fonts import small_font
from inspector.gui.theme import theme
from inspector.protocol.graph import Graph

MOST_NAMES = 3


class Captions(QLabel):
    """One or two lines at the lower left."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("graph_captions")
        self.setAccessibleName("Notes on the graph")
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setFont(small_font(self.font()))
        self.setMargin(4)
        self.setWordWrap(True)
        self.hide()

    def show_graph(self, graph: Graph | None) -> None:
        """Say what the picture does not show."""
        lines = caption_lines(graph) if graph is not None else []
        self.setText("\n".join(lines))
        self.setToolTip("\n".join(graph.uncalled_modules[:40]) if graph is not None else "")
        self.setVisible(bool(lines))
        self.adjustSize()

    def place(self, width: int, height: int) -> None:
        """Into the lower left corner, leaving room for the overview at the right."""
        if not self.text():
            return
        room = min(max(width // 3, 160), 360)
        wanted = max((self.fontMetrics().horizontalAdvance(line) for line in self.text().splitlines()), default=0)
        self.setFixedWidth(min(wanted + 12, room))
        self.setFixedHeight(self.heightForWidth(self.width()))
        self.move(8, height - self.height() - 8)

    def recolour(self) -> None:
        """The colours changed."""
        palette = self.palette()
        palette.setColor(self.foregroundRole(), colour(theme().dimmed))
        self.setPalette(palette)


def caption_lines(graph: Graph) -> list[str]:
    """What the picture leaves out, in a line each."""
    lines = list(graph.notes[:3])
    uncalled = graph.uncalled_modules
    if uncalled:
        names = ", ".join(uncalled[:MOST_NAMES]) + (" …" if len(uncalled) > MOST_NAMES else "")
        count = "1 module was" if len(uncalled) == 1 else f"{len(uncalled)} modules were"
        lines.append(f"{count} never called: {names}")
    return lines
