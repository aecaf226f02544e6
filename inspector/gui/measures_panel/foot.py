"""The line below the table: what could not be counted and how times were taken; opened, it says both in full."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from inspector.core.formatting import seconds_text
from inspector.core.measures import Measured
from inspector.gui.parts import Fold, Sentence, named
from inspector.gui.theme import GRID
from inspector.protocol.events import ForwardProfiled

HEIGHT = 60  # what is longer scrolls, so that the table keeps its room


class Foot(QWidget):
    """A line that opens."""

    def __init__(self) -> None:
        super().__init__()
        named(self, "measures_foot", "What was not counted, and how times were taken")
        content = named(QWidget(), "measures_told", "What was not counted, and how times were taken, in full")
        self.uncounted = Sentence("measures_uncounted", "Operations without counted MACs", "dimmed", small=True)
        self.times = Sentence("measures_times", "How times and memory were taken", "dimmed", small=True)
        self.problem = Sentence("measures_problem", "What went wrong", "failure", small=True)
        inside = QVBoxLayout(content)
        inside.setContentsMargins(GRID * 4, 0, 0, 0)
        inside.setSpacing(GRID)
        inside.addWidget(self.uncounted)
        inside.addWidget(self.times)
        inside.addStretch(1)
        room = named(QScrollArea(), "measures_told_room", "What was not counted, and how times were taken, in full")
        room.setWidget(content)
        room.setWidgetResizable(True)
        room.setFixedHeight(HEIGHT)
        room.setFrameShape(QScrollArea.Shape.NoFrame)
        room.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.fold = Fold("", room, "measures_fold", "what was not counted, and how times were taken")
        # its words may be cut, as all of them stand inside: they must not hold the window wide
        self.fold.toggle.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 2, GRID, GRID * 2, 0)
        column.setSpacing(GRID)
        column.addWidget(self.problem)
        column.addWidget(self.fold)
        self.show_measured(None)

    def show_measured(self, measured: Measured | None) -> None:
        """Tell of these figures."""
        lines = [] if measured is None else [uncounted_line(measured), times_line(measured.profile)]
        told = " · ".join(filter(None, lines))
        self.fold.toggle.setText(told)
        self.fold.toggle.setMaximumWidth(self.fold.toggle.sizeHint().width())
        self.fold.setVisible(bool(told))
        self.uncounted.say("" if measured is None else uncounted_text(measured))
        self.times.say("" if measured is None else times_text(measured.profile))
        self.problem.say("")


def uncounted_line(measured: Measured) -> str:
    """How much has no MACs, in a few words."""
    count = sum(measured.uncounted.values())
    return f"MACs not counted for {count} operation{'s' if count > 1 else ''}" if count else ""


def uncounted_text(measured: Measured) -> str:
    """What has no MACs, by name, the most frequent first."""
    names = ", ".join(f"{name} ×{count}" for name, count in measured.uncounted.items())
    return f"No rule counts the MACs of: {names}." if names else ""


def times_line(profile: ForwardProfiled | None) -> str:
    """How times were taken, in a few words."""
    if profile is None:
        return ""
    overhead = overhead_text(profile)
    return f"median of {profile.runs} runs · {f'timing added {overhead}' if overhead else 'no overhead seen'}"


def times_text(profile: ForwardProfiled | None) -> str:
    """How times and memory were taken."""
    if profile is None:
        return ""
    said = (
        f"Median of {profile.runs} runs after {profile.warm_up} to warm up, on {profile.device}. A plain run takes "
        f"{seconds_text(profile.plain_s)} ({seconds_text(profile.plain_fastest_s)} to "
        f"{seconds_text(profile.plain_slowest_s)}), one with every node timed {seconds_text(profile.observed_s)}. "
        f"Peak memory: {profile.memory[:1].lower()}{profile.memory[1:]}"
    )
    return " ".join((said, *profile.notes))


def overhead_text(profile: ForwardProfiled) -> str:
    """What timing took of a run, as a share of the plain one; "" where that is within the noise."""
    share = profile.observed_s / profile.plain_s - 1 if profile.plain_s else 0.0
    if share <= 0:
        return ""
    return f"{100 * share:.2g} %" if share < 0.1 else f"{100 * share:,.0f} %"
