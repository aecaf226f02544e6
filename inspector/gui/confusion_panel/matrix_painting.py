"""How a matrix is painted into a rectangle: cells as one image, then lines, numbers and names where there is room."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QImage, QPainter

from inspector.core.metrics import Normalisation, normalise
from inspector.gui.confusion_panel.short_names import short_names
from inspector.gui.parts import number_font
from inspector.gui.plots import colour_table
from inspector.gui.plots.colour_map import lightness
from inspector.gui.theme import SMALL, Theme

OTHER = "other"
_MAX_CELL = 72.0
_MOST_STRETCHED = 2.4
_LOW = 120
_FEW_CELLS = 900
_UNTITLED = 230  # lower than this, the title "predicted" gives way too


@dataclass(frozen=True)
class MatrixContent:
    """Counts (n, n) or (n, n + 1) with a last column for predictions of no class, and what they are shown as."""

    classes: tuple[str, ...]
    counts: NDArray[np.int64]
    shares: NDArray[np.float64]
    normalisation: Normalisation

    def column_name(self, column: int) -> str:
        """A class, or "other"."""
        return self.classes[column] if column < len(self.classes) else OTHER

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The classes as they are written beside the cells, without what long names have in common, and "other"."""
        return (*short_names(self.classes), OTHER)

    def text(self, row: int, column: int) -> str:
        """A cell's number; empty for none, so that mistakes stand out."""
        count = int(self.counts[row, column])
        if not count:
            return "0" if row == column else ""
        if self.normalisation == "counts":
            return str(count)
        return share_text(float(self.shares[row, column]))


@dataclass(frozen=True)
class MatrixPlace:
    """Where the cells lie in a widget."""

    left: float
    top: float
    cell_width: float
    cell_height: float
    rows: int
    columns: int
    rotated: bool
    head_height: float
    titled: bool

    def cell(self, row: int, column: int) -> QRectF:
        """A cell's rectangle."""
        return QRectF(
            self.left + column * self.cell_width, self.top + row * self.cell_height, self.cell_width, self.cell_height
        )

    def cells(self) -> QRectF:
        """All cells."""
        return QRectF(self.left, self.top, self.columns * self.cell_width, self.rows * self.cell_height)

    def cell_at(self, x: float, y: float) -> tuple[int, int] | None:
        """The row and column beneath a point."""
        if not self.cells().contains(x, y):
            return None
        row = min(int((y - self.top) / self.cell_height), self.rows - 1)
        return row, min(int((x - self.left) / self.cell_width), self.columns - 1)


def content_of(
    classes: tuple[str, ...], matrix: NDArray[np.int64], outside: NDArray[np.int64], normalisation: Normalisation
) -> MatrixContent:
    """The matrix, with a column for predictions of no class where there are some."""
    counts = np.concatenate([matrix, outside[:, None]], axis=1) if outside.any() else matrix
    return MatrixContent(classes, counts, normalise(counts, normalisation), normalisation)


def share_text(share: float) -> str:
    """`.97` for 0.97, `1` for all: as short as a cell is small."""
    text = f"{share:.2f}"
    return "1" if text == "1.00" else text.removeprefix("0")


def place_in(content: MatrixContent, room: QRect, base: QFont) -> MatrixPlace:
    """As large as fits. Cells may be wider than high, as numbers are; names stand upright where they don't fit."""
    rows, columns = content.counts.shape
    metrics = QFontMetrics(number_font(base, SMALL))
    longest = max((metrics.horizontalAdvance(name) for name in content.labels[: min(columns, 400)]), default=0)
    left = min(longest + 10, max(24, room.width() * 0.26)) + metrics.height()
    line = metrics.height() + 4
    cell_width = max((room.width() - left - 2) / max(columns, 1), 0.5)
    rotated = longest + 6 > min(cell_width, _MAX_CELL)
    head = min(longest + 8, max(line, room.height() * 0.26)) if rotated else line
    line = line if room.height() >= _UNTITLED else 0
    if room.height() < _LOW:  # every line is needed for cells; tool tips still name the columns
        head = 0.0
    top = line + head
    cell_height = min(max((room.height() - top - 2) / max(rows, 1), 0.5), _MAX_CELL)
    cell_width = min(cell_width, _MAX_CELL, max(cell_height * _MOST_STRETCHED, 1.0))
    return MatrixPlace(room.x() + left, room.y() + top, cell_width, cell_height, rows, columns, rotated, head, line > 0)


class MatrixTints:
    """The colours of a content's cells, made once and painted often."""

    def __init__(self, content: MatrixContent, *, dark: bool) -> None:
        self._table = colour_table(dark=dark)
        self._lightness = lightness(self._table)
        self._steps = _steps(content)
        self._scaled = QImage()

    def lightness(self, row: int, column: int) -> float:
        """How light a cell is, 0…100: what its number is painted on."""
        return float(self._lightness[self._steps[row, column]])

    def paint(self, painter: QPainter, place: MatrixPlace) -> None:
        """Cell by cell where there are few, else as one picture, scaled once a size."""
        if place.rows * place.columns <= _FEW_CELLS:
            for row in range(place.rows):
                for column in range(place.columns):
                    painter.fillRect(place.cell(row, column), QColor(*self._table[self._steps[row, column]].tolist()))
            return
        target = place.cells().toRect().size()
        if self._scaled.size() != target:
            rows, columns = self._steps.shape
            image = QImage(self._steps.tobytes(), columns, rows, columns, QImage.Format.Format_Indexed8)
            image.setColorTable([QColor(*colour).rgb() for colour in self._table.tolist()])
            self._scaled = image.scaled(target)
        painter.drawImage(place.cells().toRect().topLeft(), self._scaled)


