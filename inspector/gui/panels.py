"""The window's panels: each is made, connected and put in its place when it is first needed.

The first picture of the window shows their frames alone; what fills them takes longer than all the rest of the window,
and comes right behind it. What is connected here are intents with the session, and panels with one another.
"""

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import TYPE_CHECKING, Protocol, TypeVar

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QDockWidget, QFrame, QScrollArea, QStackedWidget, QWidget

from inspector.gui.docks import BELOW, TITLES
from inspector.gui.parts import named
from inspector.gui.session import WindowSession
from inspector.gui.state import WindowState
from inspector.gui.style_sheet import inset_spin_boxes

if TYPE_CHECKING:
    from inspector.gui.comparison.panel import ComparisonPanel
    from inspector.gui.confusion_panel import ConfusionPanel
    from inspector.gui.findings_panel import FindingsPanel
    from inspector.gui.graph_view import GraphView
    from inspector.gui.input_panel import InputPanel
    from inspector.gui.measures_panel import MeasuresPanel
    from inspector.gui.module_tree import ModuleTree
    from inspector.gui.node_panel import NodePanel
    from inspector.gui.outputs_panel import OutputsPanel
    from inspector.gui.training.panel import TrainingPanel

# The order in which they are made; the graph is not seen before a model has run.
ORDER = (
    "module_tree",
    "findings",
    "node_panel",
    "input_panel",
    "outputs",
    "confusion",
    "measures",
    "training",
    "comparison",
    "graph",
)

# Said outright: sentences that wrap would ask for more, and the window would grow by it.
LEAST_BELOW = QSize(240, 160)


class _Panel(Protocol):
    def draw(self, state: WindowState) -> None: ...


_Widget = TypeVar("_Widget", bound=QWidget)


