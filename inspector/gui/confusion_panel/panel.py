"""The confusion panel: counts what has arrived, and tells its parts what to show."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QElapsedTimer, Qt, QTimer, Signal
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QResizeEvent
from PySide6.QtWidgets import QFileDialog, QMenu, QVBoxLayout, QWidget

from inspector.core.heads import num_classes_of
from inspector.core.metrics import Normalisation
from inspector.core.whole_file import write_whole
from inspector.gui.confusion_panel.body import Body
from inspector.gui.confusion_panel.cell_images import CellImage
from inspector.gui.confusion_panel.counting import Counted, RowCounter, asks_threshold, head_of, mapping_of
from inspector.gui.confusion_panel.export import write_images, write_matrix
from inspector.gui.confusion_panel.head_row import HeadRow
from inspector.gui.confusion_panel.labels_popover import LabelsPopover
from inspector.gui.confusion_panel.mapping_popover import MappingPopover
from inspector.gui.confusion_panel.matrix_painting import content_of
from inspector.gui.confusion_panel.progress_line import ProgressLine
from inspector.gui.confusion_panel.sentences import folder_sentence, how_to_begin, summary_text
from inspector.gui.parts import ElidedLabel, Sentence, named, plain_tip
from inspector.gui.state import EvaluationState, WindowState
from inspector.protocol.evaluation import LabelRule, Skipped

COUNT_EVERY_MS = 100
_ONE_LINE = 560
_NORMALISATIONS: dict[str, Normalisation] = {"counts": "counts", "row": "row", "column": "column", "all": "all"}


class ConfusionPanel(QWidget):
    """The test folder: chosen, evaluated, counted, and its images by cell.

    Signals:
        folder_requested: a folder and a LabelRule.
        evaluation_requested: the mapping (empty: the proposed one) and the batch size.
        cancel_requested: stop the evaluation; what was counted stays.
        thumbnails_requested: a tuple of paths.
        image_run_requested: the path of an image to run.
    """

    folder_requested = Signal(str, object)
    evaluation_requested = Signal(object, int)
    cancel_requested = Signal()
    thumbnails_requested = Signal(object)
    image_run_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "confusion_panel", "Confusion matrix")
        self.setMinimumSize(240, 160)
        self.setAcceptDrops(True)
        self._state = WindowState()
        self._drawn: tuple[object, ...] = ()
        self._counter = RowCounter()
        self._counted: Counted | None = None
        self._edited: dict[str, int] = {}
        self._scan: object = None
        self._clock = QElapsedTimer()
        self._later = QTimer(self, singleShot=True, interval=COUNT_EVERY_MS)
        self._make_parts()
        self._place_parts()
        self._connect_parts()
        self._redraw()

    def draw(self, state: WindowState) -> None:
        """Show the test folder; while it is evaluated, the matrix is counted at most ten times a second."""
        self._state = state
        evaluation = state.evaluation
        drawn = (evaluation, state.model, state.class_names, state.problems, state.thumbnails, state.run.outputs)
        if len(drawn) == len(self._drawn) and all(new is old for new, old in zip(drawn, self._drawn, strict=True)):
            return
        self._drawn = drawn
        other_folder = evaluation.scan is not self._scan
        if other_folder:
            self._scan = evaluation.scan
            self._edited = {}
        recent = self._counted is not None and self._clock.elapsed() < self._later.interval()
        if evaluation.running and recent and not other_folder:
            self._show_progress(evaluation)
            if not self._later.isActive():
                self._later.start()
            return
        self._redraw()

    def counted(self) -> Counted | None:
        """What the matrix shows."""
        return self._counted

    def show_class(self, name: str) -> None:
        """The images of a class: those that it is most often taken for something else in, or else the right ones."""
        counted = self._counted
        if counted is None or name not in counted.classes:
            return
        row = counted.classes.index(name)
        wrong = counted.matrix[row].astype(np.int64).copy()
        wrong[row] = 0
        column = int(wrong.argmax()) if wrong.any() else row
        self.body.matrix.set_current((row, column))
        self._choose_cell(row, column)
        self._show_images()

    def export_matrix_csv(self, path: str) -> None:
        """Write the counts.

        Raises:
            OSError: the file can't be written.
        """
        if self._counted is not None:
            write_matrix(self._counted, path)

    def export_matrix_png(self, path: str) -> None:
        """Write the matrix as a picture, as it is shown.

        Raises:
            OSError: the file can't be written.
        """
        target = path if path.lower().endswith(".png") else f"{path}.png"
        if self._counted is not None:
            picture = QBuffer()
            if not self.body.matrix.to_image().save(picture, "PNG"):  # type: ignore[call-overload]  # PySide's stubs know it with bytes alone
                raise OSError(f"{target} could not be drawn")
            write_whole(Path(target), bytes(picture.data().data()))

    def export_images_csv(self, path: str) -> None:
        """Write what the model said to each image.

        Raises:
            OSError: the file can't be written.
        """
        scan = self._state.evaluation.scan
        if self._counted is not None and scan is not None:
            write_images(self._counted, scan.images, path)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802 - Qt's name
        """A folder is taken."""
        if _dropped_folder(event):
            event.acceptProposedAction()
        else:
            event.ignore()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802 - Qt's name
        """Ask for the folder."""
        folder = _dropped_folder(event)
        if folder:
            event.acceptProposedAction()
            self.folder_requested.emit(folder, LabelRule())
        else:
            event.ignore()

    def resizeEvent(self, event: QResizeEvent) -> None:  # noqa: N802 - Qt's name
        """A wide panel says what the folder holds beside its name, which leaves a line more to the matrix."""
        super().resizeEvent(event)
        if self.width() >= _ONE_LINE:
            self.head.take_line(self.line)
        elif self._column.indexOf(self.line) < 0:
            self.head.release_line(self.line)
            self._column.insertWidget(self._column.indexOf(self.progress) + 1, self.line)

    def _make_parts(self) -> None:
        self.head = HeadRow()
        self.line = ElidedLabel("confusion_sentence", "What the folder holds", "dimmed", small=True)
        self.line.set_elide_mode(Qt.TextElideMode.ElideRight)
        self.progress = ProgressLine()
        self.problem = Sentence("confusion_problem", "What went wrong", "failure", small=True)
        self.warning = Sentence("confusion_warning", "What to know of the folder", "warning", small=True)
        self.warning.limit_lines(2)
        self.empty = Sentence("confusion_empty", "How to begin", "dimmed")
        self.body = Body()
        self.summary = Sentence("confusion_summary", "Accuracy and calibration", "text", small=True)
        self.summary.limit_lines(2)
        self.labels_popover = LabelsPopover(self)
        self.mapping_popover = MappingPopover(self)

    def _place_parts(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 6, 8, 6)
        column.setSpacing(4)
        self._column = column
        for part in (self.head, self.progress, self.line, self.problem, self.warning, self.empty):
            column.addWidget(part)
        column.addWidget(self.body, 1)
        self.body.add_summary(self.summary)
        self._spring = named(QWidget(), "confusion_spring", "Empty room")
        column.addWidget(self._spring, 1)

    def _connect_parts(self) -> None:
        self._later.timeout.connect(self._redraw)
        self.head.folder_clicked.connect(self._choose_folder)
        self.head.labels_clicked.connect(self._open_labels)
        self.head.mapping_clicked.connect(self._open_mapping)
        self.head.evaluate_clicked.connect(self._evaluate)
        self.labels_popover.rule_changed.connect(self._change_labels)
        self.mapping_popover.mapping_changed.connect(self._change_mapping)
        self.body.normalisation_changed.connect(self._show_matrix)
        self.body.threshold_changed.connect(self._redraw)
        self.body.view_changed.connect(self._show_images)
        self.body.export_clicked.connect(self._open_export)
        self.body.matrix.cell_chosen.connect(self._choose_cell)
        self.body.images.thumbnails_requested.connect(self.thumbnails_requested)
        self.body.images.image_chosen.connect(self.image_run_requested)

    def _redraw(self) -> None:
        self._later.stop()
        self._clock.start()
        self._count_all()
        # A thousand classes take long to count: never more than a tenth of the window's time.
        self._later.setInterval(max(COUNT_EVERY_MS, 10 * self._clock.elapsed()))
        self._clock.start()

    def _count_all(self) -> None:
        evaluation = self._state.evaluation
        self._show_progress(evaluation)
        self._say_problems(evaluation)
        self._count(evaluation)
        if self.labels_popover.isVisible():
            self._fill_labels()

    def _show_progress(self, evaluation: EvaluationState) -> None:
        ready = evaluation.scan is not None and bool(evaluation.scan.images) and self._state.model is not None
        self.head.show_folder(evaluation.folder, running=evaluation.running, ready=ready)
        self.progress.setVisible(evaluation.running)
        self.progress.show_progress(evaluation.done, evaluation.total)
        self.line.say(folder_sentence(evaluation))
        self.line.setVisible(bool(evaluation.folder))

    def _say_problems(self, evaluation: EvaluationState) -> None:
        problem = next((one for one in self._state.problems if one.place == "evaluation"), None)
        self.problem.say(f"{problem.message} {problem.fix}".strip() if problem is not None else "", "failure")
        self.problem.setToolTip(plain_tip(problem.traceback) if problem is not None else "")
        sentences = list(evaluation.scan.problems) if evaluation.scan is not None else []
        if evaluation.finished is not None:
            sentences += evaluation.finished.notes
        self.warning.say(" ".join(sentences))
        self.empty.say(how_to_begin(self._state))

    def _count(self, evaluation: EvaluationState) -> None:
        has_rows = evaluation.scan is not None and len(evaluation.indices) > 0
        skipped = _skipped(evaluation)
        self.body.setVisible(has_rows or bool(skipped))
        self._spring.setVisible(not self.body.isVisibleTo(self))
        self.summary.setVisible(has_rows)
        self.body.skipped.files.show_skipped(skipped)
        self.body.show_skipped_count(len(skipped))
        if not has_rows:
            self._counted = None
            self.body.matrix.show_content(None)
            self.body.classes.figures.show_classes(())
            self.body.images.show_images((), self._state.thumbnails)
            return
        head = head_of(evaluation, self._state.run)
        columns = evaluation.outputs.shape[1]
        self.body.threshold.setVisible(asks_threshold(columns, head))
        mapping = mapping_of(evaluation, self._edited)
        threshold = self.body.threshold.value() if asks_threshold(columns, head) else 0.5
        self._counted = self._counter.count(evaluation, head, mapping, threshold)
        self.body.classes.figures.show_classes(self._counted.per_class)
        self.summary.say(summary_text(self._counted))
        self._show_matrix()

    def _show_matrix(self) -> None:
        counted = self._counted
        if counted is None:
            return
        normalisation = _NORMALISATIONS[self.body.normalise.current()]
        self.body.matrix.show_content(content_of(counted.classes, counted.matrix, counted.outside, normalisation))
        self._show_images()

    def _choose_cell(self, row: int, column: int) -> None:
        self.body.show_view("images")

    def _show_images(self) -> None:
        counted = self._counted
        if counted is None or not self.body.shows_images():
            return
        cell = self.body.matrix.current()
        if cell is None:
            places = counted.wrong_rows()
            self.body.images_title.say(f"{len(places):,} taken for another class, the surest first")
        else:
            places = counted.rows_of_cell(*cell)
            self.body.images_title.say(self.body.matrix.cell_text(*cell).partition("\n")[0])
        self.body.images.show_images(self._images_at(places), self._state.thumbnails)

    def _images_at(self, places: NDArray[np.intp]) -> Sequence[CellImage]:
        counted, scan = self._counted, self._state.evaluation.scan
        if counted is None or scan is None:
            return ()
        return [
            CellImage(
                path=scan.images[int(counted.indices[place])].path,
                true=counted.classes[int(counted.true[place])],
                predicted=self._predicted_name(counted, int(place)),
                probability=float(counted.confidence[place]),
                right=bool(counted.true[place] == counted.claimed[place]),
            )
            for place in places.tolist()
        ]

    def _predicted_name(self, counted: Counted, place: int) -> str:
        """The class; for an output that no class has, the model's own name of it."""
        claimed, chosen = int(counted.claimed[place]), int(counted.chosen[place])
        if claimed >= 0:
            return counted.classes[claimed]
        names = self._state.class_names
        if chosen < 0:
            return "NaN"
        return names[chosen] if chosen < len(names) else f"output {chosen}"

    def _evaluate(self) -> None:
        if self._state.evaluation.running:
            self.cancel_requested.emit()
        else:
            self.evaluation_requested.emit(dict(self._edited), self.head.batch.value())

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Test folder", self._state.evaluation.folder)
        if folder:
            self.folder_requested.emit(folder, LabelRule())

    def _open_labels(self) -> None:
        self._fill_labels()
        self.labels_popover.drop_from(self.head.labels)

    def _fill_labels(self) -> None:
        scan = self._state.evaluation.scan
        rule = scan.labels if scan is not None else self._state.evaluation.labels
        self.labels_popover.show_rule(rule, scan.patterns if scan is not None else ())

    def _change_labels(self, rule: LabelRule) -> None:
        self.folder_requested.emit(self._state.evaluation.folder, rule)

    def _open_mapping(self) -> None:
        self._fill_mapping()
        self.mapping_popover.drop_from(self.head.mapping)

    def _fill_mapping(self) -> None:
        evaluation = self._state.evaluation
        if evaluation.scan is None:
            return
        columns = evaluation.outputs.shape[1] if len(evaluation.outputs) else len(self._state.class_names)
        outputs = num_classes_of(columns) if columns else None
        mapping = mapping_of(evaluation, self._edited)
        self.mapping_popover.show_mapping(evaluation.scan.classes, mapping, self._state.class_names, outputs)

    def _change_mapping(self, mapping: dict[str, int]) -> None:
        """Count anew with another mapping; emptied, with the one that the folder's scan proposed."""
        scan = self._state.evaluation.scan
        self._edited = dict(mapping) or (dict(scan.mapping) if scan is not None else {})
        self._fill_mapping()
        self._redraw()

    def _open_export(self) -> None:
        menu = named(QMenu(self), "confusion_export_menu", "Save")
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for text, name, kind, write in (
            ("Matrix as CSV…", "confusion_matrix.csv", "CSV (*.csv)", self.export_matrix_csv),
            ("Matrix as picture…", "confusion_matrix.png", "PNG (*.png)", self.export_matrix_png),
            ("Images as CSV…", "images.csv", "CSV (*.csv)", self.export_images_csv),
        ):
            action = menu.addAction(text)
            action.setEnabled(self._counted is not None)
            action.triggered.connect(
                lambda _checked=False, name=name, kind=kind, write=write: self._save(name, kind, write)
            )
        menu.popup(self.body.export.mapToGlobal(self.body.export.rect().bottomLeft()))

    def _save(self, name: str, kind: str, write: Callable[[str], None]) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save", name, kind)
        if not path:
            return
        try:
            write(path)
        except OSError as error:
            self.problem.say(f"The file could not be saved: {error.strerror or error}.", "warning")


def _dropped_folder(event: QDropEvent) -> str:
    """The one folder that was dropped, or ""."""
    urls = event.mimeData().urls()
    path = urls[0].toLocalFile() if len(urls) == 1 and urls[0].isLocalFile() else ""
    return path if os.path.isdir(path) else ""  # noqa: PTH112 - never raises, however long the name is


def _skipped(evaluation: EvaluationState) -> tuple[Skipped, ...]:
    if evaluation.finished is not None:
        return evaluation.finished.skipped
    return (*(evaluation.scan.skipped if evaluation.scan is not None else ()), *evaluation.skipped)
