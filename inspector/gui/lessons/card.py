"""The card of a lesson over the graph: the question, what to see in this step, and the way on."""

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QSizePolicy, QVBoxLayout, QWidget

from inspector.gui.lessons.guide import LessonGuide
from inspector.gui.parts import IconButton, PushButton, Sentence, named
from inspector.gui.parts.heading import Heading
from inspector.gui.theme import GRID, mixed, theme, theme_source


class LessonCard(QFrame):
    """Shows the step of a guide; takes no room while no lesson is open.

    Signals:
        next_requested, back_requested, close_requested: the reader's buttons.
    """

    next_requested = Signal()
    back_requested = Signal()
    close_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "lesson_card", "Lesson")
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Maximum)
        self._question = Sentence("lesson_question", "Question", "accent", small=True)
        self._title = Heading("lesson_title", "This step")
        self._text = Sentence("lesson_text", "What to see")
        self._said = Sentence("lesson_said", "Belief, or what is so", "dimmed")
        self._count = Sentence("lesson_count", "Step", "dimmed", small=True)
        self._count.setWordWrap(False)
        self._count.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        self.back = PushButton("Back", "lesson_back", "Step before")
        self.next = PushButton("Next", "lesson_next", "Next step", primary=True)
        close = IconButton("ph.x", "lesson_close", "Close the lesson")
        self.back.clicked.connect(self.back_requested)
        self.next.clicked.connect(self._go_on)
        close.clicked.connect(self.close_requested)
        top = QHBoxLayout()
        top.setSpacing(GRID * 2)
        top.addWidget(self._question, 1)
        for widget in (self._count, self.back, self.next, close):
            top.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 3, GRID * 2, GRID * 2, GRID * 3)
        column.setSpacing(GRID)
        column.addLayout(top)
        for sentence in (self._title, self._text, self._said):
            column.addWidget(sentence)
        self._is_last = False
        self._restyle()
        theme_source().changed.connect(self._restyle)
        self.setVisible(False)

    def draw(self, guide: LessonGuide) -> None:
        """Show where the guide stands."""
        lesson, step = guide.lesson, guide.step
        self.setVisible(lesson is not None)
        if lesson is None or step is None:
            return
        steps = len(lesson.steps)
        self._is_last = guide.place == steps - 1
        self._question.say(lesson.title)
        self._title.say(step.title)
        self._text.say(step.text)
        said = f"What is so: {lesson.truth}" if self._is_last else ""
        self._said.say(f"What many believe: {lesson.belief}" if guide.place == 0 and not self._is_last else said)
        self._count.say(f"{guide.place + 1} of {steps}")
        self.back.setEnabled(guide.place > 0)
        self.next.setText("Done" if self._is_last else "Next")
        self.next.setAccessibleName("Close the lesson" if self._is_last else "Next step")

    def _go_on(self) -> None:
        if self._is_last:
            self.close_requested.emit()
        else:
            self.next_requested.emit()

    def _restyle(self) -> None:
        colours = theme()
        face = mixed(colours.panel, colours.accent, 0.08)
        self.setStyleSheet(
            f"LessonCard {{ background: {face}; border: none; border-bottom: 1px solid {colours.border};"
            f" border-left: 3px solid {colours.accent}; }}"
        )