class Panels:
    """Panels by name, made at first use.

    Args:
        session: what they ask, and whose state they draw.
        docks: where they go, by the docks' names.
        centre: where the graph goes.
        open_images: asks the user for pictures to feed.
        open_array: asks the user for a tensor to feed.
        export_graph: asks how the graph is written to a file.
        compare_with: asks for a file to compare with.
    """

    def __init__(
        self,
        session: WindowSession,
        docks: Mapping[str, QDockWidget],
        centre: QStackedWidget,
        *,
        open_images: Callable[[], None],
        open_array: Callable[[], None],
        export_graph: Callable[[str], None],
        compare_with: Callable[[], None],
    ) -> None:
        self._session = session
        self._docks = docks
        self._centre = centre
        self._open_images = open_images
        self._open_array = open_array
        self._export_graph = export_graph
        self._compare_with = compare_with

    def drawers(self) -> dict[str, Callable[[], None]]:
        """What draws each of those that are there; the others draw when they are made."""
        return {name: partial(self._draw, name) for name in self.made()}

    def made(self) -> tuple[str, ...]:
        """The names of those that are there."""
        return tuple(name for name in ORDER if name in self.__dict__)

    def make_next(self) -> bool:
        """Make one that is not there yet; False when all are."""
        name = next((name for name in ORDER if name not in self.__dict__), None)
        if name is None:
            return False
        getattr(self, name)
        return True

    # The panels; each pays for its own imports, behind the window's first picture

    @cached_property
    def graph(self) -> "GraphView":
        """The graph."""
        from inspector.gui.graph_view import GraphView  # noqa: PLC0415

        graph = GraphView()
        graph.set_wrapped(self._session.settings.current.wrap_long_graphs)
        graph.node_selected.connect(self._session.select_node)
        graph.group_selected.connect(self._session.select_module)
        graph.profile_requested.connect(self._session.profile)
        graph.export_requested.connect(self._export_graph)
        self._centre.addWidget(graph)
        return self._begun(graph)

    @cached_property
    def module_tree(self) -> "ModuleTree":
        """The modules."""
        from inspector.gui.module_tree import ModuleTree  # noqa: PLC0415

        tree = ModuleTree()
        tree.module_selected.connect(self._session.select_module)
        tree.module_selected.connect(lambda fqn: self.graph.centre_on_module(fqn))  # noqa: PLW0108 - made when needed
        return self._docked("modules", tree)

    @cached_property
    def findings(self) -> "FindingsPanel":
        """What was found."""
        from inspector.gui.findings_panel import FindingsPanel  # noqa: PLC0415

        panel = FindingsPanel()
        panel.node_selected.connect(self._session.select_node)
        panel.node_selected.connect(lambda node: self.graph.centre_on_node(node))  # noqa: PLW0108 - made when needed
        panel.image_requested.connect(lambda path: self._session.use_test_images([path]))
        panel.class_requested.connect(self._show_class)
        panel.apply_requested.connect(self._session.apply_finding)
        return self._docked("findings", panel)

    def _show_class(self, name: str) -> None:
        self._docks["confusion"].show()
        self._docks["confusion"].raise_()
        self.confusion.show_class(name)

    @cached_property
    def node_panel(self) -> "NodePanel":
        """The selected node."""
        from inspector.gui.node_panel import NodePanel  # noqa: PLC0415

        panel = NodePanel()
        panel.parameters_requested.connect(self._session.measure_parameters)
        panel.tensor.tensor_requested.connect(self._session.tensor.fetch)
        panel.tensor.part_requested.connect(self._session.tensor.read)
        panel.tensor.left_requested.connect(self._session.tensor.leave)
        panel.tensor.cancel_requested.connect(lambda: self._session.cancel("tensor"))
        panel.tensor.save_requested.connect(self._session.tensor.save)
        panel.tensor.save_cancel_requested.connect(self._session.tensor.stop_saving)
        panel.change.change_requested.connect(self._session.make_change)
        return self._docked("node", panel)

    @cached_property
    def input_panel(self) -> "InputPanel":
        """The input."""
        from inspector.gui.input_panel import InputPanel  # noqa: PLC0415

        panel, session = InputPanel(), self._session
        panel.files_named.connect(session.link.lend)  # before what feeds them
        panel.inputs_change_requested.connect(session.change_inputs)
        panel.preprocess_change_requested.connect(session.change_preprocess)
        panel.preview_requested.connect(session.preview)
        panel.live_change_requested.connect(session.change_live)
        panel.open_images_requested.connect(self._open_images)
        panel.open_array_requested.connect(self._open_array)
        panel.accepted.search_requested.connect(session.shapes.find)
        panel.accepted.choice_requested.connect(session.shapes.choose)
        return self._docked("input", panel)

    @cached_property
    def outputs(self) -> "OutputsPanel":
        """The outputs."""
        from inspector.gui.outputs_panel import OutputsPanel  # noqa: PLC0415

        panel = OutputsPanel()
        panel.expectation_change_requested.connect(self._session.change_expectation)
        panel.class_names_change_requested.connect(self._session.change_class_names)
        panel.changes.undo_requested.connect(self._session.undo_change)
        panel.changes.undo_all_requested.connect(self._session.undo_changes)
        return self._docked("outputs", panel)

    @cached_property
    def confusion(self) -> "ConfusionPanel":
        """The confusion matrix."""
        from inspector.gui.confusion_panel import ConfusionPanel  # noqa: PLC0415

        panel, session = ConfusionPanel(), self._session
        panel.folder_requested.connect(session.folder.choose)
        panel.evaluation_requested.connect(session.folder.evaluate)
        panel.cancel_requested.connect(lambda: session.cancel("evaluate"))
        panel.thumbnails_requested.connect(session.folder.decode_thumbnails)
        panel.image_run_requested.connect(lambda path: session.use_test_images([path]))
        return self._docked("confusion", panel)

    @cached_property
    def measures(self) -> "MeasuresPanel":
        """The table of measures."""
        from inspector.gui.measures_panel import MeasuresPanel  # noqa: PLC0415

        panel = MeasuresPanel()
        panel.node_selected.connect(self._session.select_node)
        panel.node_selected.connect(lambda node: self.graph.centre_on_node(node))  # noqa: PLW0108 - made when needed
        panel.module_selected.connect(self._session.select_module)
        panel.module_selected.connect(lambda fqn: self.graph.centre_on_module(fqn))  # noqa: PLW0108 - made when needed
        panel.run_requested.connect(self._session.run)
        panel.profile_requested.connect(self._session.profile)
        return self._docked("measures", panel)

    @cached_property
    def training(self) -> "TrainingPanel":
        """The loss and its gradient."""
        from inspector.gui.training.panel import TrainingPanel  # noqa: PLC0415

        panel, session = TrainingPanel(), self._session
        panel.choice_change_requested.connect(session.training.choose)
        panel.trace_requested.connect(session.training.trace)
        panel.line_requested.connect(session.training.trace_line)
        panel.cancel_requested.connect(lambda: session.cancel("gradients"))
        panel.colour_requested.connect(session.change_colour_by)
        panel.node_selected.connect(session.select_node)
        panel.node_selected.connect(lambda node: self.graph.centre_on_node(node))  # noqa: PLW0108 - made when needed
        panel.module_selected.connect(session.select_module)
        panel.module_selected.connect(lambda fqn: self.graph.centre_on_module(fqn))  # noqa: PLW0108 - made when needed
        return self._docked("training", panel, scrolled=True)

    @cached_property
    def comparison(self) -> "ComparisonPanel":
        """The comparison."""
        from inspector.gui.comparison.panel import ComparisonPanel  # noqa: PLC0415

        panel, part = ComparisonPanel(), self._session.comparison
        panel.file_requested.connect(self._compare_with)
        panel.itself_requested.connect(part.with_itself)
        panel.again_requested.connect(part.again)
        panel.end_requested.connect(part.end)
        panel.side_changed.connect(lambda field, value: part.change_b(**{field: value}))
        panel.page_requested.connect(part.turn_to)
        panel.mend_requested.connect(part.mend)
        panel.change_ignored.connect(part.ignore_change)
        panel.trust_requested.connect(lambda always: part.trust(always=always))
        panel.declined.connect(part.decline)
        panel.weights_only_requested.connect(part.open_weights_only)
        panel.weights_alone_requested.connect(part.weights_alone)
        panel.entry_chosen.connect(part.choose_entry)
        panel.folder_requested.connect(part.over_folder)
        panel.thumbnails_requested.connect(self._session.folder.decode_thumbnails)
        panel.image_chosen.connect(lambda path: self._session.use_test_images([path]))
        panel.node_selected.connect(self._session.select_node)
        panel.node_selected.connect(lambda node: self.graph.centre_on_node(node))  # noqa: PLW0108 - made when needed
        return self._docked("comparison", panel, scrolled=True)

    def _draw(self, name: str) -> None:
        panel: _Panel = self.__dict__[name]
        panel.draw(self._session.state)

    def _docked(self, dock: str, panel: _Widget, *, scrolled: bool = False) -> _Widget:
        """Put it into its dock; `scrolled` where sentences of any length stand over what else it shows."""
        frame = self._docks[dock].widget()
        panel.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        shown = _scrolled(dock, panel) if scrolled else panel
        if dock in BELOW:
            shown.setMinimumSize(LEAST_BELOW)
        self._begun(panel)
        self._docks[dock].setWidget(shown)
        frame.deleteLater()
        return panel

    def _begun(self, panel: _Widget) -> _Widget:
        inset_spin_boxes(panel)
        panel.draw(self._session.state)  # type: ignore[attr-defined]  # all have it, which a Qt widget's type can't say
        return panel


def _scrolled(dock: str, panel: QWidget) -> QScrollArea:
    area = named(QScrollArea(), f"{dock}_scroll", TITLES[dock])
    area.setFrameShape(QFrame.Shape.NoFrame)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    area.setWidget(panel)
    return area
