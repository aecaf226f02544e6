"""A row of buttons of which one is chosen."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QButtonGroup, QHBoxLayout, QSizePolicy, QToolButton, QWidget

from inspector.gui.parts.naming import named
from inspector.gui.theme import SMALL, theme, theme_source


class SegmentedButtons(QWidget):
    """Choices side by side, as one control: Tab reaches it once, the arrows move the choice.

    Signals:
        chosen: the key of the choice that the user made.
    """

    chosen = Signal(str)

    def __init__(
        self,
        choices: Sequence[tuple[str, str]],
        object_name: str,
        accessible_name: str,
        tool_tips: dict[str, str] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        named(self, object_name, accessible_name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        self._padding = 8
        self._group = QButtonGroup(self)
        self._buttons: dict[str, QToolButton] = {}
        for key, text in choices:
            button = named(QToolButton(), f"{object_name}_{key}", text, (tool_tips or {}).get(key, ""))
            button.setText(text)
            button.setCheckable(True)
            button.setFixedHeight(24)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.clicked.connect(lambda _checked=False, key=key: self.chosen.emit(key))
            self._group.addButton(button)
            self._buttons[key] = button
            row.addWidget(button)
        next(iter(self._buttons.values())).setChecked(True)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def set_compact(self, compact: bool) -> None:
        """Less room around the words."""
        padding = 4 if compact else 8
        if padding != self._padding:
            self._padding = padding
            self._restyle()

    def current(self) -> str:
        """The key of the choice in force."""
        return next(key for key, button in self._buttons.items() if button.isChecked())

    def choose(self, key: str) -> None:
        """Set the choice, without telling."""
        self._buttons[key].setChecked(True)

    def button(self, key: str) -> QToolButton:
        """One of the buttons."""
        return self._buttons[key]

    def set_text(self, key: str, text: str) -> None:
        """Change what a choice says."""
        self._buttons[key].setText(text)
        self._buttons[key].setAccessibleName(text)

    def set_shown(self, key: str, shown: bool) -> None:
        """Show or hide a choice."""
        if self._buttons[key].isHidden() == shown:
            self._buttons[key].setVisible(shown)
            self._restyle()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """The arrows move the choice."""
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}
        step = steps.get(Qt.Key(event.key()))
        if step is None:
            super().keyPressEvent(event)
            return
        shown = [key for key, button in self._buttons.items() if not button.isHidden()]
        place = shown.index(self.current()) + step
        if 0 <= place < len(shown):
            self._buttons[shown[place]].setFocus()
            self._buttons[shown[place]].click()

    def _restyle(self) -> None:
        colours = theme()
        shown = [button for button in self._buttons.values() if not button.isHidden()]
        for button in self._buttons.values():
            first, last = button is shown[0], button is shown[-1]
            left, right = (4 if first else 0), (4 if last else 0)
            button.setStyleSheet(
                f"QToolButton {{ background: {colours.raised}; color: {colours.dimmed};"
                f" border: 1px solid {colours.border};"
                f" border-left-width: {1 if first else 0}px; padding: 0 {self._padding}px; font-size: {SMALL + 1}px;"
                f" border-top-left-radius: {left}px; border-bottom-left-radius: {left}px;"
                f" border-top-right-radius: {right}px; border-bottom-right-radius: {right}px; }}"
                f"QToolButton:hover {{ color: {colours.text}; }}"
                f"QToolButton:checked {{ background: {colours.selection}; color: {colours.text}; }}"
                f"QToolButton:focus {{ border-color: {colours.accent}; border-left-width: 1px; }}"
                f"QToolButton:disabled {{ color: {colours.faint}; }}"
            )
