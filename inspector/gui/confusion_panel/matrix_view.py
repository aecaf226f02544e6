"""The confusion matrix as a widget: hover tells, the arrows move, a click shows a cell's images."""

from PySide6.QtCore import QEvent, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QColor, QHelpEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from inspector.core.formatting import percent_text
from inspector.gui.confusion_panel.matrix_painting import (
    MatrixContent,
    MatrixPlace,
    MatrixTints,
    paint_matrix,
    place_in,
)
from inspector.gui.parts import named, plain_tip
from inspector.gui.theme import theme, theme_source

_STEPS = {
    Qt.Key.Key_Left: (0, -1),
    Qt.Key.Key_Right: (0, 1),
    Qt.Key.Key_Up: (-1, 0),
    Qt.Key.Key_Down: (1, 0),
}


class MatrixView(QWidget):
    """Rows are true classes, columns predicted ones.

    Signals:
        cell_chosen: row and column, by mouse or keyboard.
    """

    cell_chosen = Signal(int, int)

    def __init__(self) -> None:
        super().__init__()
        named(self, "confusion_matrix", "Confusion matrix: rows are true classes, columns predicted ones")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(120, 80)
        self.setMouseTracking(True)
        self._content: MatrixContent | None = None
        self._made: tuple[bool, MatrixTints] | None = None
        self._current: tuple[int, int] | None = None
        self._hovered: tuple[int, int] | None = None
        theme_source().changed.connect(self.update)

    def show_content(self, content: MatrixContent | None) -> None:
        """Show other numbers; the current cell stays where there still is one."""
        if content is not self._content:
            self._made = None
        self._content = content
        if content is None or (self._current is not None and not self._has(*self._current)):
            self._current = None
        self._describe()
        self.update()

    def content(self) -> MatrixContent | None:
        """What is shown."""
        return self._content

    def current(self) -> tuple[int, int] | None:
        """The chosen cell."""
        return self._current

    def set_current(self, cell: tuple[int, int] | None) -> None:
        """Choose a cell, without telling."""
        self._current = cell
        self._describe()
        self.update()

    def cell_rect(self, row: int, column: int) -> QRect:
        """Where a cell is painted."""
        place = self._place()
        return place.cell(row, column).toRect() if place is not None else QRect()

    def cell_text(self, row: int, column: int) -> str:
        """All that is known of a cell."""
        content = self._content
        if content is None:
            return ""
        counts = content.counts
        count = int(counts[row, column])
        of_row = count / max(1, int(counts[row].sum()))
        of_column = count / max(1, int(counts[:, column].sum()))
        images = "1 image" if count == 1 else f"{count:,} images"
        return (
            f"true {content.classes[row]} → predicted {content.column_name(column)}: {images}\n"
            f"{percent_text(of_row)} of the row, {percent_text(of_column)} of the column,"
            f" {percent_text(count / max(1, int(counts.sum())))} of all"
        )

    def to_image(self) -> QImage:
        """The whole matrix as a picture, large enough for its numbers where that is reasonable."""
        content = self._content
        if content is None:
            return QImage()
        rows, columns = content.counts.shape
        cell = max(8, min(40, 3000 // max(rows, 1)))
        size = QSize(160 + columns * cell * 3 // 2, 140 + rows * cell)
        scale = 2
        image = QImage(size * scale, QImage.Format.Format_RGB32)
        image.fill(QColor(theme().panel))
        painter = QPainter(image)
        painter.scale(scale, scale)
        place = place_in(content, QRect(QPoint(8, 8), size - QSize(16, 16)), self.font())
        paint_matrix(
            painter, content, MatrixTints(content, dark=theme().dark), place, base=self.font(), colours=theme()
        )
        painter.end()
        return image

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Paint the matrix and the current cell."""
        place = self._place()
        if self._content is None or place is None or self.size().isEmpty():
            return
        painter = QPainter(self)
        paint_matrix(painter, self._content, self._tints(self._content), place, base=self.font(), colours=theme())
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for cell, width in ((self._hovered, 1), (self._current, 2)):
            if cell is not None and self._has(*cell):
                painter.setPen(QPen(QColor(theme().warning if width == 2 else theme().text), width))
                painter.drawRect(place.cell(*cell))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Choose the cell beneath."""
        place = self._place()
        cell = place.cell_at(event.position().x(), event.position().y()) if place is not None else None
        if cell is not None and event.button() == Qt.MouseButton.LeftButton:
            self._choose(cell)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:  # noqa: N802 - Qt's name
        """Outline the cell beneath."""
        place = self._place()
        cell = place.cell_at(event.position().x(), event.position().y()) if place is not None else None
        if cell != self._hovered:
            self._hovered = cell
            self.update()

    def leaveEvent(self, event: QEvent) -> None:  # noqa: N802 - Qt's name
        """No cell is beneath."""
        super().leaveEvent(event)
        self._hovered = None
        self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """The arrows move the current cell."""
        step = _STEPS.get(Qt.Key(event.key()))
        if step is None or self._content is None:
            super().keyPressEvent(event)
            return
        cell = (0, 0) if self._current is None else (self._current[0] + step[0], self._current[1] + step[1])
        if self._has(*cell):
            self._choose(cell)

    def event(self, event: QEvent) -> bool:
        """Tell of the cell beneath."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            place = self._place()
            cell = place.cell_at(event.pos().x(), event.pos().y()) if place is not None else None
            if cell is None:
                QToolTip.hideText()
            else:
                QToolTip.showText(event.globalPos(), plain_tip(self.cell_text(*cell)), self)
            return True
        return bool(super().event(event))

    def _tints(self, content: MatrixContent) -> MatrixTints:
        if self._made is None or self._made[0] != theme().dark:
            self._made = (theme().dark, MatrixTints(content, dark=theme().dark))
        return self._made[1]

    def _choose(self, cell: tuple[int, int]) -> None:
        self.set_current(cell)
        self.cell_chosen.emit(*cell)

    def _has(self, row: int, column: int) -> bool:
        if self._content is None:
            return False
        rows, columns = self._content.counts.shape
        return bool(0 <= row < rows and 0 <= column < columns)

    def _place(self) -> MatrixPlace | None:
        if self._content is None or not self._content.classes:
            return None
        return place_in(self._content, self.rect(), self.font())

    def _describe(self) -> None:
        self.setAccessibleDescription(self.cell_text(*self._current) if self._current is not None else "")
