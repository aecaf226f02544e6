"""How cards, containers, wires and labels look, each painted by one function.

`Look` holds what they share for one frame: colours, fonts, the zoom and what is lit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QPainter, QPen, QPolygonF

from inspector.core.layout import HEADER
from inspector.gui.graph_view.cards import BAND, CHEVRON, PAD, ROW, TOP_PAD, Card, Fonts, outputs_text
from inspector.gui.graph_view.colours import colour, mixed
from inspector.gui.graph_view.metrics import LargeTitle, Metrics
from inspector.gui.theme import Theme

TEXT_FROM = 0.55  # not all text below this zoom
TITLE_FROM = 0.26  # but titles, as large as can be read
TITLE_PX, SMALL_TITLE_PX = 11.0, 8.5  # on the screen; long ones are smaller
TIGHT = 8.0  # less than PAD: letters are scarce from afar
ROUND_FROM = 0.15  # and no rounding below this
RADIUS = 7.0
FADED = 0.38
NAMES_AFTER = 12.0  # between a shape and its axes' names
FROM_AFAR = 0.28  # how much of its colour a box has whose band can hardly be seen
WITHOUT_TITLE = 0.6  # and one that has nothing to be read on it
SHEET = 0.82  # how much of what is below a container's ground covers
DEEP = 8
BADGE, ALARM, PILL = 0.09, 0.07, 0.08  # how strong these grounds are tinted: text is read on them


@dataclass(frozen=True)
class Look:
    """What one frame is painted with. `lit` and `faded` are by box; None when nothing is selected or searched."""

    theme: Theme
    fonts: Fonts
    zoom: float
    metrics: Metrics

    @property
    def has_text(self) -> bool:
        """Close enough to read."""
        return self.zoom >= TEXT_FROM

    def large_title(self, title: str, room: float) -> LargeTitle:
        """A title in letters that can be read from afar."""
        return self.metrics.large_title(title, room, round(TITLE_PX / self.zoom), round(SMALL_TITLE_PX / self.zoom))

    @property
    def has_corners(self) -> bool:
        """Close enough for rounded corners and thin lines."""
        return self.zoom >= ROUND_FROM


def paint_container(
    painter: QPainter, rect: QRectF, card: Card, look: Look, *, depth: int, border: QColor | None
) -> None:
    """The ground of an open container."""
    theme = look.theme
    edge = colour(theme.failure) if card.failed else colour(theme.border)
    painter.setBrush(ground_at(theme, depth))
    painter.setPen(_pen(border or edge, 1.6 if card.failed or border else 1.0))
    _box(painter, rect, look, RADIUS + 3)


@lru_cache(maxsize=256)
def ground_at(theme: Theme, depth: int) -> QColor:
    """As if sheets lay on each other that let a little through; opaque, as blending costs thrice the time."""
    depth = min(depth, DEEP + depth % 2)  # further down they only alternate
    below = theme.canvas if depth <= 0 else ground_at(theme, depth - 1).name()
    sheet = mixed(theme.group, theme.accent, 0.03 * (depth % 2) + 0.01)
    return mixed(below, sheet.name(), SHEET)


def paint_header(painter: QPainter, rect: QRectF, card: Card, look: Look, *, depth: int, lit: bool) -> None:
    """The bar on top of an open container: wires pass behind it."""
    theme = look.theme
    bar = QRectF(rect.left(), rect.top(), rect.width(), HEADER)
    fill = mixed(theme.group, theme.card, 0.55 if depth % 2 == 0 else 0.8)
    if not look.has_text:
        fill = mixed(theme.group, theme.border, 0.45)
        painter.fillRect(bar.adjusted(2, 1, -2, 0), colour(theme.selection) if lit else fill)
        _large_title(painter, bar, card, look)
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour(theme.selection) if lit else fill)
    inner = bar.adjusted(1, 1, -1, 0)
    _box(painter, inner, look, RADIUS + 2)
    painter.drawRect(QRectF(inner.left(), inner.top() + RADIUS + 2, inner.width(), HEADER - RADIUS - 3))
    painter.setPen(_pen(colour(theme.border), 1.0))
    painter.drawLine(QPointF(bar.left(), bar.bottom()), QPointF(bar.right(), bar.bottom()))
    paint_chevron(painter, QPointF(bar.left() + 15, bar.center().y()), look, is_open=True)
    _header_text(painter, bar, card, look)


def _header_text(painter: QPainter, bar: QRectF, card: Card, look: Look) -> None:
    """Class, name and totals; what does not fit is cut, the name first."""
    theme, metrics = look.theme, look.metrics
    baseline = bar.center().y() + metrics.title.capHeight() / 2
    left, right = bar.left() + 26, bar.right() - PAD
    badge_width = _badge_width(card.badge, look)
    title = metrics.cut("title", card.title, right - left - badge_width)
    painter.setFont(look.fonts.title)
    painter.setPen(colour(theme.failure if card.failed else theme.text))
    painter.drawText(QPointF(left, baseline), title)
    left += metrics.title.horizontalAdvance(title) + 8
    if card.badge:
        _badge(painter, QRectF(left, bar.center().y() - 8, badge_width - 6, 16), card.badge, look)
        left += badge_width + 2
    painter.setFont(look.fonts.small)
    counts_width = metrics.small.horizontalAdvance(card.counts)
    if right - counts_width > left + 24:
        painter.setPen(colour(theme.faint))
        painter.drawText(QPointF(right - counts_width, baseline), card.counts)
        right -= counts_width + 12
    name = metrics.cut("small", card.name, right - left, Qt.TextElideMode.ElideLeft)
    if name not in ("", "…"):
        painter.setPen(colour(theme.dimmed))
        painter.drawText(QPointF(left, baseline), name)


def paint_chevron(painter: QPainter, at: QPointF, look: Look, *, is_open: bool) -> None:
    """The small arrow that folds and unfolds."""
    pen = _pen(colour(look.theme.dimmed), 1.6)
    pen.setCapStyle(Qt.PenCapStyle.RoundCap)
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    x, y = at.x(), at.y()
    points = [(x - 4, y - 2), (x, y + 2), (x + 4, y - 2)] if is_open else [(x - 2, y - 4), (x + 2, y), (x - 2, y + 4)]
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF([QPointF(*point) for point in points]))


def paint_card(
    painter: QPainter,
    rect: QRectF,
    card: Card,
    look: Look,
    band: QColor,
    *,
    ring: QColor | None = None,
    hatched: bool = False,
) -> None:
    """A box: its ground, its band, and, where near enough, its text; hatched where a measure says nothing of it."""
    theme = look.theme
    if card.style == "stack":
        _sheets(painter, rect, card, look)
    edge = colour(theme.failure) if card.failed else colour(theme.border)
    ground = mixed(theme.card, theme.failure, ALARM) if card.failed else colour(theme.card)
    if not look.has_text:
        ground = mixed(ground.name(), band.name(), FROM_AFAR if look.zoom >= TITLE_FROM else WITHOUT_TITLE)
    if not look.has_corners:
        painter.fillRect(rect, colour(theme.failure) if card.failed else mixed(theme.card, band.name(), WITHOUT_TITLE))
        return
    radius = min(rect.height() / 2, 18.0) if card.style in ("pill", "chip") else RADIUS
    painter.setPen(_pen(ring or edge, 2.2 if ring else 1.5 if card.failed else 1.0))
    if card.style in ("pill", "chip"):
        painter.setBrush(mixed(theme.card, band.name(), PILL if card.style == "pill" else PILL / 2))
        painter.drawRoundedRect(rect, radius, radius)
    else:
        painter.setBrush(ground)
        painter.drawRoundedRect(rect, radius, radius)
        _band(painter, rect, colour(theme.failure) if card.failed else band, look)
    if hatched and not card.failed:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QBrush(colour(theme.border), Qt.BrushStyle.BDiagPattern))
        painter.drawRoundedRect(rect, radius, radius)
    if look.has_text:
        _card_text(painter, rect, card, look)
    else:
        has_band = card.style not in ("pill", "chip")
        _large_title(painter, rect.adjusted(BAND if has_band else 0, 0, 0, 0), card, look)


def _large_title(painter: QPainter, rect: QRectF, card: Card, look: Look) -> None:
    """What a box is, in letters that can be read from afar; nothing where they don't fit."""
    if look.zoom < TITLE_FROM:
        return
    title = look.large_title(card.title, rect.width() - TIGHT)
    if not title.text or title.height > rect.height():
        return
    painter.setFont(title.font)
    painter.setPen(colour(look.theme.failure if card.failed else look.theme.text))
    middle = rect.center()
    painter.drawText(QPointF(middle.x() - title.width / 2, middle.y() + title.height / 2), title.text)


