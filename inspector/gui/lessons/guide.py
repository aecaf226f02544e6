"""Leads through a lesson: does in the window what a step needs, one thing after the other, then shows where to look."""

from collections import deque
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from inspector.core.expectation import parse_expectation
from inspector.gui import asking
from inspector.gui.lessons.lesson import Lesson, Step
from inspector.gui.session import WindowSession
from inspector.gui.state import TrainingChoice, WindowState
from inspector.places import Sample, samples_folder
from inspector.protocol.changes import Change, NodePlace
from inspector.protocol.gradients import OutputTransform
from inspector.protocol.graph import Graph
from inspector.protocol.inputs import NamedInput, RandomInput


class LessonGuide(QObject):
    """The lesson that is open, and its step.

    Signals:
        changed: another lesson or step, or none.
        arrived: what the step needs has been done; look at this dock, and at this node (-1 for none).
    """

    changed = Signal()
    arrived = Signal(str, int)

    def __init__(self, session: WindowSession, samples: tuple[Sample, ...], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lesson: Lesson | None = None
        self.place = 0
        self._session = session
        self._samples = {sample.name: sample for sample in samples}
        self._opened: tuple[object, ...] = ()
        self._deeds: deque[Callable[[], None]] = deque()
        session.changed.connect(self._go_on)

    @property
    def step(self) -> Step | None:
        """The step that is shown."""
        return self.lesson.steps[self.place] if self.lesson is not None else None

    @property
    def busy(self) -> bool:
        """Whether what the step needs is still being done."""
        return bool(self._deeds)

    def start(self, lesson: Lesson) -> None:
        """Open a lesson at its first step."""
        self.lesson = lesson
        self._opened = ()
        self._show(0)

    def next(self) -> None:
        """The step behind."""
        if self.lesson is not None and self.place + 1 < len(self.lesson.steps):
            self._show(self.place + 1)

    def back(self) -> None:
        """The step before."""
        if self.place > 0:
            self._show(self.place - 1)

    def close(self) -> None:
        """Leave the lesson; what is open stays open."""
        self.lesson = None
        self._deeds.clear()
        self.changed.emit()

    def _show(self, place: int) -> None:
        assert self.lesson is not None
        self.place = place
        step = whole_step(self.lesson, place)
        opening = (step.sample, step.file, step.entry, tuple(step.arguments.items()))
        self._deeds.clear()
        if opening != self._opened or not self._is_open(step):
            self._deeds.append(lambda: self._open(step))
        self._opened = opening
        if not step.evaluate:
            self._deeds.append(lambda: self._run(step))
        if step.expected:
            self._deeds.append(lambda: self._expect(step.expected))
        if step.training is not None:
            choice = TrainingChoice(loss=step.training.loss, transform=OutputTransform(kind=step.training.transform))
            self._deeds.append(lambda: self._session.training.choose(choice))
            self._deeds.append(self._session.training.trace)
        if step.against:
            other = self._samples[step.against].path
            self._deeds.append(lambda: self._session.comparison.with_file(str(other)))
        self._deeds.append(lambda: self._arrive(step))
        self.changed.emit()
        self._go_on()

    def _go_on(self) -> None:
        """Do the next thing as soon as the last one is over."""
        while self._deeds and is_settled(self._session.state):
            self._deeds.popleft()()

    def _is_open(self, step: Step) -> bool:
        """Whether the user has not opened something else meanwhile."""
        return self._session.state.model is not None and self._session.state.path == str(self._path(step))

    def _path(self, step: Step) -> Path:
        folder = samples_folder()
        return folder / step.file if step.file and folder is not None else self._samples[step.sample].path

    def _open(self, step: Step) -> None:
        sample = self._samples[step.sample]
        entry = step.entry or ("" if step.file else sample.entry)
        source = None if step.file else sample.source
        chosen = replace(sample, path=self._path(step), entry=entry, source=source)
        self._session.files.open_sample(chosen, arguments=dict(step.arguments), evaluate=step.evaluate)
        if not step.evaluate:
            self._session.set_state(fed_as(self._session.state, step))  # what opens runs at once, where that is wished

    def _run(self, step: Step) -> None:
        """Feed what the step feeds, in its mode, with its change; all settings at once, and one run."""
        state = self._session.state
        wanted = fed_as(state, step)
        folder = self._samples[step.sample].test_folder
        if step.feed is not None and step.feed.image and folder is not None:
            self._session.set_state(wanted)
            self._session.use_test_images([str(folder / step.feed.image)])
        elif wanted.settings != state.settings or not state.run.has_run:
            self._session.set_state(wanted)
            self._session.run()

    def _expect(self, typed: str) -> None:
        outputs = self._session.state.run.outputs
        columns = outputs[0].values.shape[-1] if outputs and outputs[0].values.ndim else None
        self._session.change_expectation(parse_expectation(typed, columns, self._session.state.class_names))

    def _arrive(self, step: Step) -> None:
        graph = self._session.state.run.graph
        self.arrived.emit(step.dock, node_named(graph, step.node) if graph is not None and step.node else -1)
        self.changed.emit()


def whole_step(lesson: Lesson, place: int) -> Step:
    """A step with what it keeps of those before it: what is open, and what is fed."""
    step = lesson.steps[place]
    if step.sample:
        return step
    begun = max(n for n in range(place + 1) if lesson.steps[n].sample)
    opened = lesson.steps[begun]
    feed = next((lesson.steps[n].feed for n in range(place, begun - 1, -1) if lesson.steps[n].feed is not None), None)
    return replace(
        step,
        sample=opened.sample,
        file=opened.file,
        entry=opened.entry,
        arguments=opened.arguments,
        evaluate=opened.evaluate,
        feed=feed,
    )


def fed_as(state: WindowState, step: Step) -> WindowState:
    """The settings that a step wants: input, mode and change; nothing is expected before it is typed."""
    changes: tuple[Change, ...] = ()
    if step.swap is not None:
        fqn, activation = step.swap
        changes = (Change(place=NodePlace(kind="module", fqn=fqn), kind="swap", activation=activation),)
    inputs = state.settings.inputs
    if step.feed is not None and step.feed.shape:
        fed = RandomInput(shape=step.feed.shape, distribution=step.feed.distribution)
        inputs = (NamedInput(source=fed, name=inputs[0].name if inputs else ""),)
    return asking.with_settings(state, inputs=inputs, mode=step.mode, changes=changes, expectation=None)


def is_settled(state: WindowState) -> bool:
    """Whether nothing is under way that a next step would have to wait for."""
    return state.engine.phase == "ready" and not state.pending and not state.loading


def node_named(graph: Graph, name: str) -> int:
    """The last node with this fqn, or else with this operation; -1 where there is none."""
    by_fqn = [node.id for node in graph.nodes if node.fqn == name]
    by_op = [node.id for node in graph.nodes if node.op == name]
    return (by_fqn or by_op or [-1])[-1]