def paint_matrix(
    painter: QPainter, content: MatrixContent, tints: MatrixTints, place: MatrixPlace, *, base: QFont, colours: Theme
) -> None:
    """Cells, lines, numbers, names."""
    tints.paint(painter, place)
    _paint_lines(painter, place, colours)
    _paint_numbers(painter, content, place, base, tints)
    _paint_names(painter, content, place, base, colours)


def _steps(content: MatrixContent) -> NDArray[np.uint8]:
    """A step of the colour table a cell. The root of each share is taken: one mistake among forty is still seen."""
    greatest = float(content.shares.max()) if content.shares.size else 0.0
    scaled = np.sqrt(content.shares / greatest) if greatest else content.shares
    steps: NDArray[np.uint8] = (scaled * 255).round().astype(np.uint8)
    return np.ascontiguousarray(steps)


def _paint_lines(painter: QPainter, place: MatrixPlace, colours: Theme) -> None:
    cells = place.cells()
    painter.setPen(QColor(colours.border))
    if min(place.cell_width, place.cell_height) >= 8:
        for row in range(1, place.rows):
            y = int(place.top + row * place.cell_height)
            painter.drawLine(int(cells.left()), y, int(cells.right()), y)
        for column in range(1, place.columns):
            x = int(place.left + column * place.cell_width)
            painter.drawLine(x, int(cells.top()), x, int(cells.bottom()))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(cells)


def _paint_numbers(
    painter: QPainter, content: MatrixContent, place: MatrixPlace, base: QFont, tints: MatrixTints
) -> None:
    """Numbers only where the widest fits: a matrix with some of them would be misread."""
    size = int(min(SMALL + 2, place.cell_height - 5))
    if size < 8:
        return
    font = number_font(base, size)
    filled = np.argwhere((content.counts > 0) | (np.eye(*content.counts.shape) > 0))
    texts = [(row, column, content.text(row, column)) for row, column in filled.tolist()]
    widest = max(QFontMetrics(font).horizontalAdvance(text) for _, _, text in texts) if texts else 0
    if widest + 2 > place.cell_width:
        return
    painter.setFont(font)
    for row, column, text in texts:
        painter.setPen(QColor(number_ink(tints.lightness(row, column))))
        painter.drawText(place.cell(row, column), int(Qt.AlignmentFlag.AlignCenter), text)


def number_ink(ground: float) -> str:
    """Dark or light, whichever is read on a cell that light (0…100)."""
    return "#000000" if ground > 49.4 else "#FFFFFF"


def _paint_names(painter: QPainter, content: MatrixContent, place: MatrixPlace, base: QFont, colours: Theme) -> None:
    font = number_font(base, SMALL)
    metrics = QFontMetrics(font)
    line = metrics.height()
    painter.setFont(font)
    painter.setPen(QColor(colours.dimmed))
    middle = Qt.AlignmentFlag.AlignVCenter
    name_width = int(place.left) - line - 6
    for row in range(0, place.rows, _step(line, place.cell_height)):
        text = metrics.elidedText(content.labels[row], Qt.TextElideMode.ElideMiddle, name_width)
        middle_y = place.top + (row + 0.5) * place.cell_height
        room = QRectF(line, middle_y - line / 2, name_width, line)
        painter.drawText(room, int(middle | Qt.AlignmentFlag.AlignRight), text)
    if place.head_height:
        _paint_column_names(painter, content, place, metrics)
    painter.setPen(QColor(colours.faint))
    cells = place.cells()
    if place.titled:
        title = QRectF(cells.left(), place.top - place.head_height - line, max(cells.width(), 60), line)
        painter.drawText(title, int(Qt.AlignmentFlag.AlignLeft), "predicted")
    painter.save()
    painter.translate(0, cells.bottom())
    painter.rotate(-90)
    painter.drawText(QRectF(0, 0, max(cells.height(), 30), line), int(Qt.AlignmentFlag.AlignRight), "true")
    painter.restore()


def _paint_column_names(painter: QPainter, content: MatrixContent, place: MatrixPlace, metrics: QFontMetrics) -> None:
    line = metrics.height()
    step = _step(line, place.cell_width) if place.rotated else 1
    height = place.head_height
    for column in range(0, place.columns, step):
        name = content.labels[column]
        centre = place.left + (column + 0.5) * place.cell_width
        if not place.rotated:
            text = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, int(place.cell_width))
            room = QRectF(centre - place.cell_width / 2, place.top - line - 3, place.cell_width, line)
            painter.drawText(room, int(Qt.AlignmentFlag.AlignCenter), text)
            continue
        painter.save()
        painter.translate(centre - line / 2, place.top - 3)
        painter.rotate(-90)
        text = metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, int(height) - 3)
        painter.drawText(QRectF(0, 0, height, line), int(Qt.AlignmentFlag.AlignVCenter), text)
        painter.restore()


def _step(line: int, cell: float) -> int:
    """Every how many names are shown, so that they don't touch."""
    return max(1, int(np.ceil(line / max(cell, 0.1))))