def _band(painter: QPainter, rect: QRectF, band: QColor, look: Look) -> None:
    inner = QRectF(rect.left() + 5, rect.top() + 7, 4, rect.height() - 14)
    if not look.has_text:
        painter.fillRect(inner, band)
        return
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(band)
    painter.drawRoundedRect(inner, 2, 2)


def _sheets(painter: QPainter, rect: QRectF, card: Card, look: Look) -> None:
    """Two more cards behind: a pile."""
    if not look.has_corners:
        return
    edge = colour(look.theme.failure) if card.failed else colour(look.theme.border)
    for step in (2, 1):
        painter.setPen(_pen(edge, 1.0))
        painter.setBrush(mixed(look.theme.card, look.theme.group, 0.4 * step))
        painter.drawRoundedRect(rect.translated(3.5 * step, 3.5 * step), RADIUS, RADIUS)


def _card_text(painter: QPainter, rect: QRectF, card: Card, look: Look) -> None:
    theme, metrics = look.theme, look.metrics
    if card.style in ("pill", "chip"):
        _pill_text(painter, rect, card, look)
        return
    left, right = rect.left() + BAND + PAD, rect.right() - PAD
    baseline = rect.top() + TOP_PAD + (ROW + metrics.title.capHeight()) / 2 - 1
    first_left = left
    if card.style in ("folded", "stack"):
        paint_chevron(painter, QPointF(left + 3, baseline - metrics.title.capHeight() / 2), look, is_open=False)
        first_left += CHEVRON - 6
    _first_row(painter, QPointF(first_left, baseline), right, card, look)
    if card.name:
        baseline += ROW
        painter.setFont(look.fonts.small)
        painter.setPen(colour(theme.dimmed))
        painter.drawText(
            QPointF(left, baseline), metrics.cut("small", card.name, right - left, Qt.TextElideMode.ElideLeft)
        )
    if card.shape is not None or card.counts:
        baseline += ROW
        _shape_row(painter, QPointF(left, baseline), right, card, look)
    if card.alarm:
        baseline += ROW
        painter.setFont(look.fonts.shape)
        painter.setPen(colour(theme.failure))
        painter.drawText(QPointF(left, baseline), metrics.cut("shape", card.alarm, right - left))


