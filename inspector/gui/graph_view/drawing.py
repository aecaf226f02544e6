"""The picture as a file: SVG, PNG or PDF. Needs no widget, and may run on a thread of its own."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from xml.sax.saxutils import escape, unescape

from PySide6.QtCore import QBuffer, QIODevice, QMarginsF, QPointF, QRect, QRectF, QSize, QSizeF
from PySide6.QtGui import QFont, QFontMetricsF, QImage, QPageSize, QPaintDevice, QPainter, QPdfWriter
from PySide6.QtSvg import QSvgGenerator

from inspector.core.formatting import shape_text
from inspector.core.graph_export import readable
from inspector.core.whole_file import write_whole
from inspector.gui.graph_view.cards import Fonts
from inspector.gui.graph_view.colours import colour
from inspector.gui.graph_view.legend_painting import WIDTH, legend_height, paint_legend
from inspector.gui.graph_view.picture import Picture
from inspector.gui.graph_view.picture_item import PictureItem
from inspector.gui.graph_view.shading import Shading
from inspector.gui.theme import Theme

Kind = Literal["svg", "png", "pdf"]
MARGIN = 24.0
MOST_PIXELS = 100_000_000  # 400 MB while it is painted
LONGEST_SIDE = 32_000  # Qt paints no further
_TEXT = re.compile(
    r'(<text [^>]*?)font-family="([^"]*)" font-size="([^"]*)" font-weight="(\d+)"([^>]*?)\s*>([^<]*)</text>'
)
LONGEST_PAGE = 14_400.0  # points; what readers of PDF take


class Cancelled(Exception):  # noqa: N818 - nothing went wrong
    """Nobody wants the file any more."""


@dataclass(frozen=True)
class Drawing:
    """What to draw: a part of a picture, in scene units, in some colours; `scale` is pixels a unit of a PNG.

    `shading` colours boxes by a measure, None by their kind.
    """

    picture: Picture
    fonts: Fonts
    colours: Theme
    area: QRectF
    scale: float = 2.0
    shading: Shading | None = None

    @property
    def page(self) -> QRectF:
        """The part with the legend's room beside or below it, whichever makes the page less long."""
        if self.shading is None:
            return self.area
        wide, high = WIDTH + MARGIN, legend_height(self.shading.legend) + MARGIN
        if self.area.height() >= self.area.width():
            return QRectF(self.area.topLeft(), QSizeF(self.area.width() + wide, max(self.area.height(), high + MARGIN)))
        return QRectF(self.area.topLeft(), QSizeF(max(self.area.width(), wide + MARGIN), self.area.height() + high))

    @property
    def legend_at(self) -> QPointF:
        """Where the legend's upper left corner is."""
        if self.area.height() >= self.area.width():
            return self.area.topRight() + QPointF(0, MARGIN)
        return self.area.bottomLeft() + QPointF(MARGIN, 0)

    @property
    def steps(self) -> int:
        """About how often painting tells that it goes on."""
        return len(self.picture.cards) + self.picture.layout.num_segments


def whole(picture: Picture) -> QRectF:
    """All of a picture, with some air around it."""
    return picture.bounds.adjusted(-MARGIN, -MARGIN, MARGIN, MARGIN)


def png_size(area: QRectF, scale: float) -> tuple[QSize, float, str]:
    """The size in pixels, the scale that it comes to, and a sentence where that is less than asked for."""
    width, height = max(area.width(), 1.0), max(area.height(), 1.0)
    fits = min(scale, LONGEST_SIDE / width, LONGEST_SIDE / height, (MOST_PIXELS / (width * height)) ** 0.5)
    size = QSize(max(int(width * fits), 1), max(int(height * fits), 1))
    if fits >= scale:
        return size, scale, ""
    asked = f"{round(width * scale):,} × {round(height * scale):,}"
    return size, fits, f"At scale {scale:g} it would have {asked} pixels, too many; it has scale {fits:.2g}."


def write_drawing(drawing: Drawing, kind: Kind, path: Path, tick: Callable[[], None] = lambda: None) -> str:
    """Draw into a file, which is replaced only when all is done; gives a sentence on what differs from what was asked.

    Args:
        drawing: what to draw.
        kind: the file's format.
        path: where to.
        tick: called about `drawing.steps` times; what it raises ends the drawing.

    Raises:
        OSError: the file can't be written.
    """
    content, remark = {"svg": _svg, "png": _png, "pdf": _pdf}[kind](drawing, tick)
    tick()  # encoding may have taken long
    write_whole(path, content)
    return remark


