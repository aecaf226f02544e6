"""The table of measures: every node, or every module, with what it costs; must not know the engine or other panels."""

from inspector.gui.measures_panel.panel import MeasuresPanel

__all__ = ["MeasuresPanel"]
