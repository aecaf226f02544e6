"""Keys and weights side by side, those that differ first asked for."""

from inspector.core.comparison import row_text, share_text
from inspector.core.formatting import value_text
from inspector.gui.comparison.table import Column, DifferingOrAll, RowsTable
from inspector.gui.parts import named
from inspector.gui.state import ComparisonState
from inspector.protocol.comparison import WeightRow, WeightsReport

_WORDS = {"same": "same", "changed": "differs", "added": "only in B", "gone": "only in A", "reshaped": "other shape"}


def _number(value: float | None) -> str:
    return "–" if value is None else value_text(value)


def _dtype(row: WeightRow) -> str:
    return row.dtype_a if row.dtype_a == row.dtype_b or not row.dtype_b else f"{row.dtype_a} {row.dtype_b}".strip()


COLUMNS = (
    Column("weight", lambda row: row.name, lambda row: row.name),
    Column("", lambda row: _WORDS[row.status], lambda row: row.status),
    Column("shape", row_text, lambda row: row.shape_a or row.shape_b),
    Column("relative", lambda row: share_text(row.relative), lambda row: row.relative, True, "‖B − A‖ / ‖A‖"),
    Column("max |Δ|", lambda row: _number(row.max_abs), lambda row: row.max_abs, True, "The greatest |B − A|"),
    Column("L2", lambda row: _number(row.l2), lambda row: row.l2, True, "‖B − A‖"),
    Column("cosine", lambda row: _number(row.cosine), lambda row: row.cosine, True, "Of the angle between A and B"),
    Column("dtype", _dtype, _dtype),
)


class WeightsPage(DifferingOrAll):
    """The table, of what differs or of all."""

    def __init__(self) -> None:
        widths = (78, 150, 70, 76, 76, 66, 110)
        super().__init__("weights", RowsTable("comparison_weights_table", "Weights of both sides", COLUMNS, widths))
        named(self, "comparison_weights", "Weights side by side")
        self._report: WeightsReport | None = None
        self.changed.connect(self._fill)

    def draw(self, comparison: ComparisonState) -> None:
        """Show the report."""
        if comparison.weights is not self._report:
            self._report = comparison.weights
            self._fill()

    def _fill(self) -> None:
        rows = self._report.rows if self._report is not None else ()
        shown = rows if self.wants_all() else tuple(row for row in rows if row.status != "same")
        told = f"All {len(rows)} weights are the same, bit for bit." if rows else "Neither side has weights."
        self.show_rows(shown, told if self._report is not None else "")
