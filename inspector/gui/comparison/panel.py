"""The dock: what is compared, one sentence, and four pages of what differs; questions about B stand in their place."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from inspector.gui.comparison.folder_page import FolderPage
from inspector.gui.comparison.head import Head
from inspector.gui.comparison.nodes_page import NodesPage
from inspector.gui.comparison.notices import other_notices
from inspector.gui.comparison.outputs_page import OutputsPage
from inspector.gui.comparison.updates import page_of
from inspector.gui.comparison.weights_page import WeightsPage
from inspector.gui.file_panel.banner import BannerStack
from inspector.gui.file_panel.consent_card import ConsentCard
from inspector.gui.file_panel.entry_form import EntryForm
from inspector.gui.file_panel.notices import MEND
from inspector.gui.parts import PushButton, SegmentedButtons, Sentence, named
from inspector.gui.state import WindowState
from inspector.gui.theme import GRID

PAGES = (("weights", "Weights"), ("nodes", "Nodes"), ("outputs", "Outputs"), ("folder", "Test folder"))
NO_FILE = "Open a model first: then it can be compared with another one, or with itself run otherwise."
NOTHING = (
    "Compare the open model with another file, or with itself in another mode, dtype, on another device, or changed: "
    "weights, nodes and outputs side by side, and the images on which they disagree."
)
DECLINED = "B was not opened: its code did not run."


class ComparisonPanel(QWidget):
    """The comparison.

    Signals:
        file_requested: choose a file to compare with.
        itself_requested: compare the model with itself.
        again_requested: compare once more.
        end_requested: compare no more.
        side_changed: a field of B's Side, and its value.
        page_requested: the page that is to be shown.
        mend_requested: the name of a mend of B's keys.
        change_ignored: that B's file changed on disk is known, and does not matter.
        trust_requested: True for always, False for this once.
        declined: the code of B is not to run.
        weights_only_requested: open B without its code.
        weights_alone_requested: compare the weights as they are stored.
        entry_chosen: a name, and arguments.
        folder_requested: run both over the test folder.
        thumbnails_requested: a tuple of paths.
        image_chosen: feed this image.
        node_selected: a node of the graph.
    """

    file_requested = Signal()
    itself_requested = Signal()
    again_requested = Signal()
    end_requested = Signal()
    side_changed = Signal(str, str)
    page_requested = Signal(str)
    mend_requested = Signal(str)
    change_ignored = Signal()
    trust_requested = Signal(bool)
    declined = Signal()
    weights_only_requested = Signal()
    weights_alone_requested = Signal()
    entry_chosen = Signal(str, object)
    folder_requested = Signal()
    thumbnails_requested = Signal(object)
    image_chosen = Signal(str)
    node_selected = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "comparison_panel", "Compare")
        self.head = Head()
        self.sentence = Sentence("comparison_sentence", "What the comparison amounts to")
        self.notes = Sentence("comparison_notes", "What else was seen", "dimmed", small=True)
        self.problem = Sentence("comparison_problem", "What went wrong", "failure")
        self.which = SegmentedButtons(PAGES, "comparison_page", "What is shown")
        self.banners = BannerStack(other_notices)
        self.weights, self.nodes, self.outputs, self.folder = WeightsPage(), NodesPage(), OutputsPage(), FolderPage()
        self.pages = QStackedWidget()
        for page in (self.weights, self.nodes, self.outputs, self.folder):
            self.pages.addWidget(page)
        self.empty = self._empty()
        self.question = QScrollArea()
        self.question.setWidgetResizable(True)
        self.question.setFrameShape(QScrollArea.Shape.NoFrame)
        self.alone = PushButton("Compare weights alone", "comparison_alone", "Compare the weights as they are stored")
        self.alone.clicked.connect(self.weights_alone_requested)
        self._card: ConsentCard | None = None
        self._form: EntryForm | None = None
        self._lay_out()
        self._connect()

    def draw(self, state: WindowState) -> None:
        """Show the comparison, a question about B, or what could be compared."""
        comparison = state.comparison
        begun = comparison.begun and bool(state.path)
        self.empty.setVisible(not begun)
        self.nothing.say(NOTHING if state.path else NO_FILE)
        self.choose.setEnabled(bool(state.path))
        self.itself.setEnabled(state.model is not None)
        for part in (self.head, self._body):
            part.setVisible(begun)
        asks = begun and self._ask(state)
        problem = next((one for one in state.problems if one.place == "comparison"), None)
        self.problem.say(f"{problem.message} {problem.fix}".strip() if problem is not None and begun else "")
        if not begun:
            self.sentence.say("")
            self.notes.say("")
            return
        self.head.draw(state)
        self.banners.draw(state)
        self.sentence.say("" if asks else _summary(state))
        runs = comparison.runs
        self.notes.say(" ".join(runs.notes) if runs is not None else "")
        has_results = comparison.weights is not None or runs is not None
        page = page_of(comparison)
        self.which.choose(page)
        self.pages.setCurrentIndex([name for name, _ in PAGES].index(page))
        self.which.setVisible(has_results and not asks)
        self.pages.setVisible(has_results and not asks)
        stuck = bool(comparison.path) and not comparison.running and comparison.weights is None
        self.alone.setVisible(stuck and not comparison.alone)
        self.weights.draw(comparison)
        self.nodes.draw(comparison)
        self.outputs.draw(comparison, state.class_names)
        self.folder.draw(state)

    def _ask(self, state: WindowState) -> bool:
        """Show a question about B; whether there is one."""
        comparison = state.comparison
        if comparison.consent is not None:
            if self._card is None:
                self._card = self._make_card()
            self._put(self._card)
            ready = bool(state.engine.torch_version)
            self._card.show_consent(comparison.consent, state.engine.sandbox, ready=ready)
        elif comparison.entry_needed is not None:
            if self._form is None:
                self._form = self._make_form()
            self._put(self._form)
            self._form.show_entries(comparison.entry_needed, comparison.arguments, can_cancel=False)
        else:
            self.question.hide()
            return False
        self.question.show()
        return True

    def _put(self, question: QWidget) -> None:
        """The other question is taken out first: the scroll area would delete it."""
        if self.question.widget() is not question:
            self.question.takeWidget()
            self.question.setWidget(question)

    def _make_card(self) -> ConsentCard:
        card = ConsentCard()
        card.setObjectName("comparison_consent")
        card.trust_requested.connect(self.trust_requested)
        card.weights_only_requested.connect(self.weights_only_requested)
        card.declined.connect(self.declined)
        return card

    def _make_form(self) -> EntryForm:
        form = EntryForm()
        form.setObjectName("comparison_entry")
        form.entry_chosen.connect(self.entry_chosen)
        return form

    def _follow_deed(self, deed: str) -> None:
        if deed.startswith(MEND):
            self.mend_requested.emit(deed.removeprefix(MEND))
        elif deed == "again":
            self.again_requested.emit()
        else:
            self.change_ignored.emit()

    def _empty(self) -> QWidget:
        page = named(QWidget(), "comparison_empty", "What can be compared")
        self.nothing = Sentence("comparison_nothing", "What can be compared", "dimmed")
        self.choose = PushButton("Compare with a file…", "comparison_choose", "Choose a file to compare with")
        self.itself = PushButton(
            "Compare with itself", "comparison_itself", "Compare the model with itself, run otherwise"
        )
        self.choose.clicked.connect(self.file_requested)
        self.itself.clicked.connect(self.itself_requested)
        row = QHBoxLayout()
        row.setSpacing(GRID * 2)
        row.addWidget(self.choose)
        row.addWidget(self.itself)
        row.addStretch(1)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID * 2)
        column.addWidget(self.nothing)
        column.addLayout(row)
        column.addStretch(1)
        return page

    def _lay_out(self) -> None:
        self._body = QWidget()
        body = QVBoxLayout(self._body)
        body.setContentsMargins(0, 0, 0, 0)
        body.setSpacing(GRID)
        for widget in (self.banners, self.problem, self.sentence, self.notes):
            body.addWidget(widget)
        body.addWidget(self.alone, 0, Qt.AlignmentFlag.AlignLeft)
        body.addWidget(self.which)
        body.addWidget(self.pages, 1)
        body.addWidget(self.question, 1)
        body.addStretch(0)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 2, GRID, GRID * 2, GRID)
        column.setSpacing(GRID)
        column.addWidget(self.head)
        column.addWidget(self.empty)
        column.addWidget(self._body, 1)

    def _connect(self) -> None:
        self.head.again_requested.connect(self.again_requested)
        self.head.file_requested.connect(self.file_requested)
        self.head.end_requested.connect(self.end_requested)
        self.head.side_changed.connect(self.side_changed)
        self.which.chosen.connect(self.page_requested)
        self.banners.deed_requested.connect(self._follow_deed)
        self.nodes.node_selected.connect(self.node_selected)
        self.folder.folder_requested.connect(self.folder_requested)
        self.folder.thumbnails_requested.connect(self.thumbnails_requested)
        self.folder.image_chosen.connect(self.image_chosen)


def _summary(state: WindowState) -> str:
    comparison = state.comparison
    told = [part.sentence for part in (comparison.weights, comparison.runs) if part is not None]
    if told:
        return " ".join(told)
    if comparison.running:
        return "Comparing …"
    return DECLINED if comparison.declined else ""
