"""The file that is open: opened with or without its code, mended, reloaded, watched."""

import datetime
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from inspector.gui import asking
from inspector.gui.file_watch import FileWatch
from inspector.gui.settings import Trusted
from inspector.gui.state import Concern, RunState
from inspector.gui.words import changed_text
from inspector.places import Sample, samples_folder
from inspector.protocol.events import ConsentNeeded, EntryNeeded
from inspector.protocol.requests import LoadModel

if TYPE_CHECKING:
    from inspector.gui.session import WindowSession


class FilesPart:
    """What the user asks of model files."""

    def __init__(self, session: "WindowSession") -> None:
        self._session = session
        self.watch = FileWatch(session)
        self.watch.changed.connect(self._changed_on_disk)
        self._trusted_once: frozenset[str] = frozenset()
        self._loaded_as: Concern = "load"
        self._died_loading = False
        self._file_changed = False
        self._folder_after_load = ""
        self._own_folder: Path | None = None
        self._run_after_reload = False

    def open(self, path: str, source: str = "", entry: str = "", *, test_folder: str = "") -> None:
        """Open a model file, with the `.py` that defines its class where it is known."""
        self._own_folder = None
        self._open(path, source, entry, test_folder)

    def open_sample(self, sample: Sample, *, arguments: dict[str, str] | None = None, evaluate: bool = False) -> None:
        """Open a model that came with the app; its code is the app's own, and is not asked about.

        With `evaluate` the whole job is done: its first test image is fed, and the test folder evaluated.
        """
        self._own_folder = samples_folder()
        source, folder = str(sample.source or ""), str(sample.test_folder or "")
        self._open(str(sample.path), source, sample.entry, folder, arguments=arguments)
        self._session.folder.evaluate_when_listed(evaluate and sample.test_folder is not None)

    def _open(
        self,
        path: str,
        source: str,
        entry: str,
        test_folder: str,
        *,
        arguments: dict[str, str] | None = None,
        weights_only: bool = False,
    ) -> None:
        session = self._session
        session.start()
        session.link.lend((path, source, test_folder), anew=True)
        session.forget_plans()
        self._trusted_once = frozenset()
        self._run_after_reload = False
        self._folder_after_load = test_folder
        recent = session.state.recent_files
        opening = asking.opening(session.state, path, source, entry, arguments or {})
        session.set_state(replace(opening, weights_only=weights_only))
        if self._own_folder is not None:  # samples have a menu of their own
            session.set_state(replace(session.state, recent_files=recent))
        session.settings.change(recent_files=session.state.recent_files)
        self._load("load")

    def forget_recent(self) -> None:
        """Empty the list of recent files."""
        self._session.settings.change(recent_files=())
        self._session.set_state(replace(self._session.state, recent_files=()))

    def attach_source(self, source: str) -> None:
        """The `.py` that defines the class of the weights that are open."""
        state = self._session.state
        if not state.path:
            self.open(source)
            return
        self._own_folder = None
        self._open(state.path, source, "", self._folder_after_load, weights_only=state.weights_only)

    # Trust

    def trust(self, *, always: bool) -> None:
        """Let the code of the files asked about run: for this once, or whenever they are opened (by their SHA-256)."""
        consent = self._session.state.consent
        if consent is None:
            return
        self.remember(consent, always=always)
        self._session.set_state(asking.reopening(self._session.state))
        self._load_again()

    def remember(self, consent: ConsentNeeded, *, always: bool) -> None:
        """That the code of these files may run: until another file is opened, or whenever it is asked about."""
        settings = self._session.settings
        today = datetime.date.today().isoformat()
        named = {item.sha256: Trusted(Path(item.path).name, today) for item in consent.items if item.sha256}
        if always:
            settings.change(trusted={**settings.current.trusted, **named})
        else:
            self._trusted_once |= named.keys()

    def decline(self) -> None:
        """The code does not run; the file's contents stay to be seen."""
        self._session.set_state(asking.declining(self._session.state))

    def open_weights_only(self) -> None:
        """Open the file without the code that it names: its weights, or its model where that is all torch's own."""
        self._session.set_state(replace(asking.reopening(self._session.state), weights_only=True))
        self._load_again()

    def forget_trusted(self, digests: Sequence[str]) -> None:
        """Ask again about files with these SHA-256."""
        settings = self._session.settings
        kept = {digest: one for digest, one in settings.current.trusted.items() if digest not in digests}
        self._trusted_once -= set(digests)
        settings.change(trusted=kept)

    def trusted(self) -> tuple[str, ...]:
        """The SHA-256 of the files whose code may run."""
        return (*self._session.settings.current.trusted, *sorted(self._trusted_once))

    # What is made of it

    def list_contents(self, *, listed: bool) -> None:
        """Show what the file holds as lists, or as a graph again."""
        self._session.set_state(replace(self._session.state, listed=listed))

    def ask_again(self) -> None:
        """Try to load the file that is open once more, as when consent was declined before."""
        self._session.set_state(replace(asking.reopening(self._session.state), declined=False, weights_only=False))
        self._load("load")

    def mend(self, name: str) -> None:
        """Load the file once more, with one of the mends that its keys report offers."""
        state = self._session.state
        keys = state.model.keys if state.model is not None else None
        offered = next((one for one in keys.mends if one.name == name), None) if keys is not None else None
        if offered is not None:
            self._session.set_state(asking.mending(state, offered))
            self._load("load")

    def choose_entry(self, entry: str, arguments: dict[str, str]) -> None:
        """Build the model from this class or function with these arguments."""
        self._session.set_state(asking.choosing(self._session.state, entry, arguments))
        self._load("load")

    def show_entries(self) -> None:
        """Offer again what the source of the open model can build."""
        state = self._session.state
        model = state.model
        if model is not None and model.entries:
            sentence = f"{Path(model.source or model.path).name} can build these."
            needed = EntryNeeded(sentence=sentence, entries=model.entries, chosen=model.entry)
            self._session.set_state(replace(state, entry_needed=needed))

    def close_entries(self) -> None:
        """Leave the model as it is."""
        self._session.set_state(replace(self._session.state, entry_needed=None))

    # When it changes

    def reload(self) -> None:
        """Read the same file again, with the same settings, as when it was changed on disk."""
        session = self._session
        runs = session.state.run.has_run or session.state.run.running
        if not session.link.running:
            session.reopen(run=runs)
        elif session.state.path:
            self.load_anew(run=runs)

    def load_anew(self, *, run: bool) -> None:
        """Load the file that is open into an engine that does not have it, or has it as it was."""
        self._run_after_reload = run
        self._session.set_state(asking.reopening(self._session.state))
        self._load("reload")

    def reload_always(self) -> None:
        """Reload now, and at once whenever the file changes."""
        self._session.settings.change(reload_when_changed=True)
        self.reload()

    def ignore_change(self) -> None:
        """Keep what is open, until the file changes again."""
        self._file_changed = False
        self._session.set_state(replace(self._session.state, changed_on_disk=""))

    def reload_if_wished(self) -> None:
        """Not in the midst of other work, nor while the user is asked something."""
        state, settings = self._session.state, self._session.settings.current
        asks = state.consent is not None or state.entry_needed is not None
        if state.changed_on_disk and settings.reload_when_changed and state.progress is None and not asks:
            self.reload()

    def _changed_on_disk(self, paths: tuple[str, ...]) -> None:
        """Offer to reload, or do it where that was chosen."""
        self._file_changed = True
        self._session.set_state(replace(self._session.state, changed_on_disk=changed_text(paths)))
        self.reload_if_wished()

    # What the engine makes of it

    def engine_ended(self, during: Concern | None) -> None:
        """What an engine died of is not done again by itself."""
        self._died_loading = during in {"load", "reload"}

    def load_ended(self, concern: Concern) -> None:
        """A load is over, well or with a question."""
        state = self._session.state
        asks = state.consent is not None or state.entry_needed is not None
        if concern == "load" and state.model is not None and not asks:  # the model of before may still be shown
            self._file_changed = False
            self._session.set_state(asking.of_another_model(state))
            self.watch.also(state.source)
            self._opened()
        elif self._is_own(state.consent):
            self.trust(always=False)
        elif concern == "reload" and not asks:
            self._reloaded()

    def _load_again(self) -> None:
        self._load(self._loaded_as if self._session.state.model is not None else "load")

    def _load(self, concern: Concern) -> None:
        session = self._session
        if not session.link.running:  # it died of the last one
            session.start()
            session.set_state(replace(session.state, loading=True))
        state = session.state
        request = LoadModel(
            path=state.path,
            source=state.source,
            entry=state.entry,
            arguments=state.arguments,
            mends=state.mends,
            trusted=self.trusted(),
            weights_only=state.weights_only,
            try_inputs=not self._died_loading,
        )
        self._died_loading = False
        self._loaded_as = concern
        self.watch.begin(state.path, state.source)
        session.ask(request, concern)

    def _is_own(self, consent: ConsentNeeded | None) -> bool:
        """Whether all that would run came with the app, and was opened as such."""
        folder = self._own_folder
        if consent is None or folder is None or not consent.items:
            return False
        return all(Path(item.path).resolve().is_relative_to(folder.resolve()) for item in consent.items)

    def _opened(self) -> None:
        session, model = self._session, self._session.state.model
        inputs = asking.effective_inputs(session.state)
        if inputs:
            session.preview(inputs[0].source)
        if session.settings.current.run_when_opened and model is not None:
            session.run()
        elif session.state.run.has_run:  # of the model that was built before, of another class or without a mend
            session.set_state(replace(session.state, run=RunState(), selected_node=None))
        if self._folder_after_load:
            folder, self._folder_after_load = self._folder_after_load, ""
            session.folder.choose(folder)

    def _reloaded(self) -> None:
        self.watch.also(self._session.state.source)
        if self._file_changed:
            self._file_changed = False
            self._session.set_state(asking.of_another_model(self._session.state))
        if self._run_after_reload:
            self._run_after_reload = False
            self._session.run()
