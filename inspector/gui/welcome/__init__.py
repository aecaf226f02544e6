"""The empty window says what to do: drop a file, open one, or try a sample."""

from inspector.gui.welcome.view import WelcomeView

__all__ = ["WelcomeView"]
