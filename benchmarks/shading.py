"""How long it takes to colour a graph by a measure, and to sort, filter and scroll the table of measures.

Run as `QT_QPA_PLATFORM=offscreen python benchmarks/shading.py`; medians in milliseconds, all groups unfolded. Colouring
is the working out of every box's colour; painting them is in `frames.py`.
"""

import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from frames import model
from PySide6.QtCore import QCoreApplication, Qt

from inspector.core.grouping import build_hierarchy
from inspector.core.measures import Measured
from inspector.core.visible import look_at
from inspector.gui.graph_view.shading import shade
from inspector.gui.measures_panel.model import NUMBER_COLUMNS, MeasuresModel
from inspector.gui.measures_panel.rows import node_rows

ROUNDS = 7
ROWS_IN_VIEW = 40


def median_ms(run: Callable[[], object]) -> float:
    """The median of some calls."""
    times = []
    for _ in range(ROUNDS):
        started_s = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - started_s))
    return statistics.median(times)


def sort(table: MeasuresModel) -> None:
    """Down and up by the size of outputs, which differs from block to block."""
    column = 1 + next(at for at, measure in enumerate(NUMBER_COLUMNS) if measure.key == "output")
    for order in (Qt.SortOrder.DescendingOrder, Qt.SortOrder.AscendingOrder):
        table.sort(column, order)


def scroll(table: MeasuresModel) -> None:
    """The texts of a page of cells from the middle."""
    middle = table.rowCount() // 2
    for row in range(middle, min(middle + ROWS_IN_VIEW, table.rowCount())):
        for column in range(table.columnCount()):
            table.data(table.index(row, column))


def main() -> None:
    """Print the table."""
    app = QCoreApplication([])
    print(f"{'nodes':>7} {'first':>7} {'params':>7} {'output':>7} {'dtype':>7} {'sort':>7} {'filter':>7} {'scroll':>7}")
    for num_blocks in (84, 858, 4_290):
        graph = model(num_blocks)
        visible = look_at(build_hierarchy(graph), frozenset())
        started_s = time.perf_counter()
        measured = Measured(graph)
        shade(visible, measured, "params")
        first = 1e3 * (time.perf_counter() - started_s)
        found = [median_ms(lambda key=key: shade(visible, measured, key)) for key in ("params", "output", "dtype")]  # type: ignore[misc]  # noqa: B023 - called at once
        table = MeasuresModel(app)
        table.show_rows(node_rows(measured))
        found.append(median_ms(lambda: sort(table)))  # noqa: B023 - called at once
        found.append(median_ms(lambda: table.filter("linear")))  # noqa: B023 - called at once
        table.filter("")
        found.append(median_ms(lambda: scroll(table)))  # noqa: B023 - called at once
        print(f"{len(graph.nodes):7,} " + " ".join(f"{value:7.1f}" for value in [first, *found]), flush=True)


if __name__ == "__main__":
    main()
