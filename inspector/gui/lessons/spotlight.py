"""A frame around the panel that a lesson speaks of."""

from PySide6.QtCore import QEvent, QObject, QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from inspector.gui.parts import named
from inspector.gui.theme import theme

WIDTH = 2


class Spotlight(QWidget):
    """Lies over the window, lets all clicks through, and follows the panel when it is moved."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._window = window
        named(self, "lesson_spotlight", "The panel to look at")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._target: QWidget | None = None
        self.hide()

    def show_on(self, target: QWidget | None) -> None:
        """Frame this panel; None takes the frame away."""
        if self._target is not None:
            self._target.removeEventFilter(self)
        self._target = target
        if target is not None:
            target.installEventFilter(self)
        self._follow()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Follow."""
        moved = event.type() in {QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide}
        if watched is self._target and moved:
            self._follow()
        return False

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """The frame."""
        painter = QPainter(self)
        painter.setPen(QPen(QColor(theme().accent), WIDTH))
        painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _follow(self) -> None:
        target, window = self._target, self._window
        shown = target is not None and target.isVisibleTo(window) and target.window() is window
        self.setVisible(shown)
        if target is not None and shown:
            self.setGeometry(QRect(target.mapTo(window, target.rect().topLeft()), target.size()))
            self.raise_()
