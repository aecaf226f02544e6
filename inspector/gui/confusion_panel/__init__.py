"""A test folder against the model: the confusion matrix as it grows, its figures, and the images behind each cell.

Counts with `core/metrics` from the raw outputs that the engine sends, so that thresholds and mappings need no
engine. Must not know how images are read or labelled.
"""

from inspector.gui.confusion_panel.panel import ConfusionPanel

__all__ = ["ConfusionPanel"]
