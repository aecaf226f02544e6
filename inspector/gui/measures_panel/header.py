"""The table's heading: the arrow of the sorted column stands in its text, where Qt would draw it over."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHeaderView, QStyleOptionHeader, QWidget

from inspector.gui.measures_panel.delegate import MARGIN


class MeasuresHeader(QHeaderView):
    """Click sorts; the third click puts rows back in the order in which they ran."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self.setSectionsClickable(True)
        self.setHighlightSections(False)
        self.setSortIndicatorClearable(True)
        self.setStyleSheet(f"QHeaderView::section {{ padding: 0 {MARGIN}px; }}")

    def initStyleOptionForIndex(self, option: QStyleOptionHeader, section: int) -> None:  # noqa: N802 - Qt's name
        """Put the arrow before the text."""
        super().initStyleOptionForIndex(option, section)
        if option.sortIndicator != QStyleOptionHeader.SortIndicator.None_:
            down = self.sortIndicatorOrder() is Qt.SortOrder.DescendingOrder
            option.sortIndicator = QStyleOptionHeader.SortIndicator.None_
            option.text = f"{'▾' if down else '▴'} {option.text}"
