"""The toolbar at every width: what is used all the time stays on it."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMainWindow, QToolButton

from inspector.gui.actions import make_actions, set_icons
from inspector.gui.run_bar import RunBar
from inspector.gui.state import WindowState
from inspector.gui.style_sheet import style_sheet
from inspector.gui.theme import LIGHT
from inspector.protocol.events import Device

WORDED = ("open_button", "run_button", "live_button")
ICON = Qt.ToolButtonStyle.ToolButtonIconOnly


@pytest.fixture
def bar(qtbot):
    window = QMainWindow()
    qtbot.addWidget(window)
    window.setStyleSheet(style_sheet(LIGHT))
    actions = make_actions(window)
    set_icons(actions, LIGHT.text, LIGHT.faint, LIGHT.accent)
    bar = RunBar(actions)
    window.addToolBar(bar)
    window.resize(1440, 400)
    window.show()
    qtbot.waitExposed(window)
    return bar


@pytest.mark.parametrize(
    "devices", [(), (Device("cpu", "CPU"),), (Device("cpu", "CPU"), Device("cuda:0", "NVIDIA H100"))]
)
def test_all_of_it_is_seen_uncut_from_900_pixels_on(bar, qtbot, devices):
    for device in devices:
        bar.device.addItem(device.label, device.name)
    for width in range(1440, 890, -20):
        bar.window().resize(width, 400)
        qtbot.waitUntil(lambda width=width: bar.width() == width)
        bar.layout().activate()
        shown = [bar.widgetForAction(action) for action in bar.actions()]
        assert all(widget.isVisible() for widget in shown), width
        assert max(widget.geometry().right() for widget in shown) < width
        for name in WORDED:
            button = bar.findChild(QToolButton, name)
            assert button.width() >= button.sizeHint().width() - 2 or button.toolButtonStyle() == ICON
        assert bar.search.width() >= 88


def test_drawing_anew_at_a_narrow_width_rewrites_nothing(bar, qtbot):
    bar.window().resize(900, 400)
    qtbot.waitUntil(lambda: bar.width() == 900)
    bar.draw(WindowState())
    written = []
    bar.dtype.model().dataChanged.connect(lambda *_: written.append("dtype"))
    bar.draw(WindowState())
    assert written == []
    assert bar.dtype.itemText(0) == "as is"


def test_words_come_back_where_there_is_room(bar, qtbot):
    def worded():
        buttons = [bar.findChild(QToolButton, name) for name in WORDED]
        return [button.toolButtonStyle() != Qt.ToolButtonStyle.ToolButtonIconOnly for button in buttons]

    assert worded() == [True, True, True]
    bar.window().resize(900, 400)
    qtbot.waitUntil(lambda: bar.width() == 900)
    assert worded() == [False, False, False]
    assert bar.dtype.itemText(0) == "as is"
    assert bar.findChild(QToolButton, "run_button").toolTip() == "Run the model once (F5)"
    bar.window().resize(1440, 400)
    qtbot.waitUntil(lambda: bar.width() == 1440)
    assert worded() == [True, True, True]
    assert bar.dtype.itemText(0) == "dtype as is"


def test_where_even_that_is_too_wide_the_graphs_own_go_first(bar, qtbot):
    bar.window().resize(700, 400)
    qtbot.waitUntil(lambda: bar.width() <= 840)
    bar.resize(700, bar.height())
    bar.layout().activate()
    hidden = {bar.widgetForAction(action).objectName() for action in bar.actions()
              if not bar.widgetForAction(action).isVisible()}  # fmt: skip
    assert hidden <= {"fit_button", "fold_all_button", "unfold_all_button", "direction_button", "colour_choice", ""}
    for name in WORDED:
        assert bar.findChild(QToolButton, name).isVisible()
    assert bar.search.isVisible()
