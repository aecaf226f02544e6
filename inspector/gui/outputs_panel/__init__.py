"""What came out: raw values, softmax and sigmoid side by side, and which of them fits this model.

Decides with `core/readings` alone, so that sliders need no engine. Must not know engine, files of models, or the graph.
"""

from inspector.gui.outputs_panel.panel import OutputsPanel

__all__ = ["OutputsPanel"]