def _pill_text(painter: QPainter, rect: QRectF, card: Card, look: Look) -> None:
    """Two short lines in the middle."""
    metrics = look.metrics
    room = rect.width() - 2 * PAD
    baseline = rect.top() + TOP_PAD + (ROW + metrics.title.capHeight()) / 2 - 1
    width = metrics.title.horizontalAdvance(card.title)
    width += 8 + metrics.small.horizontalAdvance(card.details) if card.details else 0
    left = rect.center().x() - min(width, room) / 2
    _first_row(painter, QPointF(left, baseline), rect.right() - PAD + 1, card, look)
    if card.shape is not None:
        text = metrics.cut("shape", outputs_text(card.shape, card.more_outputs), room)
        left = rect.center().x() - metrics.shape.horizontalAdvance(text) / 2
        paint_shape(painter, QPointF(left, baseline + ROW), text, look, card.dimmed)


def _first_row(painter: QPainter, at: QPointF, right: float, card: Card, look: Look) -> None:
    """The op, its details, and a badge at the right."""
    left, baseline = at.x(), at.y()
    theme, metrics = look.theme, look.metrics
    badge_width = _badge_width(card.badge, look)
    title = metrics.cut("title", card.title, right - left - badge_width)
    painter.setFont(look.fonts.title)
    painter.setPen(colour(theme.failure if card.failed else theme.text))
    painter.drawText(QPointF(left, baseline), title)
    left += metrics.title.horizontalAdvance(title) + 8
    if card.badge:
        right -= badge_width
        _badge(
            painter,
            QRectF(right + 6, baseline - metrics.title.capHeight() / 2 - 8, badge_width - 6, 16),
            card.badge,
            look,
        )
    details = metrics.cut("small", card.details, right - left)
    if details not in ("", "…"):
        painter.setFont(look.fonts.small)
        painter.setPen(colour(theme.dimmed))
        painter.drawText(QPointF(left, baseline), details)


