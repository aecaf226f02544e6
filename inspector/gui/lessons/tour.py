"""Puts lessons into the window: the guide, its card over the graph, and the frame around the panel to look at."""

from collections.abc import Callable, Mapping

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QDockWidget, QMainWindow, QWidget

from inspector.gui.lessons.card import LessonCard
from inspector.gui.lessons.guide import LessonGuide
from inspector.gui.lessons.lesson import Lesson
from inspector.gui.lessons.spotlight import Spotlight
from inspector.gui.session import WindowSession
from inspector.places import Sample


class Tour(QObject):
    """One a window.

    Args:
        window: where the frame lies.
        session: what the guide asks.
        samples: what the lessons open.
        docks: the panels that lessons speak of, by name.
        graph: the graph's place.
        centre_on_node: brings a node of the graph into view.
    """

    def __init__(
        self,
        window: QMainWindow,
        session: WindowSession,
        samples: tuple[Sample, ...],
        *,
        docks: Mapping[str, QDockWidget],
        graph: QWidget,
        centre_on_node: Callable[[int], None],
    ) -> None:
        super().__init__(window)
        self.guide = LessonGuide(session, samples, self)
        self.card = LessonCard()
        self._spotlight = Spotlight(window)
        self._session = session
        self._docks = docks
        self._graph = graph
        self._centre_on_node = centre_on_node
        self.guide.changed.connect(self._draw)
        self.guide.arrived.connect(self._look_at)
        self.card.next_requested.connect(self.guide.next)
        self.card.back_requested.connect(self.guide.back)
        self.card.close_requested.connect(self.guide.close)

    def start(self, lesson: Lesson) -> None:
        """Open a lesson."""
        self.guide.start(lesson)

    def _draw(self) -> None:
        self.card.draw(self.guide)
        if self.guide.lesson is None or self.guide.busy:
            self._spotlight.show_on(None)

    def _look_at(self, dock: str, node: int) -> None:
        target: QWidget = self._graph
        if dock in self._docks:
            target = self._docks[dock]
            target.show()
            target.raise_()
        if node >= 0:
            self._session.select_node(node)
            self._centre_on_node(node)
        self._spotlight.show_on(target)
