"""Findings on the graph: a round mark on the corner of each box that one is about, with how many there are."""

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter

from inspector.gui.graph_view.colours import colour
from inspector.gui.graph_view.painting import Look
from inspector.gui.graph_view.picture import Picture
from inspector.gui.theme import Theme
from inspector.protocol.findings import Finding, Severity
from inspector.protocol.graph import Graph

SIDE = 16.0
_ORDER: dict[Severity, int] = {"error": 0, "warning": 1, "note": 2}


@dataclass(frozen=True)
class Mark:
    """What is said of one box: the gravest severity, and the sentences, the gravest first."""

    severity: Severity
    sentences: tuple[str, ...]


def marks_on(picture: Picture, graph: Graph | None, findings: Sequence[Finding]) -> dict[int, Mark]:
    """By box; a folded box has what is said of all nodes in it. Empty while the picture is of another graph."""
    if picture.visible.hierarchy.graph is not graph:
        return {}
    boxes = picture.visible.box_of_node
    by_box: dict[int, list[Finding]] = {}
    for finding in sorted(findings, key=lambda one: _ORDER[one.severity]):
        if finding.node is not None and finding.node < len(boxes) and (box := int(boxes[finding.node])) >= 0:
            by_box.setdefault(box, []).append(finding)
    return {box: Mark(found[0].severity, tuple(one.message for one in found)) for box, found in by_box.items()}


def tone_of(severity: Severity, colours: Theme) -> str:
    """The colour of a severity, as on the cards of the findings."""
    return {"error": colours.failure, "warning": colours.warning, "note": colours.dimmed}[severity]


def paint_mark(painter: QPainter, rect: QRectF, mark: Mark, look: Look) -> None:
    """On the upper left corner of a box, half outside it. From afar it is larger, and without a figure."""
    side = SIDE if look.has_text else max(SIDE, 6.0 / max(look.zoom, 0.01))
    circle = QRectF(rect.left() - side / 2, rect.top() - side / 2, side, side)
    painter.setPen(colour(look.theme.card))
    painter.setBrush(colour(tone_of(mark.severity, look.theme)))
    painter.drawEllipse(circle)
    if not look.has_text:
        return
    count = len(mark.sentences)
    painter.setFont(look.fonts.small)
    painter.setPen(colour(look.theme.card))
    painter.drawText(
        circle, Qt.AlignmentFlag.AlignCenter, "i" if mark.severity == "note" and count == 1 else _figure(count)
    )


def _figure(count: int) -> str:
    return "!" if count == 1 else str(count) if count < 10 else "9+"
