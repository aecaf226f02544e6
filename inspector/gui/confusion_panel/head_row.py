"""The row at the top: which folder, whose labels, what mapping, and the button that evaluates."""

from pathlib import PurePath

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from inspector.gui.parts import ElidedLabel, IconButton, NumberBox, PushButton, named, plain_tip

_BATCH_WIDTH = 380


class HeadRow(QWidget):
    """Buttons only; the panel decides.

    Signals:
        folder_clicked, labels_clicked, mapping_clicked: a button was clicked.
        evaluate_clicked: evaluate, or cancel what runs.
    """

    folder_clicked = Signal()
    labels_clicked = Signal()
    mapping_clicked = Signal()
    evaluate_clicked = Signal()

    def __init__(self) -> None:
        super().__init__()
        named(self, "confusion_head", "Test folder")
        self.folder = PushButton("Choose a test folder…", "confusion_folder", "Choose a test folder")
        self.folder.align_left()
        self.folder.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.labels = IconButton("mdi6.tag-outline", "confusion_labels", "Labels", "Where the labels come from")
        self.mapping = IconButton(
            "mdi6.swap-horizontal", "confusion_mapping_button", "Mapping", "Which output each class stands for"
        )
        self.batch = named(NumberBox(), "confusion_batch", "Batch size", "Images a batch")
        self.batch.setRange(1, 4096)
        self.batch.setValue(32)
        self.batch.setPrefix("batch ")
        self.batch.setFixedWidth(96)
        self.evaluate = PushButton("Evaluate", "confusion_evaluate", "Evaluate the folder", primary=True)
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.folder, 1)
        for part in (self.labels, self.mapping, self.batch, self.evaluate):
            row.addWidget(part)
        self.folder.clicked.connect(self.folder_clicked)
        self.labels.clicked.connect(self.labels_clicked)
        self.mapping.clicked.connect(self.mapping_clicked)
        self.evaluate.clicked.connect(self.evaluate_clicked)

    def take_line(self, line: ElidedLabel) -> None:
        """Show a sentence beside the folder's name."""
        if self._row.indexOf(line) < 0:
            self._row.insertWidget(1, line, 2)
            self._row.insertSpacing(1, 4)

    def release_line(self, line: ElidedLabel) -> None:
        """Give the sentence back."""
        place = self._row.indexOf(line)
        if place >= 0:
            self._row.takeAt(place - 1)
            self._row.removeWidget(line)

    def show_folder(self, folder: str, *, running: bool, ready: bool) -> None:
        """Show the folder's name, and what the button does now."""
        metrics = self.folder.fontMetrics()
        name = PurePath(folder).name or folder
        self.folder.setText(
            metrics.elidedText(name, Qt.TextElideMode.ElideMiddle, 260) if folder else "Choose a test folder…"
        )
        self.folder.setToolTip(plain_tip(f"{folder}\nClick to choose another.") if folder else "Or drop one here")
        self.evaluate.setText("Cancel" if running else "Evaluate")
        self.evaluate.setAccessibleName("Cancel the evaluation" if running else "Evaluate the folder")
        self.evaluate.set_primary(not running)
        self.evaluate.setEnabled(running or ready)
        for part in (self.labels, self.mapping, self.batch):
            part.setEnabled(bool(folder) and not running)

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """The batch size goes where there is no room."""
        super().resizeEvent(event)
        self.batch.setVisible(self.width() >= _BATCH_WIDTH)
