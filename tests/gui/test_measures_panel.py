"""The table of measures: rows of nodes and modules, their order, and what is told below."""

import csv
import io

from graph_view_graphs import residual
from msgspec.structs import replace
from PySide6.QtCore import Qt

from inspector.gui.measures_panel import MeasuresPanel
from inspector.gui.state import RunState, WindowState
from inspector.protocol.graph import Graph


def shown(qtbot, **state):
    graph = residual(2)
    nodes = tuple(replace(n, macs=None if n.op == "add" else 10 * n.id) for n in graph.nodes)
    graph = Graph(nodes=nodes, groups=graph.groups, edges=graph.edges)
    panel = MeasuresPanel()
    qtbot.addWidget(panel)
    panel.draw(WindowState(run=RunState(graph=graph), **state))
    return panel, graph


def column(panel, at):
    return [panel.model.index(row, at).data() for row in range(panel.model.rowCount())]


def test_rows_sort_by_any_measure_and_those_without_a_value_come_last(qtbot):
    panel, graph = shown(qtbot)
    assert panel.model.rowCount() == len(graph.nodes)
    panel.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert column(panel, 2) == ["70", "50", "40", "20", "10", "–", "–", "–", "–"]
    panel.table.sortByColumn(2, Qt.SortOrder.AscendingOrder)
    assert column(panel, 2)[:2] == ["10", "20"]


def test_a_module_has_the_total_of_all_inside_it(qtbot):
    panel, _ = shown(qtbot)
    panel.by.button("modules").click()
    assert column(panel, 0) == ["Net", "Block  blocks.0", "Block  blocks.1"]
    assert column(panel, 1) == ["144", "72", "72"]
    assert column(panel, 2) == ["190", "30", "90"]


def test_what_could_not_be_counted_is_told_by_name(qtbot):
    panel, _ = shown(qtbot)
    assert "MACs are not counted for: add ×2." in panel.foot.text()


def test_a_click_selects_the_node_and_a_selected_node_its_row(qtbot):
    panel, graph = shown(qtbot, selected_node=3)
    assert panel.table.currentIndex().row() == 3
    panel.filter.setText("head")
    with qtbot.waitSignal(panel.node_selected) as told:
        panel.table.clicked.emit(panel.model.index(0, 0))
    assert graph.nodes[told.args[0]].fqn == "head"


def test_the_csv_holds_plain_numbers_that_add_up(qtbot, tmp_path):
    panel, graph = shown(qtbot)
    panel.write_csv(str(tmp_path / "measures.csv"))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "measures.csv").read_text())))
    assert sum(float(row["params"]) for row in rows) == sum(node.num_params for node in graph.nodes)
    assert rows[1]["output"] == "32"
