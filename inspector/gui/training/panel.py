"""The panel Training: what the gradient of a loss reaches, and where it ends."""

import math

from PySide6.QtCore import QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from inspector.core.formatting import value_text
from inspector.core.losses import LOSSES, transform_text
from inspector.gui.findings_panel.card import FindingCard
from inspector.gui.parts import PlainTable, PushButton, ScrolledColumn, SegmentedButtons, Sentence, named
from inspector.gui.parts.sentence import Tone
from inspector.gui.plots import Mark, NormsView
from inspector.gui.state import Problem, WindowState
from inspector.gui.theme import GRID
from inspector.gui.training.controls import TrainingControls
from inspector.gui.training.flow import is_tracing, output_chosen
from inspector.gui.training.model import GradientsModel
from inspector.protocol.findings import Finding
from inspector.protocol.gradients import GradientFlow, ParameterGradient

NO_MODEL = "Open a model, and choose a loss: Training shows what its gradient reaches, and where it stops."
NOT_TRACED = (
    "Choose a loss, and what is done to the output before it; Run backward shows how much gradient reaches each "
    "parameter, and where it stops. Nothing of the model is changed."
)
WIDTHS = (96, 64, 64, 64, 56, 64)  # of the columns behind the name, which gets the rest
NAME_LEAST, NAME_MOST = 120, 420
_ORDER = {"error": 0, "warning": 1, "note": 2}


