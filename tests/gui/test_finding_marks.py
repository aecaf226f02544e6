"""Findings where they belong: on the boxes of the graph, in a line of code, on a class and on an image."""

from dataclasses import replace

import pytest
from finding_widgets import child, press
from graph_view_graphs import open_view, residual, shown
from panel_states import evaluated, loaded_model
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QGuiApplication

from inspector.gui.confusion_panel import ConfusionPanel
from inspector.gui.findings_panel import FindingsPanel
from inspector.gui.graph_view.tooltips import tooltip_text
from inspector.gui.state import RunState, WindowState
from inspector.gui.theme import theme
from inspector.protocol.findings import Finding, Findings
from inspector.protocol.graph import Failure


def finding(severity="warning", node=2, **more):
    return Finding(
        rule="some_rule", severity=severity, node=node, message=f"Something {severity}.", evidence={}, fix="", **more
    )


@pytest.fixture
def view(qtbot):
    return open_view(qtbot)


def drawn(view, qtbot, graph, *found):
    shown(view, qtbot, lambda: view.draw(WindowState(run=RunState(graph=graph))))
    view.draw(WindowState(run=RunState(graph=graph, findings=Findings(findings=found))))
    return view.stage.item


def colours_at(view, scene_point, side=9):
    """The colours of a small square of the view."""
    at = view.canvas.mapTo(view, view.canvas.mapFromScene(scene_point))
    image = view.grab().toImage()
    ratio = image.devicePixelRatio()
    around = range(-(side // 2), side // 2 + 1)
    return {
        image.pixelColor(round(at.x() * ratio) + x, round(at.y() * ratio) + y).name() for x in around for y in around
    }


def test_boxes_with_findings_are_marked_by_the_gravest_and_the_tool_tip_says_all(view, qtbot):
    graph = residual()
    item = drawn(view, qtbot, graph, finding("note"), finding("error"), finding(node=0), finding(node=None))
    box = int(view.picture.visible.box_of_node[2])
    mark = item.marks[box]
    assert (mark.severity, mark.sentences) == ("error", ("Something error.", "Something note."))
    assert set(item.marks) == {box, int(view.picture.visible.box_of_node[0])}
    left, top, *_ = view.picture.layout.boxes[box]
    assert QColor(theme().failure).name() in colours_at(view, QPointF(left, top))
    centre = QPointF(left + 20, top + 10)
    text = tooltip_text(view.picture, view.picture.hit(centre), None, item.marks)
    assert "Something error." in text
    assert "Something note." in text


def test_a_folded_group_carries_the_marks_of_what_lies_in_it_and_new_findings_replace_old_ones(view, qtbot):
    graph = residual()
    inside = next(node.id for node in graph.nodes if node.group is not None)
    item = drawn(view, qtbot, graph, finding(node=inside), finding(node=inside))
    with qtbot.waitSignal(view.picture_shown):
        view.fold_all()
    view.stage.finish()
    (mark,) = view.stage.item.marks.values()
    assert len(mark.sentences) == 2
    view.draw(WindowState(run=RunState(graph=graph)))
    assert item.marks == {}


@pytest.fixture
def panel(qtbot):
    made = FindingsPanel()
    qtbot.addWidget(made)
    made.resize(320, 500)
    made.show()
    return made


def with_findings(*found):
    return WindowState(run=RunState(graph=residual(), findings=Findings(findings=found)))


def test_the_line_of_code_is_shown_and_copied_alone(panel, qtbot):
    line = "self.fc = nn.Linear(16384, 10)  # <b>"
    panel.draw(with_findings(finding(code=line)))
    card = child(panel, "finding_some_rule")
    assert child(card, "finding_code").text() == line
    assert child(card, "finding_code").textFormat() == Qt.TextFormat.PlainText
    press(qtbot, child(card, "copy_code"))
    assert QGuiApplication.clipboard().text() == line
    panel.draw(with_findings(finding()))
    assert not child(panel, "finding_some_rule").findChildren(QGuiApplication, "finding_code")


def test_a_failure_brings_its_line_of_code(panel):
    failure = Failure(
        node=2, fqn="fc", op="Linear", message="no", input_shapes=(), fix="Set it.", code="self.fc = nn.Linear(4, 2)"
    )
    panel.draw(replace(with_findings(), run=RunState(graph=residual(), failure=failure)))
    assert child(panel, "finding_code").text() == "self.fc = nn.Linear(4, 2)"


def test_a_click_leads_to_the_image_or_the_class_that_a_finding_is_about(panel, qtbot):
    panel.draw(with_findings(finding(node=None, image="cat/3.png")))
    card = child(panel, "finding_some_rule")
    assert card.toolTip() == "Go to the image, and run it"
    with qtbot.waitSignal(panel.image_requested) as asked:
        qtbot.keyClick(card, Qt.Key.Key_Return)
    assert asked.args == ["cat/3.png"]
    panel.draw(with_findings(finding(node=None, class_name="dog")))
    with qtbot.waitSignal(panel.class_requested) as asked:
        qtbot.keyClick(child(panel, "finding_some_rule"), Qt.Key.Key_Return)
    assert asked.args == ["dog"]
    panel.draw(with_findings(finding(node=None)))
    assert child(panel, "finding_some_rule").toolTip() == ""


def test_a_class_is_shown_by_the_images_that_were_taken_for_something_else(qtbot):
    made = ConfusionPanel()
    qtbot.addWidget(made)
    made.resize(700, 420)
    made.show()
    made.draw(
        WindowState(
            model=loaded_model(), evaluation=evaluated([[84, 3, 0], [2, 78, 0], [0, 0, 6]], ("cat", "dog", "owl"))
        )
    )
    made.show_class("dog")
    assert made.body.matrix.current() == (1, 0)
    assert made.body.shows_images()
    made.show_class("owl")
    assert made.body.matrix.current() == (2, 2)
    made.show_class("nobody")
    assert made.body.matrix.current() == (2, 2)
