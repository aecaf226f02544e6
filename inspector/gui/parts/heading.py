"""A heading: a sentence in bold that keeps its weight when the theme changes."""

from PySide6.QtWidgets import QWidget

from inspector.gui.parts.sentence import Sentence
from inspector.gui.theme import LARGE, NORMAL


class Heading(Sentence):
    """Bold, large or in the normal size."""

    def __init__(
        self, object_name: str, accessible_name: str, *, large: bool = False, parent: QWidget | None = None
    ) -> None:
        self._pixels = LARGE if large else NORMAL
        super().__init__(object_name, accessible_name, parent=parent)

    def _restyle(self) -> None:
        super()._restyle()
        self.setStyleSheet(f"{self.styleSheet()} font-weight: 600; font-size: {self._pixels}px;")
