"""The outputs panel: places its parts, and tells each what to show."""

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QFileDialog, QHBoxLayout, QHeaderView, QMenu, QVBoxLayout, QWidget

from inspector.core.heads import num_classes_of
from inspector.gui.outputs_panel.answer import AnswerStrip, top_classes
from inspector.gui.outputs_panel.before_after import BeforeAfterTable, values_before
from inspector.gui.outputs_panel.changes_strip import ChangesStrip
from inspector.gui.outputs_panel.class_names import read_class_names
from inspector.gui.outputs_panel.delegate import BarDelegate
from inspector.gui.outputs_panel.expectation_row import ExpectationRow
from inspector.gui.outputs_panel.export import write_csv
from inspector.gui.outputs_panel.lines import line_of
from inspector.gui.outputs_panel.model import FIRST_READING, INDEX, NAME, ReadingModel
from inspector.gui.outputs_panel.place_row import PlaceRow
from inspector.gui.outputs_panel.sentences import evidence_text, facts_text, random_text, why_empty
from inspector.gui.outputs_panel.table import COLUMNS, DEFAULT_THRESHOLD, ReadingTable, descending_order, make_table
from inspector.gui.parts import IconButton, NumberBox, NumberSlider, PlainTable, Sentence, named
from inspector.gui.state import OutputValues, WindowState
from inspector.gui.words import failure_text, met_shapes
from inspector.protocol.graph import Failure

_ANSWER_HEIGHT = 270  # a panel lower than this keeps its room for the table
_EVIDENCE_HEIGHT = 380  # and one lower than this cuts the evidence to two lines; the tool tip has all of it
_NARROW = 400
_SPACING = 5
_LEAST_TABLE = 48  # its header and a row
_ONE_ROW_FROM = 640
_UPRIGHT_FROM = 560  # from this width on, the answer stands beside the table


KnownLine = tuple[NDArray[np.generic], tuple[int, dict[int, int]], NDArray[np.float64], NDArray[np.intp]]
"""Values of an output, the axis and places chosen, the line of values there, and its order from the highest."""


