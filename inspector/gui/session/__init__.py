"""The window's session: turns what the user asks into requests, and keeps the one snapshot that the views draw.

Must not know widgets. State is changed by the pure functions of `asking` and `updates`; this sends and waits. Here are
the engine's life and the run; what concerns one subject alone is a part, in a file of its own.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from PySide6.QtCore import QObject, QTimer, Signal

from inspector.client.base import EngineEnded, Reply
from inspector.core.changes import refusal, with_change
from inspector.core.expectation import compare_expectation
from inspector.gui import asking, updates
from inspector.gui.changes.target import place_of, target_of
from inspector.gui.engine_link import EngineFactory, EngineLink
from inspector.gui.session.comparison import ComparisonPart
from inspector.gui.session.files import FilesPart
from inspector.gui.session.folder import FolderPart
from inspector.gui.session.shapes import ShapesPart
from inspector.gui.session.tensor import TensorPart
from inspector.gui.session.training import TrainingPart
from inspector.gui.settings import SettingsFile
from inspector.gui.state import Concern, Place, Problem, WindowState
from inspector.protocol.changes import Change, ChangeKind
from inspector.protocol.events import Ending, RequestCancelled, RequestFinished
from inspector.protocol.findings import Finding
from inspector.protocol.inputs import ArrayInput, ImageInput, InputSource, NamedInput, Preprocess
from inspector.protocol.outputs import Expectation
from inspector.protocol.requests import AnyRequest, MeasureParameters, Mode, PreviewInput

LIVE_DELAY_MS = 180
# An engine that ends again and again by itself is not started for ever.
MOST_QUIET_RESTARTS = 3
QUIET_RESTARTS_S = 60.0
EVALUATION_FRAME_S = 0.033


class WindowSession(QObject):
    """What the user asks for, one method each. `changed` comes at most once an event-loop turn; read `state` then.

    Attributes:
        files: the model file that is open.
        folder: the test folder.
        shapes: which shapes the model takes.
        tensor: the tensor that is looked into.
        training: the loss, and its gradient.
        comparison: what the open model is compared with.
    """

    changed = Signal()

    def __init__(self, factory: EngineFactory, settings: SettingsFile, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self.state = WindowState(recent_files=settings.current.recent_files)
        self.link = EngineLink(factory, self)
        self.link.replied.connect(self._replied)
        self.link.printed.connect(lambda text: self.set_state(updates.engine_printed(self.state, text)))
        self.link.ended.connect(self._ended)
        self.files = FilesPart(self)
        self.folder = FolderPart(self)
        self.shapes = ShapesPart(self)
        self.tensor = TensorPart(self)
        self.training = TrainingPart(self)
        self.comparison = ComparisonPart(self)
        self._draw_timer = _single_shot(self, self._draw)
        self._live_timer = _single_shot(self, self.run)
        self._drawn_at = 0.0
        self._cancelled_id = 0
        self._run_again = False
        self._died_during: Concern | None = None
        self._restarted_at: list[float] = []
        self._previewed: InputSource | None = None

    @property
    def has_news(self) -> bool:
        """Whether the state changed since `changed` came last."""
        return self._draw_timer.isActive()

    # The engine's life

    def start(self) -> None:
        """Start the engine, so that torch is warm by the time it is needed; nothing happens where one runs already."""
        if self.link.running:
            return
        self.set_state(updates.engine_starting(self.state))
        self.link.start()

    def restart(self) -> None:
        """Start another engine, with the same file and the same settings; what had run before is run again."""
        had_run = self.state.run.has_run and self._died_during != "run"
        self._died_during = None
        self.reopen(run=had_run)

    def close(self) -> None:
        """End the engine; nothing is drawn any more."""
        self.files.watch.end()
        self.comparison.watch.end()
        self._draw_timer.stop()
        self._live_timer.stop()
        self.tensor.cancel_saving()
        self.link.close()

    def cancel(self, *concerns: Concern) -> None:
        """Stop what is under way; what can't be asked to stop is killed with the engine after a grace.

        With `concerns` only what was asked about these: what waits in line is taken out of it, and nothing is killed.
        """
        progress, pending = self.state.progress, self.state.pending
        if progress is None:
            return
        self.folder.evaluate_when_listed(False)
        self._run_again = False
        if concerns and pending.get(progress.request_id) not in concerns:
            for request_id in [one for one, concern in pending.items() if concern in concerns]:
                self.link.give_up(request_id)
                self._replied(Reply(request_id, RequestCancelled()))
            return
        self._cancelled_id = progress.request_id
        self.set_state(replace(self.state, progress=replace(progress, what="Stopping", done=0, total=0)))
        self.link.cancel(progress.request_id)

    def reopen(self, *, run: bool) -> None:
        """Give the file that is open to another engine, and run if so wished."""
        self.link.close()
        self.start()
        if self.state.path:
            self.files.load_anew(run=run)

    # Running

    def run(self) -> None:
        """Run the model once, as the settings say; while a run is under way, once more after it."""
        if self.state.model is None:
            return
        if not self.link.running:
            self.reopen(run=True)
            return
        if self.state.run.running:
            self._run_again = True
            return
        self.set_state(asking.running(self.state))
        self.ask(asking.run_request(self.state), "run")

    def profile(self) -> None:
        """Time each node over several runs, and watch the memory; the graph that is shown gets the figures."""
        if self.state.model is None:  # the graph is that of a file which was not run
            self.set_state(updates.with_problem(self.state, asking.no_model("Timing")))
            return
        busy = self.state.progress is not None or self.state.run.running
        if self.state.run.graph is None or busy or not self.has_engine("run", "timing"):
            return
        self.set_state(updates.without_problem(self.state, "run"))
        self.ask(asking.profile_request(self.state), "profile")

    def change_colour_by(self, key: str) -> None:
        """Colour the graph by another measure; "kind" colours by what each operation is."""
        self.set_state(replace(self.state, colour_by=key))

    def change_inputs(self, inputs: tuple[NamedInput, ...]) -> None:
        """Other inputs."""
        self._change_settings(inputs=inputs)

    def change_device(self, device: str) -> None:
        """Another device."""
        self._change_settings(device=device)

    def change_dtype(self, dtype: str) -> None:
        """Another dtype; "" is the model's own."""
        self._change_settings(dtype=dtype)

    def change_mode(self, mode: Mode) -> None:
        """Train or eval."""
        self._change_settings(mode=mode)

    def change_timed(self, timed: bool) -> None:
        """Whether each node is timed, and the run compared with a plain one."""
        self._change_settings(timed=timed)

    def change_live(self, live: bool) -> None:
        """Whether every change runs the model again."""
        self.set_state(asking.with_settings(self.state, live=live))
        if live:
            self._live_timer.start(LIVE_DELAY_MS)

    def change_preprocess(self, preprocess: Preprocess) -> None:
        """Another way to make a tensor of a picture."""
        if preprocess != self.state.preprocess:
            self.set_state(asking.with_preprocess(self.state, preprocess))
            self._settings_changed()

    def change_expectation(self, expectation: Expectation | None) -> None:
        """What the user expected; compared at once with the outputs that are there."""
        state = asking.with_settings(self.state, expectation=expectation)
        verdict = None
        if expectation is not None and state.run.outputs:
            output = state.run.outputs[0]
            verdict = compare_expectation(expectation, output.values, output.tensor.head)
        self.set_state(replace(state, run=replace(state.run, verdict=verdict)))

    def change_class_names(self, names: tuple[str, ...]) -> None:
        """Other names for the outputs."""
        self.set_state(replace(self.state, class_names=names))

    def use_images(self, paths: Sequence[str]) -> None:
        """Feed these pictures, which the user chose, and run."""
        self.link.lend(paths)
        self.use_test_images(paths)

    def use_test_images(self, paths: Sequence[str]) -> None:
        """Feed these pictures of the test folder, and run."""
        if not paths:
            return
        if self.state.model is None:
            self.set_state(updates.with_problem(self.state, asking.no_model("A picture as input")))
            return
        self.set_state(asking.with_images(self.state, tuple(paths)))
        self.preview(ImageInput(paths=tuple(paths), preprocess=self.state.preprocess))
        self.run()

    def use_array(self, path: str) -> None:
        """Feed the tensor of this file to the first argument, and run."""
        self.link.lend([path])
        if self.state.model is None:
            self.set_state(updates.with_problem(self.state, asking.no_model("A tensor as input")))
            return
        inputs = asking.effective_inputs(self.state)
        name = inputs[0].name if inputs else ""
        fed = NamedInput(source=ArrayInput(path=path), name=name)
        self.set_state(asking.with_settings(self.state, inputs=(fed, *inputs[1:])))
        self.run()

    def preview(self, source: InputSource) -> None:
        """Show what the model would see."""
        if self.link.running:
            self._previewed = source
            self.set_state(updates.without_problem(self.state, "input"))
            self.ask(PreviewInput(source=source), "preview")

    def make_change(self, change: Change) -> None:
        """Change a node for the runs from now on, and run."""
        self._run_changed(with_change(self.state.settings.changes, change))

    def undo_change(self, change: Change) -> None:
        """Take one change back, and run."""
        self._run_changed(tuple(other for other in self.state.settings.changes if other != change))

    def undo_changes(self) -> None:
        """Take all changes back, and run."""
        self._run_changed(())

    def change_selected(self, kind: ChangeKind) -> None:
        """Change the node or group that is chosen, where that can be done."""
        target, place = target_of(self.state), place_of(self.state)
        if target is None or place is None:
            return
        why = refusal(target, kind)
        if why:
            self.set_state(updates.with_problem(self.state, Problem("run", why)))
        else:
            self.make_change(Change(place=place, kind=kind))

    def _run_changed(self, changes: tuple[Change, ...]) -> None:
        if changes != self.state.settings.changes:
            self.set_state(asking.with_settings(self.state, changes=changes))
            self.run()

    def apply_finding(self, finding: Finding) -> None:
        """Do what the finding's button says, and run or evaluate again."""
        about_folder = finding in self.state.evaluation.findings.findings
        self.set_state(asking.with_finding_applied(self.state, finding))
        if about_folder:
            self.folder.evaluate(self.state.evaluation.mapping)
        else:
            self.run()

    # Looking

    def select_node(self, node: int) -> None:
        """Choose a node; -1 chooses none."""
        self.set_state(asking.select_node(self.state, node if node >= 0 else None))

    def select_module(self, fqn: str) -> None:
        """Choose a module."""
        self.set_state(asking.select_module(self.state, fqn))

    def measure_parameters(self, fqn: str) -> None:
        """Measure a module's own parameters and buffers."""
        if self.link.running and fqn not in self.state.parameters:
            self.ask(MeasureParameters(fqn=fqn), "parameters")

    # For the parts

    def ask(self, request: AnyRequest, concern: Concern) -> int:
        """Send a request, and know what it was about; 0 where no engine runs.

        What it makes stale is given up, or a file would wait for the evaluation of the one before it.
        """
        request_id = self.link.send(request)
        if request_id:
            before = self.state.pending
            self.set_state(asking.asked(self.state, request_id, concern))
            for stale in before.keys() - self.state.pending.keys():
                self.link.give_up(stale)
                if before[stale] == "tensor_part":
                    self.tensor.cancel_saving()
        if concern in ("load", "reload"):
            self._run_again = False
        return request_id

    def has_engine(self, place: Place, doing: str) -> bool:
        """Whether an engine runs; where none does, it is said in that place what can't be done."""
        if not self.link.running:
            self.set_state(updates.without_engine(self.state, place, doing))
        return self.link.running

    def set_state(self, state: WindowState) -> None:
        """Keep another snapshot, which is drawn in the event loop's next turn."""
        if state is self.state:
            return
        self.state = replace(state, revision=self.state.revision + 1)
        if not self._draw_timer.isActive():
            wait_s = self._drawn_at + EVALUATION_FRAME_S - time.monotonic() if state.evaluation.running else 0.0
            self._draw_timer.start(max(0, round(wait_s * 1000)))

    def forget_plans(self) -> None:
        """Another file is opened: nothing that was to be done with the last one is done."""
        for request_id in self.state.pending:
            self.link.give_up(request_id)
        self._run_again = False
        self.folder.evaluate_when_listed(False)
        self.folder.forget_thumbnails()
        self.tensor.cancel_saving()
        self.comparison.watch.end()
        self._live_timer.stop()
        self._previewed = None

    # Inside

    def _change_settings(self, **changes: object) -> None:
        self.set_state(asking.with_settings(self.state, **changes))
        self._settings_changed()

    def _settings_changed(self) -> None:
        if self.state.settings.live and self.state.model is not None:
            self._live_timer.start(LIVE_DELAY_MS)

    def _replied(self, reply: Reply) -> None:
        concern = self.state.pending.get(reply.id)
        if reply.id == self._cancelled_id and isinstance(reply.event, Ending):
            self._cancelled_id = 0
        self.set_state(updates.apply_event(self.state, reply))
        if concern == "tensor_part":
            self.tensor.take(reply)
        if concern is not None and reply.id not in self.state.pending:
            self._request_ended(reply.id, concern, done=isinstance(reply.event, RequestFinished))

    def _request_ended(self, request_id: int, concern: Concern, *, done: bool) -> None:
        match concern:
            case "load" | "reload" if done:
                self.files.load_ended(concern)
            case "run" if self._run_again:
                self._run_again = False
                self.run()
            case "scan" if done:
                self.folder.listed()
            case "compare":
                self.comparison.compared()
            case "tensor_part":
                self.tensor.part_ended(done=done)
            case "thumbnails":
                self.folder.thumbnails_ended(request_id)
            case _:
                pass
        self.files.reload_if_wished()
        self.comparison.again_if_wished()

    def _ended(self, ended: EngineEnded) -> None:
        progress = self.state.progress
        idle = self.state.engine.phase == "ready" and not self.state.pending
        self._died_during = None if progress is None else self.state.pending.get(progress.request_id)
        was_loading = self.state.loading
        self.files.engine_ended(self._died_during)
        self.folder.forget_thumbnails()
        self.tensor.cancel_saving()
        self.set_state(updates.engine_ended(self.state, ended))
        if self._cancelled_id:  # the user asked for it: there is nothing to report, only to go on
            self._cancelled_id = 0
            self._go_on_after_stop(was_loading=was_loading)
        elif idle and self._may_restart_quietly():
            if self.state.model is not None:
                self.restart()
            else:  # a file that still asks something has nothing in the engine to bring back
                self.start()
            self.set_state(updates.engine_restarted(self.state, ended))

    def _may_restart_quietly(self) -> bool:
        now_s = time.monotonic()
        self._restarted_at = [at_s for at_s in self._restarted_at if now_s - at_s < QUIET_RESTARTS_S]
        if len(self._restarted_at) >= MOST_QUIET_RESTARTS:
            return False
        self._restarted_at.append(now_s)
        return True

    def _go_on_after_stop(self, *, was_loading: bool) -> None:
        if was_loading:
            self.start()
            self.set_state(updates.with_problem(self.state, Problem("file", "Opening was stopped.")))
        else:
            self.reopen(run=False)
            stopped = Problem("run", "It was stopped: the engine was ended, and started again with the same file.")
            self.set_state(updates.with_problem(self.state, stopped))

    def _draw(self) -> None:
        self._drawn_at = time.monotonic()
        self._follow_input()
        self.changed.emit()

    def _follow_input(self) -> None:
        """Whoever changed the input, what the model sees is shown of the one in force."""
        if self.state.model is None or self.state.loading or self._previewed is None:
            return
        sources = [given.source for given in asking.effective_inputs(self.state)]
        if sources and self._previewed not in sources:
            self.preview(sources[0])


def _single_shot(parent: QObject, slot: Callable[[], None]) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.timeout.connect(slot)
    return timer
