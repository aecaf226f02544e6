"""Tool tips of texts that a file or a model gave."""

from html import escape

from PySide6.QtGui import Qt


def plain_tip(text: str) -> str:
    """A tool tip that shows this text as it is: Qt takes what looks like markup for that, as a class named `<s>`."""
    if not Qt.mightBeRichText(text):
        return text
    lines = escape(text, quote=False).replace("\n", "<br/>")
    return f"<span>{lines}</span>"