class OutputsPanel(QWidget):
    """One row a class, three readings a row.

    Signals:
        expectation_change_requested: an Expectation or None.
        class_names_change_requested: a tuple of names in the order of the outputs; empty to forget them.
    """

    expectation_change_requested = Signal(object)
    class_names_change_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "outputs_panel", "Outputs")
        self.setMinimumSize(240, 160)
        self._state = WindowState()
        self._drawn: tuple[object, ...] = ()
        self._table: ReadingTable | None = None
        self._order_chosen = False
        self._known_line: KnownLine | None = None
        self._make_parts()
        self._place_parts()
        self._connect_parts()
        self._redraw()

    def draw(self, state: WindowState) -> None:
        """Show the outputs of the last run; nothing is done where they are the ones shown."""
        run = state.run
        changes = (run.comparison, state.settings.changes, state.evaluation.folder)
        shown = (run.outputs, run.failure, run.verdict, run.running, *changes)
        drawn = (*shown, state.class_names, state.preview, state.model, state.loading)
        self._state = state
        self.expectation.show_expectation(state.settings.expectation)
        if len(drawn) == len(self._drawn) and all(new is old for new, old in zip(drawn, self._drawn, strict=True)):
            return
        self._drawn = drawn
        self._redraw()

    def table(self) -> ReadingTable | None:
        """The numbers shown."""
        return self._table

    def export_csv(self, path: str) -> None:
        """Write all classes of what is shown, with the three readings.

        Raises:
            OSError: the file can't be written.
        """
        if self._table is not None:
            write_csv(self._table, path)

    def load_class_names(self, path: str) -> None:
        """Ask for the class names in a file; says why where it holds none."""
        try:
            names = read_class_names(path)
        except ValueError as error:
            self.problem.say(str(error), "warning")
            return
        self.problem.say("")
        self.class_names_change_requested.emit(names)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """A low panel gives its room to the table."""
        super().resizeEvent(event)
        self._suit()
        self._show_answer()

    def _room(self) -> int:
        """The height that is left beside what only some models need."""
        rows = [part for part in (self.random, self.places) if not part.isHidden()]
        return self.height() - sum(row.sizeHint().height() + _SPACING for row in rows)

    def _suit(self) -> None:
        """Arrange the parts for the room that there is."""
        low, narrow = self._room() < _ANSWER_HEIGHT, self.width() < _NARROW
        upright = self.width() >= _UPRIGHT_FROM
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self.changes.set_low(low)
        self.evidence.limit_lines(1 if low else 2 if self._room() < _EVIDENCE_HEIGHT else None)
        self.expectation.sentence.limit_lines((1 if narrow else 2) if low else None)
        self._beside.setDirection(across if upright else down)
        self._beside.setSpacing(10 if upright else 5)
        self.answer.set_upright(upright)
        one_row = self.width() >= _ONE_ROW_FROM
        self._bottom.setDirection(across if one_row else down)
        self._bottom.setSpacing(16 if one_row else 5)
        self.expectation.set_wide(not narrow and not one_row)
        for slider in (self.temperature, self.threshold):
            slider.set_compact(narrow)

    def _make_parts(self) -> None:
        self.answer = AnswerStrip()
        self.changes = ChangesStrip()
        self.both = BeforeAfterTable()
        self.places = PlaceRow()
        self.facts = Sentence("outputs_facts", "Shape and range of the output", "dimmed", small=True)
        self.facts.limit_lines(2)
        self.facts.setAlignment(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft)
        self.evidence = Sentence("outputs_evidence", "Which reading fits, and why", "dimmed", small=True)
        self.random = Sentence("outputs_random", "Which weights are random", "warning")
        self.random.limit_lines(2)
        self.problem = Sentence("outputs_problem", "What went wrong", "failure")
        self.fix = Sentence("outputs_fix", "What mends it", "dimmed")
        self.empty = Sentence("outputs_empty", "Why there are no outputs", "dimmed")
        self.top = named(NumberBox(), "outputs_top", "How many of the highest classes are shown")
        self.top.setToolTip("How many of the highest classes are shown; 0 shows all")
        self.top.setPrefix("top ")
        self.top.setSpecialValueText("all")
        self.top.setRange(0, 0)
        self.top.setFixedWidth(78)
        self.order = IconButton(
            "mdi6.sort-descending",
            "outputs_order",
            "Sort by value",
            "Highest first, or in the order of the output",
            checkable=True,
        )
        self.order.setChecked(True)
        self.names_button = IconButton(
            "mdi6.label-multiple-outline",
            "outputs_names",
            "Class names…",
            "Class names: from a file, or from the test folder",
        )
        self.copy_button = IconButton("mdi6.content-copy", "outputs_copy", "Copy the table", "Copy the table (Ctrl+C)")
        self.export_button = IconButton("mdi6.table-arrow-down", "outputs_export", "Save the table as CSV…")
        self.model = ReadingModel()
        self.model.setParent(self)
        self.view = PlainTable("outputs_table", "Outputs: raw, softmax and sigmoid of each class")
        self.view.setMinimumHeight(_LEAST_TABLE)
        self.view.setModel(self.model)
        self.view.setItemDelegate(BarDelegate(self.view))
        header = self.view.horizontalHeader()
        header.setMinimumSectionSize(28)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.temperature = NumberSlider(
            "Temperature",
            "outputs_temperature",
            "Temperature",
            low=0.1,
            high=10.0,
            value=1.0,
            logarithmic=True,
            short_label="T",
            tool_tip="Values are divided by it before softmax and sigmoid. A double click resets it.",
        )
        self.threshold = NumberSlider(
            "Threshold",
            "outputs_threshold",
            "Threshold",
            low=0.0,
            high=1.0,
            value=DEFAULT_THRESHOLD,
            short_label="p >",
            tool_tip="Classes whose own probability is greater are shown in bold. A double click resets it.",
        )
        self.expectation = ExpectationRow()

    def _place_parts(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(_SPACING)
        controls = QHBoxLayout()
        controls.setSpacing(4)
        controls.addWidget(self.top)
        controls.addWidget(self.order)
        controls.addSpacing(4)
        controls.addWidget(self.facts, 1)
        for button in (self.names_button, self.copy_button, self.export_button):
            controls.addWidget(button)
        self._controls = named(QWidget(), "outputs_controls", "Rows, copy and export")
        self._controls.setLayout(controls)
        controls.setContentsMargins(0, 0, 0, 0)
        sliders = QHBoxLayout()
        sliders.setContentsMargins(0, 0, 0, 0)
        sliders.setSpacing(16)
        self.temperature.setMinimumHeight(24)  # as high as the field that may stand beside it
        sliders.addWidget(self.temperature, 1)
        sliders.addWidget(self.threshold, 1)
        self._sliders = named(QWidget(), "outputs_sliders", "Temperature and threshold")
        self._sliders.setLayout(sliders)
        column.addWidget(self.changes)
        for part in (self.random, self.problem, self.fix, self.empty, self.places, self._controls, self.evidence):
            column.addWidget(part)
        self._beside = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._beside.setSpacing(5)
        self._beside.addWidget(self.answer)
        self._beside.addWidget(self.view, 1)
        column.addWidget(self.both, 1)
        column.addLayout(self._beside, 1)
        self._bottom = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._bottom.setSpacing(5)
        self._bottom.addWidget(self._sliders, 5, Qt.AlignmentFlag.AlignTop)
        self._bottom.addWidget(self.expectation, 4)
        column.addLayout(self._bottom)
        column.addStretch(0)  # a sentence that stands alone stays at the top

    def _connect_parts(self) -> None:
        self.places.changed.connect(self._redraw)
        self.changes.reading_chosen.connect(self._redraw)
        self.top.valueChanged.connect(self._read)
        self.order.clicked.connect(self._choose_order)
        self.view.resized.connect(self._fit_columns)
        self.temperature.changed.connect(self._read)
        self.threshold.changed.connect(self._read)
        self.copy_button.clicked.connect(self.view.copy_rows)
        self.export_button.clicked.connect(self._choose_export)
        self.names_button.clicked.connect(self._open_names_menu)
        self.expectation.change_requested.connect(self.expectation_change_requested)

    def _choose_order(self) -> None:
        self._order_chosen = True
        self._read()

    def _redraw(self) -> None:
        run = self._state.run
        self._say_failure(run.failure)
        self.empty.say("" if run.outputs or run.failure else why_empty(self._state))
        has_outputs = bool(run.outputs)
        self.random.say(random_text(self._state) if has_outputs else "")
        self.places.show_outputs([output.tensor.name for output in run.outputs])
        self.changes.draw(self._state, self._names(), self.places.current_output())
        self._show_parts()
        if not has_outputs:
            self._table = self._known_line = None
            self.places.setVisible(False)
            self.facts.say("")
            self.evidence.say("")
            self.model.show_table(None)
            self._show_answer()
            return
        output = self._output()
        self.places.show_shape(tuple(output.values.shape))
        if not self._order_chosen:  # quantities and features are looked up by their place
            self.order.setChecked(output.tensor.head.kind not in ("regression", "features"))
        self._read()
        self._suit()

    def _show_parts(self) -> None:
        """The output alone, unless before and after stand in its place."""
        alone = bool(self._state.run.outputs) and not self.changes.shows_both
        for part in (self._controls, self._sliders, self.view, self.expectation):
            part.setVisible(alone)
        self.both.setVisible(self.changes.shows_both)

    def _read(self) -> None:
        """Read the chosen line anew: all that a slider needs."""
        if not self._state.run.outputs:
            return
        output = self._output()
        line, descending = self._line()
        names = self._names()
        self.top.setMaximum(len(line))
        self._table = make_table(
            line,
            output.tensor.head,
            names,
            temperature=self.temperature.value(),
            threshold=self.threshold.value(),
            top=self.top.value(),
            sort=self.order.isChecked(),
            integral=output.values.dtype.kind in "iub",
            descending=descending,
        )
        self.model.show_table(self._table)
        self.evidence.say("" if self.changes.shows_both else evidence_text(self._table, output.tensor.head))
        quantities = output.tensor.head.kind in ("regression", "features")
        self.expectation.show_verdict(self._state.run.verdict, None if quantities else len(line), names)
        self._show_answer()
        self._show_both(line)
        self._fit_columns()

    def _show_both(self, after: NDArray[np.float64]) -> None:
        """The chosen line beside what it was without the changes."""
        before = values_before(self._state.run, self.places.current_output())
        if before is not None and self.changes.shows_both:
            was = line_of(before, self.places.current_axis(), self.places.places())
            self.both.show_lines(was, after, self.changes.reading.current(), self._names())

    def _line(self) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
        """The chosen line and its order, made anew only when another is chosen: a slider changes neither."""
        values, axis, places = self._output().values, self.places.current_axis(), self.places.places()
        known = self._known_line
        if known is None or known[0] is not values or known[1] != (axis, places):
            line = line_of(values, axis, places)
            if known is None or known[0] is not values:
                self.facts.say(facts_text(self._output()))
            self._known_line = known = (values, (axis, places), line, descending_order(line))
        return known[2], known[3]

    def _output(self) -> OutputValues:
        return self._state.run.outputs[min(self.places.current_output(), len(self._state.run.outputs) - 1)]

    def _names(self) -> tuple[str, ...]:
        model = self._state.model
        return self._state.class_names or (model.class_names if model is not None else ())

    def _show_answer(self) -> None:
        hidden = self._room() < _ANSWER_HEIGHT and self.width() < _UPRIGHT_FROM
        hidden = hidden or self.changes.shows_both
        if self._table is None or hidden or not self._state.run.outputs:
            self.answer.show_answer(None, ())
            return
        preview = self._state.preview
        picture = preview.picture if preview is not None else None
        top = top_classes(self._table.raw, self._table.head, self._names(), self.temperature.value())
        self.answer.show_answer(picture, top)

    def _say_failure(self, failure: Failure | None) -> None:
        if failure is None:
            self.problem.say("")
            self.fix.say("")
            return
        shapes = met_shapes(failure)
        given = f" It was given {shapes}." if shapes else ""
        self.problem.say(f"No outputs: {failure_text(failure)}{given}", "failure")
        self.fix.say(failure.fix)

    def _fit_columns(self) -> None:
        """Index and readings keep what their numbers need; the class takes the rest, and goes where it is empty."""
        table = self._table
        if table is None:
            return
        width = self.view.viewport().width()
        figure = self.view.fontMetrics().horizontalAdvance("0")
        index = max(28, figure * len(str(max(0, len(table.raw) - 1))) + 14)
        self.view.setColumnHidden(NAME, not table.names)
        crowded = bool(table.names) and width < 280
        self.view.setColumnHidden(INDEX, crowded)
        index = 0 if crowded else index
        name = max(48, min(240, int((width - index) * 0.28))) if table.names else 0
        rest = max(width - index - name, 3 * 50)
        self.view.setColumnWidth(INDEX, index)
        self.view.setColumnWidth(NAME, name)
        for place in range(len(COLUMNS)):
            share = rest // 3 + (rest % 3 if place == 0 else 0)
            self.view.setColumnWidth(FIRST_READING + place, share)

    def _choose_export(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the table", "outputs.csv", "CSV (*.csv)")
        if not path:
            return
        try:
            self.export_csv(path)
        except OSError as error:
            self.problem.say(f"The table could not be saved: {error.strerror or error}.", "warning")

    def names_from_folder(self) -> tuple[str, ...]:
        """The class names of the test folder in the order of the outputs; empty where one has none."""
        evaluation, table = self._state.evaluation, self._table
        mapping = evaluation.mapping or (evaluation.scan.mapping if evaluation.scan is not None else {})
        if table is None or evaluation.scan is None:
            return ()
        by_output = {mapping.get(name, -1): name for name in evaluation.scan.classes}
        names = tuple(by_output.get(place, "") for place in range(num_classes_of(len(table.raw))))
        return names if all(names) else ()

    def _open_names_menu(self) -> None:
        self._names_menu().popup(self.names_button.mapToGlobal(self.names_button.rect().bottomLeft()))

    def _names_menu(self) -> QMenu:
        menu = named(QMenu(self), "outputs_names_menu", "Class names")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("From a file…", self._choose_names)
        from_folder = self.names_from_folder()
        act = menu.addAction("From the test folder", lambda: self.class_names_change_requested.emit(from_folder))
        act.setEnabled(bool(from_folder))
        forget = menu.addAction("Forget the names", lambda: self.class_names_change_requested.emit(()))
        own = self._state.model.class_names if self._state.model is not None else ()
        forget.setEnabled(self._state.class_names not in {(), own})  # the model's own names stand behind all others
        return menu

    def _choose_names(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Class names", "", "Names (*.txt *.json *.csv);;All files (*)")
        if path:
            self.load_class_names(path)
