"""What is in the tensors of a node or module: histogram, pictures, values. Asks for parts, and never holds a whole one.

Must not know the engine.
"""

from inspector.gui.tensor_view.view import TensorView, is_waiting

__all__ = ["TensorView", "is_waiting"]
