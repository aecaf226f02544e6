"""A field for whole numbers."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QSpinBox

_MARGIN = 4


class NumberBox(QSpinBox):
    """Keeps a little room before its text, which style sheets leave out in spin boxes."""

    def __init__(self) -> None:
        super().__init__()
        self.lineEdit().setTextMargins(_MARGIN, 0, 0, 0)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """With that room."""
        return super().sizeHint() + QSize(2 * _MARGIN, 0)
