"""The scrolling column of fields, as high as it needs and no higher."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from inspector.gui.parts import named


class Pages(QWidget):
    """Pages of which one shows. Not a QStackedWidget, which is always as high as its highest page."""

    def __init__(self, pages: Sequence[QWidget]) -> None:
        super().__init__()
        named(self, "input_forms", "Fields of the chosen kind")
        self._pages = tuple(pages)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for page in self._pages:
            column.addWidget(page)
        self.show_page(self._pages[0])

    def show_page(self, shown: QWidget) -> None:
        """Show one page."""
        for page in self._pages:
            page.setVisible(page is shown)


class FieldsArea(QScrollArea):
    """Takes no more height than its fields, and scrolls where there is less."""

    def __init__(self, fields: QWidget) -> None:
        self._inner = fields  # before all else: the event filter asks for it
        super().__init__()
        named(self, "input_fields_area", "Fields of the input")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setStyleSheet("#input_fields_area, #input_fields { background: transparent; }")
        self.setWidget(fields)

    def set_tall(self, tall: bool) -> None:
        """Whether it may take more height than the fields need."""
        high = QSizePolicy.Policy.Expanding if tall else QSizePolicy.Policy.Maximum
        self.setSizePolicy(QSizePolicy.Policy.Expanding, high)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:  # noqa: N802 - Qt's name
        """Other fields need another height."""
        if watched is self._inner and event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """At another width, sentences need another height."""
        super().resizeEvent(event)
        if event.oldSize().width() != event.size().width():
            self.updateGeometry()

    def sizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """All fields."""
        height = self._inner.sizeHint().height()
        if self._inner.hasHeightForWidth() and self.width() > 40:
            height = self._inner.heightForWidth(self.viewport().width())
        return QSize(200, height + 1)

    def minimumSizeHint(self) -> QSize:  # noqa: N802 - Qt's name
        """Two fields, as broad as the broadest: nothing scrolls sideways."""
        scroll_bar = self.verticalScrollBar().sizeHint().width()
        return QSize(self._inner.minimumSizeHint().width() + scroll_bar, 56)
