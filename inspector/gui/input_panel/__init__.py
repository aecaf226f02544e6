"""What is fed to the model: random tensors, images with their preprocessing, arrays; and what the model sees of it.

Emits what is asked for and draws what came back; must not know the engine, nor decode anything itself.
"""

from inspector.gui.input_panel.panel import InputPanel

__all__ = ["InputPanel"]
