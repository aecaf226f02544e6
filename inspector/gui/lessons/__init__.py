"""Lessons: the reference cases as short tours through the real app. A lesson is an entry in one of the tables here."""

from inspector.gui.lessons.lesson import Lesson, Step
from inspector.gui.lessons.table import GROUPS, lessons
from inspector.gui.lessons.tour import Tour

__all__ = ["GROUPS", "Lesson", "Step", "Tour", "lessons"]
