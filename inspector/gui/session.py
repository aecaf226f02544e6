"""The window's session: turns what the user asks into requests, and keeps the one snapshot that the views draw.

Must not know widgets. State is changed by the pure functions of `asking` and `updates`; this sends and waits.
"""

import datetime
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from inspector.client.base import EngineEnded, Reply
from inspector.core.changes import refusal, with_change
from inspector.core.expectation import compare_expectation
from inspector.gui import asking, updates
from inspector.gui.changes.target import place_of, target_of
from inspector.gui.engine_link import EngineFactory, EngineLink
from inspector.gui.file_watch import FileWatch
from inspector.gui.settings import SettingsFile, Trusted
from inspector.gui.state import Concern, Problem, Saving, WindowState
from inspector.gui.tensor_export import TensorExport
from inspector.places import Sample, samples_folder
from inspector.protocol.changes import Change, ChangeKind
from inspector.protocol.evaluation import LabelRule
from inspector.protocol.events import ConsentNeeded, EntryNeeded, RequestFinished, RowRead
from inspector.protocol.findings import Finding
from inspector.protocol.inputs import ArrayInput, ImageInput, InputSource, NamedInput, Preprocess
from inspector.protocol.outputs import Expectation
from inspector.protocol.requests import (
    AnyRequest,
    DecodeImages,
    FetchTensor,
    FindValue,
    LoadModel,
    MeasureParameters,
    MeasureTensor,
    Mode,
    PreviewInput,
    ReadCells,
    ReadMaps,
    ScanFolder,
)
from inspector.protocol.tensors import TensorPlace

LIVE_DELAY_MS = 180
# An engine that ends again and again by itself is not started for ever.
MOST_QUIET_RESTARTS = 3
QUIET_RESTARTS_S = 60.0
EVALUATION_FRAME_S = 0.033
THUMBNAILS_A_REQUEST = 24
BATCH_SIZE = 32
LABEL_TABLES = (".csv", ".tsv")

PartRequest = MeasureTensor | ReadCells | ReadMaps | FindValue


