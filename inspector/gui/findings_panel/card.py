"""One finding as a card: severity, sentence, numbers, fix, and what can be done about it."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from inspector.core.formatting import value_text
from inspector.gui.findings_panel.code_line import CodeLine
from inspector.gui.parts import IconButton, PushButton, Sentence, named, plain_tip
from inspector.gui.theme import GRID, SMALL, theme, theme_source
from inspector.protocol.findings import Finding, Severity

_TONES: dict[Severity, str] = {"error": "failure", "warning": "warning", "note": "dimmed"}


class FindingCard(QFrame):
    """A finding. Clicking it, or Enter, goes to its node, its class or its image.

    Signals:
        followed: it was clicked.
        apply_requested: its button was pressed.
    """

    followed = Signal()
    apply_requested = Signal()

    def __init__(self, finding: Finding, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, f"finding_{finding.rule}", f"{finding.severity}: {finding.message}")
        self._finding = finding
        place = leads_to(finding)
        if place:
            self.setCursor(Qt.CursorShape.PointingHandCursor)
            self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self.setToolTip(plain_tip(f"Go to {place}"))
        self._badge = QLabel(finding.severity.capitalize())
        self._rule = QLabel(finding.rule.replace("_", " "))
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 3, GRID * 2, GRID * 2, GRID * 2)
        column.setSpacing(GRID)
        column.addLayout(self._head())
        message = Sentence("finding_message", "What was found")
        message.say(finding.message)
        column.addWidget(message)
        self._add_evidence(column)
        self._add_fix(column)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Go to the node."""
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton:
            self.followed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Enter goes to the node."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.followed.emit()
        else:
            super().keyPressEvent(event)

    def _head(self) -> QHBoxLayout:
        row = QHBoxLayout()
        row.setSpacing(GRID * 2)
        row.addWidget(self._badge)
        row.addWidget(self._rule)
        row.addStretch(1)
        if self._finding.fix:
            copy = IconButton("ph.copy", "copy_fix", "Copy this finding and its fix")
            copy.clicked.connect(self._copy)
            row.addWidget(copy)
        return row

    def _add_evidence(self, column: QVBoxLayout) -> None:
        if self._finding.evidence:
            numbers = Sentence("finding_evidence", "The numbers", "dimmed", small=True)
            numbers.say(" · ".join(f"{name} {_told(value)}" for name, value in self._finding.evidence.items()))
            column.addWidget(numbers)

    def _add_fix(self, column: QVBoxLayout) -> None:
        finding = self._finding
        if finding.fix:
            fix = Sentence("finding_fix", "The fix")
            fix.say(f"→ {finding.fix}")
            column.addWidget(fix)
        if finding.code:
            column.addWidget(CodeLine(finding.code))
        if finding.apply_input is not None or finding.apply_preprocess is not None or finding.apply_inputs:
            words = f"{finding.apply_label} and run again" if finding.apply_label else "Apply and run again"
            does = finding.apply_label or f"Apply: {finding.fix}"
            apply = PushButton(words, "apply_finding", does, primary=True)
            apply.clicked.connect(self.apply_requested)
            column.addSpacing(GRID)
            column.addWidget(apply, 0, Qt.AlignmentFlag.AlignLeft)

    def _copy(self) -> None:
        told = (self._finding.message, self._finding.fix, self._finding.code)
        QGuiApplication.clipboard().setText("\n".join(text for text in told if text))

    def _restyle(self) -> None:
        colours = theme()
        tone = getattr(colours, _TONES[self._finding.severity])
        self.setStyleSheet(
            f"FindingCard {{ background: {colours.raised}; border: 1px solid {colours.border};"
            f" border-left: 3px solid {tone}; border-radius: 5px; }}"
            f"FindingCard:hover {{ border-color: {colours.faint}; border-left-color: {tone}; }}"
            f"FindingCard:focus {{ border-color: {colours.accent}; border-left-color: {tone}; }}"
        )
        self._badge.setStyleSheet(f"color: {tone}; font-size: {SMALL}px; font-weight: 600;")
        self._rule.setStyleSheet(f"color: {colours.faint}; font-size: {SMALL}px;")


def leads_to(finding: Finding) -> str:
    """What a click goes to, as words; "" where it is about nothing that can be shown."""
    if finding.node is not None:
        return "the node"
    if finding.image:
        return "the image, and run it"
    return f"class {finding.class_name}" if finding.class_name else ""


def _told(value: float | int | str) -> str:
    return value if isinstance(value, str) else f"{value:,}" if isinstance(value, int) else value_text(value)
