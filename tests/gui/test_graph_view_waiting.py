"""A layout that takes long: said on the graph after a moment, and cancelled there."""

import sys

import pytest
from graph_view_graphs import residual
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QPushButton, QWidget

from inspector.client.layout_process import LayoutProcess
from inspector.gui.graph_view import GraphView
from inspector.gui.state import RunState, WindowState

HANGS = (sys.executable, "-c", "import time; time.sleep(1000)")
TELLS_AND_HANGS = (
    sys.executable,
    "-c",
    "import struct, sys, time; sys.stdout.buffer.write(struct.pack('<Q', 1) + bytes([42])); sys.stdout.buffer.flush();"
    "time.sleep(1000)",
)


@pytest.fixture
def slow(qtbot):
    views = []

    def made(command, small=0):
        view = GraphView(layout=LayoutProcess(command, small=small, time_limit_s=100))
        qtbot.addWidget(view)
        view.resize(600, 400)
        view.show()
        views.append(view)
        return view

    yield made
    for view in views:
        view.end()


def draw(view, blocks=2):
    view.draw(WindowState(run=RunState(graph=residual(blocks=blocks))))


def strip(view):
    return view.findChild(QWidget, "graph_waiting")


def test_a_long_layout_is_said_and_cancel_ends_its_process(slow, qtbot):
    view = slow(HANGS)
    draw(view)
    assert not strip(view).isVisible()
    qtbot.waitUntil(strip(view).isVisible)
    process = view._link.process
    assert process.pid is not None
    qtbot.mouseClick(view.findChild(QPushButton, "graph_waiting_cancel"), Qt.MouseButton.LeftButton)
    assert not strip(view).isVisible()
    assert process.pid is None
    assert "cancelled" in view.findChild(QLabel, "graph_empty").text()


def test_the_strip_says_how_much_is_done(slow, qtbot):
    view = slow(TELLS_AND_HANGS)
    draw(view)
    said = view.findChild(QLabel, "graph_waiting_text")
    qtbot.waitUntil(lambda: "42 %" in said.text())


def test_cancelling_a_fold_keeps_the_picture_and_its_folds(slow, qtbot):
    view = slow(HANGS, small=8)
    with qtbot.waitSignal(view.picture_shown):
        draw(view, blocks=4)
    before = view.picture
    view.unfold_all()
    qtbot.waitUntil(strip(view).isVisible)
    view.cancel_layout()
    assert view.picture is before
    with qtbot.waitSignal(view.picture_shown):
        view.fold_all()
    assert len(view.picture.cards) < len(before.cards) + 1


def test_after_a_cancelled_layout_the_next_graph_is_shown(slow, qtbot):
    view = slow(HANGS, small=7)
    draw(view, blocks=6)
    view.cancel_layout()
    with qtbot.waitSignal(view.picture_shown):
        draw(view, blocks=1)
    assert view.picture.cards