class WindowSession(QObject):
    """What the user asks for, one method each. `changed` comes at most once an event-loop turn; read `state` then."""

    changed = Signal()

    def __init__(self, factory: EngineFactory, settings: SettingsFile, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = settings
        self.state = WindowState(recent_files=settings.current.recent_files)
        self.link = EngineLink(factory, self)
        self.link.replied.connect(self._replied)
        self.link.printed.connect(lambda text: self._set(updates.engine_printed(self.state, text)))
        self.link.ended.connect(self._ended)
        self.watch = FileWatch(self)
        self.watch.changed.connect(self._changed_on_disk)
        self._draw_timer = _single_shot(self, self._draw)
        self._live_timer = _single_shot(self, self.run)
        self._drawn_at = 0.0
        self._trusted_once: frozenset[str] = frozenset()
        self._cancelled_id = 0
        self._run_after_reload = False
        self._run_again = False
        self._loaded_as: Concern = "load"
        self._file_changed = False
        self._folder_after_load = ""
        self._evaluate_after_scan = False
        self._own_folder: Path | None = None
        self._died_during: Concern | None = None
        self._restarted_at: list[float] = []
        self._previewed: InputSource | None = None
        self._thumbnail_requests: dict[int, tuple[str, ...]] = {}
        self._export: TensorExport | None = None

    @property
    def has_news(self) -> bool:
        """Whether the state changed since `changed` came last."""
        return self._draw_timer.isActive()

    # The engine's life

    def start(self) -> None:
        """Start the engine, so that torch is warm by the time it is needed; nothing happens where one runs already."""
        if self.link.running:
            return
        self._set(updates.engine_starting(self.state))
        self.link.start()

    def restart(self) -> None:
        """Start another engine, with the same file and the same settings; what had run before is run again."""
        had_run = self.state.run.has_run and self._died_during != "run"
        self._reopen(run=had_run)

    def close(self) -> None:
        """End the engine; nothing is drawn any more."""
        self.watch.end()
        self._draw_timer.stop()
        self._live_timer.stop()
        self.cancel_saving()
        self.link.close()

    def cancel(self) -> None:
        """Stop what is under way; what can't be asked to stop is killed with the engine after a grace."""
        progress = self.state.progress
        if progress is None:
            return
        self._cancelled_id = progress.request_id
        self._evaluate_after_scan = False
        self._run_again = False
        self._set(replace(self.state, progress=replace(progress, what="Stopping", done=0, total=0)))
        self.link.cancel(progress.request_id)

    # Opening

    def open_file(self, path: str, source: str = "", entry: str = "", *, test_folder: str = "") -> None:
        """Open a model file, with the `.py` that defines its class where it is known."""
        self._own_folder = None
        self._open(path, source, entry, test_folder)

    def open_sample(self, sample: Sample, *, evaluate: bool = False) -> None:
        """Open a model that came with the app; its code is the app's own, and is not asked about.

        With `evaluate` the whole job is done: its first test image is fed, and the test folder evaluated.
        """
        self._own_folder = samples_folder()
        self._open(str(sample.path), str(sample.source or ""), sample.entry, str(sample.test_folder or ""))
        self._evaluate_after_scan = evaluate and sample.test_folder is not None

    def _open(self, path: str, source: str, entry: str, test_folder: str, *, weights_only: bool = False) -> None:
        if not self.link.running:
            self.start()
        self.link.lend((path, source, test_folder), anew=True)
        self._trusted_once = frozenset()
        self._run_again = self._run_after_reload = self._evaluate_after_scan = False
        self._live_timer.stop()
        self._previewed = None
        self._folder_after_load = test_folder
        recent = self.state.recent_files
        self._set(replace(asking.opening(self.state, path, source, entry, {}), weights_only=weights_only))
        if self._own_folder is not None:  # samples have a menu of their own
            self._set(replace(self.state, recent_files=recent))
        self.settings.change(recent_files=self.state.recent_files)
        self._load("load")

    def forget_recent_files(self) -> None:
        """Empty the list of recent files."""
        self.settings.change(recent_files=())
        self._set(replace(self.state, recent_files=()))

    def attach_source(self, source: str) -> None:
        """The `.py` that defines the class of the weights that are open."""
        if not self.state.path:
            self.open_file(source)
            return
        folder, weights_only = self._folder_after_load, self.state.weights_only
        self._own_folder = None
        self._open(self.state.path, source, "", folder, weights_only=weights_only)

    def trust(self, *, always: bool) -> None:
        """Let the code of the files asked about run: for this once, or whenever they are opened (by their SHA-256)."""
        consent = self.state.consent
        if consent is None:
            return
        today = datetime.date.today().isoformat()
        named = {item.sha256: Trusted(Path(item.path).name, today) for item in consent.items if item.sha256}
        if always:
            self.settings.change(trusted={**self.settings.current.trusted, **named})
        else:
            self._trusted_once |= named.keys()
        self._set(asking.reopening(self.state))
        self._load(self._loaded_as if self.state.model is not None else "load")

    def decline(self) -> None:
        """The code does not run; the file's contents stay to be seen."""
        self._set(asking.declining(self.state))

    def open_weights_only(self) -> None:
        """Open the file without the code that it names: its weights, or its model where that is all torch's own."""
        self._set(replace(asking.reopening(self.state), weights_only=True))
        self._load(self._loaded_as if self.state.model is not None else "load")

    def forget_trusted(self, digests: Sequence[str]) -> None:
        """Ask again about files with these SHA-256."""
        trusted = self.settings.current.trusted
        kept = {digest: one for digest, one in trusted.items() if digest not in digests}
        self._trusted_once -= set(digests)
        self.settings.change(trusted=kept)

    def list_contents(self, *, listed: bool) -> None:
        """Show what the file holds as lists, or as a graph again."""
        self._set(replace(self.state, listed=listed))

    def ask_again(self) -> None:
        """Try to load the file that is open once more, as when consent was declined before."""
        self._set(replace(asking.reopening(self.state), declined=False, weights_only=False))
        self._load("load")

    def mend(self, name: str) -> None:
        """Load the file once more, with one of the mends that its keys report offers."""
        keys = self.state.model.keys if self.state.model is not None else None
        offered = next((one for one in keys.mends if one.name == name), None) if keys is not None else None
        if offered is not None:
            self._set(asking.mending(self.state, offered))
            self._load("load")

    def choose_entry(self, entry: str, arguments: dict[str, str]) -> None:
        """Build the model from this class or function with these arguments."""
        self._set(asking.choosing(self.state, entry, arguments))
        self._load("load")

    def show_entries(self) -> None:
        """Offer again what the source of the open model can build."""
        model = self.state.model
        if model is not None and model.entries:
            sentence = f"{Path(model.source or model.path).name} can build these."
            needed = EntryNeeded(sentence=sentence, entries=model.entries, chosen=model.entry)
            self._set(replace(self.state, entry_needed=needed))

    def close_entries(self) -> None:
        """Leave the model as it is."""
        self._set(replace(self.state, entry_needed=None))

    def reload(self) -> None:
        """Read the same file again, with the same settings, as when it was changed on disk."""
        if not self.link.running:
            self._reopen(run=self.state.run.has_run)
        elif self.state.path:
            self._run_after_reload = self.state.run.has_run
            self._set(asking.reopening(self.state))
            self._load("reload")

    def reload_always(self) -> None:
        """Reload now, and at once whenever the file changes."""
        self.settings.change(reload_when_changed=True)
        self.reload()

    def ignore_change(self) -> None:
        """Keep what is open, until the file changes again."""
        self._file_changed = False
        self._set(replace(self.state, changed_on_disk=""))

    # Running

    def run(self) -> None:
        """Run the model once, as the settings say; while a run is under way, once more after it."""
        if self.state.model is None:
            return
        if not self.link.running:
            self._reopen(run=True)
            return
        if self.state.run.running:
            self._run_again = True
            return
        self._set(asking.running(self.state))
        self._ask(asking.run_request(self.state), "run")

    def profile(self) -> None:
        """Time each node over several runs, and watch the memory; the graph that is shown gets the figures."""
        if not self.link.running or self.state.run.graph is None or self.state.run.running:
            return
        self._set(updates.without_problem(self.state, "run"))
        self._ask(asking.profile_request(self.state), "profile")

    def change_colour_by(self, key: str) -> None:
        """Colour the graph by another measure; "kind" colours by what each operation is."""
        self._set(replace(self.state, colour_by=key))

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
        self._set(asking.with_settings(self.state, live=live))
        if live:
            self._live_timer.start(LIVE_DELAY_MS)

    def change_preprocess(self, preprocess: Preprocess) -> None:
        """Another way to make a tensor of a picture."""
        if preprocess != self.state.preprocess:
            self._set(asking.with_preprocess(self.state, preprocess))
            self._settings_changed()

    def change_expectation(self, expectation: Expectation | None) -> None:
        """What the user expected; compared at once with the outputs that are there."""
        state = asking.with_settings(self.state, expectation=expectation)
        verdict = None
        if expectation is not None and state.run.outputs:
            output = state.run.outputs[0]
            verdict = compare_expectation(expectation, output.values, output.tensor.head)
        self._set(replace(state, run=replace(state.run, verdict=verdict)))

    def change_class_names(self, names: tuple[str, ...]) -> None:
        """Other names for the outputs."""
        self._set(replace(self.state, class_names=names))

    def use_images(self, paths: Sequence[str]) -> None:
        """Feed these pictures, which the user chose, and run."""
        self.link.lend(paths)
        self.use_test_images(paths)

    def use_test_images(self, paths: Sequence[str]) -> None:
        """Feed these pictures of the test folder, and run."""
        if not paths:
            return
        if self.state.model is None:
            self._set(updates.with_problem(self.state, asking.no_model("A picture as input")))
            return
        self._set(asking.with_images(self.state, tuple(paths)))
        self.preview(ImageInput(paths=tuple(paths), preprocess=self.state.preprocess))
        self.run()

    def use_array(self, path: str) -> None:
        """Feed the tensor of this file to the first argument, and run."""
        self.link.lend([path])
        if self.state.model is None:
            self._set(updates.with_problem(self.state, asking.no_model("A tensor as input")))
            return
        inputs = asking.effective_inputs(self.state)
        name = inputs[0].name if inputs else ""
        fed = NamedInput(source=ArrayInput(path=path), name=name)
        self._set(asking.with_settings(self.state, inputs=(fed, *inputs[1:])))
        self.run()

    def preview(self, source: InputSource) -> None:
        """Show what the model would see."""
        if self.link.running:
            self._previewed = source
            self._set(updates.without_problem(self.state, "input"))
            self._ask(PreviewInput(source=source), "preview")

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
            self._set(updates.with_problem(self.state, Problem("run", why)))
        else:
            self.make_change(Change(place=place, kind=kind))

    def _run_changed(self, changes: tuple[Change, ...]) -> None:
        if changes != self.state.settings.changes:
            self._set(asking.with_settings(self.state, changes=changes))
            self.run()

    def apply_finding(self, finding: Finding) -> None:
        """Do what the finding's button says, and run or evaluate again."""
        about_folder = finding in self.state.evaluation.findings.findings
        self._set(asking.with_finding_applied(self.state, finding))
        if about_folder:
            self.evaluate(self.state.evaluation.mapping, BATCH_SIZE)
        else:
            self.run()

    # Looking

    def select_node(self, node: int) -> None:
        """Choose a node; -1 chooses none."""
        self._set(asking.select_node(self.state, node if node >= 0 else None))

    def select_module(self, fqn: str) -> None:
        """Choose a module."""
        self._set(asking.select_module(self.state, fqn))

    def measure_parameters(self, fqn: str) -> None:
        """Measure a module's own parameters and buffers."""
        if self.link.running and fqn not in self.state.parameters:
            self._ask(MeasureParameters(fqn=fqn), "parameters")

    # The tensor that is looked into

    def fetch_tensor(self, place: TensorPlace) -> None:
        """Look into this tensor: the engine runs once more for it, unless it is a parameter."""
        if self.link.running and self.state.model is not None and self.state.tensor.place != place:
            self.cancel_saving()
            self._set(asking.fetching(self.state, place))
            self._ask(FetchTensor(place=place), "tensor")

    def leave_tensor(self) -> None:
        """Look into no tensor any more; the engine forgets it with the next run."""
        self.cancel_saving()
        self._set(asking.without_tensor(self.state))

    def read_tensor(self, request: PartRequest) -> None:
        """A part of the tensor that is looked into."""
        if self.link.running and self.state.tensor.fetched is not None and self.state.tensor.place == request.place:
            self._ask(request, "tensor_part")

    def save_tensor(self, path: str) -> None:
        """Write the tensor that is looked into as a `.npy` file, a piece at a time."""
        fetched = self.state.tensor.fetched
        if fetched is None:
            return
        self.cancel_saving()
        self._export = TensorExport(fetched, path, self)
        self._export.row_requested.connect(lambda request: self._ask(request, "tensor_part"))
        self._export.changed.connect(self._saving_changed)
        self._export.start()

    def cancel_saving(self) -> None:
        """Stop writing; the part that is written goes."""
        if self._export is not None:
            self._export.cancel()
            self._export.deleteLater()
            self._export = None

    def stop_saving(self) -> None:
        """The user does not want the file any more."""
        self.cancel_saving()
        self._set(replace(self.state, tensor=replace(self.state.tensor, saving=None)))

    def _saving_changed(self, saving: Saving) -> None:
        self._set(replace(self.state, tensor=replace(self.state.tensor, saving=saving)))

    # The test folder

    def choose_folder(self, folder: str, labels: LabelRule | None = None) -> None:
        """List a test folder."""
        if not self.link.running:
            return
        table = "" if labels is None else labels.csv_path
        # The engine tells which table it found, so no other kind of file is lent under that name.
        self.link.lend((folder, table if table.lower().endswith(LABEL_TABLES) else ""))
        self._set(asking.scanning(self.state, folder, labels or LabelRule()))
        self._ask(ScanFolder(folder=folder, labels=labels or LabelRule()), "scan")

    def evaluate(self, mapping: dict[str, int], batch_size: int = BATCH_SIZE) -> None:
        """Run the model over the test folder."""
        if not self.state.evaluation.folder or not self.link.running:
            return
        if self.state.model is None:
            self._set(updates.with_problem(self.state, asking.no_model("An evaluation")))
            return
        self._set(asking.evaluating(self.state, mapping))
        self._ask(asking.evaluate_request(self.state, batch_size), "evaluate")

    def decode_thumbnails(self, paths: Sequence[str]) -> None:
        """Small pictures of these files, a page a request; those that are there or on their way are not asked for."""
        asked = {path for page in self._thumbnail_requests.values() for path in page}
        wanted = [path for path in dict.fromkeys(paths) if path not in asked and path not in self.state.thumbnails]
        for start in range(0, len(wanted), THUMBNAILS_A_REQUEST):
            page = tuple(wanted[start : start + THUMBNAILS_A_REQUEST])
            request_id = self._ask(DecodeImages(paths=page), "thumbnails")
            if request_id:
                self._thumbnail_requests[request_id] = page

    # Inside

    def _load(self, concern: Concern) -> None:
        state = self.state
        request = LoadModel(
            path=state.path,
            source=state.source,
            entry=state.entry,
            arguments=state.arguments,
            mends=state.mends,
            trusted=(*self.settings.current.trusted, *sorted(self._trusted_once)),
            weights_only=state.weights_only,
            try_inputs=self._died_during not in {"load", "reload"},
        )
        self._died_during = None
        self._loaded_as = concern
        self.watch.begin(state.path, state.source)
        self._ask(request, concern)

    def _reopen(self, *, run: bool) -> None:
        self.link.close()
        self.start()
        if not self.state.path:
            return
        self._run_after_reload = run
        self._set(asking.reopening(self.state))
        self._load("reload")

    def _ask(self, request: AnyRequest, concern: Concern) -> int:
        request_id = self.link.send(request)
        if request_id:
            self._set(asking.asked(self.state, request_id, concern))
        return request_id

    def _change_settings(self, **changes: object) -> None:
        self._set(asking.with_settings(self.state, **changes))
        self._settings_changed()

    def _settings_changed(self) -> None:
        if self.state.settings.live and self.state.model is not None:
            self._live_timer.start(LIVE_DELAY_MS)

    def _replied(self, reply: Reply) -> None:
        concern = self.state.pending.get(reply.id)
        self._set(updates.apply_event(self.state, reply))
        if concern == "tensor_part" and isinstance(reply.event, RowRead) and self._export is not None:
            self._export.take(reply.event.start, reply.array(reply.event.values))
        if concern is not None and reply.id not in self.state.pending:
            self._request_ended(reply.id, concern, done=isinstance(reply.event, RequestFinished))

    def _request_ended(self, request_id: int, concern: Concern, *, done: bool) -> None:
        if request_id == self._cancelled_id:
            self._cancelled_id = 0
        match concern:
            case "load" if done and self.state.model is not None:
                self._file_changed = False
                self.watch.also(self.state.source)
                self._opened()
            case "load" | "reload" if done and self._is_own(self.state.consent):
                self.trust(always=False)
            case "reload" if done and self.state.consent is None and self.state.entry_needed is None:
                self._reloaded()
            case "run" if self._run_again:
                self._run_again = False
                self.run()
            case "scan" if done and self._evaluate_after_scan and self.state.evaluation.scan is not None:
                self._evaluate_after_scan = False
                self.use_test_images([image.path for image in self.state.evaluation.scan.images[:1]])
                self.evaluate(self.state.evaluation.scan.mapping)
            case "tensor_part" if not done and self._export is not None:
                self._export.fail("The engine could not give the rest of the values.")
            case "thumbnails":
                self._thumbnail_requests.pop(request_id, None)
            case _:
                pass
        self._reload_if_wished()

    def _is_own(self, consent: ConsentNeeded | None) -> bool:
        """Whether all that would run came with the app, and was opened as such."""
        folder = self._own_folder
        if consent is None or folder is None or not consent.items:
            return False
        return all(Path(item.path).resolve().is_relative_to(folder.resolve()) for item in consent.items)

    def _reloaded(self) -> None:
        self.watch.also(self.state.source)
        if self._file_changed:
            self._file_changed = False
            self._set(asking.reloaded_changed(self.state))
        if self._run_after_reload:
            self._run_after_reload = False
            self.run()

    def _changed_on_disk(self, paths: tuple[str, ...]) -> None:
        """Offer to reload, or do it where that was chosen."""
        self._file_changed = True
        names = ", ".join(Path(path).name for path in paths[:3])
        more = f" and {len(paths) - 3} more" if len(paths) > 3 else ""
        self._set(replace(self.state, changed_on_disk=f"{names}{more} changed on disk at {time.strftime('%H:%M:%S')}"))
        self._reload_if_wished()

    def _reload_if_wished(self) -> None:
        """Not in the midst of other work, nor while the user is asked something."""
        state = self.state
        asks = state.consent is not None or state.entry_needed is not None
        if state.changed_on_disk and self.settings.current.reload_when_changed and state.progress is None and not asks:
            self.reload()

    def _opened(self) -> None:
        model = self.state.model
        inputs = asking.effective_inputs(self.state)
        if inputs:
            self.preview(inputs[0].source)
        if self.settings.current.run_when_opened and model is not None and model.slots:
            self.run()
        if self._folder_after_load:
            folder, self._folder_after_load = self._folder_after_load, ""
            self.choose_folder(folder)

    def _ended(self, ended: EngineEnded) -> None:
        progress = self.state.progress
        idle = self.state.engine.phase == "ready" and not self.state.pending
        self._died_during = None if progress is None else self.state.pending.get(progress.request_id)
        was_loading = self.state.loading
        self._thumbnail_requests.clear()
        self.cancel_saving()
        self._set(updates.engine_ended(self.state, ended))
        if self._cancelled_id:  # the user asked for it: there is nothing to report, only to go on
            self._cancelled_id = 0
            self._go_on_after_stop(was_loading=was_loading)
        elif idle and self._may_restart_quietly():
            if self.state.model is not None:
                self.restart()
            else:  # a file that still asks something has nothing in the engine to bring back
                self.start()
            self._set(updates.engine_restarted(self.state, ended))

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
            self._set(updates.with_problem(self.state, Problem("file", "Opening was stopped.")))
        else:
            self._reopen(run=False)
            stopped = Problem("run", "It was stopped: the engine was ended, and started again with the same file.")
            self._set(updates.with_problem(self.state, stopped))

    def _set(self, state: WindowState) -> None:
        if state is self.state:
            return
        self.state = replace(state, revision=self.state.revision + 1)
        if not self._draw_timer.isActive():
            wait_s = self._drawn_at + EVALUATION_FRAME_S - time.monotonic() if state.evaluation.running else 0.0
            self._draw_timer.start(max(0, round(wait_s * 1000)))

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
