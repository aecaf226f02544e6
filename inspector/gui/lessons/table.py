"""The one table of lessons, by the groups of the Learn menu."""

from inspector.gui.lessons import outputs, probabilities, sequential, sizes, training
from inspector.gui.lessons.lesson import Lesson

GROUPS: dict[str, tuple[Lesson, ...]] = {
    "The output is not what I expected": outputs.LESSONS,
    "The output's size is not what I expected": sizes.LESSONS,
    "May I transform the output and still train?": training.LESSONS,
    "nn.Sequential gives something else than I think": sequential.LESSONS,
    "Negative outputs, and probabilities that look wrong": probabilities.LESSONS,
}


def lessons() -> tuple[Lesson, ...]:
    """All of them, in the order of the menu."""
    return tuple(lesson for group in GROUPS.values() for lesson in group)