def _paint(device: QPaintDevice, drawing: Drawing, scale: float, zoom: float, tick: Callable[[], None]) -> None:
    item = PictureItem()
    item.show_picture(drawing.picture, drawing.fonts, drawing.shading)
    item.colours, item.tick = drawing.colours, tick
    painter = QPainter(device)
    try:
        painter.scale(scale, scale)
        painter.translate(-drawing.area.topLeft())
        painter.fillRect(drawing.page, colour(drawing.colours.canvas))
        painter.setClipRect(drawing.area)
        item.paint_view(painter, drawing.area, zoom)
        if drawing.shading is not None:
            painter.setOpacity(1.0)
            painter.setClipRect(drawing.page)
            paint_legend(painter, drawing.legend_at, drawing.shading.legend, drawing.colours, drawing.fonts.small)
    finally:
        painter.end()


def _png(drawing: Drawing, tick: Callable[[], None]) -> tuple[bytes, str]:
    size, scale, remark = png_size(drawing.page, drawing.scale)
    image = QImage(size, QImage.Format.Format_RGB32)
    if image.isNull():
        raise OSError(f"there is no memory for {size.width():,} × {size.height():,} pixels; choose a smaller scale")
    _paint(image, drawing, scale, scale, tick)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]  # PySide's stubs know it with bytes alone
        raise OSError("the picture could not be encoded")
    return bytes(buffer.data().data()), remark


def _svg(drawing: Drawing, tick: Callable[[], None]) -> tuple[bytes, str]:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    size = drawing.page.size().toSize()
    generator = QSvgGenerator()
    generator.setOutputDevice(buffer)
    generator.setResolution(96)
    generator.setSize(size)
    generator.setViewBox(QRect(0, 0, size.width(), size.height()))
    generator.setTitle("Graph of a model")
    _paint(generator, drawing, 1.0, 1.0, tick)
    text = bytes(buffer.data().data()).decode("utf-8", "replace")
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "�", text)
    text = _TEXT.sub(lambda found: _fitted(found, _widths(drawing.fonts)), text)
    body, end, _ = text.rpartition("</svg>")
    return f"{body}{_titles(drawing)}{end}\n".encode(), ""


def _widths(fonts: Fonts) -> dict[tuple[str, bool], QFontMetricsF]:
    """What measures a text, by its size and whether it is bold."""
    return {
        (str(font.pixelSize()), font.weight() > QFont.Weight.Medium): QFontMetricsF(font)
        for font in (fonts.small, fonts.title)
    }


def _fitted(text: re.Match[str], widths: dict[tuple[str, bool], QFontMetricsF]) -> str:
    """A text that keeps its width where its font is missing, and asks for another one without serifs then."""
    head, family, size, weight, rest, content = text.groups()
    metrics = widths.get((size, int(weight) > 500))
    length = f' textLength="{metrics.horizontalAdvance(unescape(content)):.1f}"' if metrics is not None else ""
    families = f"{family}, Helvetica, Arial, sans-serif"
    return f'{head}font-family="{families}" font-size="{size}" font-weight="{weight}"{rest}{length}>{content}</text>'


def _titles(drawing: Drawing) -> str:
    """A rectangle over each box that says in full what is cut on it, as a browser's tool tip."""
    picture, area = drawing.picture, drawing.area
    graph = picture.visible.hierarchy.graph
    lines = ['<g id="boxes" fill-opacity="0" stroke="none">']
    for at, box in enumerate(picture.visible.boxes):
        rect = picture.box_rect(at)
        if not rect.intersects(area):
            continue
        card = picture.cards[at]
        node = graph.nodes[box.node] if box.node is not None else None
        name = node.fqn if node is not None else card.name
        shape = shape_text(card.shape) if card.shape is not None else ""
        title = escape(readable("\n".join(part for part in (card.title, name, card.details, shape) if part)))
        x, y = rect.left() - area.left(), rect.top() - area.top()
        place = f'x="{x:.1f}" y="{y:.1f}" width="{rect.width():.1f}" height="{rect.height():.1f}"'
        lines.append(f"<rect {place}><title>{title}</title></rect>")
    return "\n".join([*lines, "</g>\n"])


def _pdf(drawing: Drawing, tick: Callable[[], None]) -> tuple[bytes, str]:
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    width, height = max(drawing.page.width(), 3.0), max(drawing.page.height(), 3.0)
    scale = min(1.0, LONGEST_PAGE / width, LONGEST_PAGE / height)
    writer = QPdfWriter(buffer)
    writer.setTitle("Graph of a model")
    writer.setResolution(72)
    page = QPageSize(
        QSizeF(width * scale, height * scale), QPageSize.Unit.Point, "", QPageSize.SizeMatchPolicy.ExactMatch
    )
    writer.setPageSize(page)
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    _paint(writer, drawing, scale, 1.0, tick)
    remark = f"The page has scale {scale:.2g}: longer ones can't be read." if scale < 1 else ""
    return bytes(buffer.data().data()), remark
