"""The panel of the chosen node: its shapes, figures, values and parameters.

Must not know the engine; asks for the statistics of parameters.
"""

from inspector.gui.node_panel.panel import NodePanel

__all__ = ["NodePanel"]
