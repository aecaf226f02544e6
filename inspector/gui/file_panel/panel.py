"""The panel in the middle of the window while there is no graph."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from inspector.core.formatting import bytes_text, count_text
from inspector.gui.file_panel.consent_card import ConsentCard
from inspector.gui.file_panel.contents import ContentsView
from inspector.gui.file_panel.entry_form import EntryForm
from inspector.gui.parts import PushButton, Sentence, named
from inspector.gui.parts.heading import Heading
from inspector.gui.state import WindowState
from inspector.gui.theme import GRID
from inspector.gui.welcome import WelcomeView
from inspector.places import Sample

PAGE_WIDTH = 760
FORMATS = {
    "state_dict": "state_dict",
    "checkpoint": "checkpoint",
    "module": "whole module",
    "torchscript": "TorchScript",
    "exported_program": "exported program",
    "safetensors": "safetensors",
    "python_source": "Python source",
    "hugging_face": "Hugging Face folder",
    "onnx": "ONNX",
    "unknown": "not a model",
}


class FilePanel(QStackedWidget):
    """The welcome while nothing is open; else what the file holds, and what has to be decided.

    Signals:
        trust_requested: run the file's code: True always, False this once.
        weights_only_requested: open it without its code.
        source_requested: choose the .py of its classes.
        declined: don't run it.
        entry_chosen: what to build, and its arguments.
        entry_closed: leave it as it is.
        run_requested: run the model that is open.
        open_requested: show the Open dialog.
        path_requested: open this file.
        sample_requested: open this sample.
        lesson_requested: open this lesson.
    """

    trust_requested = Signal(bool)
    weights_only_requested = Signal()
    source_requested = Signal()
    declined = Signal()
    entry_chosen = Signal(str, object)
    entry_closed = Signal()
    run_requested = Signal()
    open_requested = Signal()
    path_requested = Signal(str)
    sample_requested = Signal(object)
    lesson_requested = Signal(object)

    def __init__(self, samples: tuple[Sample, ...] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "file_panel", "The file")
        self.welcome = WelcomeView(samples)
        self.welcome.open_requested.connect(self.open_requested)
        self.welcome.path_requested.connect(self.path_requested)
        self.welcome.sample_requested.connect(self.sample_requested)
        self.welcome.lesson_requested.connect(self.lesson_requested)
        self.title = Heading("file_title", "The file's name", large=True)
        self.facts = Sentence("file_facts", "Format and size", "dimmed", small=True)
        self.summary = Sentence("file_summary", "What the file is")
        self.status = Sentence("file_status", "What is going on", "dimmed")
        self.run = PushButton("Run", "file_run", "Run the model", primary=True)
        self.run.clicked.connect(self.run_requested)
        self.consent = ConsentCard()
        self.consent.trust_requested.connect(self.trust_requested)
        self.consent.weights_only_requested.connect(self.weights_only_requested)
        self.consent.source_requested.connect(self.source_requested)
        self.consent.declined.connect(self.declined)
        self.form = EntryForm()
        self.form.entry_chosen.connect(self.entry_chosen)
        self.form.closed.connect(self.entry_closed)
        self.contents = ContentsView()
        self._drawn: tuple[object, ...] = ()
        self.addWidget(self.welcome)
        self.addWidget(self._file_page())

    def draw(self, state: WindowState) -> None:
        """Show what is known of the file, and ask what has to be asked."""
        drawn = _concern(state)
        if len(drawn) == len(self._drawn) and all(map(_same, drawn, self._drawn)):
            return
        self._drawn = drawn
        self.setCurrentIndex(1 if state.path else 0)
        self.welcome.draw(state)
        if not state.path:
            return
        description = state.description
        self.title.say(Path(state.path).name)
        self.facts.say(_facts(state))
        self.summary.say(description.summary if description is not None else "")
        self.status.say(_status(state))
        self.run.setVisible(state.model is not None and not state.run.running and state.run.graph is None)
        self._ask(state)
        if description is not None:
            self.contents.draw(description)
        self.contents.setVisible(description is not None and self.contents.says_something)

    def _ask(self, state: WindowState) -> None:
        asking = state.consent is not None and not state.loading
        self.consent.setVisible(asking)
        if asking and state.consent is not None:
            self.consent.show_consent(state.consent, state.engine.sandbox, ready=bool(state.engine.torch_version))
        choosing = state.entry_needed is not None and not state.loading
        self.form.setVisible(choosing)
        if choosing and state.entry_needed is not None:
            self.form.show_entries(state.entry_needed, state.arguments, can_cancel=state.model is not None)

    def _file_page(self) -> QWidget:
        page = named(QWidget(), "file_page", "The file")
        column = QVBoxLayout(page)
        column.setContentsMargins(GRID * 6, GRID * 4, GRID * 6, GRID * 4)
        column.setSpacing(GRID * 2)
        for widget in (self.title, self.facts, self.summary, self.status):
            column.addWidget(widget)
        column.addWidget(self.run, 0, Qt.AlignmentFlag.AlignLeft)
        column.addSpacing(GRID)
        for card in (self.consent, self.form):
            card.setVisible(False)
            column.addWidget(card)
        column.addWidget(self.contents, 1)
        column.addStretch(0)
        page.setMaximumWidth(PAGE_WIDTH)
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(page, 100)
        row.addStretch(1)
        scroll = QScrollArea()
        named(scroll, "file_scroll", "The file")
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(holder)
        return scroll


def _concern(state: WindowState) -> tuple[object, ...]:
    """What this panel draws of the state."""
    parts = (state.description, state.consent, state.entry_needed, state.model)
    flags = (state.loading, state.run.running, state.run.graph is None, state.engine.phase, state.engine.sandbox)
    return (state.path, state.source, state.recent_files, *parts, *flags)


def _same(new: object, old: object) -> bool:
    """Small parts by value, large ones by identity: they are never changed, and are slow to compare."""
    return new is old or (isinstance(new, str | tuple) and new == old)


def _facts(state: WindowState) -> str:
    parts = []
    if state.description is not None:
        parts = [FORMATS[state.description.format], bytes_text(state.description.size_bytes)]
        if state.description.safety == "inert":
            parts.append("holds no code")
    if state.source and state.source != state.path:
        parts.append(f"with {Path(state.source).name}")
    return " · ".join(parts)


def _status(state: WindowState) -> str:
    if state.run.running:
        return "Running it once …"
    if state.loading:
        waits = state.engine.phase == "starting"
        return "Waiting for PyTorch to start …" if waits else "Opening …"
    if state.model is not None:
        info = state.model.info
        built = f"{info.class_name} is open, {_parameters(info.num_params)}."
        return built if state.run.graph is not None else f"{built} Run it to see its graph."
    return ""


def _parameters(count: int) -> str:
    return "1 parameter" if count == 1 else f"{count_text(count)} parameters"
