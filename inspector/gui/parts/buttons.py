"""Buttons in the panels' own size, with icons that follow the theme."""

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from inspector.gui.parts.icons import IconColours, draw_icon
from inspector.gui.parts.naming import named
from inspector.gui.theme import SMALL, theme, theme_source


class IconButton(QToolButton):
    """A small flat button with an icon; its accessible name is what it does.

    The icon comes behind the first picture of the window: its font takes a while to load.
    """

    def __init__(
        self, icon: str, object_name: str, accessible_name: str, tool_tip: str = "", *, checkable: bool = False
    ) -> None:
        super().__init__()
        named(self, object_name, accessible_name, tool_tip or accessible_name)
        self._icon = icon
        self._painted = False
        self.setCheckable(checkable)
        self.setAutoRaise(True)
        self.setIconSize(QSize(16, 16))
        self.setFixedSize(24, 24)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint, and fetch the icon behind the first time."""
        super().paintEvent(event)
        if not self._painted:
            self._painted = True
            QTimer.singleShot(0, self, self._draw_icon)

    def _draw_icon(self) -> None:
        colours = theme()
        self.setIcon(draw_icon(self._icon, IconColours(colours.dimmed, colours.faint, colours.text)))

    def _restyle(self) -> None:
        if self._painted:
            self._draw_icon()
        colours = theme()
        self.setStyleSheet(
            "QToolButton { border: 1px solid transparent; border-radius: 4px; padding: 0; background: transparent; }"
            f"QToolButton:hover {{ background: {colours.raised}; border-color: {colours.border}; }}"
            f"QToolButton:checked {{ background: {colours.selection}; }}"
            f"QToolButton:focus {{ border-color: {colours.accent}; }}"
            "QToolButton::menu-indicator { image: none; }"
        )


class PushButton(QPushButton):
    """A compact button with words; `primary` is the one thing to do next."""

    def __init__(
        self, text: str, object_name: str, accessible_name: str, *, primary: bool = False, parent: QWidget | None = None
    ) -> None:
        super().__init__(text, parent)
        named(self, object_name, accessible_name)
        self._primary = primary
        self._alignment = "center"
        self.setFixedHeight(24)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def set_primary(self, primary: bool) -> None:
        """Whether this is the one thing to do next."""
        if primary != self._primary:
            self._primary = primary
            self._restyle()

    def align_left(self) -> None:
        """Begin the words at the left, for names of any length."""
        self._alignment = "left"
        self._restyle()

    def _restyle(self) -> None:
        colours = theme()
        on_accent = "#FFFFFF" if not colours.dark else "#0B1420"
        face = colours.accent if self._primary else colours.raised
        text = on_accent if self._primary else colours.text
        border = colours.accent if self._primary else colours.border
        self.setStyleSheet(
            f"QPushButton {{ background: {face}; color: {text}; border: 1px solid {border}; border-radius: 4px;"
            f" padding: 0 10px; min-height: 22px; text-align: {self._alignment};"
            f" font-size: {SMALL + 1}px; }}"
            f"QPushButton:hover {{ border-color: {colours.accent}; }}"
            f"QPushButton:focus {{ border-color: {colours.accent}; }}"
            f"QPushButton:pressed {{ background: {colours.selection}; color: {colours.text}; }}"
            f"QPushButton:disabled {{ background: {colours.raised}; color: {colours.faint};"
            f" border-color: {colours.border}; }}"
        )
