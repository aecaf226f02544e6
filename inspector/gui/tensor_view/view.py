"""The part of the node panel that looks into a tensor: which one, as what, and what is under way."""

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QCheckBox, QComboBox, QFileDialog, QHBoxLayout, QVBoxLayout, QWidget

from inspector.core.formatting import bytes_text
from inspector.gui.parts import PushButton, SegmentedButtons, Sentence, named
from inspector.gui.plots import HistogramView
from inspector.gui.state import TensorState, WindowState
from inspector.gui.tensor_view.choices import TensorChoice, tensor_choices
from inspector.gui.tensor_view.pictures import PicturesPage
from inspector.gui.tensor_view.values_page import ValuesPage
from inspector.gui.theme import GRID
from inspector.protocol.events import TensorFetched
from inspector.protocol.files import ModuleRow
from inspector.protocol.requests import MeasureTensor
from inspector.protocol.tensors import TensorPlace

MODES = (("off", "Off"), ("histogram", "Histogram"), ("pictures", "Pictures"), ("values", "Values"))

ABOVE = 110  # the choices over the page, in pixels
NARROW = 300


class TensorView(QWidget):
    """Nothing is fetched while it is off. Once on, it stays on for whatever node is chosen next.

    Signals:
        tensor_requested: a TensorPlace to fetch.
        part_requested: a request for a part of the tensor that was fetched.
        left_requested: nothing is looked into any more.
        cancel_requested: stop what is under way.
        save_requested: the path of a `.npy` file.
        save_cancel_requested: stop writing it.
    """

    tensor_requested = Signal(object)
    part_requested = Signal(object)
    left_requested = Signal()
    cancel_requested = Signal()
    save_requested = Signal(str)
    save_cancel_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        named(self, "tensor_view", "What is in the tensors")
        self._state: WindowState | None = None
        self._module: ModuleRow | None = None
        self._choices: tuple[TensorChoice, ...] = ()
        self._measuring: TensorFetched | None = None
        self.choice = named(QComboBox(), "tensor_choice", "Which tensor is looked into")
        self.mode = SegmentedButtons(MODES, "tensor_mode", "How to look into it")
        self.status = Sentence("tensor_status", "What is under way", "dimmed")
        self.notes = Sentence("tensor_notes", "What to know of these values", "dimmed", small=True)
        self.cancel = PushButton("Cancel", "tensor_cancel", "Stop fetching")
        self.histogram = HistogramView()
        self.histogram.setObjectName("tensor_histogram")
        self.logarithmic = named(QCheckBox("logarithmic counts"), "tensor_log", "Logarithmic counts")
        self.pictures = PicturesPage()
        self.values = ValuesPage()
        self.save = PushButton("Save as .npy …", "tensor_save", "Save the whole tensor as a .npy file")
        self.save_cancel = PushButton("Cancel", "tensor_save_cancel", "Stop saving")
        self.saved = Sentence("tensor_saved", "How far the file is", "dimmed", small=True)
        self._pages: dict[str, QWidget] = {}
        self._lay_out()
        self._connect()

    def draw(self, state: WindowState, module: ModuleRow | None) -> None:
        """Show what is known of the tensor that is chosen, and ask for it when it is not there.

        `module` is the chosen module, where it has parameters or buffers of its own.
        """
        self._module = module
        self._state = state
        choices = tensor_choices(state, module)
        self.setVisible(bool(choices))
        if choices != self._choices:
            self._fill(choices)
        tensor = state.tensor
        mode, place = self.mode.current(), self.place()
        looking = mode != "off" and place is not None
        if looking and place is not None and tensor.place != place and not is_waiting(state):
            self.tensor_requested.emit(place)
        self._show(state, tensor if looking and tensor.place == place else TensorState(), mode)

    def is_looking(self) -> bool:
        """Whether a tensor is looked into, not just offered."""
        return self.mode.current() != "off"

    def give_room(self, width: int, height: int) -> None:
        """What is as high as it likes takes no more than can be seen at once; little width puts choices in rows."""
        self.mode.set_compact(width < NARROW)
        self.pictures.set_narrow(width < NARROW)
        self.histogram.setFixedHeight(min(max(height - ABOVE, 160), 280))
        self.values.give_room(height - ABOVE)

    def place(self) -> TensorPlace | None:
        """The tensor that is chosen."""
        index = self.choice.currentIndex()
        return self._choices[index].place if 0 <= index < len(self._choices) else None

    def _fill(self, choices: tuple[TensorChoice, ...]) -> None:
        """The same role as before stays chosen, where the new node has it."""
        before = self.place()
        self._choices = choices
        self.choice.clear()
        for choice in choices:
            self.choice.addItem(choice.label)
        if before is None or not choices:
            return
        alike = [
            index
            for index, choice in enumerate(choices)
            if choice.place == before
            or (choice.place.role == before.role != "parameter" and choice.place.index == before.index)
        ]
        self.choice.setCurrentIndex(alike[0] if alike else 0)

    def _show(self, state: WindowState, tensor: TensorState, mode: str) -> None:
        fetched = tensor.fetched
        problem = next((problem for problem in state.problems if problem.place == "tensor"), None)
        if mode == "off":
            self.status.say("")
        elif problem is not None:
            self.status.say(f"{problem.message} {problem.fix}".strip(), "failure")
        else:
            self.status.say("" if fetched is not None else _why_none(state, tensor), "dimmed")
        self.cancel.setVisible(tensor.fetching)
        self.notes.say(" ".join(fetched.notes) if fetched is not None else "")
        ready = fetched is not None and mode != "off"
        for name, page in self._pages.items():
            page.setVisible(ready and name == mode)
        self.save.setVisible(ready and (tensor.saving is None or tensor.saving.done or bool(tensor.saving.problem)))
        self._show_saving(tensor if ready else TensorState())
        if fetched is None or not ready:
            return
        if _needs_all(fetched, mode) and tensor.measured is None and self._measuring is not fetched:
            self._measuring = fetched
            self.part_requested.emit(MeasureTensor(place=fetched.place))
        match mode:
            case "histogram":
                self.histogram.show_statistics(tensor.measured.statistics if tensor.measured is not None else None)
            case "pictures":
                self.pictures.draw(state)
            case _:
                self.values.draw(tensor)

    def _show_saving(self, tensor: TensorState) -> None:
        saving = tensor.saving
        under_way = saving is not None and not saving.done and not saving.problem
        self.save_cancel.setVisible(under_way)
        if saving is None:
            self.saved.say("")
        elif saving.problem:
            self.saved.say(saving.problem, "failure")
        elif saving.done:
            self.saved.say(f"Saved as {Path(saving.path).name}.", "dimmed")
        else:
            self.saved.say(f"{bytes_text(saving.saved_bytes)} of {bytes_text(saving.total_bytes)} written …", "dimmed")

    def _changed(self) -> None:
        if self._state is None:
            return
        if self.mode.current() == "off":
            self.left_requested.emit()
        self.draw(self._state, self._module)

    def _ask_where(self) -> None:
        place = self.place()
        name = "tensor" if place is None else (place.fqn or f"{place.role}_{place.node}_{place.index}")
        path, _ = QFileDialog.getSaveFileName(self, "Save the tensor", f"{name}.npy", "NumPy array (*.npy)")
        if path:
            self.save_requested.emit(path if path.endswith(".npy") else f"{path}.npy")

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(12)
        histogram = QWidget()
        page = QVBoxLayout(histogram)
        page.setContentsMargins(0, 0, 0, 0)
        page.addWidget(self.logarithmic)
        page.addWidget(self.histogram)
        self._pages = {"histogram": histogram, "pictures": self.pictures, "values": self.values}
        column.addWidget(self.choice)
        column.addWidget(self.mode)
        for widgets in ((self.status, self.cancel), (self.notes,)):
            row = QHBoxLayout()
            for widget in widgets:
                row.addWidget(widget, 1 if widget is widgets[0] else 0)
            column.addLayout(row)
        for each in self._pages.values():
            column.addWidget(each)
        row = QHBoxLayout()
        row.addWidget(self.save)
        row.addWidget(self.saved, 1)
        row.addWidget(self.save_cancel)
        column.addLayout(row)

    def _connect(self) -> None:
        self.choice.activated.connect(lambda _index: self._changed())
        self.mode.chosen.connect(lambda _key: self._changed())
        self.cancel.clicked.connect(self.cancel_requested)
        self.logarithmic.toggled.connect(self.histogram.set_logarithmic)
        self.pictures.part_requested.connect(self.part_requested)
        self.values.part_requested.connect(self.part_requested)
        self.save.clicked.connect(self._ask_where)
        self.save_cancel.clicked.connect(self.save_cancel_requested)


def is_waiting(state: WindowState) -> bool:
    """Whether the engine does something else: a fetch would stand behind that, and hide how far it is."""
    progress = state.progress
    return state.loading or (progress is not None and state.pending.get(progress.request_id) != "tensor")


def _why_none(state: WindowState, tensor: TensorState) -> str:
    if state.engine.phase == "ended":
        return "The engine has ended: restart it."
    if is_waiting(state):
        return "Waits for what is under way …"
    if tensor.place is not None and not tensor.fetching:
        return "Fetching was stopped: choose Off, then look again."
    return "Fetching …"


def _needs_all(fetched: TensorFetched, mode: str) -> bool:
    """Whether all values are to be measured: for the histogram, and to tell attention from other square maps."""
    shape = fetched.shape
    square = len(shape) > 2 and shape[-1] == shape[-2] and fetched.place.role != "parameter"
    return mode == "histogram" or (mode == "pictures" and square)