def _shape_row(painter: QPainter, at: QPointF, right: float, card: Card, look: Look) -> None:
    """The output shape, its batch dimension dimmed; totals to the right."""
    left, baseline = at.x(), at.y()
    theme, metrics = look.theme, look.metrics
    if card.counts:
        painter.setFont(look.fonts.small)
        painter.setPen(colour(theme.faint))
        width = metrics.small.horizontalAdvance(card.counts)
        if card.shape is None:
            painter.drawText(QPointF(left, baseline), card.counts)
        elif metrics.shape.horizontalAdvance(outputs_text(card.shape, card.more_outputs)) + width + 8 <= right - left:
            painter.drawText(QPointF(right - width, baseline), card.counts)
    if card.shape is not None:
        text = metrics.cut("shape", outputs_text(card.shape, card.more_outputs), right - left)
        paint_shape(painter, QPointF(left, baseline), text, look, card.dimmed)
        if not card.counts:
            _axis_names(painter, QPointF(left + metrics.shape.horizontalAdvance(text), baseline), right, card, look)


def _axis_names(painter: QPainter, at: QPointF, right: float, card: Card, look: Look) -> None:
    """`N C H W` at the right, where the shape leaves room."""
    names, metrics = card.axis_names, look.metrics
    width = metrics.small.horizontalAdvance(names)
    if names and at.x() + NAMES_AFTER + width <= right:
        painter.setFont(look.fonts.small)
        painter.setPen(colour(look.theme.faint))
        painter.drawText(QPointF(right - width, at.y()), names)


def paint_shape(painter: QPainter, at: QPointF, text: str, look: Look, dimmed: Sequence[bool]) -> None:
    """`(1, 64, 56, 56)`, with those sizes dimmed that follow the batch."""
    theme, metrics = look.theme, look.metrics
    painter.setFont(look.fonts.shape)
    if not any(dimmed):
        painter.setPen(colour(theme.text))
        painter.drawText(at, text)
        return
    x = at.x()
    sizes = text.split(" ", len(dimmed) - 1)  # cut off with an ellipsis there are fewer
    for place, size in enumerate(sizes):
        part = size if place == len(sizes) - 1 else f"{size} "
        painter.setPen(colour(theme.faint if dimmed[place] else theme.text))
        painter.drawText(QPointF(x, at.y()), part)
        x += metrics.shape.horizontalAdvance(part)


def _badge_width(text: str, look: Look) -> float:
    return look.metrics.small.horizontalAdvance(text) + 18 if text else 0.0


def _badge(painter: QPainter, rect: QRectF, text: str, look: Look) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(mixed(look.theme.card, look.theme.accent, BADGE))
    painter.drawRoundedRect(rect, 8, 8)
    painter.setFont(look.fonts.small)
    painter.setPen(colour(look.theme.accent))
    painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, text)


def paint_arrow(painter: QPainter, points: NDArray[np.float32], direction: str, ink: QColor, width: float) -> None:
    """The head of a wire, at its last point."""
    (x0, y0), (x1, y1) = points[-2].tolist(), points[-1].tolist()
    long, half = 6.0 + width * 0.6, 3.0 + width * 0.5
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(ink)
    if direction == "down":
        back = y1 - long if y1 >= y0 else y1 + long
        corners = [QPointF(x1, y1), QPointF(x1 - half, back), QPointF(x1 + half, back)]
    else:
        back = x1 - long if x1 >= x0 else x1 + long
        corners = [QPointF(x1, y1), QPointF(back, y1 - half), QPointF(back, y1 + half)]
    painter.drawPolygon(QPolygonF(corners))


def paint_label(painter: QPainter, rect: QRectF, text: str, look: Look, ink: QColor) -> None:
    """A wire's shape, on ground of the canvas so that it reads where it crosses a container's edge."""
    painter.setFont(look.fonts.shape)
    painter.setPen(ink)
    painter.drawText(QPointF(rect.left(), rect.bottom() - 3), text)


def _box(painter: QPainter, rect: QRectF, look: Look, radius: float) -> None:
    if look.has_corners:
        painter.drawRoundedRect(rect, radius, radius)
    else:
        painter.drawRect(rect)


def _pen(ink: QColor, width: float) -> QPen:
    return QPen(QBrush(ink), width)
