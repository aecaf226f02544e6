"""A small window that drops from a button and closes on Escape or a click outside."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QFrame, QVBoxLayout, QWidget

from inspector.gui.parts.naming import named
from inspector.gui.theme import theme, theme_source


class Popover(QFrame):
    """Settings that are looked at now and then."""

    def __init__(self, object_name: str, accessible_name: str, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        named(self, object_name, accessible_name)
        self.column = QVBoxLayout(self)
        self.column.setContentsMargins(12, 10, 12, 12)
        self.column.setSpacing(8)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def drop_from(self, widget: QWidget) -> None:
        """Open beneath a widget, or above it where the screen ends."""
        self.adjustSize()
        place = widget.mapToGlobal(QPoint(0, widget.height() + 2))
        screen = widget.screen().availableGeometry()
        if place.y() + self.height() > screen.bottom():
            place.setY(widget.mapToGlobal(QPoint(0, 0)).y() - self.height() - 2)
        place.setX(max(screen.left(), min(place.x(), screen.right() - self.width())))
        self.move(place)
        self.show()
        self.setFocus(Qt.FocusReason.PopupFocusReason)

    def _restyle(self) -> None:
        colours = theme()
        self.setStyleSheet(
            f"#{self.objectName()} {{ background: {colours.panel}; border: 1px solid {colours.border};"
            " border-radius: 6px; }"
        )
