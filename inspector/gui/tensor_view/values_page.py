"""The page of values: a table that scrolls through any two axes, and ways to a certain value."""

from collections.abc import Sequence

from PySide6.QtCore import QItemSelectionModel, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from inspector.core.formatting import shape_text, value_text
from inspector.gui.parts import ROW_HEIGHT, PlainTable, PushButton, Sentence, named
from inspector.gui.state import TensorState
from inspector.gui.style_sheet import inset_spin_boxes
from inspector.gui.tensor_view.values_model import MOST_ROWS, ValuesModel
from inspector.gui.theme import GRID
from inspector.protocol.events import TensorFetched, ValueFound
from inspector.protocol.requests import FindValue, ReadCells
from inspector.protocol.tensors import Sought

FORMS = (("short", "4 digits"), ("full", "all digits"), ("scientific", "1.234e+05"))
SOUGHT: tuple[tuple[Sought, str], ...] = (("max", "Max"), ("min", "Min"), ("nan", "First NaN"))
FEWEST_ROWS = 6
ABOVE = 130  # the choices over the table, in pixels


class ValuesTable(PlainTable):
    """Cells are chosen one by one; Ctrl+C copies them, not yet read ones as `…`."""

    def __init__(self) -> None:
        super().__init__("tensor_values", "The values")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectItems)
        self.setTextElideMode(Qt.TextElideMode.ElideNone)
        self.verticalHeader().setVisible(True)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.horizontalHeader().setDefaultSectionSize(76)
        self.setFixedHeight(ROW_HEIGHT * 8)

    def rows_text(self) -> str:
        """The rectangle around the chosen cells, tab-separated."""
        chosen = self.selectionModel().selection()
        ranges = [chosen.at(place) for place in range(chosen.count())]
        if not ranges:
            return ""
        rows = range(min(r.top() for r in ranges), max(r.bottom() for r in ranges) + 1)
        columns = range(min(r.left() for r in ranges), max(r.right() for r in ranges) + 1)
        model = self.model()
        lines = ("\t".join(str(model.index(row, column).data() or "") for column in columns) for row in rows[:10_000])
        return "\n".join(lines)


