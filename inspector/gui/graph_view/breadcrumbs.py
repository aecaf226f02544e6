"""The way to the place in the graph, `ResNet › layer1 › 0`; each step of it can be gone to."""

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from inspector.core.scope import Crumb
from inspector.gui.parts import named
from inspector.gui.theme import GRID, SMALL, theme, theme_source

LONGEST = 36  # characters of a step
TIP = "Go to {}"


class Breadcrumbs(QWidget):
    """Buttons in a row; where there is no room for all, those in the middle are left out.

    Signals:
        place_requested: the container of the step that was clicked, −1 for the whole graph.
    """

    place_requested = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "breadcrumbs", "Place in the graph")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._crumbs: tuple[Crumb, ...] = ()
        self._buttons: list[QToolButton] = []
        self._arrows: list[QLabel] = []
        self._gap = QLabel("… ›", self)
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(0)
        self._row.addStretch(1)
        theme_source().changed.connect(self._restyle)

    @property
    def texts(self) -> tuple[str, ...]:
        """The steps, from the root."""
        return tuple(crumb.text for crumb in self._crumbs)

    def show_crumbs(self, crumbs: Sequence[Crumb]) -> None:
        """Show another way."""
        if tuple(crumbs) == self._crumbs:
            return
        self._crumbs = tuple(crumbs)
        for widget in (*self._buttons, *self._arrows):
            self._row.removeWidget(widget)
            widget.deleteLater()
        self._row.removeWidget(self._gap)
        self._buttons, self._arrows = [], []
        for at, crumb in enumerate(self._crumbs):
            if at:
                arrow = QLabel("›", self)
                self._row.insertWidget(self._row.count() - 1, arrow)
                self._arrows.append(arrow)
            if at == 1:
                self._row.insertWidget(self._row.count() - 1, self._gap)
            self._row.insertWidget(self._row.count() - 1, self._button(at, crumb))
        self._restyle()
        self._fit()

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Hardly anything: steps are left out."""
        return QSize(60, 24)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """More or fewer steps fit."""
        super().resizeEvent(event)
        self._fit()

    def _button(self, at: int, crumb: Crumb) -> QToolButton:
        button = named(QToolButton(self), f"crumb_{at}", TIP.format(crumb.text), TIP.format(crumb.text))
        text = crumb.text if len(crumb.text) <= LONGEST else f"{crumb.text[: LONGEST // 2]}…{crumb.text[-8:]}"
        button.setText(text.replace("&", "&&"))
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: self.place_requested.emit(crumb.container))
        self._buttons.append(button)
        return button

    def _fit(self) -> None:
        """Leave out steps behind the first until the rest fits; the last stays."""
        widths = [button.sizeHint().width() for button in self._buttons]
        arrow = self._gap.fontMetrics().horizontalAdvance("› ") + 2
        room = self.width() - sum(widths) - arrow * len(self._arrows)
        left_out = 0
        gap = self._gap.sizeHint().width()
        while room - (gap if left_out else 0) < 0 and left_out < len(widths) - 2:
            left_out += 1
            room += widths[left_out] + arrow
        for at, button in enumerate(self._buttons):
            button.setVisible(at == 0 or at > left_out)
        for at, label in enumerate(self._arrows):
            label.setVisible(at == 0 or at > left_out)
        self._gap.setVisible(left_out > 0)

    def _restyle(self) -> None:
        colours = theme()
        for label in (*self._arrows, self._gap):
            label.setStyleSheet(f"color: {colours.faint}; font-size: {SMALL}px; background: transparent;")
        for at, button in enumerate(self._buttons):
            ink = colours.text if at == len(self._buttons) - 1 else colours.dimmed
            button.setStyleSheet(
                f"QToolButton {{ color: {ink}; font-size: {SMALL}px; border: 1px solid transparent; border-radius: 4px;"
                f" padding: 1px {GRID}px; min-height: 18px; }}"
                f"QToolButton:hover {{ background: {colours.raised}; border-color: {colours.border}; }}"
                f"QToolButton:focus {{ border-color: {colours.accent}; }}"
            )
