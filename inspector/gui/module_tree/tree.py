"""The panel: a filter field, the tree, and a line of totals."""

from PySide6.QtCore import QItemSelectionModel, QModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QLineEdit, QStackedWidget, QTreeView, QVBoxLayout, QWidget

from inspector.core.formatting import bytes_text, count_text
from inspector.gui.module_tree.delegate import NameDelegate
from inspector.gui.module_tree.model import FQN_ROLE, NAME, OUTPUT, PARAMS, ModuleModel
from inspector.gui.parts import ElidedLabel, Sentence, named, number_font
from inspector.gui.state import WindowState
from inspector.gui.theme import GRID, SMALL, theme_source
from inspector.protocol.events import ModelLoaded
from inspector.protocol.graph import Graph

EXPAND_ALL_BELOW = 60
WIDE, NARROW = 280, 200
OUTPUT_LEAST, OUTPUT_MOST = 72, 124

BEFORE = "Every module of the model, with its class, output shape and parameters, once a file is open."
NO_MODEL = "This file has given no model so far. What it holds is shown in the middle."


class ModuleTree(QWidget):
    """Every module of the model.

    Signals:
        module_selected: the fqn of the module that the user chose.
    """

    module_selected = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "module_tree", "Modules")
        self._model = ModuleModel(self)
        self._loaded: ModelLoaded | None = None
        self._graph: Graph | None = None
        self._selected: str | None = None
        self._drawing = False
        self.search = named(QLineEdit(), "module_search", "Filter modules")
        self.search.setPlaceholderText("Filter modules")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._filter)
        self.view = named(QTreeView(), "module_tree_view", "Modules of the model")
        self._set_up_view()
        self.totals = ElidedLabel("module_totals", "Totals of the model", "dimmed", small=True)
        self._empty = Sentence("module_tree_empty", "No model", "dimmed")
        self._stack = QStackedWidget()
        self._stack.addWidget(_top(self._empty))
        self._stack.addWidget(self._with_search())
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._stack)
        self._empty.say(BEFORE)
        theme_source().changed.connect(self._model.repaint_all)

    def draw(self, state: WindowState) -> None:
        """Show the model, the shapes of its last run, and the chosen module."""
        self._drawing = True
        self._empty.say(NO_MODEL if state.description is not None and not state.loading else BEFORE)
        if state.model is not self._loaded:
            self._draw_model(state.model)
        if state.run.graph is not self._graph:
            self._graph = state.run.graph
            self._model.set_run(self._graph)
            self._fit_outputs()
            self._say_totals()
        if state.selected_module != self._selected:
            self._selected = state.selected_module
            self._show_selected()
        self._drawing = False

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """Where it is narrow, names come first: parameters go, then shapes."""
        super().resizeEvent(event)
        self.view.setColumnHidden(PARAMS, self.width() < WIDE)
        self.view.setColumnHidden(OUTPUT, self.width() < NARROW)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Room for a name, a class and a shape."""
        return QSize(300, 360)

    def _set_up_view(self) -> None:
        view = self.view
        self._model.set_number_font(number_font(self.font(), SMALL))
        view.setModel(self._model)
        view.setUniformRowHeights(True)
        view.setIndentation(14)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setTextElideMode(Qt.TextElideMode.ElideRight)
        view.setItemDelegateForColumn(NAME, NameDelegate(view))
        header = view.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((OUTPUT, OUTPUT_LEAST), (PARAMS, 58)):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(column, width)
        view.selectionModel().currentRowChanged.connect(self._chosen)

    def _fit_outputs(self) -> None:
        """Shapes take what they need, so that names and classes have the rest."""
        metrics = QFontMetrics(number_font(self.font(), SMALL))
        wanted = metrics.horizontalAdvance(self._model.longest_output()) + 4 * GRID
        self.view.header().resizeSection(OUTPUT, min(max(wanted, OUTPUT_LEAST), OUTPUT_MOST))

    def _with_search(self) -> QWidget:
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(_padded(self.search, GRID * 2, GRID))
        column.addWidget(self.view, 1)
        column.addWidget(_padded(self.totals, GRID * 3, GRID))
        return page

    def _draw_model(self, loaded: ModelLoaded | None) -> None:
        self._loaded = loaded
        self._selected = None
        self._model.set_rows(loaded.modules if loaded is not None else ())
        self._stack.setCurrentIndex(0 if loaded is None else 1)
        self._expand()
        self._say_totals()

    def _expand(self) -> None:
        if self._model.num_shown() <= EXPAND_ALL_BELOW or self.search.text():
            self.view.expandAll()
        else:
            self.view.expandToDepth(0)

    def _say_totals(self) -> None:
        if self._loaded is None:
            return
        info = self._loaded.info
        count = max(0, len(self._loaded.modules) - 1)
        parts = [
            "1 module" if count == 1 else f"{count:,} modules",
            f"{count_text(info.num_params)} params",
            bytes_text(info.size_bytes),
        ]
        uncalled = len(self._graph.uncalled_modules) if self._graph is not None else 0
        if uncalled:
            parts.append(f"{uncalled} not called")
        self.totals.say(" · ".join(parts))

    def _filter(self, text: str) -> None:
        self._drawing = True
        self._model.set_text(text)
        self._expand()
        self._show_selected()
        self._drawing = False

    def _show_selected(self) -> None:
        selection = self.view.selectionModel()
        if self._selected is None:
            selection.clear()
            return
        index = self._model.index_of(self._selected)
        if not index.isValid():
            return
        flags = QItemSelectionModel.SelectionFlag
        selection.setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self.view.scrollTo(index)

    def _chosen(self, current: QModelIndex) -> None:
        if self._drawing or not current.isValid():
            return
        fqn = str(current.data(FQN_ROLE) or "")
        self._selected = fqn
        self.module_selected.emit(fqn)


def _padded(widget: QWidget, sides: int, ends: int) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(sides, ends, sides, ends)
    column.addWidget(widget)
    return box


def _top(widget: QWidget) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID * 2)
    column.addWidget(widget)
    column.addStretch(1)
    return box