class FlowStrip(QWidget):
    """The sentence; a click on it goes to the operation that it speaks of.

    Signals:
        followed: it was clicked, or Enter pressed on it.
    """

    followed = Signal()

    def __init__(self) -> None:
        super().__init__()
        named(self, "training_strip", "What the gradient reaches")
        self.sentence = Sentence("training_sentence", "What the gradient reaches")
        self.sentence.setTextInteractionFlags(Qt.TextInteractionFlag.NoTextInteraction)
        self.caption = Sentence("training_caption", "The loss and its target", "dimmed", small=True)
        self._leads = False
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 2, 0, GRID * 2, GRID)
        column.setSpacing(2)
        column.addWidget(self.sentence)
        column.addWidget(self.caption)

    def show_flow(self, sentence: str, caption: str, tone: Tone, *, leads: bool) -> None:
        """Say it; with `leads` there is somewhere to go."""
        self._leads = leads
        self.sentence.say(sentence, tone)
        self.caption.say(caption)
        self.setCursor(Qt.CursorShape.PointingHandCursor if leads else Qt.CursorShape.ArrowCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus if leads else Qt.FocusPolicy.NoFocus)
        self.setToolTip("Go to the operation" if leads else "")

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Go there."""
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self._leads:
            self.followed.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Enter goes there."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self._leads:
            self.followed.emit()
        else:
            super().keyPressEvent(event)


class TrainingPanel(QWidget):
    """Loss, transform and target; the sentence; the norms as plot and as table; what is to be said of the loss.

    Signals:
        choice_change_requested: another TrainingChoice.
        trace_requested: run backward.
        line_requested: run backward with this line of code, which the user has read.
        cancel_requested: stop it.
        colour_requested: colour the graph by this measure.
        node_selected: the operation where the gradient ends.
        module_selected: the module of a parameter that was chosen.
    """

    choice_change_requested = Signal(object)
    trace_requested = Signal()
    line_requested = Signal(str)
    cancel_requested = Signal()
    colour_requested = Signal(str)
    node_selected = Signal(int)
    module_selected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "training_panel", "Training")
        self._flow: GradientFlow | None = None
        self._cards: list[FindingCard] = []
        self.controls = TrainingControls()
        self.strip = FlowStrip()
        self.by = SegmentedButtons(
            (("plot", "Plot"), ("table", "Table"), ("advice", "Advice")), "training_by", "Shown as"
        )
        self.colour = PushButton("Colour the graph", "training_colour", "Colour the graph by the gradient")
        self.plot = NormsView()
        self.model = GradientsModel(self)
        self.table = PlainTable("training_table", "The gradient of every parameter")
        self.table.setModel(self.model)
        self.table.setSortingEnabled(True)
        self.table.horizontalHeader().setSortIndicatorClearable(True)
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
        self.no_advice = Sentence("training_no_advice", "What is said of the loss", "dimmed")
        self.empty = Sentence("training_empty", "Why nothing is shown", "dimmed")
        self.pages = QStackedWidget()
        self._lay_out()
        self._connect()
        self._show(None)

    def draw(self, state: WindowState) -> None:
        """Show the last gradient that was traced in this run, and what is chosen for the next."""
        outputs = [output.tensor for output in state.run.outputs]
        self.controls.show_outputs(outputs, output_chosen(state))
        trained = outputs[max(0, output_chosen(state))].shape if outputs else ()
        self.controls.show_choice(state.training, trained[1] if len(trained) == 2 else None, state.class_names)
        can_run = state.model is not None and not state.run.running and not state.loading
        self.controls.show_busy(busy=is_tracing(state), can_run=can_run)
        if state.run.gradients is not self._flow:
            self._show(state.run.gradients)
        if self._flow is None:
            self.empty.say(NOT_TRACED if state.model is not None else NO_MODEL)
        self._say(state)

    def _show(self, flow: GradientFlow | None) -> None:
        self._flow = flow
        rows = flow.parameters if flow is not None else ()
        self.model.show_rows(rows)
        self.plot.show_norms([row.fqn for row in rows], [row.norm for row in rows], [mark_of(row) for row in rows])
        self._show_advice(flow)
        for widget in (self.by, self.colour):
            widget.setVisible(flow is not None)
        self.colour.setEnabled(flow is not None and bool(flow.nodes))
        if flow is not None and not rows:
            self.by.choose("advice")
        self._turn()

    def _say(self, state: WindowState) -> None:
        problem = next((problem for problem in state.problems if problem.place == "training"), None)
        if problem is not None:
            self.strip.show_flow(problem_text(problem), "", "failure", leads=False)
        elif self._flow is not None:
            leads = any(stop.node is not None for stop in self._flow.stops)
            self.strip.show_flow(self._flow.sentence, caption_of(self._flow), tone_of(self._flow), leads=leads)
        else:
            self.strip.show_flow("", "", "text", leads=False)

    def _show_advice(self, flow: GradientFlow | None) -> None:
        for card in self._cards:
            self._advice.removeWidget(card)
            card.hide()
            card.deleteLater()
        findings = sorted(flow.findings if flow is not None else (), key=lambda one: _ORDER[one.severity])
        self._cards = [self._card(finding) for finding in findings]
        for card in self._cards:
            self._advice.addWidget(card)
        notes = flow.notes if flow is not None else ()
        fits = "" if findings else "Nothing is wrong with this loss on this output."
        self.no_advice.say("\n".join(filter(None, (fits, *notes))))
        self.by.set_text("advice", f"Advice ({len(findings)})" if findings else "Advice")

    def _card(self, finding: Finding) -> FindingCard:
        card = FindingCard(finding)
        if finding.node is not None:
            node = finding.node
            card.followed.connect(lambda: self.node_selected.emit(node))
        return card

    def _turn(self) -> None:
        pages = {"plot": 1, "table": 2, "advice": 3}
        self.pages.setCurrentIndex(0 if self._flow is None else pages[self.by.current()])

    def _follow(self) -> None:
        stops = self._flow.stops if self._flow is not None else ()
        node = next((stop.node for stop in stops if stop.node is not None), None)
        if node is not None:
            self.node_selected.emit(node)

    def _choose_row(self, index: QModelIndex) -> None:
        self.module_selected.emit(self.model.parameter(index.row()).fqn.rpartition(".")[0])

    def _choose_place(self, place: int) -> None:
        row = self.model.row_of(place)
        if row >= 0:
            self.table.selectRow(row)
            self.module_selected.emit(self.model.parameter(row).fqn.rpartition(".")[0])

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(GRID * 2, 0, GRID * 2, GRID)
        row.setSpacing(GRID * 2)
        row.addWidget(self.by)
        row.addStretch(1)
        row.addWidget(self.colour)
        self.pages.addWidget(_padded(self.empty, "training_page_empty"))
        self.pages.addWidget(_padded(self.plot, "training_page_plot", stretch=False))
        self.pages.addWidget(self.table)
        self.pages.addWidget(self._advice_page())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, GRID)
        column.setSpacing(0)
        column.addWidget(self.controls)
        column.addWidget(self.strip)
        column.addLayout(row)
        column.addWidget(self.pages, 1)
        header = self.table.horizontalHeader()
        for section, width in enumerate(WIDTHS, 1):
            header.resizeSection(section, width)
        self._fit_name()

    def _fit_name(self) -> None:
        room = self.table.viewport().width() - sum(WIDTHS)
        self.table.horizontalHeader().resizeSection(0, min(max(room, NAME_LEAST), NAME_MOST))

    def _advice_page(self) -> QScrollArea:
        page = ScrolledColumn("training_advice", "What is said of the loss")
        column = QVBoxLayout(page)
        column.setContentsMargins(GRID * 2, GRID, GRID * 2, GRID)
        column.setSpacing(GRID * 2)
        self._advice = QVBoxLayout()
        self._advice.setSpacing(GRID * 2)
        column.addLayout(self._advice)
        column.addWidget(self.no_advice)
        column.addStretch(1)
        area = named(QScrollArea(), "training_advice_area", "What is said of the loss")
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setWidget(page)
        return area

    def _connect(self) -> None:
        self.controls.change_requested.connect(self.choice_change_requested)
        self.controls.run_requested.connect(self.trace_requested)
        self.controls.line_requested.connect(self.line_requested)
        self.controls.cancel_requested.connect(self.cancel_requested)
        self.strip.followed.connect(self._follow)
        self.by.chosen.connect(lambda _key: self._turn())
        self.colour.clicked.connect(lambda _checked=False: self.colour_requested.emit("gradient"))
        self.table.clicked.connect(self._choose_row)
        self.table.activated.connect(self._choose_row)
        self.table.resized.connect(self._fit_name)
        self.plot.chosen.connect(self._choose_place)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Room for the controls and a plot."""
        return QSize(420, 260)


