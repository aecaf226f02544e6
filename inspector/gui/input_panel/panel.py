"""The input panel: places its parts, and puts the inputs together."""

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QCheckBox,
    QHBoxLayout,
    QTabBar,
    QVBoxLayout,
    QWidget,
)

from inspector.gui.input_panel.accepted import AcceptedView
from inspector.gui.input_panel.array_form import ArrayForm
from inspector.gui.input_panel.drops import ARRAY_ENDINGS, IMAGE_ENDINGS, dropped_files
from inspector.gui.input_panel.fields_area import FieldsArea, Pages
from inspector.gui.input_panel.image_form import ImageForm
from inspector.gui.input_panel.preview import Preview
from inspector.gui.input_panel.random_form import RandomForm
from inspector.gui.parts import ScrolledColumn, SegmentedButtons, Sentence, named, plain_tip
from inspector.gui.state import WindowState
from inspector.protocol.inputs import ArrayInput, ImageInput, InputSlot, InputSource, NamedInput, RandomInput

_WIDE = 470
_LIVE_WIDTH = 280  # narrower than this, the toolbar's own button has to do


class InputPanel(QWidget):
    """What is fed, argument by argument, and what the model sees of it.

    Signals:
        inputs_change_requested: a tuple of NamedInput, all that is to be fed.
        files_named: a tuple of paths that a person dropped or typed, and that are about to be fed.
        preprocess_change_requested: a Preprocess; the window puts it into the images that are fed.
        preview_requested: an InputSource to be shown.
        live_change_requested: whether to run again at every change.
        open_images_requested, open_array_requested: the user wants to choose files; see `add_images`, `set_array`.
    """

    inputs_change_requested = Signal(object)
    files_named = Signal(object)
    preprocess_change_requested = Signal(object)
    preview_requested = Signal(object)
    live_change_requested = Signal(bool)
    open_images_requested = Signal()
    open_array_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "input_panel", "Input")
        self.setMinimumSize(240, 160)
        self.setAcceptDrops(True)
        self._state = WindowState()
        self._drawn: tuple[object, ...] = ()
        self._slots: tuple[InputSlot, ...] = ()
        self._chosen_kind: dict[str, str] = {}
        self._make_parts()
        self._place_parts()
        self._connect_parts()
        self.draw(self._state)

    def draw(self, state: WindowState) -> None:
        """Show inputs and preview; nothing is done where they are the ones shown."""
        self._state = state
        drawn = (
            state.model,
            state.settings.inputs,
            state.settings.live,
            state.preprocess,
            state.preview,
            state.problems,
            state.loading,
            state.accepted,
            state.pending,
        )
        if len(drawn) == len(self._drawn) and all(new is old for new, old in zip(drawn, self._drawn, strict=True)):
            return
        self._drawn = drawn
        self._show_slots(state.model.slots if state.model is not None else ())
        self.live.setChecked(state.settings.live)
        self.images.show_preprocess(state.preprocess)
        self._show_problem()
        self._show_slot()
        self.accepted.draw(state)
        self.preview.show_preview(state.preview)

    def add_images(self, paths: Sequence[str]) -> None:
        """Feed these pictures to the argument that is shown, in place of what it had."""
        self._feed(ImageInput(paths=tuple(paths), preprocess=self._state.preprocess))

    def set_array(self, path: str) -> None:
        """Feed an array to the argument that is shown."""
        self._feed(ArrayInput(path=path, dtype=self.array.source().dtype))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """Pictures and arrays are taken; the rest is the window's."""
        if self._slots and dropped_files(event.mimeData(), IMAGE_ENDINGS | ARRAY_ENDINGS):
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Feed what was dropped."""
        pictures = dropped_files(event.mimeData(), IMAGE_ENDINGS)
        arrays = dropped_files(event.mimeData(), ARRAY_ENDINGS)
        if pictures:
            self.files_named.emit(pictures)
            self.add_images(pictures)
        elif arrays:
            self.files_named.emit(arrays[:1])
            self.set_array(arrays[0])
        else:
            event.ignore()
            return
        event.acceptProposedAction()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """A wide panel puts the picture beside the fields."""
        super().resizeEvent(event)
        wide = self.width() >= _WIDE
        self._box.setDirection(QBoxLayout.Direction.LeftToRight if wide else QBoxLayout.Direction.TopToBottom)
        self._box.setSpacing(12 if wide else 6)
        self._box.setStretch(0, 1 if wide else 0)
        self._fields.set_tall(wide)
        self.live.setVisible(self.width() >= _LIVE_WIDTH)
        self.preview.set_tall(wide)

    def _make_parts(self) -> None:
        self.tabs = named(QTabBar(), "input_slots", "Arguments of forward")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(True)
        self.tabs.setElideMode(Qt.TextElideMode.ElideRight)
        self.kind = SegmentedButtons(
            (("random", "Random"), ("image", "Images"), ("array", "Array")), "input_kind", "Where the values come from"
        )
        self.fed = named(QCheckBox("Fed"), "input_fed", "Feed this optional argument")
        self.live = named(QCheckBox("Live"), "input_live", "Run again at every change", "Run again at every change")
        self.problem = Sentence("input_problem", "What went wrong", "failure", small=True)
        self.empty = Sentence("input_empty", "Why there is no input", "dimmed")
        self.why = Sentence("input_why", "Why this shape was proposed", "dimmed", small=True)
        self.accepted = AcceptedView()
        self.random = RandomForm()
        self.images = ImageForm()
        self.array = ArrayForm()
        self._pages: dict[str, QWidget] = {"random": self.random, "image": self.images, "array": self.array}
        self.forms = Pages(tuple(self._pages.values()))
        self.preview = Preview()

    def _place_parts(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 8)
        column.setSpacing(6)
        head = QHBoxLayout()
        head.setContentsMargins(0, 0, 0, 0)
        head.setSpacing(8)
        head.addWidget(self.kind)
        head.addWidget(self.fed)
        head.addStretch(1)
        head.addWidget(self.live)
        self._head = named(QWidget(), "input_head", "Kind of input")
        self._head.setLayout(head)
        column.addWidget(self.tabs)
        column.addWidget(self.empty)
        column.addWidget(self._head)
        column.addWidget(self.problem)
        fields = ScrolledColumn("input_fields", "Fields")
        inner = QVBoxLayout(fields)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(4)
        inner.addWidget(self.forms)
        inner.addWidget(self.why)
        inner.addWidget(self.accepted)
        inner.addStretch(1)
        self._fields = FieldsArea(fields)
        body = named(QWidget(), "input_body", "Fields and preview")
        self._box = QBoxLayout(QBoxLayout.Direction.TopToBottom, body)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.addWidget(self._fields, 0)
        self._box.addWidget(self.preview, 1)
        self._body = body
        column.addWidget(body, 1)
        column.addStretch(0)  # a sentence that stands alone stays at the top

    def _connect_parts(self) -> None:
        self.tabs.currentChanged.connect(self._show_other_slot)
        self.kind.chosen.connect(self._choose_kind)
        self.fed.clicked.connect(self._choose_fed)
        self.live.clicked.connect(self.live_change_requested)
        self.random.changed.connect(self._feed)
        self.array.changed.connect(self._feed)
        self.array.path_typed.connect(lambda path: self.files_named.emit((path,)))
        self.array.open_requested.connect(self.open_array_requested)
        self.images.open_requested.connect(self.open_images_requested)
        self.images.preprocess_changed.connect(self.preprocess_change_requested)
        self.images.paths_changed.connect(self._feed_paths)

    def _show_slots(self, slots: tuple[InputSlot, ...]) -> None:
        if slots is self._slots:
            return
        self._slots = slots
        self._chosen_kind = {}
        self.images.show_paths(())  # those of another model can't be read any more
        self.array.show_source(ArrayInput(path=""))
        self.tabs.blockSignals(True)
        while self.tabs.count():
            self.tabs.removeTab(0)
        for slot in slots:
            self.tabs.addTab(slot.name if slot.required else f"{slot.name} (optional)")
        self.tabs.blockSignals(False)
        self.tabs.setVisible(len(slots) > 1)

    def _show_problem(self) -> None:
        problem = next((one for one in self._state.problems if one.place == "input"), None)
        if problem is None:
            self.problem.say("")
            return
        self.problem.say(f"{problem.message} {problem.fix}".strip(), "failure")
        self.problem.setToolTip(plain_tip(problem.traceback))

    def _show_slot(self) -> None:
        slot = self._slot()
        for part in (self._head, self._body):
            part.setVisible(slot is not None)
        self.empty.say("" if slot is not None else _why_empty(self._state))
        if slot is None:
            return
        given = self._given(slot)
        source = given.source if given is not None else slot.proposed
        kind = self._chosen_kind.get(slot.name) or _kind_of(source)
        if _kind_of(source) == kind:
            self._chosen_kind.pop(slot.name, None)
        self.kind.choose(kind)
        self.fed.setVisible(not slot.required)
        self.fed.setChecked(given is not None)
        self.forms.show_page(self._pages[kind])
        self._write(source)
        proposed = isinstance(source, RandomInput) and source.shape == slot.proposed.shape and kind == "random"
        self.why.say(slot.why if proposed else "")

    def _write(self, source: InputSource) -> None:
        match source:
            case RandomInput():
                self.random.show_source(source)
            case ImageInput():
                self.images.show_paths(source.paths)
            case ArrayInput():
                self.array.show_source(source)

    def _slot(self) -> InputSlot | None:
        place = max(0, self.tabs.currentIndex())
        return self._slots[place] if place < len(self._slots) else None

    def _inputs(self) -> tuple[NamedInput, ...]:
        """What would be fed: what was chosen, or the proposals for the arguments that are needed."""
        chosen = self._state.settings.inputs
        return chosen or tuple(
            NamedInput(source=slot.proposed, name=slot.name) for slot in self._slots if slot.required
        )

    def _given(self, slot: InputSlot) -> NamedInput | None:
        """What is fed to an argument; inputs without a name go by their place."""
        inputs = self._inputs()
        by_name = next((given for given in inputs if given.name == slot.name), None)
        place = self._slots.index(slot)
        if by_name is None and place < len(inputs) and not inputs[place].name:
            return inputs[place]
        return by_name

    def _show_other_slot(self) -> None:
        self._show_slot()
        slot = self._slot()
        given = self._given(slot) if slot is not None else None
        if given is not None:
            self.preview_requested.emit(given.source)

    def _choose_kind(self, kind: str) -> None:
        """Another kind shows its form; it is fed once it holds something."""
        slot = self._slot()
        if slot is None:
            return
        self._chosen_kind[slot.name] = kind
        given = self._given(slot)
        if kind == "random" and not (given is not None and isinstance(given.source, RandomInput)):
            self.random.show_source(slot.proposed)
            self._feed(slot.proposed)
        elif kind == "image" and self.images.paths() and not (given and isinstance(given.source, ImageInput)):
            self.add_images(self.images.paths())  # those that are still listed there
        else:
            self._show_slot()

    def _choose_fed(self, fed: bool) -> None:
        slot = self._slot()
        if slot is not None:
            self._feed(slot.proposed if fed else None)

    def _feed_paths(self, paths: tuple[str, ...]) -> None:
        slot = self._slot()
        if paths:
            self.add_images(paths)
        elif slot is not None:
            self._chosen_kind[slot.name] = "image"
            self._feed(slot.proposed)

    def _feed(self, source: InputSource | None) -> None:
        """Ask for the inputs with this one in the place of the argument shown; None takes it out."""
        slot = self._slot()
        if slot is None:
            return
        by_slot = {other.name: self._given(other) for other in self._slots}
        by_slot[slot.name] = None if source is None else NamedInput(source=source, name=slot.name)
        inputs = tuple(given for given in by_slot.values() if given is not None)
        if inputs == self._inputs() and self._state.settings.inputs:
            self._show_slot()
            return
        self.inputs_change_requested.emit(inputs)
        if source is not None:
            self.preview_requested.emit(source)


def _kind_of(source: InputSource) -> str:
    match source:
        case RandomInput():
            return "random"
        case ImageInput():
            return "image"
        case ArrayInput():
            return "array"


def _why_empty(state: WindowState) -> str:
    if state.loading:
        return "Loading …"
    if state.consent is not None or state.entry_needed is not None:
        return "An input that fits the model's first layers is proposed here once it is open."
    if state.model is None:
        return "Open a model: an input that fits its first layers is proposed here."
    return "This model's forward takes no arguments."