class ValuesPage(QWidget):
    """Signals.

    Signals:
        part_requested: a ReadCells or FindValue.
    """

    part_requested = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        named(self, "tensor_table", "The values as a table")
        self._fetched: TensorFetched | None = None
        self._found: ValueFound | None = None
        self._index: tuple[int, ...] = ()
        self._room = 0
        self.model = ValuesModel()
        self.model.setParent(self)
        self.table = ValuesTable()
        self.table.setModel(self.model)
        self.rows = named(QComboBox(), "tensor_rows", "Axis of the rows")
        self.columns = named(QComboBox(), "tensor_columns", "Axis of the columns")
        self.form = named(QComboBox(), "tensor_form", "How numbers are written")
        for key, text in FORMS:
            self.form.addItem(text, key)
        self.go_to = named(QLineEdit(), "tensor_go_to", "Go to the value at this index; Return goes")
        self.go_to.setPlaceholderText("go to 0, 3, 5 …")
        self.told = Sentence("tensor_values_told", "Which values are shown", "dimmed", small=True)
        self.places: list[QSpinBox] = []
        self.finders = [PushButton(text, f"tensor_find_{key}", f"Go to: {text}") for key, text in SOUGHT]
        self._slices = QGridLayout()
        self._lay_out()
        self._connect()

    def draw(self, tensor: TensorState) -> None:
        """Show the blocks that are there."""
        fetched = tensor.fetched
        if fetched is None:
            return
        if fetched is not self._fetched:
            self._begin(fetched)
        self.model.show_blocks(tensor.blocks)
        found = tensor.found
        if found is not None and found is not self._found:
            self._found = found
            if found.value is None:
                self.told.say("There is no NaN." if found.sought == "nan" else "There is no such value.")
            else:
                self.go(found.index)
                self.told.say(f"{found.sought} is {value_text(found.value, 6)} at {shape_text(found.index)}.")

    def give_room(self, height: int) -> None:
        """The table is as high as its rows, and no higher than this."""
        self._room = height
        self._fit()

    def _fit(self) -> None:
        most = max(FEWEST_ROWS, (self._room - ABOVE) // ROW_HEIGHT)
        rows = min(max(1, self.model.rowCount()), most)
        self.table.setFixedHeight(ROW_HEIGHT * (rows + 1) + self.table.horizontalScrollBar().sizeHint().height())

    def go(self, index: Sequence[int]) -> None:
        """Show the value at that index, and choose its cell."""
        fetched = self._fetched
        if fetched is None or len(index) != len(fetched.shape):
            return
        self._index = tuple(index)
        for axis, box in enumerate(self.places):
            box.blockSignals(True)
            box.setValue(index[axis])
            box.blockSignals(False)
        axes = self._axes()
        row, column = (index[axis] if axis >= 0 else 0 for axis in axes)
        first = (row - row % MOST_ROWS, column - column % MOST_ROWS)
        self.model.show_slice(fetched.shape, axes, self._index, first)
        cell = self.model.index(row - first[0], column - first[1])
        self.table.scrollTo(cell, QAbstractItemView.ScrollHint.PositionAtCenter)
        self.table.selectionModel().setCurrentIndex(cell, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _begin(self, fetched: TensorFetched) -> None:
        same = self._fetched is not None and self._fetched.shape == fetched.shape
        self._fetched, self._found = fetched, None
        axes = len(fetched.shape)
        if not same:
            self._index = (0,) * axes
            self._fill_axes(axes)
            self._make_places(fetched.shape)
        self._reslice()

    def _fill_axes(self, axes: int) -> None:
        for box, chosen in ((self.rows, max(0, axes - 2)), (self.columns, axes - 1)):
            box.clear()
            for axis in range(axes):
                box.addItem(f"axis {axis}", axis)
            box.setCurrentIndex(chosen if axes else -1)
            box.setVisible(axes > 1)

    def _make_places(self, shape: tuple[int, ...]) -> None:
        for box in self.places:
            self._slices.removeWidget(box)
            box.deleteLater()
        self.places = []
        for axis, size in enumerate(shape):
            box = named(QSpinBox(), f"tensor_place_{axis}", f"Place along axis {axis}")
            box.setRange(0, max(0, size - 1))
            box.setPrefix(f"axis {axis}: ")
            box.valueChanged.connect(lambda _value: self._reslice())
            self.places.append(box)

    def _axes(self) -> tuple[int, int]:
        axes = len(self._fetched.shape) if self._fetched is not None else 0
        if axes < 2:
            return (0 if axes else -1, -1)
        return self.rows.currentData(), self.columns.currentData()

    def _changed_axis(self, changed: QComboBox, other: QComboBox) -> None:
        if changed.currentIndex() == other.currentIndex():
            other.setCurrentIndex((changed.currentIndex() + 1) % max(1, other.count()))
        self._reslice()

    def _reslice(self) -> None:
        fetched = self._fetched
        if fetched is None:
            return
        axes = self._axes()
        others = [box for axis, box in enumerate(self.places) if axis not in axes]
        for box in self.places:
            self._slices.removeWidget(box)
            box.setVisible(box in others)
        for place, box in enumerate(others):
            self._slices.addWidget(box, place // 2, place % 2)
        inset_spin_boxes(self)
        self._index = tuple(box.value() for box in self.places)
        self.model.show_slice(fetched.shape, axes, self._index, (0, 0))
        self._fit()
        longest = max((fetched.shape[axis] for axis in axes if axis >= 0), default=0)
        parts = f"An axis of {longest:,} shows {MOST_ROWS:,} places at a time: go to an index for others."
        self.told.say(parts if longest > MOST_ROWS else "")

    def _go_to(self) -> None:
        fetched = self._fetched
        if fetched is None:
            return
        try:
            index = [int(part) for part in self.go_to.text().strip("()[] ").replace(",", " ").split()]
        except ValueError:
            index = [-1]
        if len(index) == len(fetched.shape) and all(0 <= i < n for i, n in zip(index, fetched.shape, strict=True)):
            self.go(index)
            self.told.say("")
        else:
            self.told.say(f"An index here is {len(fetched.shape)} numbers within {shape_text(fetched.shape)}.")

    def _find(self, sought: Sought) -> None:
        if self._fetched is not None:
            self.told.say("Looking …")
            self.part_requested.emit(FindValue(place=self._fetched.place, sought=sought))

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        self._slices.setSpacing(GRID)
        self._slices.setColumnStretch(2, 1)
        for widgets in ((self.rows, self.columns), (self.form, self.go_to), tuple(self.finders)):
            row = QHBoxLayout()
            row.setSpacing(GRID)
            for widget in widgets:
                row.addWidget(widget)
            row.addStretch(1)
            column.addLayout(row)
        column.addLayout(self._slices)
        column.addWidget(self.table)
        column.addWidget(self.told)
        for box in (self.rows, self.columns, self.form):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(6)
        self.go_to.setMinimumWidth(64)

    def _connect(self) -> None:
        self.rows.activated.connect(lambda _place: self._changed_axis(self.rows, self.columns))
        self.columns.activated.connect(lambda _place: self._changed_axis(self.columns, self.rows))
        self.form.activated.connect(lambda _place: self.model.set_form(self.form.currentData()))
        self.go_to.returnPressed.connect(self._go_to)
        for button, (key, _) in zip(self.finders, SOUGHT, strict=True):
            button.clicked.connect(lambda _checked=False, key=key: self._find(key))
        self.model.wanted.connect(self._read)

    def _read(self, window: object) -> None:
        if self._fetched is not None:
            self.part_requested.emit(ReadCells(place=self._fetched.place, window=window))  # type: ignore[arg-type]  # a CellWindow
