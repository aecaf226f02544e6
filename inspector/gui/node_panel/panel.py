"""The panel: header, shapes, figures, values with their histogram, parameters."""

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QLabel, QScrollArea, QVBoxLayout, QWidget

from inspector.core.formatting import shape_text
from inspector.gui.changes.section import ChangeSection
from inspector.gui.node_panel.facts import Rows, Subject, module_row, statistics_rows, subject_of
from inspector.gui.node_panel.fields import FieldGrid
from inspector.gui.node_panel.header import SubjectHeader
from inspector.gui.parts import PushButton, Sentence, named
from inspector.gui.plots import HistogramView
from inspector.gui.state import WindowState
from inspector.gui.tensor_view import TensorView, is_waiting
from inspector.gui.theme import GRID, SMALL, theme, theme_source
from inspector.protocol.events import ParametersMeasured
from inspector.protocol.files import ModuleRow

EMPTY = "Choose a node in the graph, or a module in the tree, to see its shapes, values and parameters."
LEAST_WIDTH = 296  # for a row of choices, which nothing scrolls sideways
NOT_RUN = "Run the model to see shapes and values."


class NodePanel(QScrollArea):
    """The chosen node or module.

    Signals:
        parameters_requested: the fqn of a module whose parameters are to be measured.
    """

    parameters_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "node_panel", "The chosen node")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumWidth(LEAST_WIDTH)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._drawn: tuple[object, ...] = ()
        self._tensor_drawn: tuple[object, ...] = ()
        self._module: ModuleRow | None = None
        self._has_values = False
        self.header = SubjectHeader()
        self.notes = Sentence("node_notes", "Notes", "dimmed")
        self.shapes = FieldGrid("node_shapes", "Shapes")
        self.figures = FieldGrid("node_figures", "Figures")
        self.values = FieldGrid("node_values", "Values")
        self.histogram = HistogramView(figures=False)
        self.histogram.setFixedHeight(128)
        self.tensor = TensorView()
        self.parameters = FieldGrid("node_parameters", "Parameters")
        self.measure = PushButton("Measure", "measure_parameters", "Measure the parameters of this module")
        self.measure.clicked.connect(self._measure)
        self.change = ChangeSection()
        self.empty = Sentence("node_empty", "Nothing is chosen", "dimmed")
        self._titles = {
            name: SectionTitle(name) for name in ("Shapes", "Figures", "Values", "Look inside", "Parameters", "Change")
        }
        self._anchor = 0
        self.setWidget(self._laid_out())
        self.tensor.mode.chosen.connect(self._look)
        self.verticalScrollBar().actionTriggered.connect(lambda _action: QTimer.singleShot(0, self, self._scrolled))
        self.verticalScrollBar().rangeChanged.connect(lambda _low, _high: self._hold())
        self._show_nothing(EMPTY)

    def draw(self, state: WindowState) -> None:
        """Show what is chosen."""
        self._draw_tensor(state)
        concern = (
            state.run.graph,
            state.run.axes,
            state.run.profile,
            state.model,
            state.selected_node,
            state.selected_module,
            state.parameters.get(state.selected_module or ""),
        )
        if len(self._drawn) == len(concern) and all(old is new for old, new in zip(self._drawn, concern, strict=True)):
            return
        self._drawn = concern
        self.change.draw(state)
        subject = subject_of(state)
        if subject is None:
            self._show_nothing(EMPTY)
            return
        self._show(subject, state)
        QTimer.singleShot(0, self, self._hold)

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Room for a shape and a histogram."""
        return QSize(280, 400)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """What is looked into fits into what can be seen."""
        super().resizeEvent(event)
        self.tensor.give_room(self.viewport().width() - 6 * GRID, self.viewport().height())

    def _look(self, mode: str) -> None:
        """Once a tensor is looked into, its part comes to the top, and stays there from node to node."""
        self._anchor = 0 if mode != "off" else self._anchor
        self.histogram.setVisible(self._has_values and mode == "off")
        QTimer.singleShot(0, self, self._hold)

    def _scrolled(self) -> None:
        self._anchor = self._titles["Look inside"].y() - self.verticalScrollBar().value()

    def _hold(self) -> None:
        title = self._titles["Look inside"]
        if self.tensor.is_looking() and not title.isHidden():
            self.verticalScrollBar().setValue(title.y() - self._anchor)

    def _draw_tensor(self, state: WindowState) -> None:
        chosen = (state.selected_node, state.selected_module)
        waits = (is_waiting(state), state.engine.phase == "ended")
        tensor = (state.tensor, state.run, state.problems, *chosen, *waits)
        if len(self._tensor_drawn) != len(tensor) or any(
            old is not new for old, new in zip(self._tensor_drawn, tensor, strict=True)
        ):
            self._tensor_drawn = tensor
            self.tensor.draw(state, module_row(state))
            self._titles["Look inside"].setVisible(not self.tensor.isHidden())

    def _laid_out(self) -> QWidget:
        page = named(QWidget(), "node_page", "The chosen node")
        column = QVBoxLayout(page)
        column.setContentsMargins(GRID * 2, GRID * 2, GRID * 2, GRID * 2)
        column.setSpacing(GRID)
        column.addWidget(self.header)
        column.addWidget(self.notes)
        column.addWidget(self.empty)
        for name, widgets in (
            ("Shapes", (self.shapes,)),
            ("Figures", (self.figures,)),
            ("Values", (self.values, self.histogram)),
            ("Look inside", (self.tensor,)),
            ("Parameters", (self.parameters, self.measure)),
            ("Change", (self.change,)),
        ):
            column.addWidget(self._titles[name])
            for widget in widgets:
                column.addWidget(
                    widget, 0, Qt.AlignmentFlag.AlignLeft if widget is self.measure else Qt.AlignmentFlag(0)
                )
        column.addStretch(1)
        return page

    def _show_nothing(self, sentence: str) -> None:
        self._module = None
        self._has_values = False
        self.empty.say(sentence)
        self.notes.say("")
        for widget in (
            self.header,
            self.histogram,
            self.measure,
            self.change,
            *(title for name, title in self._titles.items() if name != "Look inside"),
        ):
            widget.setVisible(False)
        for grid in (self.shapes, self.figures, self.values, self.parameters):
            grid.show_rows(())

    def _show(self, subject: Subject, state: WindowState) -> None:
        self.header.setVisible(True)
        self.header.show_subject(subject)
        self.notes.say("\n".join(subject.notes))
        self.empty.say("" if state.run.graph is not None else NOT_RUN)
        values = statistics_rows(subject.statistics)
        self._has_values = subject.statistics is not None
        self.histogram.setVisible(self._has_values and not self.tensor.is_looking())
        self.histogram.show_statistics(subject.statistics)
        self._module = module_row(state)
        measured = state.parameters.get(self._module.fqn) if self._module is not None else None
        parameters = _parameter_rows(self._module, measured)
        self.measure.setVisible(self._module is not None and measured is None)
        for name, grid, rows in (
            ("Shapes", self.shapes, subject.shapes),
            ("Figures", self.figures, subject.figures),
            ("Values", self.values, values),
            ("Parameters", self.parameters, parameters),
        ):
            grid.show_rows(rows)
            self._titles[name].setVisible(bool(rows))
        self._titles["Change"].setVisible(not self.change.isHidden())

    def _measure(self) -> None:
        if self._module is not None:
            self.parameters_requested.emit(self._module.fqn)


class SectionTitle(QLabel):
    """The name of a part of the panel."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(text, parent)
        named(self, f"section_{text.casefold()}", text)
        self.setIndent(0)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def _restyle(self) -> None:
        self.setStyleSheet(
            f"color: {theme().text}; font-size: {SMALL + 1}px; font-weight: 600; padding-top: {GRID * 2}px;"
        )


def _parameter_rows(module: ModuleRow | None, measured: ParametersMeasured | None) -> Rows:
    if module is None:
        return ()
    figures = {} if measured is None else {one.name: one.statistics for one in measured.tensors}
    rows: list[tuple[str, str]] = []
    for tensor in module.tensors:
        told = f"{shape_text(tensor.shape)}  {tensor.dtype}"
        if tensor.kind == "buffer":
            told += "  buffer"
        elif not tensor.trainable:
            told += "  frozen"
        if tensor.shared_with:
            told += f"\nshared with {tensor.shared_with}"
        figure = figures.get(tensor.name)
        if figure is not None:
            told += "\n" + ", ".join(f"{name} {value}" for name, value in statistics_rows(figure))
        rows.append((tensor.name, told))
    return tuple(rows)
