"""What gradient reaches each parameter under a loss, and where it ends; must not know files or who draws it."""

from inspector.engine.gradients.tracing import trace_gradients

__all__ = ["trace_gradients"]
