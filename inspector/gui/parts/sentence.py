"""Text that says something in a panel, plain whatever a file put in it."""

from typing import Literal

from PySide6.QtCore import QEvent, QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import QLabel, QSizePolicy, QWidget

from inspector.gui.parts.naming import named
from inspector.gui.parts.tip import plain_tip
from inspector.gui.theme import NORMAL, SMALL, theme, theme_source

NO_BREAK = "\u00a0"
SHORT = 24  # characters of a figure with its name
WRAPPED = 40  # pixels
LEAST = 40  # of a line that is cut
PAGE = 10_000

Tone = Literal["text", "dimmed", "warning", "failure", "good", "accent"]


class Sentence(QLabel):
    """A sentence that wraps, takes no room while empty, and never reads markup."""

    def __init__(
        self,
        object_name: str,
        accessible_name: str,
        tone: Tone = "text",
        *,
        small: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        named(self, object_name, accessible_name)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
        self._tone: Tone = tone
        self._size = SMALL if small else NORMAL
        self._limit: int | None = None
        self._full = ""
        self._restyle()
        self.setVisible(False)
        theme_source().changed.connect(self._restyle)

    def say(self, text: str, tone: Tone | None = None) -> None:
        """Show a sentence; an empty one hides the label."""
        if tone is not None and tone != self._tone:
            self._tone = tone
            self._restyle()
        if text != self._full:
            self._full = text
            self._fit()
        self._appear()

    def limit_lines(self, lines: int | None) -> None:
        """Show at most so many lines, with all of it in the tool tip; None lifts the limit."""
        self._limit = lines
        self.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        room = 16777215 if lines is None else lines * self.fontMetrics().lineSpacing() + 1
        self.setMaximumHeight(room)
        self._fit()

    def text(self) -> str:
        """All of it, also where only a part shows."""
        return self._full

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Cut the lines anew."""
        super().resizeEvent(event)
        if self._limit is not None:
            self._fit()

    def changeEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """It has come into a window: now it can be seen."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ParentChange:
            self._appear()

    def _appear(self) -> None:
        """Show what is said. Without a parent that would be a window of its own, for a moment, on the user's screen."""
        if not self._full or self.parentWidget() is not None:
            self.setVisible(bool(self._full))

    def _fit(self) -> None:
        shown = _kept_together(self._full)
        if self._limit is not None:
            line = shown.replace("\n", " ")
            shown = self._cut(line, self._limit)
        if self._limit is not None:
            self.setToolTip(plain_tip(self._full))
        if shown != super().text():
            self.setText(shown)

    def _cut(self, line: str, most: int) -> str:
        """As much as fits into so many lines: each that wraps leaves room for a word, or for what is kept together."""
        metrics = self.fontMetrics()
        room = most * (self.width() - 2) - (most - 1) * WRAPPED
        page = QRect(0, 0, max(self.width(), 1), PAGE)
        while True:
            shown = metrics.elidedText(line, Qt.TextElideMode.ElideRight, max(room, LEAST))
            lines = metrics.boundingRect(page, int(Qt.TextFlag.TextWordWrap), shown).height() / metrics.lineSpacing()
            if room <= LEAST or lines <= most + 0.5:
                return shown
            room -= WRAPPED // 2

    def _restyle(self) -> None:
        self.setStyleSheet(
            f"color: {getattr(theme(), self._tone)}; font-size: {self._size}px; background: transparent;"
        )


def _kept_together(text: str) -> str:
    """Lines break between figures that a dot parts, not within them: `mean 0.1 · std 2`."""
    if " · " not in text:
        return text
    parts = text.split(" · ")
    return " · ".join(part.replace(" ", NO_BREAK) if len(part) <= SHORT else part for part in parts)


class ElidedLabel(QWidget):
    """One line that is cut in the middle where it is too long; the tool tip has all of it."""

    def __init__(
        self,
        object_name: str,
        accessible_name: str,
        tone: Tone = "text",
        *,
        small: bool = False,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        named(self, object_name, accessible_name)
        self._text = ""
        self._tone: Tone = tone
        self._mode = Qt.TextElideMode.ElideMiddle
        font = self.font()
        font.setPixelSize(SMALL if small else NORMAL)
        self.setFont(font)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme_source().changed.connect(self.update)

    def set_elide_mode(self, mode: Qt.TextElideMode) -> None:
        """Where the text is cut."""
        self._mode = mode

    def text(self) -> str:
        """The whole text."""
        return self._text

    def say(self, text: str, tone: Tone | None = None) -> None:
        """Show a line of text."""
        if text == self._text and tone in (None, self._tone):
            return
        self._text = text
        self._tone = tone or self._tone
        self.setToolTip(plain_tip(text))
        self.setAccessibleDescription(text)
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """As long as the text."""
        metrics = self.fontMetrics()
        sides = self.contentsMargins()
        wide = metrics.horizontalAdvance(self._text) + sides.left() + sides.right()
        return QSize(wide + 2, metrics.height() + 2)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name and signature
        """Paint the text, cut to the width."""
        if self.size().isEmpty():
            return
        painter = QPainter(self)
        painter.setPen(getattr(theme(), self._tone))
        room = self.contentsRect()
        line = self.fontMetrics().elidedText(self._text.replace("\n", " "), self._mode, room.width())
        painter.drawText(room, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, line)
        painter.end()
