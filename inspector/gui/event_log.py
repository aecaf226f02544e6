"""`inspector --log`: a line on stderr for each thing that happens in the window, and what models print.

For bug reports, for a window that is far away, and for the tests of a real one. Changes nothing.
"""

import sys
import time
from pathlib import Path
from typing import TextIO

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from inspector.core.formatting import count_text, seconds_text, shape_text
from inspector.gui.drop_overlay import DropOverlay
from inspector.gui.session import WindowSession
from inspector.gui.state import EngineState, EvaluationState, RunState, WindowState


class EventLog(QObject):
    """Watches a session, and the window that draws it. Gone with the window."""

    def __init__(self, session: WindowSession, window: QWidget, stream: TextIO | None = None) -> None:
        super().__init__(window)
        self._session = session
        self._window = window
        self._stream = stream or sys.stderr
        self._seen = session.state
        self._started = time.monotonic()
        self._graph: QObject | None = None
        session.changed.connect(self._look)
        session.link.printed.connect(self._tell_printed)
        for overlay in window.findChildren(DropOverlay):
            overlay.planned.connect(lambda plan: self.tell(f"dragged over the window: {plan.sentence}"))
            overlay.dropped.connect(lambda plan: self.tell(f"dropped: {plan.sentence}"))

    def tell(self, sentence: str) -> None:
        """Print a line, with the seconds since the start before it; a newline from a file does not make another."""
        said = " ".join(sentence.split())
        self._stream.write(f"[{time.monotonic() - self._started:7.2f} s] {said}\n")
        self._stream.flush()

    def _look(self) -> None:
        before, self._seen = self._seen, self._session.state
        for sentence in happenings(before, self._seen):
            self.tell(sentence)
        if self._graph is None:  # it is made when it is first needed
            graph = self._window.findChild(QWidget, "graph_view")
            shown = getattr(graph, "picture_shown", None)
            if graph is not None and shown is not None:
                self._graph = graph
                shown.connect(lambda: self.tell("graph drawn"))

    def _tell_printed(self, text: str) -> None:
        for line in text.splitlines():
            self.tell(f"printed: {line}")


def happenings(before: WindowState, after: WindowState) -> tuple[str, ...]:
    """What there is to say of a change, a sentence each."""
    said: list[str] = []
    said += _engine(before.engine, after.engine)
    if after.loading and (not before.loading or after.path != before.path):
        said.append(f"opening {after.path}")
    if after.consent is not None and after.consent is not before.consent:
        said.append(f"consent needed: {after.consent.sentence}")
    if after.entry_needed is not None and after.entry_needed is not before.entry_needed:
        said.append(f"entry needed: {after.entry_needed.sentence}")
    if after.model is not None and after.model is not before.model:
        model = after.model.info
        said.append(f"opened {Path(after.path).name}: {model.class_name}, {count_text(model.num_params)} parameters")
    said += _run(before.run, after.run)
    said += _evaluation(before.evaluation, after.evaluation)
    old = set(before.problems)
    said += [f"problem ({one.place}): {one.message} {one.fix}" for one in after.problems if one not in old]
    return tuple(said)


def _engine(before: EngineState, after: EngineState) -> list[str]:
    if after.quiet_restarts != before.quiet_restarts:
        return [f"engine ended while idle, and is started again: {after.restarted}"]
    if after.phase == before.phase:
        return []
    if after.phase == "ended":
        return [f"engine ended: {after.sentence}"]
    if after.phase == "starting":
        return ["engine starting"]
    return [f"engine ready, PyTorch {after.torch_version}"] if before.phase == "starting" else []


def _run(before: RunState, after: RunState) -> list[str]:
    said = []
    if after.running and not before.running:
        said.append("running")
    if after.failure is not None and after.failure is not before.failure:
        where = f"{after.failure.op} {after.failure.fqn}".strip()
        said.append(f"forward failed at {where}: {after.failure.message}")
    if after.outputs and after.outputs is not before.outputs:
        shapes = ", ".join(shape_text(output.tensor.shape) for output in after.outputs)
        took = "" if after.captured_s is None else f" in {seconds_text(after.captured_s)}"
        nodes = len(after.graph.nodes) if after.graph is not None else 0
        said.append(f"ran {nodes} nodes{took}: {shapes}")
    return said


def _evaluation(before: EvaluationState, after: EvaluationState) -> list[str]:
    said = []
    if after.scan is not None and after.scan is not before.scan:
        said.append(f"listed {after.folder}: {len(after.scan.images)} images, {len(after.scan.skipped)} skipped")
    if after.running and not before.running:
        said.append("evaluating")
    if after.running and after.done and not (before.running and before.done):
        said.append(f"evaluated the first {after.done} of {after.total} images")
    if after.finished is not None and after.finished is not before.finished:
        stopped = "evaluation stopped after" if after.finished.cancelled else "evaluated"
        right = "" if after.finished.accuracy is None else f", {after.finished.accuracy:.2%} right"
        said.append(f"{stopped} {after.finished.num_images} images{right}")
    return said
