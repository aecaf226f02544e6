"""The legend over the graph, as a widget in its corner."""

from PySide6.QtCore import QPointF, QSize, Signal
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QPushButton, QWidget

from inspector.core.formatting import percent_text
from inspector.gui.graph_view.legend_painting import PAD, WIDTH, legend_height, legend_notes, paint_legend
from inspector.gui.graph_view.shading import Legend
from inspector.gui.parts import named
from inspector.gui.theme import GRID, theme

EDGE = 2 * GRID  # from the corner of the graph


class LegendView(QWidget):
    """A small card. `profile_requested` comes from its button, where times are wanted and none were measured."""

    profile_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        named(self, "graph_legend", "Legend of the graph's colours")
        self._legend: Legend | None = None
        self._measure = named(QPushButton("Profile", self), "legend_profile", "Measure times and memory")
        self._measure.clicked.connect(lambda _checked=False: self.profile_requested.emit())
        self.hide()

    def set_busy(self, busy: bool) -> None:
        """Whether something is under way, behind which nothing is measured."""
        self._measure.setEnabled(not busy)

    @property
    def legend(self) -> Legend | None:
        """What it says."""
        return self._legend

    def show_legend(self, legend: Legend | None) -> None:
        """Say something else, or nothing."""
        self._legend = legend
        self.setVisible(legend is not None)
        if legend is None:
            return
        self._measure.setVisible(legend.needs_profile)
        told = [legend.title, *(f"{percent_text(place, 0)} {text}" for place, text in legend.ticks)]
        told += [f"{word}: {count}" for word, _, count in legend.swatches]
        self.setAccessibleDescription("; ".join([*told, *legend_notes(legend)]))
        self.setToolTip("\n".join(legend_notes(legend)))
        self.resize(self.sizeHint())
        self._measure.setGeometry(PAD, self.height() - PAD - 24, WIDTH - 2 * PAD, 24)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As high as what it says."""
        legend = self._legend
        if legend is None:
            return QSize(WIDTH, 0)
        return QSize(WIDTH, legend_height(legend) + (28 if legend.needs_profile else 0))

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """The card."""
        if self._legend is not None:
            painter = QPainter(self)
            paint_legend(painter, QPointF(0, 0), self._legend, theme(), self.font(), height=self.height())
            painter.end()
