"""Histograms and the colours of values."""

import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtGui import QColor

from inspector.gui.plots import HistogramView, colour_table, value_colours
from inspector.gui.plots.colour_map import lightness
from inspector.gui.plots.histogram import caption
from inspector.gui.theme import DARK, LIGHT, theme_source
from inspector.protocol.graph import Statistics


def statistics(**changes):
    figures = {
        "num_elements": 1000,
        "min": -1.0,
        "max": 3.0,
        "mean": 0.5,
        "std": 1.25,
        "zeros": 50,
        "nan": 0,
        "inf": 0,
        "num_sampled": 1000,
        "histogram": (1, 5, 10, 4),
    }
    return Statistics(**(figures | changes))


@pytest.fixture
def view(qtbot):
    made = HistogramView()
    qtbot.addWidget(made)
    made.resize(260, 160)
    return made


def test_a_histogram_has_a_bar_a_bin_from_min_to_max(view):
    view.show_statistics(statistics())
    view.show()
    bars = view._bars.opts
    assert list(bars["height"]) == [1, 5, 10, 4]
    assert bars["x"] == pytest.approx([-0.5, 0.5, 1.5, 2.5])
    assert [text for _, text in view.plot().getAxis("bottom")._tickLevels[0]] == ["-1", "1", "3"]


def test_the_caption_has_all_figures_and_says_what_was_sampled(view):
    text = caption(statistics(nan=2, inf=1, num_sampled=500))
    assert text.splitlines()[0] == "min -1 · max 3 · mean 0.5 · std 1.25 · zeros 10 % · NaN 2 · inf 1"
    assert text.splitlines()[1] == "zeros and histogram from 500 of 1,000 values"


def test_pyqtgraph_waits_for_the_first_histogram():
    code = "import sys; import inspector.gui.plots; print('pyqtgraph' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_no_plot_is_made_without_values(view):
    view.show()
    assert view.plot() is None
    view.show_statistics(statistics(min=None, max=None, mean=None, std=None, nan=1000, num_sampled=0, histogram=()))
    assert view.plot() is None
    assert view.findChild(type(view._empty), "histogram_empty").text() == "No finite values."


def test_one_value_only_is_still_a_bar(view):
    view.show_statistics(statistics(min=2.0, max=2.0, histogram=(1000,)))
    view.show()
    assert view._bars.opts["width"] > 0
    view.show_statistics(None)
    assert not view.plot().isVisible()


def test_the_plot_follows_the_theme(view):
    view.show_statistics(statistics())
    view.show()
    source = theme_source()
    try:
        source.current = DARK
        source.changed.emit()
        assert view.plot().backgroundBrush().color() == QColor(DARK.panel)
    finally:
        source.current = LIGHT
        source.changed.emit()
    assert view.plot().backgroundBrush().color() == QColor(LIGHT.panel)


@pytest.mark.parametrize("dark", [False, True])
def test_lightness_changes_evenly_and_one_way_only(dark):
    steps = np.diff(lightness(colour_table(dark=dark)[::17]))
    signed = steps if dark else -steps
    assert (signed > 0).all()
    assert signed.max() < 2.5 * signed.min()


def test_values_take_the_ends_of_the_table():
    table = colour_table(dark=False)
    assert (value_colours(np.array([0.0, 1.0, 7.0, np.nan]), dark=False) == table[[0, 255, 255, 0]]).all()
