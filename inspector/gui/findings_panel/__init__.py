"""The findings: what the rules say of the run and of the evaluation, each with its numbers and its fix.

Must not know the engine; tells which finding was followed or applied.
"""

from inspector.gui.findings_panel.panel import FindingsPanel

__all__ = ["FindingsPanel"]
