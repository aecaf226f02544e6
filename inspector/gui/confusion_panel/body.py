"""The matrix and what stands beside it: side by side where there is room, else one at a time."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from inspector.gui.confusion_panel.cell_images import CellImages
from inspector.gui.confusion_panel.matrix_view import MatrixView
from inspector.gui.confusion_panel.tables import ClassTable, SkippedTable
from inspector.gui.parts import ElidedLabel, IconButton, NumberSlider, SegmentedButtons, named

_WIDE = 520


class Body(QWidget):
    """Places the views, and shows those chosen.

    Signals:
        normalisation_changed, threshold_changed: another reading is wanted.
        export_clicked: the export button was clicked.
        view_changed: another view is shown.
    """

    normalisation_changed = Signal(str)
    threshold_changed = Signal(float)
    export_clicked = Signal()
    view_changed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        named(self, "confusion_body", "Matrix and figures")
        self._make_views()
        self._place_views()
        self.normalise.chosen.connect(self.normalisation_changed)
        self.threshold.changed.connect(self.threshold_changed)
        self.export.clicked.connect(self.export_clicked)
        self.views.chosen.connect(self.show_view)
        self._wide = True
        self.show_view("classes")

    def show_view(self, key: str) -> None:
        """Show one of matrix, classes, images, skipped; the matrix stays where there is room for both."""
        self.views.choose(key)
        beside = "classes" if key == "matrix" and self._wide else key
        self._left.setVisible(self._wide or key == "matrix")
        self._right.setVisible(self._wide or key != "matrix")
        for name, view in self._pages.items():
            view.setVisible(name == beside)
        self.view_changed.emit(key)

    def shows_images(self) -> bool:
        """Whether the images are the view chosen."""
        return self.views.current() == "images"

    def add_summary(self, summary: QWidget) -> None:
        """Put the figures of the whole beneath those of each class."""
        self._right_column.addWidget(summary)

    def show_skipped_count(self, count: int) -> None:
        """Say how many files were not counted, on the button that lists them."""
        self.views.set_text("skipped", f"Skipped {count:,}" if self._wide else f"⚠ {count:,}")
        self.views.set_shown("skipped", count > 0)
        if not count and self.views.current() == "skipped":
            self.show_view("classes")

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """One view or two."""
        super().resizeEvent(event)
        wide = self.width() >= _WIDE
        if wide == self._wide:
            return
        self._wide = wide
        self.views.set_shown("matrix", not wide)
        (self._right_column if wide else self._column).insertWidget(0, self._switch)
        for buttons in (self.views, self.normalise):
            buttons.set_compact(not wide)
        self.show_skipped_count(self._skipped_count())
        swapped = {"matrix": "classes"} if wide else {"classes": "matrix"}
        self.show_view(swapped.get(self.views.current(), self.views.current()))

    def _skipped_count(self) -> int:
        return self.skipped.files.rowCount()

    def _make_views(self) -> None:
        self.matrix = MatrixView()
        self.normalise = SegmentedButtons(
            (("counts", "Counts"), ("row", "Row"), ("column", "Column"), ("all", "All")),
            "confusion_normalise",
            "What the cells show",
            {
                "counts": "How many images",
                "row": "Share of the true class: recall on the diagonal",
                "column": "Share of the predicted class: precision on the diagonal",
                "all": "Share of all images",
            },
        )
        self.threshold = NumberSlider(
            "Threshold",
            "confusion_threshold",
            "Threshold",
            low=0.0,
            high=1.0,
            value=0.5,
            short_label="p >",
            tool_tip="Class 1 where its probability is greater. A double click resets it.",
        )
        self.threshold.set_compact(True)
        self.export = IconButton("mdi6.tray-arrow-down", "confusion_export", "Save matrix or images…")
        self.views = SegmentedButtons(
            (("matrix", "Matrix"), ("classes", "Classes"), ("images", "Images"), ("skipped", "Skipped")),
            "confusion_views",
            "What stands beside the matrix",
        )
        self.views.set_shown("matrix", False)
        self.classes = ClassTable()
        self.images = CellImages()
        self.skipped = SkippedTable()
        self.images_title = ElidedLabel("confusion_images_title", "Which images these are", "dimmed", small=True)
        self._images_page = named(QWidget(), "confusion_images_page", "Images")
        column = QVBoxLayout(self._images_page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.images_title)
        column.addWidget(self.images, 1)
        self._pages: dict[str, QWidget] = {
            "classes": self.classes,
            "images": self._images_page,
            "skipped": self.skipped,
        }

    def _place_views(self) -> None:
        self._left = named(QWidget(), "confusion_left", "Matrix")
        self._right = named(QWidget(), "confusion_right", "Figures and images")
        left, right = QVBoxLayout(self._left), QVBoxLayout(self._right)
        bar = QHBoxLayout()
        bar.setSpacing(6)
        bar.addWidget(self.normalise)
        bar.addWidget(self.threshold, 1)
        bar.addStretch(0)
        for column in (left, right):
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(4)
        left.addLayout(bar)
        left.addWidget(self.matrix, 1)
        for page in self._pages.values():
            right.addWidget(page, 1)
        self._switch = named(QWidget(), "confusion_switch", "Views")
        switch = QHBoxLayout(self._switch)
        switch.setContentsMargins(0, 0, 0, 0)
        switch.setSpacing(4)
        switch.addWidget(self.views)
        switch.addStretch(1)
        switch.addWidget(self.export)
        self._right_column = right
        right.insertWidget(0, self._switch)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(self._left, 11)
        row.addWidget(self._right, 10)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addLayout(row, 1)
