"""The head of the node panel: a band in the colour of its kind, the operation in bold, its fqn."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from inspector.gui.node_panel.facts import Subject
from inspector.gui.parts import named, plain_tip
from inspector.gui.theme import GRID, KIND_COLOURS, LARGE, SMALL, theme, theme_source


class SubjectHeader(QWidget):
    """What is chosen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "node_header", "The chosen node")
        self._subject: Subject | None = None
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        theme_source().changed.connect(self.update)

    def show_subject(self, subject: Subject) -> None:
        """Show another."""
        self._subject = subject
        self.setToolTip(plain_tip(f"{subject.title}\n{subject.fqn}"))
        self.setAccessibleName(f"{subject.title} {subject.fqn}")
        self.update()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Two lines and the grid around them."""
        return QSize(200, 52)

    def paintEvent(self, _event: QPaintEvent) -> None:  # noqa: N802 - Qt's name
        """Band, title, kind, fqn."""
        subject = self._subject
        if subject is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        colours = theme()
        band = KIND_COLOURS[subject.category] if subject.category else colours.faint
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(colours.failure if subject.failed else band))
        painter.drawRoundedRect(QRectF(0, 4, 4, self.height() - 8), 2, 2)
        self._paint_lines(painter, subject)
        painter.end()

    def _paint_lines(self, painter: QPainter, subject: Subject) -> None:
        colours = theme()
        left, width = GRID * 3, self.width() - GRID * 3
        font = self.font()
        font.setPixelSize(SMALL)
        painter.setFont(font)
        kind = "failed" if subject.failed else (subject.category or "module")
        kind_width = painter.fontMetrics().horizontalAdvance(kind) + 4
        painter.setPen(QColor(colours.failure if subject.failed else colours.dimmed))
        painter.drawText(QRectF(left, 4, width, 24), int(_RIGHT), kind)
        painter.setPen(QColor(colours.dimmed))
        fqn = subject.fqn or "the whole model"
        told = painter.fontMetrics().elidedText(fqn, Qt.TextElideMode.ElideLeft, width)
        painter.drawText(QRectF(left, 28, width, 20), int(_LEFT), told)
        font.setPixelSize(LARGE)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(QColor(colours.text))
        title = painter.fontMetrics().elidedText(
            subject.title, Qt.TextElideMode.ElideRight, max(0, width - kind_width - GRID * 2)
        )
        painter.drawText(QRectF(left, 4, width, 24), int(_LEFT), title)


_LEFT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft
_RIGHT = Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight
