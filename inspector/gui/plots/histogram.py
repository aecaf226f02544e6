"""The histogram of a tensor's values, with its figures beneath."""

from typing import Any

import numpy as np
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from inspector.core.formatting import count_text, value_text
from inspector.gui.parts import Sentence, named, small_font
from inspector.gui.plots.plain_plot import restyle, set_plain
from inspector.gui.theme import theme_source
from inspector.protocol.graph import Statistics


def caption(statistics: Statistics) -> str:
    """The figures in words; says when zeros and histogram come from a sample."""
    figures = [
        (name, value)
        for name, value in (
            ("min", statistics.min),
            ("max", statistics.max),
            ("mean", statistics.mean),
            ("std", statistics.std),
        )
        if value is not None
    ]
    parts = [f"{name} {value_text(value)}" for name, value in figures]
    if statistics.num_sampled:
        parts.append(f"zeros {statistics.zeros / statistics.num_sampled * 100:.3g} %")
    if statistics.nan:
        parts.append(f"NaN {count_text(statistics.nan)}")
    if statistics.inf:
        parts.append(f"inf {count_text(statistics.inf)}")
    return "\n".join(filter(None, (" · ".join(parts), sampled_text(statistics))))


def sampled_text(statistics: Statistics) -> str:
    """Says when zeros and histogram come from a sample."""
    if statistics.num_sampled >= statistics.num_elements:
        return ""
    sampled, total = count_text(statistics.num_sampled), count_text(statistics.num_elements)
    return f"zeros and histogram from {sampled} of {total} values"


class HistogramView(QWidget):
    """Bars over the range of values. pyqtgraph takes .4 s to import, so that waits until something is to be shown."""

    def __init__(self, parent: QWidget | None = None, *, figures: bool = True) -> None:
        """With `figures` off the caption says only what is not exact: for where the figures stand beside it."""
        super().__init__(parent)
        named(self, "histogram_view", "Histogram of the values")
        self._figures = figures
        self._statistics: Statistics | None = None
        self._logarithmic = False
        self._plot: Any = None
        self._bars: Any = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._empty = Sentence("histogram_empty", "Why there is no histogram", "dimmed", small=True)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._caption = Sentence("histogram_caption", "Figures of the values", "dimmed", small=True)
        self._column.addWidget(self._empty, 1)
        self._column.addWidget(self._caption)
        self.setMinimumHeight(96)
        self._empty.say("No values measured.")
        theme_source().changed.connect(self._restyle)

    def show_statistics(self, statistics: Statistics | None) -> None:
        """Show the values of one tensor, or that there are none."""
        if statistics is self._statistics:
            return
        self._statistics = statistics
        if self.isVisible():
            self._draw()

    def set_logarithmic(self, logarithmic: bool) -> None:
        """Draw the logarithm of the counts, so that a few values far out can be seen beside many."""
        self._logarithmic = logarithmic
        if self.isVisible():
            self._draw()

    def showEvent(self, event: QShowEvent) -> None:  # noqa: N802 - Qt's name
        """Draw what was set while hidden."""
        super().showEvent(event)
        self._draw()

    def plot(self) -> Any:  # noqa: ANN401 - pyqtgraph has no types
        """The pyqtgraph widget, or None before the first histogram."""
        return self._plot

    def _draw(self) -> None:
        statistics = self._statistics
        drawable = statistics is not None and statistics.histogram and statistics.min is not None
        told = caption if self._figures else sampled_text
        self._caption.say(told(statistics) if statistics is not None else "")
        self._empty.say("" if drawable else _why_empty(statistics))
        if drawable:
            self._make_plot()
            assert statistics is not None
            self._fill(statistics)
        if self._plot is not None:
            self._plot.setVisible(bool(drawable))

    def _fill(self, statistics: Statistics) -> None:
        low, high = float(statistics.min or 0.0), float(statistics.max or 0.0)
        counts = np.array(statistics.histogram, np.float64)
        if high <= low:  # one value only: a bar of its own around it
            width = abs(low) * 0.1 or 0.1
            low, high = low - width / 2, low + width / 2
        edges = np.linspace(low, high, len(counts) + 1)
        step = edges[1] - edges[0]
        most = int(counts.max())
        if self._logarithmic:
            counts = np.log10(1 + counts)
        self._bars.setOpts(x=edges[:-1] + step / 2, height=counts, width=step * 0.92)
        self._plot.setXRange(low, high, padding=0.02)
        self._plot.setYRange(0, max(float(counts.max()), 1.0), padding=0.04)
        texts = [value_text(value, 3) for value in (low, (low + high) / 2, high)]
        self._plot.getAxis("bottom").setTicks([list(zip((low, (low + high) / 2, high), texts, strict=True))])
        # half of the last label lies beyond the last bar, and half of the topmost above the highest
        self._plot.getPlotItem().setContentsMargins(0, 7, self._metrics.horizontalAdvance(texts[-1]) / 2 + 2, 0)
        between = _powers_of_ten(most) if self._logarithmic else []
        self._plot.getAxis("left").setTicks([[(0.0, "0"), *between, (float(counts.max()), count_text(most))]])

    def _make_plot(self) -> None:
        if self._plot is not None:
            return
        import pyqtgraph  # noqa: PLC0415 - .4 s, see the class

        plot = pyqtgraph.PlotWidget(self)
        named(plot, "histogram_plot", "Histogram")
        plot.setMinimumHeight(64)
        font = small_font(self.font())
        self._metrics = QFontMetrics(font)
        set_plain(plot, font, hideOverlappingLabels=False)
        self._bars = pyqtgraph.BarGraphItem(x=[0.0], height=[0.0], width=1.0)
        plot.addItem(self._bars)
        self._plot = plot
        self._column.insertWidget(0, plot, 1)
        self._restyle()

    def _restyle(self) -> None:
        if self._plot is not None:
            restyle(self._plot, self._bars)


def _powers_of_ten(most: int) -> list[tuple[float, str]]:
    """Marks of a logarithmic axis of counts: a few, and none close to its top."""
    top = np.log10(1 + most)
    powers = range(1, int(top) + 1, max(1, int(top) // 3))
    places = ((float(np.log10(1 + 10**power)), 10**power) for power in powers)
    return [(place, count_text(count)) for place, count in places if place < 0.85 * top]


def _why_empty(statistics: Statistics | None) -> str:
    if statistics is None:
        return "No values measured."
    if statistics.num_elements == 0:
        return "The tensor is empty."
    return "No finite values." if statistics.nan or statistics.inf else "No histogram was made for these values."
