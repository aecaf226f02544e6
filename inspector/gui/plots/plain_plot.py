"""How every plot looks: nothing to drag, no menu, no frame, small figures at its axes, the theme's colours."""

from typing import Any

from PySide6.QtGui import QFont

from inspector.gui.theme import theme

_SIDES = ("bottom", "left")
_LEFT_WIDTH = 44  # px: the same under each other, whatever the figures


def set_plain(plot: Any, font: QFont, **axis_style: Any) -> None:  # noqa: ANN401 - pyqtgraph has no types
    """Take from a pyqtgraph PlotWidget what it has for exploring data; `axis_style` is of its AxisItem.setStyle."""
    plot.setMenuEnabled(False)
    plot.setMouseEnabled(x=False, y=False)
    plot.hideButtons()
    plot.setFrameShape(plot.Shape.NoFrame)
    for side in _SIDES:
        plot.getAxis(side).setStyle(tickLength=3, tickTextOffset=3, tickFont=font, **axis_style)
    plot.getAxis("left").setWidth(_LEFT_WIDTH)


def restyle(plot: Any, bars: Any) -> None:  # noqa: ANN401 - pyqtgraph has no types
    """Ground, axes and bars in the theme's colours."""
    colours = theme()
    plot.setBackground(colours.panel)
    bars.setOpts(brush=colours.accent, pen=None)
    for side in _SIDES:
        axis = plot.getAxis(side)
        axis.setPen(colours.border)
        axis.setTextPen(colours.dimmed)
