"""The norms of many gradients as bars on a logarithmic scale, in the model's order; those without one are marked."""

import math
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from PySide6.QtCore import QPointF, Qt, Signal
from PySide6.QtGui import QMouseEvent, QShowEvent
from PySide6.QtWidgets import QToolTip, QVBoxLayout, QWidget

from inspector.core.formatting import value_text
from inspector.gui.parts import Sentence, named, plain_tip, small_font
from inspector.gui.plots.plain_plot import restyle, set_plain
from inspector.gui.theme import theme, theme_source

# What stands at the foot of the axis in place of a bar, with its symbol in pyqtgraph and its colour in the theme.
Mark = Literal["cut off", "zero", "not reached", "frozen", "unused", "not finite"]
MARKS: dict[Mark, tuple[str, str, str]] = {
    "cut off": ("x", "failure", "×"),
    "zero": ("o", "failure", "○"),
    "not reached": ("+", "failure", "+"),
    "not finite": ("t1", "failure", "▲"),
    "frozen": ("s", "faint", "■"),
    "unused": ("d", "faint", "◆"),
}
_MOST_TICKS = 6


class NormsView(QWidget):
    """Bars by place; a click tells which. pyqtgraph is imported when the first ones show.

    Signals:
        chosen: the place of the bar or mark that was clicked.
    """

    chosen = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "norms_view", "Norms of the gradients, in the model's order")
        self._names: tuple[str, ...] = ()
        self._norms: tuple[float | None, ...] = ()
        self._marks: tuple[Mark | None, ...] = ()
        self._plot: Any = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._caption = Sentence("norms_caption", "What the marks mean", "dimmed", small=True)
        self._column.addWidget(self._caption)
        self.setMinimumHeight(80)
        theme_source().changed.connect(self._restyle)

    def show_norms(self, names: Sequence[str], norms: Sequence[float | None], marks: Sequence[Mark | None]) -> None:
        """Show these; a place has a norm or a mark."""
        self._names, self._norms, self._marks = tuple(names), tuple(norms), tuple(marks)
        if self.isVisible():
            self._draw()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Draw what was set while hidden."""
        super().showEvent(event)
        self._draw()

    def plot(self) -> Any:  # noqa: ANN401 - pyqtgraph has no types
        """The pyqtgraph widget, or None before the first bars."""
        return self._plot

    def place_at(self, at: QPointF) -> int | None:
        """Which bar or mark lies there, in the plot widget's own coordinates."""
        if self._plot is None:
            return None
        x = self._plot.getPlotItem().vb.mapSceneToView(self._plot.mapToScene(at.toPoint())).x()
        place = round(x)
        return place if 0 <= place < len(self._names) else None

    def _draw(self) -> None:
        if not self._names:
            self._caption.say("")
            if self._plot is not None:
                self._plot.setVisible(False)
            return
        self._make_plot()
        self._plot.setVisible(True)
        low, high = self._range()
        shown = [(place, norm) for place, norm in enumerate(self._norms) if _is_bar(norm)]
        places = np.array([place for place, _norm in shown], np.float64)
        tops = np.array([math.log10(norm) for _place, norm in shown if norm], np.float64)
        foot = low - (high - low) * 0.12
        self._bars.setOpts(x=places, y0=np.full(len(places), foot), height=tops - foot, width=0.8)
        self._draw_marks(foot + (high - low) * 0.05)
        self._plot.setXRange(-0.5, len(self._names) - 0.5, padding=0.01)
        self._plot.setYRange(foot, high, padding=0.03)
        step = max(1, math.ceil((high - low) / _MOST_TICKS))
        ticks = [(float(power), _power_text(power)) for power in range(math.ceil(low), math.floor(high) + 1, step)]
        self._plot.getAxis("left").setTicks([ticks])
        self._plot.getAxis("bottom").setTicks([self._place_ticks()])
        self._say()

    def _range(self) -> tuple[float, float]:
        """The powers of ten between which all norms lie."""
        logs = [math.log10(norm) for norm in self._norms if norm is not None and _is_bar(norm)]
        if not logs:
            return -1.0, 1.0
        low, high = math.floor(min(logs)), math.ceil(max(logs))
        return float(low), float(max(high, low + 1))

    def _draw_marks(self, height: float) -> None:
        colours = theme()
        spots = [
            {
                "pos": (place, height),
                "symbol": MARKS[mark][0],
                "pen": getattr(colours, MARKS[mark][1]),
                "brush": getattr(colours, MARKS[mark][1]),
                "size": 7,
            }
            for place, mark in enumerate(self._marks)
            if mark is not None
        ]
        self._spots.setData(spots)

    def _place_ticks(self) -> list[tuple[float, str]]:
        """A few places by number, from 1."""
        count = len(self._names)
        step = max(1, count // 5)
        return [(float(place), str(place + 1)) for place in range(0, count, step)]

    def _say(self) -> None:
        counts = {mark: self._marks.count(mark) for mark in MARKS}
        parts = [f"{MARKS[mark][2]} {mark} {count:,}" for mark, count in counts.items() if count]
        self._caption.say(" · ".join(["norm of each parameter's gradient, in the model's order", *parts]))

    def _make_plot(self) -> None:
        if self._plot is not None:
            return
        import pyqtgraph  # noqa: PLC0415 - .4 s, see the class

        plot = _plot_widget(self, pyqtgraph)
        set_plain(plot, small_font(self.font()))
        self._bars = pyqtgraph.BarGraphItem(x=[0.0], height=[0.0], width=0.8)
        self._spots = pyqtgraph.ScatterPlotItem(pxMode=True)
        plot.addItem(self._bars)
        plot.addItem(self._spots)
        self._plot = plot
        self._column.insertWidget(0, plot, 1)
        self._restyle()

    def hover(self, at: QPointF, event: QMouseEvent) -> None:
        """Tell which parameter lies under the pointer."""
        place = self.place_at(at)
        text = "" if place is None else f"{place + 1}. {self._names[place]}\n{self._told(place)}"
        QToolTip.showText(event.globalPosition().toPoint(), plain_tip(text), self)

    def _told(self, place: int) -> str:
        norm, mark = self._norms[place], self._marks[place]
        return mark or ("" if norm is None else f"norm {value_text(norm)}")

    def _restyle(self) -> None:
        if self._plot is None:
            return
        restyle(self._plot, self._bars)
        if self.isVisible():
            self._draw()


def _plot_widget(view: NormsView, pyqtgraph: Any) -> Any:  # noqa: ANN401 - it has no types
    """The plot widget, which tells its view what the pointer does."""

    class Widget(pyqtgraph.PlotWidget):  # type: ignore[misc]  # its base is only known here
        def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
            place = view.place_at(event.position())
            if event.button() == Qt.MouseButton.LeftButton and place is not None:
                view.chosen.emit(place)

        def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
            view.hover(event.position(), event)

        def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
            event.accept()

    widget = Widget(view)
    named(widget, "norms_plot", "Norms of the gradients")
    widget.setMinimumHeight(56)
    widget.setMouseTracking(True)
    return widget


def _is_bar(norm: float | None) -> bool:
    return norm is not None and norm > 0 and math.isfinite(norm)


def _power_text(power: int) -> str:
    return "1" if power == 0 else f"1e{power}"
