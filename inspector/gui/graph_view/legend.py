"""The legend over the graph: what the colours mean, and which boxes have none and why."""

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QBrush, QFontMetricsF, QLinearGradient, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QPushButton, QWidget

from inspector.gui.graph_view.colours import colour
from inspector.gui.graph_view.shading import VIRIDIS, Legend
from inspector.gui.parts import named
from inspector.gui.parts.fonts import number_font, small_font
from inspector.gui.theme import GRID, SMALL, theme

WIDTH, ROW, BAR = 224, 16, 10
PAD = 10
MOST_SWATCHES = 8


class LegendView(QWidget):
    """A small card. `profile_requested` comes from its button, where times are wanted and none were measured."""

    profile_requested = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        named(self, "graph_legend", "Legend of the graph's colours")
        self._legend: Legend | None = None
        self._measure = named(QPushButton("Measure now", self), "legend_profile", "Measure times and memory now")
        self._measure.clicked.connect(lambda _checked=False: self.profile_requested.emit())
        self.hide()

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
        told = [legend.title, *(f"{place:.0%} {text}" for place, text in legend.ticks)]
        told += [f"{word}: {count}" for word, _, count in legend.swatches]
        self.setAccessibleDescription("; ".join([*told, *self._notes(legend)]))
        self.setToolTip("\n".join(self._notes(legend)))
        self.resize(self.sizeHint())
        self._measure.setGeometry(PAD, self.height() - PAD - 24, WIDTH - 2 * PAD, 24)
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As high as what it says."""
        legend = self._legend
        if legend is None:
            return QSize(WIDTH, 0)
        rows = 1 + (2 if legend.ticks else 0) + min(len(legend.swatches), MOST_SWATCHES) + len(self._notes(legend))
        return QSize(WIDTH, 2 * PAD + rows * ROW + (28 if legend.needs_profile else 0))

    def _notes(self, legend: Legend) -> list[str]:
        if legend.needs_profile:
            return ["Nothing was measured so far."]
        more = len(legend.swatches) - MOST_SWATCHES
        cut = f"and {more} more" if more > 0 else ""
        return [note for note in (cut, legend.plain, legend.hatched, legend.groups) if note]

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """The card."""
        legend, look = self._legend, theme()
        if legend is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(colour(look.panel))
        painter.setPen(QPen(colour(look.border), 1))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 6, 6)
        bold = small_font(self.font())
        bold.setWeight(bold.Weight.DemiBold)
        top = float(PAD)
        painter.setFont(bold)
        self._text(painter, top, legend.title, look.text)
        top += ROW
        painter.setFont(number_font(self.font(), SMALL))
        if legend.ticks:
            self._bar(painter, top + 2, legend)
            top += 2 * ROW
        for word, ink, count in legend.swatches[:MOST_SWATCHES]:
            painter.setPen(QPen(colour(look.border), 1))
            painter.setBrush(colour(ink or look.card))
            painter.drawRoundedRect(QRectF(PAD, top + 3, 14, 10), 2, 2)
            self._text(painter, top, word, look.text, left=PAD + 20, right=40)
            self._text(painter, top, f"{count:,}", look.dimmed, to_right=True)
            top += ROW
        painter.setFont(small_font(self.font()))
        for note in self._notes(legend):
            left = float(PAD)
            if note == legend.hatched:
                painter.setPen(QPen(colour(look.border), 1))
                painter.setBrush(QBrush(colour(look.faint), Qt.BrushStyle.BDiagPattern))
                painter.drawRect(QRectF(PAD, top + 3, 14, 10))
                left += 20
            self._text(painter, top, note, look.dimmed, left=left)
            top += ROW
        painter.end()

    def _bar(self, painter: QPainter, top: float, legend: Legend) -> None:
        look = theme()
        bar = QRectF(PAD, top, WIDTH - 2 * PAD, BAR)
        map_of = QLinearGradient(bar.topLeft(), bar.topRight())
        for step, ink in enumerate(VIRIDIS):
            map_of.setColorAt(step / (len(VIRIDIS) - 1), colour(ink))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(map_of)
        painter.drawRoundedRect(bar, 2, 2)
        painter.setPen(colour(look.text))
        metrics = QFontMetricsF(painter.font())
        for place, text in legend.ticks:
            width = metrics.horizontalAdvance(text)
            left = bar.left() + place * (bar.width() - width)
            painter.drawText(QPointF(left, top + BAR + metrics.ascent() + 2), text)

    def _text(
        self,
        painter: QPainter,
        top: float,
        text: str,
        ink: str,
        *,
        left: float = PAD,
        right: float = 0,
        to_right: bool = False,
    ) -> None:
        room = QRectF(left, top, WIDTH - left - PAD - right, ROW)
        cut = QFontMetricsF(painter.font()).elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.setPen(colour(ink))
        side = Qt.AlignmentFlag.AlignRight if to_right else Qt.AlignmentFlag.AlignLeft
        painter.drawText(room, side | Qt.AlignmentFlag.AlignVCenter, cut)


EDGE = 2 * GRID  # from the corner of the graph
