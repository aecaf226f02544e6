"""Tool tips show what a file calls things by, whatever that looks like."""

import pytest
from panel_states import output_values, ran
from PySide6.QtCore import Qt
from PySide6.QtGui import Qt as Gui
from PySide6.QtGui import QTextDocument

from inspector.gui.outputs_panel import OutputsPanel
from inspector.gui.parts import ElidedLabel, plain_tip


def as_shown(tip: str) -> str:
    """What Qt makes of a tool tip."""
    if not Gui.mightBeRichText(tip):
        return tip
    document = QTextDocument()
    document.setHtml(tip)
    return document.toPlainText()


@pytest.mark.parametrize(
    "text",
    [
        "conv1",
        "<s>",
        "</s> & <pad>",
        "<img src='file:///etc/hostname'>\nLinear",
        "a < b > c",
        "&lt;b&gt;",
        "<b>bold</b>",
    ],
)
def test_what_looks_like_markup_is_shown_as_it_is(qapp, text):
    assert as_shown(plain_tip(text)) == text


def test_a_class_named_like_a_tag_has_its_name_in_the_tool_tip(qtbot):
    panel = OutputsPanel()
    qtbot.addWidget(panel)
    panel.draw(ran(output_values([[0.5, 0.1, 0.3]], "logits"), class_names=("<s>", "</s>", "<pad>")))
    rows = range(panel.model.rowCount())
    tips = {as_shown(panel.model.index(row, 1).data(Qt.ItemDataRole.ToolTipRole)) for row in rows}
    assert tips == {"<s>", "</s>", "<pad>"}


def test_a_line_that_is_cut_has_all_of_it_in_its_tool_tip(qtbot):
    label = ElidedLabel("line", "A line")
    qtbot.addWidget(label)
    label.say("<b>layer</b>.weight")
    assert as_shown(label.toolTip()) == "<b>layer</b>.weight"
