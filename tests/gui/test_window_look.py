"""What holds for every widget of the window, whatever it shows: one type family, names, a way to it by keyboard."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QMainWindow,
    QScrollBar,
    QTabBar,
    QTextEdit,
    QWidget,
)

from inspector.gui.app import make_application
from inspector.gui.appearance import ui_font
from inspector.gui.graph_view.cards import Fonts
from inspector.protocol.inputs import NamedInput, RandomInput
from inspector.protocol.requests import PreviewInput

TAKES_INPUT = (QAbstractButton, QAbstractItemView, QAbstractSlider, QAbstractSpinBox, QComboBox, QLineEdit, QTabBar)
FIXED_WIDTH = ("banner_details",)  # a traceback


def is_ours(widget: QWidget) -> bool:
    """Not a part that Qt puts into its own widgets."""
    if isinstance(widget, QHeaderView | QScrollBar) or widget.objectName().startswith(("qt_", "Scroll")):
        return False
    around = widget.parentWidget()
    if isinstance(around, QMainWindow) and isinstance(widget, QTabBar):  # for docks that lie on each other
        return False
    if isinstance(around, QComboBox | QAbstractItemView | QAbstractSpinBox | QLineEdit):
        return False
    return "QComboBoxPrivateContainer" not in (around.metaObject().className() if around is not None else "")


def told(widget: QWidget) -> str:
    around = widget.parentWidget()
    return f"{type(widget).__name__} {widget.objectName()!r} in {around.objectName() if around is not None else ''!r}"


@pytest.fixture
def failed(window, qtbot, engines, model_files):
    """The window after a run that failed: banners, a card and all panels are there."""
    engines.latest.behave(run_failure=True)
    window.open_paths(list(model_files))
    qtbot.waitUntil(lambda: window.session.state.run.failure is not None and not window.session.state.pending)
    qtbot.waitUntil(lambda: bool(window.banners.banners))
    return window


@pytest.mark.parametrize("state", ["window", "opened", "failed"])
def test_whatever_takes_input_has_a_name_for_tests_and_for_screen_readers(request, state):
    shown = request.getfixturevalue(state)
    ours = [widget for widget in shown.findChildren(QWidget) if isinstance(widget, TAKES_INPUT) and is_ours(widget)]
    assert len(ours) > 20
    assert [told(widget) for widget in ours if not widget.objectName()] == []
    unsaid = [widget for widget in ours if not (widget.accessibleName() or getattr(widget, "text", str)())]
    assert [told(widget) for widget in unsaid] == []


def test_the_keyboard_reaches_every_field_and_button(opened):
    """Tab goes round all that is shown; icons in the toolbar have keys of their own, the View menu closes panels."""
    chain, widget = [], opened.nextInFocusChain()
    while widget is not None and widget is not opened:
        chain.append(widget)
        widget = widget.nextInFocusChain()
    fields = [one for one in opened.findChildren(QWidget) if isinstance(one, TAKES_INPUT) and is_ours(one)]
    shown = [one for one in fields if one.isVisible() and one.isEnabled() and not isinstance(one, QScrollBar)]
    lost = [one for one in shown if one not in chain or one.focusPolicy() == Qt.FocusPolicy.NoFocus]
    by_other_means = {"QDockWidgetTitleButton", "QToolButton", "QTabBar"}
    lost = [one for one in lost if not (one.objectName().startswith("dock_") and one.objectName().endswith("_close"))]
    assert [told(one) for one in lost if one.metaObject().className() not in by_other_means] == []
    stops = (one for one in chain if one.focusPolicy() & Qt.FocusPolicy.TabFocus and one.isEnabled())
    assert next(stops).objectName() == "open_button"


@pytest.mark.parametrize("state", ["opened", "failed"])
def test_every_text_is_in_the_one_family_with_figures_of_one_width(request, qapp, state):
    make_application()
    shown = request.getfixturevalue(state)
    families = ui_font().families()
    others = [
        told(widget)
        for widget in shown.findChildren(QWidget)
        if isinstance(widget, (QLabel, QLineEdit, QAbstractItemView, QAbstractButton, QTextEdit))
        and widget.objectName() not in FIXED_WIDTH
        and widget.font().families() != families
    ]
    assert others == []
    fonts = Fonts.of(shown.panels.graph.font())
    for font in (fonts.title, fonts.small, fonts.shape):
        assert font.families() == families
        assert font.isFeatureSet(QFont.Tag("tnum"))


def test_the_application_has_its_font_before_any_widget_is_made(qapp: QApplication):
    make_application()
    assert qapp.font().families() == ui_font().families()
    assert qapp.font().isFeatureSet(QFont.Tag("tnum"))


def test_what_the_model_sees_follows_the_input_in_force(opened, qtbot, engines):
    before = len(engines.latest.sent(PreviewInput))
    changed = RandomInput(shape=(32, 3, 32, 32))
    opened.session.change_inputs((NamedInput(source=changed, name="x"),))
    qtbot.waitUntil(lambda: len(engines.latest.sent(PreviewInput)) > before)
    assert engines.latest.sent(PreviewInput)[-1].source == changed
    qtbot.waitUntil(lambda: not opened.session.state.pending)
    opened.session.select_module("classifier")
    qtbot.waitUntil(lambda: opened.session.state.selected_module == "classifier" and not opened.session.state.pending)
    assert len(engines.latest.sent(PreviewInput)) == before + 1
