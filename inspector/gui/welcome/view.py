"""The page: the drop field, recent files, samples by group."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from inspector.gui.lessons.lesson import Lesson
from inspector.gui.lessons.table import GROUPS
from inspector.gui.parts import Sentence, named
from inspector.gui.parts.heading import Heading
from inspector.gui.state import WindowState
from inspector.gui.theme import GRID
from inspector.gui.welcome.drop_zone import DropZone
from inspector.gui.welcome.row import ChoiceRow
from inspector.places import Sample

PAGE_WIDTH = 760
MAX_RECENT = 4


class WelcomeView(QScrollArea):
    """What to do in an empty window.

    Signals:
        open_requested: show the Open dialog.
        path_requested: open this file again.
        sample_requested: open this sample.
        lesson_requested: open this lesson.
    """

    open_requested = Signal()
    path_requested = Signal(str)
    sample_requested = Signal(object)
    lesson_requested = Signal(object)

    def __init__(self, samples: tuple[Sample, ...] = (), parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "welcome", "Welcome")
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._recent_files: tuple[str, ...] | None = None
        self._recent = QWidget()
        self._zone = DropZone()
        self._zone.open.clicked.connect(self.open_requested)
        page = named(QWidget(), "welcome_page", "Welcome")
        page.setMaximumWidth(PAGE_WIDTH)
        self._column = QVBoxLayout(page)
        self._column.setContentsMargins(GRID * 6, GRID * 6, GRID * 6, GRID * 6)
        self._column.setSpacing(GRID * 3)
        self._column.addWidget(self._zone)
        self._column.addWidget(self._recent)
        self._add_samples(samples)
        self._column.addStretch(1)
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(page, 100)
        row.addStretch(1)
        self.setWidget(holder)

    def draw(self, state: WindowState) -> None:
        """Show the recent files."""
        shown = state.recent_files[:MAX_RECENT]
        if shown == self._recent_files:
            return
        self._recent_files = shown
        rows = [ChoiceRow(Path(path).name, str(Path(path).parent), "recent_file") for path in shown]
        for row, path in zip(rows, shown, strict=True):
            row.clicked.connect(lambda _checked=False, path=path: self.path_requested.emit(path))
        recent = _group("Recent", rows)
        recent.setVisible(bool(rows))
        self._column.replaceWidget(self._recent, recent)
        self._recent.hide()
        self._recent.deleteLater()
        self._recent = recent

    def _add_samples(self, samples: tuple[Sample, ...]) -> None:
        if not samples:
            note = Sentence("welcome_no_samples", "Samples", "dimmed", small=True)
            note.say("The sample models are not installed beside the app.")
            self._column.addWidget(note)
            return
        for group in dict.fromkeys(sample.group for sample in samples):
            if group in GROUPS:
                rows = [self._lesson_row(lesson) for lesson in GROUPS[group]]
                title = f"Lessons: {_lowered(group)}"
            else:
                rows = [self._sample_row(sample) for sample in samples if sample.group == group]
                title = f"Samples: {_lowered(group)}" if group else "Samples"
            self._column.addWidget(_group(title, rows))

    def _lesson_row(self, lesson: Lesson) -> ChoiceRow:
        row = ChoiceRow(lesson.title, f"Many believe: {lesson.belief}", f"lesson_{lesson.name}")
        row.clicked.connect(lambda: self.lesson_requested.emit(lesson))
        return row

    def _sample_row(self, sample: Sample) -> ChoiceRow:
        row = ChoiceRow(sample.title, sample.sentence, f"sample_{sample.name}")
        row.clicked.connect(lambda: self.sample_requested.emit(sample))
        return row


def _group(title: str, rows: list[ChoiceRow]) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, GRID, 0, 0)
    column.setSpacing(GRID)
    heading = Heading("welcome_group", title)
    heading.setContentsMargins(GRID * 3, 0, 0, 0)
    heading.say(title)
    column.addWidget(heading)
    grid = QGridLayout()
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setSpacing(2)
    for place, row in enumerate(rows):
        grid.addWidget(row, place // 2, place % 2)
    grid.setColumnStretch(0, 1)
    grid.setColumnStretch(1, 1)
    column.addLayout(grid)
    return box


def _lowered(text: str) -> str:
    """The group's name inside a line, unless it begins with a name of its own."""
    return text if text[:2].isupper() or text.startswith("nn.") else text[:1].lower() + text[1:]
