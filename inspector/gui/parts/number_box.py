"""A field for whole numbers."""

from PySide6.QtWidgets import QSpinBox


class NumberBox(QSpinBox):
    """Keeps a little room before its text, which style sheets leave out in spin boxes."""

    def __init__(self) -> None:
        super().__init__()
        self.lineEdit().setTextMargins(4, 0, 0, 0)
