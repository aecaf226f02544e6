"""A column of parts that scrolls in an area, no higher than its sentences need at the width that they have."""

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QWidget

from inspector.gui.parts.naming import named


class ScrolledColumn(QWidget):
    """Its least height is what its sentences need at its width, not at their narrowest."""

    def __init__(self, object_name: str, accessible_name: str) -> None:
        super().__init__()
        named(self, object_name, accessible_name)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """At the width it has."""
        least = super().minimumSizeHint()
        if not self.hasHeightForWidth():  # no sentence wraps
            return least
        return QSize(least.width(), min(least.height(), self.heightForWidth(max(self.width(), least.width()))))
