"""The list of findings, with the rules that could not be checked behind a line that unfolds."""

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QToolButton, QVBoxLayout, QWidget

from inspector.gui.findings_panel.card import FindingCard
from inspector.gui.parts import ScrolledColumn, Sentence, named
from inspector.gui.state import WindowState
from inspector.gui.theme import GRID, SMALL, theme, theme_source
from inspector.gui.words import failure_text, met_shapes
from inspector.protocol.findings import Finding, Unchecked
from inspector.protocol.graph import Failure

BEFORE = "What the rules find wrong, or worth knowing, once the model has run."
NONE = "No findings: the rules saw nothing wrong with this run."
_ORDER = {"error": 0, "warning": 1, "note": 2}


class FindingsPanel(QScrollArea):
    """What the rules say of the run, of the evaluation, and of the gradient that was traced.

    Signals:
        node_selected: the node that a finding is about.
        image_requested: the path of the image that one is about.
        class_requested: the name of the class that one is about.
        apply_requested: a finding whose button was pressed.
    """

    node_selected = Signal(int)
    image_requested = Signal(str)
    class_requested = Signal(str)
    apply_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "findings_panel", "Findings")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._drawn: tuple[tuple[Finding, ...], tuple[Unchecked, ...], Failure | None, bool] | None = None
        self._cards: list[FindingCard] = []
        self.sentence = Sentence("findings_sentence", "What the rules say", "dimmed")
        self.unchecked_button = named(QToolButton(), "unchecked_button", "Rules that could not be checked")
        self.unchecked_button.setCheckable(True)
        self.unchecked_button.toggled.connect(self._unfold)
        self.unchecked = Sentence("unchecked_list", "Rules that could not be checked", "dimmed", small=True)
        self._unchecked_text = ""
        page = ScrolledColumn("findings_page", "Findings")
        column = QVBoxLayout(page)
        column.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID * 2)
        column.setSpacing(GRID * 2)
        column.addWidget(self.sentence)
        self._column = QVBoxLayout()
        self._column.setSpacing(GRID * 2)
        column.addLayout(self._column)
        column.addWidget(self.unchecked_button, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.unchecked)
        column.addStretch(1)
        self.setWidget(page)
        self._restyle()
        theme_source().changed.connect(self._restyle)
        self._show((), (), None, has_run=False)

    def draw(self, state: WindowState) -> None:
        """Show all that was found; where the run failed, that comes first."""
        run = state.run
        unchecked = (*run.findings.unchecked, *state.evaluation.findings.unchecked)
        drawn = (state.findings, unchecked, run.failure, run.has_run)
        if drawn != self._drawn:
            self._drawn = drawn
            self._show(*drawn[:3], has_run=drawn[3])

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Room for a card or two."""
        return QSize(300, 200)

    def count(self) -> int:
        """How many findings are shown."""
        return len(self._cards)

    def _show(
        self, found: tuple[Finding, ...], unchecked: tuple[Unchecked, ...], failure: Failure | None, *, has_run: bool
    ) -> None:
        for card in self._cards:
            self._column.removeWidget(card)
            card.hide()
            card.deleteLater()
        findings = sorted(found, key=lambda one: _ORDER[one.severity])
        if failure is not None:
            findings.insert(0, finding_of(failure))
        self._cards = [self._card(finding) for finding in findings]
        for card in self._cards:
            self._column.addWidget(card)
        self.sentence.say("" if findings else NONE if has_run else BEFORE)
        self.unchecked_button.setVisible(bool(unchecked))
        self.unchecked_button.setText(_count_of(len(unchecked)))
        self._unchecked_text = "\n".join(f"{one.rule.replace('_', ' ')}: {one.why}" for one in unchecked)
        self._unfold(self.unchecked_button.isChecked())

    def _card(self, finding: Finding) -> FindingCard:
        card = FindingCard(finding)
        card.followed.connect(lambda: self._follow(finding))
        card.apply_requested.connect(lambda: self.apply_requested.emit(finding))
        return card

    def _follow(self, finding: Finding) -> None:
        if finding.node is not None:
            self.node_selected.emit(finding.node)
        elif finding.image:
            self.image_requested.emit(finding.image)
        elif finding.class_name:
            self.class_requested.emit(finding.class_name)

    def _unfold(self, shown: bool) -> None:
        self.unchecked.say(self._unchecked_text if shown else "")

    def _restyle(self) -> None:
        self.unchecked_button.setStyleSheet(f"color: {theme().dimmed}; font-size: {SMALL}px; padding: 2px 4px;")


def finding_of(failure: Failure) -> Finding:
    """The failure itself as a card: what failed, what it was given, and what mends it."""
    shapes = met_shapes(failure)
    return Finding(
        rule="run_failed",
        severity="error",
        node=failure.node,
        message=failure_text(failure),
        evidence={"given": shapes} if shapes else {},
        fix=failure.fix,
        code=failure.code,
        apply_inputs=failure.nearest.inputs if failure.nearest is not None else (),
        apply_label=failure.nearest.label if failure.nearest is not None else "",
    )


def _count_of(count: int) -> str:
    return "1 rule could not be checked" if count == 1 else f"{count} rules could not be checked"
