"""What holds for all panels at the bottom of the window."""

import numpy as np
import pytest
from panel_states import evaluated, loaded_model, output_values
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QAbstractSpinBox,
    QComboBox,
    QFrame,
    QHeaderView,
    QLabel,
    QLineEdit,
    QScrollBar,
    QWidget,
)

from inspector.gui.confusion_panel import ConfusionPanel
from inspector.gui.input_panel import InputPanel
from inspector.gui.outputs_panel import OutputsPanel
from inspector.gui.parts import Sentence
from inspector.gui.state import RunState, WindowState
from inspector.gui.theme import DARK, LIGHT, theme_source

FULL = WindowState(
    model=loaded_model(class_names=("cat", "dog")),
    run=RunState(outputs=(output_values(np.ones((2, 3, 4, 5)), "features"), output_values([[1.0, 2.0]], name="b"))),
    evaluation=evaluated([[3, 1], [0, 4]], ("cat", "dog")),
)
PANELS = [InputPanel, OutputsPanel, ConfusionPanel]
OWNERS = (QAbstractSpinBox, QComboBox, QAbstractItemView, QLineEdit, QHeaderView)


def belongs_to_qt(widget):
    """Widgets that Qt makes inside others: their owner has the name."""
    inside = any(isinstance(owner, OWNERS) for owner in owners(widget))
    return widget.objectName().startswith("qt_") or isinstance(widget, QScrollBar | QHeaderView) or inside


def owners(widget):
    while (widget := widget.parentWidget()) is not None:
        yield widget


@pytest.mark.parametrize("panel_class", PANELS)
def test_every_widget_has_an_object_name_and_an_accessible_name(qtbot, panel_class):
    panel = panel_class()
    qtbot.addWidget(panel)
    panel.draw(FULL)
    widgets = [widget for widget in panel.findChildren(QWidget) if not belongs_to_qt(widget)]
    unnamed = [
        f"{type(widget).__name__} in {widget.parentWidget().objectName()}"
        for widget in widgets
        if type(widget) is not QFrame and not (widget.objectName() and widget.accessibleName())
    ]
    assert len(widgets) > 15
    assert not unnamed


@pytest.mark.parametrize("panel_class", PANELS)
def test_no_label_reads_markup(qtbot, panel_class):
    panel = panel_class()
    qtbot.addWidget(panel)
    panel.draw(FULL)
    sentences = panel.findChildren(Sentence)
    assert sentences
    assert {label.textFormat() for label in sentences} == {Qt.TextFormat.PlainText}
    for label in panel.findChildren(QLabel):
        assert "<" not in label.text()


@pytest.mark.parametrize("panel_class", PANELS)
@pytest.mark.parametrize("size", [(260, 220), (500, 330), (1400, 900)])
def test_a_panel_follows_the_theme_at_any_size(qtbot, panel_class, size):
    panel = panel_class()
    qtbot.addWidget(panel)
    panel.resize(*size)
    panel.draw(FULL)
    panel.show()
    light = panel.grab().toImage()
    try:
        theme_source().current = DARK
        theme_source().changed.emit()
        assert panel.grab().toImage() != light
        assert panel.width() == size[0], "nothing in it needs more room"
    finally:
        theme_source().current = LIGHT
        theme_source().changed.emit()
