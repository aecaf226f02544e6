"""Both sides over the test folder: two matrices, and the images on which they disagree."""

from pathlib import PurePath

import numpy as np
from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QVBoxLayout, QWidget

from inspector.core.formatting import not_counted, percent_text
from inspector.gui.comparison.updates import why_no_runs
from inspector.gui.confusion_panel.cell_images import CellImage, CellImages
from inspector.gui.confusion_panel.matrix_painting import MatrixContent, content_of
from inspector.gui.confusion_panel.matrix_view import MatrixView
from inspector.gui.parts import PushButton, Sentence, named
from inspector.gui.state import WindowState
from inspector.gui.theme import GRID
from inspector.protocol.comparison import Disagreement, FolderComparison, FolderSide

NO_FOLDER = "Choose a test folder (File, Open Test Folder) to list the images on which the two disagree."


class FolderPage(QWidget):
    """The matrices, or how to get them.

    Signals:
        folder_requested: run both over the folder.
        thumbnails_requested: a tuple of paths.
        image_chosen: feed this image.
    """

    folder_requested = Signal()
    thumbnails_requested = Signal(object)
    image_chosen = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        named(self, "comparison_folder", "Both over the test folder")
        self._folder: FolderComparison | None = None
        self.sentence = Sentence("comparison_folder_sentence", "How often the two disagree")
        self.go = PushButton("Run both over the folder", "comparison_folder_run", "Run both over the test folder")
        self.go.clicked.connect(self.folder_requested)
        self.matrices = tuple(self._matrix(name) for name in ("A", "B"))
        self.titles = tuple(
            Sentence(f"comparison_matrix_title_{name.lower()}", f"Matrix of {name}", "dimmed", small=True)
            for name in "AB"
        )
        self.images = CellImages("comparison_images", "Images on which the two disagree; Return feeds one")
        self.images.thumbnails_requested.connect(self.thumbnails_requested)
        self.images.image_chosen.connect(self.image_chosen)
        head = QHBoxLayout()
        head.addWidget(self.sentence, 1)
        head.addWidget(self.go)
        self._body = QWidget()
        grid = QGridLayout(self._body)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(GRID)
        for place, (title, matrix) in enumerate(zip(self.titles, self.matrices, strict=True)):
            grid.addWidget(title, 0, place)
            grid.addWidget(matrix, 1, place)
            grid.setColumnStretch(place, 3)
        grid.addWidget(self.images, 0, 2, 2, 1)
        grid.setColumnStretch(2, 3)
        grid.setRowStretch(1, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(GRID)
        column.addLayout(head)
        column.addWidget(self._body, 1)
        column.addStretch(0)

    def draw(self, state: WindowState) -> None:
        """Show what is there."""
        comparison = state.comparison
        folder = comparison.folder
        ran = comparison.runs is not None
        self.go.setText("Run both over the folder" if folder is None else "Run again")  # another may be chosen by now
        self.go.setVisible(ran and bool(state.evaluation.folder))
        self.go.setEnabled(not comparison.running)
        self._body.setVisible(folder is not None)
        if folder is None:
            self.sentence.say(_said(state) if ran else why_no_runs(comparison))
        elif folder is not self._folder:
            self._show(folder)
        self._folder = folder
        if folder is not None:
            self.images.show_images([_image(folder, one) for one in folder.disagreements], state.thumbnails)

    def _show(self, folder: FolderComparison) -> None:
        more = f" {not_counted(len(folder.skipped))}." if folder.skipped else ""
        self.sentence.say(folder.sentence + more)
        for title, matrix, name, side in zip(self.titles, self.matrices, "AB", (folder.a, folder.b), strict=True):
            title.say(f"{name}: accuracy {percent_text(side.accuracy)}")
            matrix.show_content(_content(folder, side))
        self.images.setVisible(bool(folder.disagreements))

    def _matrix(self, name: str) -> MatrixView:
        words = f"Confusion matrix of {name}: rows are true classes"
        matrix = named(MatrixView(), f"comparison_matrix_{name.lower()}", words)
        matrix.setMinimumSize(100, 80)
        return matrix


def _said(state: WindowState) -> str:
    if not state.evaluation.folder:
        return NO_FOLDER
    return "Under way …" if state.comparison.running else f"The test folder is {state.evaluation.folder}."


def _content(folder: FolderComparison, side: FolderSide) -> MatrixContent:
    matrix = np.array(side.matrix, np.int64).reshape(len(folder.classes), len(folder.classes))
    return content_of(folder.classes, matrix, np.array(side.outside, np.int64), "counts")


def _image(folder: FolderComparison, one: Disagreement) -> CellImage:
    names = (*folder.classes, "none")  # −1 is the last
    a, b = names[one.predicted_a], names[one.predicted_b]
    true, name = names[one.label], PurePath(one.path).name
    return CellImage(
        path=one.path,
        true=true,
        predicted=f"A {a}, B {b}",
        probability=one.probability_a,
        right=False,
        said=f"A {a} · B {b}",
        figure=f"{one.probability_a:.2f} · {one.probability_b:.2f}",
        under=f"is {true} · {name}",
    )
