"""Drawing in turns."""

import time

import pytest
from PySide6.QtCore import QObject

from inspector.gui.part_by_part import SLICE_S, PartByPart


@pytest.fixture
def drawing(qapp):
    parent = QObject()
    yield PartByPart(parent)
    parent.deleteLater()


def busy_for(seconds: float) -> None:
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass


def test_parts_are_drawn_in_order_the_first_at_once(drawing, qtbot):
    drawn = []
    drawing.draw({name: lambda name=name: drawn.append(name) for name in "abc"})
    assert drawn[:1] == ["a"]
    qtbot.waitUntil(lambda: not drawing.busy)
    assert drawn == ["a", "b", "c"]


def test_a_slow_part_gives_the_event_loop_a_turn(drawing, qtbot):
    drawn = []
    drawing.draw({"slow": lambda: busy_for(2 * SLICE_S), "after": lambda: drawn.append("after")})
    assert drawn == []
    assert drawing.busy
    qtbot.waitUntil(lambda: not drawing.busy)
    assert drawn == ["after"]


def test_a_part_that_waits_draws_once_and_the_newest(drawing, qtbot):
    drawn = []
    drawing.draw({"slow": lambda: busy_for(2 * SLICE_S), "part": lambda: drawn.append("old")})
    drawing.draw({"part": lambda: drawn.append("new")})
    assert drawn == []
    qtbot.waitUntil(lambda: not drawing.busy)
    assert drawn == ["new"]


def test_nothing_is_drawn_after_the_end(drawing, qapp):
    drawn = []
    drawing.draw({"slow": lambda: busy_for(2 * SLICE_S), "part": lambda: drawn.append("part")})
    drawing.stop()
    qapp.processEvents()
    assert not drawing.busy
    assert drawn == []
