"""The graphs aligned: which node of A is which of B, and by how much they differ; a click goes to the node."""

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, Signal

from inspector.core.comparison import pair_text, share_text
from inspector.core.formatting import value_text
from inspector.gui.comparison.table import Column, DifferingOrAll, RowsTable
from inspector.gui.comparison.updates import why_no_runs
from inspector.gui.parts import named
from inspector.gui.state import ComparisonState
from inspector.protocol.comparison import NodePair, RunComparison

SAME = "Every node gives the same on both sides, bit for bit."
_HOW = {"name": "name", "place": "place", "order": "order", None: "–"}


@dataclass(frozen=True)
class NodeRow:
    """A pair with its place in the order of the run."""

    place: int
    pair: NodePair
    runs: RunComparison
    is_first: bool

    @property
    def state(self) -> str:
        """In a word or two."""
        if self.pair.a is None or self.pair.b is None:
            return "only in B" if self.pair.a is None else "only in A"
        if self.pair.equal is None:
            return "can't be told"
        return "same" if self.pair.equal else "first to differ" if self.is_first else "differs"

    @property
    def compared(self) -> str:
        """How many of the values the figures are of."""
        if not self.pair.num_elements or self.pair.equal is None:
            return ""
        if self.pair.num_compared >= self.pair.num_elements:
            return "all"
        return f"{self.pair.num_compared:,} of {self.pair.num_elements:,}"


COLUMNS = (
    Column("node", lambda row: pair_text(row.pair, row.runs.graph_a, row.runs.graph_b), lambda row: row.place),
    Column("", lambda row: row.state, lambda row: row.state),
    Column("relative", lambda row: share_text(row.pair.relative), lambda row: row.pair.relative, True, "‖B − A‖ / ‖A‖"),
    Column(
        "max |Δ|",
        lambda row: "–" if row.pair.max_abs is None else value_text(row.pair.max_abs),
        lambda row: row.pair.max_abs,
        True,
        "The greatest |B − A| of the values compared",
    ),
    Column("values", lambda row: row.compared, lambda row: row.pair.num_compared, True, "How many were compared"),
    Column("aligned by", lambda row: _HOW[row.pair.how], lambda row: _HOW[row.pair.how]),
)


class NodesPage(DifferingOrAll):
    """The table, of what differs or of all.

    Signals:
        node_selected: a node of A's graph.
    """

    node_selected = Signal(int)

    def __init__(self) -> None:
        name, widths = "Nodes of both sides; Return goes to one", (96, 70, 76, 110, 78)
        super().__init__("nodes", RowsTable("comparison_nodes_table", name, COLUMNS, widths))
        named(self, "comparison_nodes", "Nodes side by side")
        self._runs: RunComparison | None = None
        self._why_none = ""
        self.changed.connect(self._fill)
        self.table.clicked.connect(self._choose)
        self.table.activated.connect(self._choose)

    def draw(self, comparison: ComparisonState) -> None:
        """Show the pairs."""
        why_none = SAME if comparison.runs is not None else why_no_runs(comparison)
        if comparison.runs is not self._runs or why_none != self._why_none:
            self._runs, self._why_none = comparison.runs, why_none
            self._fill()

    def _fill(self) -> None:
        runs = self._runs
        rows: list[NodeRow] = []
        if runs is not None:
            first = runs.first.pair if runs.first is not None else -1
            rows = [
                NodeRow(place, pair, runs, place == first)
                for place, pair in enumerate(runs.pairs)
                if self.wants_all() or pair.equal is not True
            ]
        self.show_rows(rows, self._why_none, next((row for row in rows if row.is_first), None))

    def _choose(self, index: QModelIndex) -> None:
        row = self.table.both.rows[index.row()]
        if row.pair.a is not None:
            self.node_selected.emit(row.pair.a)
