"""Searches the graph for a text, a slice at a time, so that a graph of any size leaves the window free."""

from collections.abc import Iterator
from time import perf_counter
from typing import cast

from PySide6.QtCore import QObject, QTimer, Signal

from inspector.core.search import SearchError, parse_search
from inspector.core.search_fields import Subject
from inspector.protocol.graph import Graph

SLICE_S = 0.008


class Finder(QObject):
    """Looks through one graph. What is small is answered before `look` returns.

    Signals:
        found: the ids of the nodes, once all were looked at.
    """

    found = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.graph: Graph | None = None
        self._subjects: list[Subject] = []  # they keep the words of their nodes
        self._work: Iterator[int | None] = iter(())
        self._matches: list[int] = []
        self._timer = QTimer(self)
        self._timer.setInterval(0)
        self._timer.timeout.connect(self._go_on)

    def look(self, graph: Graph | None, text: str) -> None:
        """Find what a text means; another search that is under way is forgotten.

        Raises:
            SearchError: the text can't be read; nothing is found then.
        """
        self._timer.stop()
        self._matches = []
        self._work = iter(())
        if graph is not self.graph:
            self.graph = graph
            self._subjects = []
        try:
            test = parse_search(text)
        except SearchError:
            self.found.emit(())
            raise
        if test is not None:
            self._work = (subject.node.id if test(subject) else None for subject in self._each())
        self._go_on()

    def _each(self) -> Iterator[Subject]:
        """Every node; what is not known of it yet is made when its turn comes."""
        for at, node in enumerate(self.graph.nodes if self.graph is not None else ()):
            if at == len(self._subjects):
                self._subjects.append(Subject(cast("Graph", self.graph), node))
            yield self._subjects[at]

    def _go_on(self) -> None:
        until = perf_counter() + SLICE_S
        for match in self._work:
            if match is not None:
                self._matches.append(match)
            if perf_counter() > until:
                self._timer.start()
                return
        self._timer.stop()
        self.found.emit(tuple(self._matches))
