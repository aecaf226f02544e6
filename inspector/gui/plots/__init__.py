"""Plots of numbers: the histogram of a tensor, the norms of gradients, and the colours that values are shown in.

The one user of pyqtgraph, which is imported when the first plot shows. Must not know where the numbers come from.
"""

from inspector.gui.plots.colour_map import colour_table, value_colours
from inspector.gui.plots.histogram import HistogramView
from inspector.gui.plots.norms import Mark, NormsView
from inspector.gui.plots.value_map import two_way_table, value_pixels

__all__ = ["HistogramView", "Mark", "NormsView", "colour_table", "two_way_table", "value_colours", "value_pixels"]
