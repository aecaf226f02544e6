"""The images behind a cell: a small picture, the true and the predicted class, and how sure the model was."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QPainter
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from inspector.gui.parts import named, number_font, plain_tip, to_image
from inspector.gui.parts.picture import draw_picture
from inspector.gui.theme import NORMAL, SMALL, theme, theme_source

PAGE = 32
_ROW = 46
AnyIndex = QModelIndex | QPersistentModelIndex
Thumbnails = dict[str, NDArray[np.uint8] | None]


@dataclass(frozen=True)
class CellImage:
    """One image and what the model made of it.

    `said`, `figure` and `under` stand in the places of what it was taken for, of the probability and of the file's
    name, where they are given.
    """

    path: str
    true: str
    predicted: str
    probability: float
    right: bool
    said: str = ""
    figure: str = ""
    under: str = ""


class ImageModel(QAbstractListModel):
    """Images in the order given."""

    def __init__(self) -> None:
        super().__init__()
        self.images: tuple[CellImage, ...] = ()

    def show_images(self, images: Sequence[CellImage]) -> None:
        """Show others."""
        if tuple(images) != self.images:
            self.beginResetModel()
            self.images = tuple(images)
            self.endResetModel()

    def rowCount(self, parent: AnyIndex | None = None) -> int:  # noqa: N802 - Qt's name
        """One row an image."""
        return 0 if parent is not None and parent.isValid() else len(self.images)

    def data(self, index: AnyIndex, role: int = int(Qt.ItemDataRole.DisplayRole)) -> Any:  # noqa: ANN401 - Qt's
        """What the row says, also to screen readers."""
        if not index.isValid():
            return None
        image = self.images[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return f"{image.predicted} {image.probability:.4f}, true {image.true}, {PurePath(image.path).name}"
        return plain_tip(image.path) if role == Qt.ItemDataRole.ToolTipRole else None


class CellImages(QListView):
    """A list that asks for the pictures it shows, a page at a time.

    Signals:
        thumbnails_requested: a tuple of paths without a picture yet.
        image_chosen: the path of a clicked image.
    """

    thumbnails_requested = Signal(object)
    image_chosen = Signal(str)

    def __init__(
        self,
        object_name: str = "confusion_images",
        accessible_name: str = "Images of the chosen cell; Return runs the model on one",
    ) -> None:
        super().__init__()
        named(self, object_name, accessible_name)
        self.setUniformItemSizes(True)
        self.setFrameShape(QListView.Shape.NoFrame)
        self.setVerticalScrollMode(QListView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.images = ImageModel()
        self.images.setParent(self)
        self.setModel(self.images)
        self._delegate = _ImageDelegate(self)
        self.setItemDelegate(self._delegate)
        self._asked: set[str] = set()
        self._later = QTimer(self, singleShot=True, interval=40)
        self._later.timeout.connect(self._ask)
        self.verticalScrollBar().valueChanged.connect(lambda _value: self._later.start())
        self.clicked.connect(self._choose)
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def show_images(self, images: Sequence[CellImage], thumbnails: Thumbnails) -> None:
        """Show images with the pictures that are there."""
        self.images.show_images(images)
        self._delegate.set_thumbnails(thumbnails)
        self._asked -= set(thumbnails)
        self.viewport().update()
        self._later.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Return runs the current image."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self._choose(self.currentIndex())
        else:
            super().keyPressEvent(event)

    def _choose(self, index: QModelIndex) -> None:
        self.image_chosen.emit(self.images.images[index.row()].path)

    def _ask(self) -> None:
        if not self.isVisible():
            return
        first = self.verticalScrollBar().value() // _ROW
        last = first + self.viewport().height() // _ROW + 4
        known = self._delegate.thumbnails
        shown = [image.path for image in self.images.images[max(0, first - 2) : last]]
        wanted = tuple(path for path in shown if path not in known and path not in self._asked)[:PAGE]
        if wanted:
            self._asked.update(wanted)
            self.thumbnails_requested.emit(wanted)

    def _restyle(self) -> None:
        self.setStyleSheet(f"QListView {{ background: {theme().panel}; border: none; outline: none; }}")


class _ImageDelegate(QStyledItemDelegate):
    """Picture at the left, two lines beside it."""

    def __init__(self, parent: QListView) -> None:
        super().__init__(parent)
        self.thumbnails: Thumbnails = {}
        self._pictures: dict[str, QImage] = {}

    def set_thumbnails(self, thumbnails: Thumbnails) -> None:
        """Use these pictures; those made into images before are kept while they are still there."""
        if thumbnails is not self.thumbnails:
            self.thumbnails = thumbnails
            self._pictures = {path: image for path, image in self._pictures.items() if path in thumbnails}

    def sizeHint(self, option: QStyleOptionViewItem, index: AnyIndex) -> QSize:  # noqa: N802 - Qt's name
        """All rows are equal."""
        return QSize(120, _ROW)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: AnyIndex) -> None:
        """Paint one row."""
        model = index.model()
        if not isinstance(model, ImageModel):
            return
        image = model.images[index.row()]
        colours = theme()
        rect: QRect = option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(colours.selection))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(colours.raised))
        self._paint_picture(painter, image.path, QRect(rect.x() + 4, rect.y() + 3, _ROW - 6, _ROW - 6))
        left = rect.x() + _ROW + 6
        lines = QRect(left, rect.y() + 4, rect.right() - left - 6, _ROW - 8)
        number = image.figure or f"{image.probability:.4f}"
        painter.setFont(number_font(painter.font(), NORMAL - 1, bold=True))
        painter.setPen(QColor(colours.text if image.right else colours.failure))
        width = painter.fontMetrics().horizontalAdvance(number) + 8
        painter.drawText(lines, int(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignRight), number)
        said = painter.fontMetrics().elidedText(
            image.said or (image.predicted if image.right else f"{image.predicted}, is {image.true}"),
            Qt.TextElideMode.ElideRight,
            lines.width() - width,
        )
        painter.drawText(lines, int(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft), said)
        painter.setFont(number_font(painter.font(), SMALL))
        painter.setPen(QColor(colours.dimmed))
        told = image.under or PurePath(image.path).name
        name = painter.fontMetrics().elidedText(told, Qt.TextElideMode.ElideMiddle, lines.width())
        painter.drawText(lines, int(Qt.AlignmentFlag.AlignBottom | Qt.AlignmentFlag.AlignLeft), name)
        painter.restore()

    def _paint_picture(self, painter: QPainter, path: str, room: QRect) -> None:
        picture = self.thumbnails.get(path)
        if picture is None:
            painter.setPen(QColor(theme().border))
            painter.setBrush(QColor(theme().raised))
            painter.drawRect(room.adjusted(0, 0, -1, -1))
            return
        if path not in self._pictures:
            self._pictures[path] = to_image(picture)
        draw_picture(painter, self._pictures[path], room)