def problem_text(problem: Problem) -> str:
    """What went wrong, and what mends it; PyTorch's own sentences end without a full stop."""
    stop = "" if problem.message.endswith((".", "!", "?")) or not problem.fix else "."
    return f"{problem.message}{stop} {problem.fix}".strip()


def mark_of(row: ParameterGradient) -> Mark | None:
    """What stands in place of a bar."""
    if row.reached == "reached":
        return None if row.norm is not None and math.isfinite(row.norm) else "not finite"
    return row.reached


def tone_of(flow: GradientFlow) -> Tone:
    """How bad it is."""
    severities = {finding.severity for finding in flow.findings}
    if "error" in severities or flow.problem:
        return "failure"
    if "warning" in severities:
        return "warning"
    return "text" if flow.stops else "good"


def caption_of(flow: GradientFlow) -> str:
    """The loss with its value, and the target."""
    value = "" if flow.loss_value is None else f" {value_text(flow.loss_value)}"
    before = "" if flow.transform.kind == "none" else f" of {transform_text(flow.transform)}"
    return f"{LOSSES[flow.loss].title}{before}{value} · target: {flow.target or 'none'}"


def _padded(widget: QWidget, object_name: str, *, stretch: bool = True) -> QWidget:
    page = named(QWidget(), object_name, widget.accessibleName())
    column = QVBoxLayout(page)
    column.setContentsMargins(GRID * 2, GRID, GRID * 2, GRID)
    column.addWidget(widget, 0 if stretch else 1)
    if stretch:
        column.addStretch(1)
    return page
