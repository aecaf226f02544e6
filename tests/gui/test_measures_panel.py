"""The table of measures: rows of nodes and modules, their order, and what is told below."""

import csv
import io

import pytest
from graph_view_graphs import residual
from msgspec.structs import replace
from panel_states import loaded_model
from PySide6.QtCore import Qt

from inspector.core.measures import Measured
from inspector.gui.measures_panel import MeasuresPanel
from inspector.gui.measures_panel.model import BAR_ROLE, NAME_ROLE
from inspector.gui.measures_panel.rows import module_rows
from inspector.gui.state import Progress, RunState, WindowState
from inspector.protocol.graph import Graph, Statistics


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


def test_a_module_stands_in_its_tree_with_the_total_of_all_inside_it(qtbot):
    panel, _ = shown(qtbot)
    panel.by.button("modules").click()
    named = [panel.model.index(row, 0).data(NAME_ROLE) for row in range(4)]
    assert named == [("model", "Net", 0), ("blocks.0", "Block", 1), ("conv", "Conv2d", 2), ("relu", "ReLU", 2)]
    assert column(panel, 1)[:4] == ["1,000", "72", "72", "0"], "as the module tree counts them"
    assert column(panel, 2)[:3] == ["190", "30", "10"]
    panel.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    assert column(panel, 0)[:3] == ["model  Net", "blocks.1  Block", "head  Linear"]


def test_self_time_is_what_the_modules_inside_did_not_take(qtbot):
    panel, graph = shown(qtbot)
    groups = tuple(replace(group, elapsed_s=0.1 if group.id else 0.5) for group in graph.groups)
    nodes = tuple(
        replace(node, elapsed_s=0.01 if node.kind in ("module", "function") else None) for node in graph.nodes
    )
    panel.draw(WindowState(run=RunState(graph=Graph(nodes=nodes, groups=groups, edges=graph.edges))))
    assert panel.table.isColumnHidden(4), "a node has no other time than its own"
    panel.by.button("modules").click()
    assert not panel.table.isColumnHidden(4)
    told = dict(zip(column(panel, 0), zip(column(panel, 3), column(panel, 4), strict=True), strict=True))
    assert told["model  Net"] == ("500 ms", "290 ms"), "two blocks of 100 ms and a Linear of 10 ms are inside"
    assert told["blocks.0  Block"] == ("100 ms", "80.0 ms"), "the addition is its own"
    assert told["head  Linear"] == ("10.0 ms", "10.0 ms")


def test_the_values_of_a_module_are_those_it_made_and_not_those_of_its_weights():
    made = Statistics(
        num_elements=4, min=0, max=1, mean=0.4, std=0.5, zeros=1, nan=0, inf=0, num_sampled=4, mean_abs=0.4
    )
    weight = replace(made, zeros=4, std=0.9, mean_abs=7.0)
    graph = residual(1)
    first, *others = (replace(n, statistics=made) for n in graph.nodes if n.kind in ("module", "function"))
    bias = replace(first, id=len(graph.nodes), kind="parameter", op="bias", statistics=weight)
    values = tuple(n for n in graph.nodes if n.kind not in ("module", "function"))
    nodes = sorted((*values, first, *others, bias), key=lambda n: n.id)
    rows = module_rows(Measured(Graph(nodes=tuple(nodes), groups=graph.groups, edges=graph.edges)))
    block = rows.fqns.index("blocks.0")
    assert [rows.numbers[key][block] for key in ("zeros", "std", "mean_abs")] == [0.25, 0.5, 0.4]


def test_bars_are_shares_of_the_greatest_in_the_column(qtbot):
    panel, _ = shown(qtbot)
    panel.table.sortByColumn(2, Qt.SortOrder.DescendingOrder)
    bars = [panel.model.index(row, 2).data(BAR_ROLE) for row in range(panel.model.rowCount())]
    assert bars[:3] == [1.0, 5 / 7, 4 / 7]
    assert bars[-1] is None
    assert panel.model.index(0, 2).data(Qt.ItemDataRole.ToolTipRole) == "36.8 % of all"


def test_what_could_not_be_counted_is_told_by_name_once_opened(qtbot):
    panel, _ = shown(qtbot)
    panel.show()
    assert panel.foot.fold.toggle.text() == "MACs not counted for 2 operations"
    assert not panel.foot.uncounted.isVisible()
    panel.foot.fold.toggle.click()
    assert panel.foot.uncounted.isVisible()
    assert panel.foot.uncounted.text() == "No rule counts the MACs of: add ×2."


def test_an_empty_table_says_why_and_what_fills_it(qtbot):
    panel = MeasuresPanel()
    qtbot.addWidget(panel)
    panel.show()
    panel.draw(WindowState())
    assert "Open a model" in panel.empty.text()
    assert not panel.way_on.isVisible()
    panel.draw(WindowState(model=loaded_model()))
    with qtbot.waitSignal(panel.run_requested):
        panel.way_on.click()
    panel.draw(WindowState(model=loaded_model(), run=RunState(graph=residual(2))))
    assert not panel.empty.isVisible()
    assert panel.table.isColumnHidden(3), "nothing was timed"
    with qtbot.waitSignal(panel.profile_requested):
        panel.profile.click()
    panel.draw(WindowState(run=RunState(graph=residual(2)), progress=Progress(3, "Profiling")))
    assert not panel.profile.isEnabled()
    panel.filter.setText("nothing like it")
    assert "nothing like it" in panel.empty.text()
    panel.way_on.click()
    assert panel.model.rowCount() == len(residual(2).nodes)


def test_headings_are_not_cut_and_stand_over_their_numbers(qtbot):
    panel, _ = shown(qtbot)
    panel.resize(420, 300)
    panel.show()
    header = panel.table.horizontalHeader()
    for place in range(1, header.count()):
        if not header.isSectionHidden(place):
            name = panel.model.headerData(place, Qt.Orientation.Horizontal)
            assert header.sectionSize(place) > header.fontMetrics().horizontalAdvance(name)
    right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
    assert panel.model.headerData(1, Qt.Orientation.Horizontal, Qt.ItemDataRole.TextAlignmentRole) == right
    assert panel.model.index(0, 1).data(Qt.ItemDataRole.TextAlignmentRole) == right


def test_a_module_called_inside_itself_and_one_called_twice_count_their_time_once(qtbot):
    graph = residual(2)
    groups = (
        *graph.groups[:2],
        replace(graph.groups[2], fqn="blocks.0", parent=1, elapsed_s=0.1),
    )
    groups = tuple(replace(group, elapsed_s=(0.5, 0.3, 0.1)[group.id]) for group in groups)
    rows = module_rows(Measured(Graph(nodes=graph.nodes, groups=groups, edges=graph.edges)))
    at = rows.fqns.index("blocks.0")
    assert rows.numbers["time"][at] == pytest.approx(0.3)
    assert rows.numbers["self_time"][at] == pytest.approx(0.3)


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
