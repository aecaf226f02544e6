"""A panned view paints only what came into view: its pixels are those of a view painted at once."""

import numpy as np
import pytest
from graph_view_graphs import open_view, residual, shown
from PySide6.QtCore import QPoint, QRect
from PySide6.QtGui import QImage

from inspector.gui.graph_view import labels, painting
from inspector.gui.graph_view.panning import uncovered
from inspector.gui.state import RunState, WindowState

STEPS = ((0, 30), (4, 20), (-7, 0), (3, -55), (-120, -80), (0, 900), (2000, 0), (-1, 1), (260, 310))


@pytest.fixture
def view(qtbot):
    view = open_view(qtbot)
    shown(view, qtbot, lambda: view.draw(WindowState(run=RunState(graph=residual(blocks=40)))))
    shown(view, qtbot, view.unfold_all)
    return view


def pixels(view):
    image = view.canvas.viewport().grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(-1, 4).astype(int)


@pytest.mark.parametrize("zoom", [0.05, 0.1, 0.2, 0.35, 0.5, 0.74])
def test_panned_pixels_are_those_of_a_view_painted_at_once(view, zoom):
    """But for lines without antialiasing that end between two pixels, and shades of one."""
    assert zoom < labels.LABELS_FROM
    canvas, item = view.canvas, view.stage.item
    canvas.look_at(view.picture.box_rect(len(view.picture.cards) // 2).center(), zoom)
    pixels(view)
    for x, y in STEPS:
        canvas.pan(x, y)
        panned = pixels(view)
        item.update()
        apart = np.abs(panned - pixels(view)).max(axis=1)
        assert np.mean(apart > 0) < 0.002, (x, y)
        if zoom >= painting.ROUND_FROM:
            assert apart.max() <= 4, (x, y)


def test_close_by_labels_come_when_the_view_rests(view, qtbot):
    canvas, item = view.canvas, view.stage.item
    canvas.look_at(view.picture.box_rect(len(view.picture.cards) // 2).center(), 1.4)
    pixels(view)
    canvas.pan(0, 350)
    panned = pixels(view)
    item.update()
    whole = pixels(view)
    assert not np.array_equal(panned, whole), "there are no labels here to be late"
    canvas.pan(0, -350)
    late = pixels(view)
    qtbot.waitUntil(lambda: not np.array_equal(pixels(view), late))
    rested = pixels(view)
    item.update()
    assert np.array_equal(rested, pixels(view))


def test_what_is_lit_while_panned_is_painted_anew(view, qtbot):
    canvas = view.canvas
    rect = view.picture.box_rect(len(view.picture.cards) // 2)
    canvas.look_at(rect.center(), 0.5)
    before = pixels(view)
    canvas.clicked.emit(rect.center())
    assert not np.array_equal(before, pixels(view))


@pytest.mark.parametrize(
    "moved", [(0, 0), (5, 0), (-5, 0), (0, 7), (0, -7), (5, 7), (-5, 7), (5, -7), (500, 0), (0, -99)]
)
def test_what_is_uncovered_and_what_is_kept_are_the_whole_view_once(moved):
    counts = np.zeros((40, 60), int)
    view = QRect(0, 0, 60, 40)
    kept = view.translated(QPoint(*moved)) & view
    for part in (*uncovered(view, QPoint(*moved)), kept):
        counts[part.top() : part.bottom() + 1, part.left() : part.right() + 1] += 1
    assert (counts == 1).all()
