"""The panel: nodes or modules, a filter, the table, and what could not be counted."""

from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QStackedWidget, QVBoxLayout, QWidget

from inspector.core.measures import SELF_TIME, Measured
from inspector.core.whole_file import write_whole
from inspector.gui.measures_panel.delegate import MARGIN, MeasureDelegate
from inspector.gui.measures_panel.foot import Foot
from inspector.gui.measures_panel.header import MeasuresHeader
from inspector.gui.measures_panel.model import COLUMNS, MeasuresModel
from inspector.gui.measures_panel.rows import Rows, module_rows, node_rows
from inspector.gui.parts import (
    ROW_HEIGHT,
    IconButton,
    PlainTable,
    PushButton,
    SegmentedButtons,
    Sentence,
    named,
    small_font,
)
from inspector.gui.state import WindowState
from inspector.gui.theme import GRID
from inspector.protocol.events import ForwardProfiled
from inspector.protocol.gradients import GradientFlow
from inspector.protocol.graph import Graph

NAME_LEAST, NAME_MOST = 168, 420
SORT_ARROW = 16
NO_MODEL = "Open a model: parameters, MACs, time, memory and values of every node stand here."
NOT_RUN = "Parameters, MACs, time, memory and values of every node stand here once the model has run."
PROFILE_TIP = "Time each node over several runs, and watch the memory (F6)"


