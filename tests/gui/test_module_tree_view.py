"""The module tree."""

from dataclasses import replace

import msgspec
import pytest
from PySide6.QtCore import QModelIndex, Qt
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from inspector.client import fake_messages as said
from inspector.gui.module_tree import ModuleTree
from inspector.gui.module_tree.model import ModuleModel, matching, tree_of
from inspector.gui.state import RunState, WindowState
from inspector.protocol.files import ModuleRow

LOADED = WindowState(path="/m.pth", model=said.model("/m.pth", "", ""))
RAN = replace(LOADED, run=RunState(graph=said.graph()))


def row(fqn: str, class_name: str = "Module") -> ModuleRow:
    return ModuleRow(fqn=fqn, class_name=class_name, num_params=0, size_bytes=0)


@pytest.fixture
def tree(qtbot: QtBot) -> ModuleTree:
    made = ModuleTree()
    qtbot.addWidget(made)
    made.resize(320, 400)
    made.show()
    return made


def names(model: ModuleModel, parent: QModelIndex | None = None) -> list[str]:
    parent = parent if parent is not None else QModelIndex()
    found = []
    for place in range(model.rowCount(parent)):
        index = model.index(place, 0, parent)
        found += [index.data(Qt.ItemDataRole.UserRole), *names(model, index)]
    return found


def test_the_model_keeps_qts_rules(qtmodeltester: ModelTester):
    model = ModuleModel()
    model.set_rows(said.modules())
    qtmodeltester.check(model)
    model.set_text("conv")
    qtmodeltester.check(model)


def test_modules_hang_under_the_nearest_module_that_is_listed():
    entries = tree_of([row(""), row("a.b"), row("a.b.c.d")])
    assert [(one.name, one.parent) for one in entries] == [("model", -1), ("a.b", 0), ("c.d", 1)]


def test_filtering_keeps_what_the_matches_lie_in():
    rows = [row(""), row("stem", "Sequential"), row("stem.conv", "Conv2d"), row("head", "Linear")]
    assert [one.fqn for one in matching(rows, "CONV")] == ["", "stem", "stem.conv"]
    assert [one.fqn for one in matching(rows, "head linear")] == ["", "head"]
    assert [one.fqn for one in matching(rows, "nothing")] == [""]
    assert matching(rows, "  ") == rows


def test_an_empty_tree_says_what_will_stand_here(tree: ModuleTree):
    tree.draw(WindowState())
    assert "once a file is open" in tree._empty.text()
    assert tree._empty.isVisible()


def test_a_file_that_gave_no_model_is_not_told_to_be_opened(tree: ModuleTree):
    tree.draw(WindowState(path="/m.pth", description=said.description("/m.pth")))
    assert "has given no model" in tree._empty.text()


def test_shapes_and_totals_come_with_the_run(tree: ModuleTree):
    tree.draw(LOADED)
    model = tree.view.model()
    assert model.index_of("stem.conv").siblingAtColumn(1).data() == ""
    assert tree.totals.text() == "10 modules · 5,172 params · 20.3 KB"
    tree.draw(RAN)
    assert model.index_of("stem.conv").siblingAtColumn(1).data() == "(1, 16, 8, 8)"
    assert tree.totals.text().endswith("1 not called")


def test_modules_that_were_not_called_are_dimmed_and_say_so(tree: ModuleTree):
    tree.draw(RAN)
    index = tree.view.model().index_of("auxiliary")
    assert index.siblingAtColumn(1).data() == "not called"
    assert "Not called" in index.data(Qt.ItemDataRole.ToolTipRole)
    assert index.data(Qt.ItemDataRole.ForegroundRole) is not None


def test_choosing_a_row_tells_its_module_and_drawing_does_not(tree: ModuleTree, qtbot: QtBot):
    told: list[str] = []
    tree.module_selected.connect(told.append)
    tree.draw(replace(RAN, selected_module="block.conv1"))
    assert told == []
    assert tree.view.currentIndex().data() == "conv1"
    tree.view.setCurrentIndex(tree.view.model().index_of("pool"))
    assert told == ["pool"]


def test_filtering_does_not_choose_anything(tree: ModuleTree):
    told: list[str] = []
    tree.draw(replace(RAN, selected_module="block.conv1"))
    tree.module_selected.connect(told.append)
    tree.search.setText("conv")
    assert names(tree.view.model()) == ["", "stem", "stem.conv", "block", "block.conv1", "block.conv2"]
    tree.search.clear()
    assert told == []
    assert tree.view.currentIndex().data() == "conv1"


def test_a_selected_module_inside_a_listed_one_chooses_that(tree: ModuleTree):
    tree.draw(replace(RAN, selected_module="block.conv1.parametrizations.weight"))
    assert tree.view.currentIndex().data() == "conv1"


def test_thousands_of_modules_are_drawn_and_filtered(tree: ModuleTree, qtbot: QtBot):
    rows = [row(""), *(row(f"layers.{index}") for index in range(400))]
    rows.insert(1, row("layers"))
    rows += [row(f"layers.{index}.{part}") for index in range(400) for part in "abcdefghij"]
    model = msgspec.structs.replace(LOADED.model, modules=tuple(rows))
    tree.draw(replace(LOADED, model=model))
    tree.search.setText("layers.17")
    assert tree.view.model().num_shown() == 1 + 1 + 11 * 11
