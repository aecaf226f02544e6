"""The panel: nodes or modules, a filter, the table, and what could not be counted."""

from pathlib import Path

from PySide6.QtCore import QItemSelectionModel, QModelIndex, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QVBoxLayout, QWidget

from inspector.core.measures import Measured
from inspector.gui.measures_panel.model import MeasuresModel
from inspector.gui.measures_panel.rows import module_rows, node_rows
from inspector.gui.parts import IconButton, PlainTable, SegmentedButtons, Sentence, named
from inspector.gui.state import WindowState
from inspector.gui.theme import GRID
from inspector.protocol.events import ForwardProfiled
from inspector.protocol.graph import Graph

NAME_WIDTH, COLUMN_WIDTH = 220, 84
EMPTY = "Parameters, MACs, time, memory and values of every node, once the model has run."


class MeasuresPanel(QWidget):
    """Signals: `node_selected` tells the id of the node that the user chose, `module_selected` a module's fqn."""

    node_selected = Signal(int)
    module_selected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "measures_panel", "Measures")
        self._shown: tuple[Graph | None, ForwardProfiled | None] = (None, None)
        self._measured: Measured | None = None
        self._node: int | None = None
        self._drawing = False
        self.model = MeasuresModel(self)
        self.by = SegmentedButtons((("nodes", "nodes"), ("modules", "modules")), "measures_by", "A row for each of")
        self.by.chosen.connect(lambda _key: self._fill())
        self.filter = named(QLineEdit(), "measures_filter", "Filter the measures by name")
        self.filter.setPlaceholderText("Filter by name")
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self.model.filter)
        copy = IconButton("ph.copy", "measures_copy", "Copy the table", "Copy the selected rows, or all")
        save = IconButton("ph.export", "measures_export", "Save the table as CSV", "Save as CSV")
        self.table = PlainTable("measures_table", "Measures of every node or module")
        self.table.setModel(self.model)
        self.table.setSortingEnabled(True)
        header = self.table.horizontalHeader()
        header.setDefaultSectionSize(COLUMN_WIDTH)
        header.resizeSection(0, NAME_WIDTH)
        header.setSortIndicator(-1, Qt.SortOrder.DescendingOrder)
        self.table.clicked.connect(self._chosen)
        self.table.activated.connect(self._chosen)
        copy.clicked.connect(self.table.copy_rows)
        save.clicked.connect(self._save)
        self.foot = Sentence("measures_foot", "What could not be counted", "dimmed")
        row = QHBoxLayout()
        row.setContentsMargins(GRID * 2, GRID, GRID * 2, GRID)
        for widget in (self.by, self.filter, copy, save):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, GRID)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.table, 1)
        column.addWidget(self.foot)
        self.foot.say(EMPTY)

    def draw(self, state: WindowState) -> None:
        """Show the run's figures, and the selected node's row."""
        shown = (state.run.graph, state.run.profile)
        if shown[0] is not self._shown[0] or shown[1] is not self._shown[1]:
            self._shown = shown
            self._measured = None if shown[0] is None else Measured(shown[0], shown[1])
            self._fill()
        if state.selected_node != self._node:
            self._node = state.selected_node
            self._follow()

    def _fill(self) -> None:
        if self._measured is None:
            self.foot.say(EMPTY)
            return
        self.model.show_rows(node_rows(self._measured) if self.by.current() == "nodes" else module_rows(self._measured))
        self.foot.say(foot_text(self._measured))
        self._follow()

    def _follow(self) -> None:
        row = -1 if self._node is None else self.model.row_of_node(self._node)
        if row < 0:
            self.table.clearSelection()
            return
        flags = QItemSelectionModel.SelectionFlag
        index = self.model.index(row, 0)
        self.table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.table.scrollTo(index)

    def _chosen(self, index: QModelIndex) -> None:
        at = self.model.row_at(index.row())
        node = self.model.rows.nodes[at]
        if node >= 0:
            self._node = node
            self.node_selected.emit(node)
        else:
            self.module_selected.emit(self.model.rows.fqns[at])

    def _save(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save the measures", "measures.csv", "CSV (*.csv)")
        if path:
            self.write_csv(path)

    def write_csv(self, path: str) -> None:
        """Write what is shown; what goes wrong is said below the table."""
        try:
            Path(path).write_text(self.model.csv_text(), encoding="utf-8")
        except OSError as error:
            self.foot.say(f"The table could not be saved: {error.strerror or error}.")


def foot_text(measured: Measured) -> str:
    """What was not counted, by name, and how the times were taken."""
    parts = []
    if measured.uncounted:
        names = ", ".join(f"{name} ×{count}" if count > 1 else name for name, count in measured.uncounted.items())
        parts.append(f"MACs are not counted for: {names}.")
    profile = measured.profile
    if profile is None:
        parts.append("Run › Profile measures times and memory.")
    else:
        parts.append(
            f"Median of {profile.runs} runs after {profile.warm_up}; a plain run takes {profile.plain_s * 1e3:.3g} ms, "
            f"one with every node timed {profile.observed_s * 1e3:.3g} ms. {profile.memory}"
        )
    return " ".join(parts)