class MeasuresPanel(QWidget):
    """A table of all that was measured.

    Signals:
        node_selected: the id of the node that the user chose.
        module_selected: a module's fqn.
        run_requested: run the model.
        profile_requested: measure times and memory.
    """

    node_selected = Signal(int)
    module_selected = Signal(str)
    run_requested = Signal()
    profile_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "measures_panel", "Measures")
        self._shown: tuple[Graph | None, ForwardProfiled | None, GradientFlow | None] = (None, None, None)
        self._measured: Measured | None = None
        self._chosen: tuple[int | None, str | None] = (None, None)
        self._fitting = False
        self._name_is_set = False
        self.model = MeasuresModel(self)
        self.by = SegmentedButtons((("nodes", "Nodes"), ("modules", "Modules")), "measures_by", "A row for each of")
        self.filter = named(QLineEdit(), "measures_filter", "Filter the measures by name")
        self.filter.setPlaceholderText("Filter by name")
        self.filter.setClearButtonEnabled(True)
        self.profile = PushButton("Profile", "measures_profile", "Measure times and memory")
        self.profile.setToolTip(PROFILE_TIP)
        self.copy = IconButton("ph.copy", "measures_copy", "Copy the table", "Copy the selected rows, or all")
        self.save = IconButton("ph.export", "measures_export", "Save the table as CSV", "Save as CSV")
        self.table = PlainTable("measures_table", "Measures of every node or module")
        self.table.setModel(self.model)
        self.table.setItemDelegate(MeasureDelegate(self.table))
        self.table.setHorizontalHeader(MeasuresHeader(self.table))
        self.table.horizontalHeader().setFixedHeight(ROW_HEIGHT)
        self.table.setSortingEnabled(True)
        self.table.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
        self.empty = Sentence("measures_empty", "Why there is no table", "dimmed")
        self.way_on = PushButton("Run", "measures_way_on", "What fills the table")
        self.pages = QStackedWidget()
        self.foot = Foot()
        self._lay_out()
        self._connect()
        self._say_what_is_missing(has_model=False)

    def draw(self, state: WindowState) -> None:
        """Show the run's figures, and the row of what is chosen."""
        shown = (state.run.graph, state.run.profile, state.run.gradients)
        chosen = (state.selected_node, state.selected_module)
        if any(now is not before for now, before in zip(shown, self._shown, strict=True)):
            self._shown = shown
            graph, profile, flow = shown
            gradients = flow.nodes if flow is not None else ()
            self._measured = None if graph is None else Measured(graph, profile, gradients)
            self._chosen = chosen
            self._fill()
        elif chosen != self._chosen:
            self._chosen = chosen
            self._follow()
        self.profile.setVisible(state.run.graph is not None and state.run.profile is None and not state.run.failure)
        self.profile.setEnabled(state.progress is None)
        self._say_what_is_missing(has_model=state.model is not None)

    def _fill(self) -> None:
        measured = self._measured
        if measured is None:
            self.model.show_rows(Rows())
        else:
            self.model.show_rows(node_rows(measured) if self.by.current() == "nodes" else module_rows(measured))
        self.foot.show_measured(measured)
        self._fit_columns()
        self._follow()

    def _say_what_is_missing(self, *, has_model: bool) -> None:
        """A word and a way on in the place of an empty table."""
        if self._measured is None:
            self.empty.say(NOT_RUN if has_model else NO_MODEL)
            self.way_on.setText("Run")
            self.way_on.setVisible(has_model)
        else:
            self.empty.say(f"No name or kind here has “{self.filter.text()}” in it.")
            self.way_on.setText("Show all")
            self.way_on.setVisible(True)
        self.pages.setCurrentIndex(0 if self.model.rowCount() else 1)

    def _go_on(self) -> None:
        if self._measured is None:
            self.run_requested.emit()
        else:
            self.filter.clear()

    def _filter(self, text: str) -> None:
        self.model.filter(text)
        self._say_what_is_missing(has_model=True)
        self._follow()

    def _follow(self) -> None:
        row = self.model.row_of(*self._chosen)
        if row < 0:
            self.table.clearSelection()
            return
        flags = QItemSelectionModel.SelectionFlag
        index = self.model.index(row, 0)
        self.table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.table.scrollTo(index)

    def _choose(self, index: QModelIndex) -> None:
        at = self.model.row_at(index.row())
        node, fqn = self.model.rows.nodes[at], self.model.rows.fqns[at]
        if node >= 0:
            self._chosen = (node, self._chosen[1])
            self.node_selected.emit(node)
        else:
            self._chosen = (self._chosen[0], fqn)
            self.module_selected.emit(fqn)

    def _fit_columns(self) -> None:
        """Columns as wide as their texts, those without any value away; the names get the rest."""
        header = self.table.horizontalHeader()
        figures, headings = QFontMetrics(self.table.font()), QFontMetrics(small_font(self.font()))
        self._fitting = True
        for place, column in enumerate(COLUMNS, 1):
            needed = [figures.horizontalAdvance(text) for text in self.model.widest_texts(place)]
            width = max(headings.horizontalAdvance(column.name) + SORT_ARROW, *needed, 0) + 2 * MARGIN
            header.resizeSection(place, width)
            away = not self.model.has_values(place) or (column is SELF_TIME and not self.model.rows.are_modules)
            header.setSectionHidden(place, away)
        self._fitting = False
        self._fit_name()

    def _fit_name(self) -> None:
        if self._name_is_set:
            return
        header = self.table.horizontalHeader()
        others = sum(header.sectionSize(place) for place in range(1, header.count()))
        self._fitting = True
        header.resizeSection(0, min(max(NAME_LEAST, self.table.viewport().width() - others), NAME_MOST))
        self._fitting = False

    def _resized(self, section: int) -> None:
        self._name_is_set |= section == 0 and not self._fitting

    def _lay_out(self) -> None:
        row = QHBoxLayout()
        row.setContentsMargins(GRID * 2, GRID, GRID * 2, GRID)
        row.setSpacing(GRID * 2)
        for widget in (self.by, self.filter, self.profile, self.copy, self.save):
            row.addWidget(widget)
        page = named(QWidget(), "measures_missing", "Why there is no table")
        missing = QVBoxLayout(page)
        missing.setContentsMargins(GRID * 2, GRID, GRID * 2, GRID)
        missing.setSpacing(GRID * 2)
        missing.addWidget(self.empty)
        missing.addWidget(self.way_on, 0, Qt.AlignmentFlag.AlignLeft)
        missing.addStretch(1)
        self.pages.addWidget(self.table)
        self.pages.addWidget(page)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, GRID)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.pages, 1)
        column.addWidget(self.foot)

    def _connect(self) -> None:
        self.by.chosen.connect(lambda _key: self._fill())
        self.filter.textChanged.connect(self._filter)
        self.profile.clicked.connect(self.profile_requested)
        self.copy.clicked.connect(self.table.copy_rows)
        self.save.clicked.connect(self._save)
        self.way_on.clicked.connect(self._go_on)
        self.table.clicked.connect(self._choose)
        self.table.activated.connect(self._choose)
        self.table.resized.connect(self._fit_name)
        self.table.horizontalHeader().sectionResized.connect(lambda section, _old, _new: self._resized(section))
        self.table.horizontalHeader().sortIndicatorChanged.connect(lambda _section, _order: self._follow())

    def _save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the measures", "measures.csv", "CSV (*.csv)")
        if path:
            self.write_csv(path)

    def write_csv(self, path: str) -> None:
        """Write what is shown; what goes wrong is said below the table."""
        try:
            write_whole(Path(path), self.model.csv_text())
        except OSError as error:
            self.foot.problem.say(f"The table could not be saved: {error.strerror or error}.")
        else:
            self.foot.problem.say("")
