"""The comparison: with another file, or with the open model run otherwise; asked about, cancelled, ended."""

from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import structs

from inspector.gui import asking, updates
from inspector.gui.comparison import updates as comparing
from inspector.gui.file_watch import FileWatch
from inspector.gui.session.folder import BATCH_SIZE
from inspector.gui.words import changed_text
from inspector.protocol.requests import EndComparison

if TYPE_CHECKING:
    from inspector.gui.session import WindowSession


class ComparisonPart:
    """What the user asks of a comparison."""

    def __init__(self, session: "WindowSession") -> None:
        self._session = session
        self.watch = FileWatch(session)
        self.watch.changed.connect(self._changed_on_disk)

    def with_file(self, path: str, source: str = "") -> None:
        """Compare the open model with that of another file; where none is open, the weights of both files."""
        session = self._session
        if not session.state.path or not path:
            return
        session.link.lend((path, source))
        session.set_state(comparing.begun(session.state, path, source))
        if session.state.model is None:
            session.set_state(replace(session.state, comparison=replace(session.state.comparison, alone=True)))
        self.again()

    def with_itself(self) -> None:
        """Compare the open model with itself, changed as it is, or in the other mode."""
        session = self._session
        if session.state.model is not None:
            session.set_state(comparing.begun(session.state, ""))
            self.again()

    def again(self) -> None:
        """Compare, with the input that is fed now."""
        session = self._session
        if not session.state.comparison.begun:
            return
        if not session.has_engine("comparison", "comparison"):
            return
        fresh = asking.without_tensor(updates.without_problem(session.state, "comparison"))
        session.set_state(comparing.comparing(fresh))
        comparison = session.state.comparison
        if not comparison.path:
            self.watch.end()
        elif comparison.other is None:
            self.watch.begin(comparison.path, comparison.source)
        session.ask(comparing.models_request(session.state, session.files.trusted()), "compare")

    def turn_to(self, page: str) -> None:
        """Show this page, until something else is compared."""
        self._change(page=page)

    def mend(self, name: str) -> None:
        """Open B once more, with one of the mends that its keys report offers, and compare."""
        comparison = self._session.state.comparison
        keys = comparison.other.keys if comparison.other is not None else None
        offered = next((one for one in keys.mends if one.name == name), None) if keys is not None else None
        if offered is not None:
            arguments, mends = asking.with_mend(comparison.arguments, comparison.mends, offered)
            self._change(arguments=arguments, mends=mends, other=None)
            self.again()

    def change_b(self, **changes: object) -> None:
        """Run B otherwise: its `mode`, `dtype` or `device`."""
        session = self._session
        comparison = session.state.comparison
        b = structs.replace(comparison.b, **changes)
        if b != comparison.b:
            session.set_state(replace(session.state, comparison=replace(comparison, b=b)))
            self.again()

    def trust(self, *, always: bool) -> None:
        """Let the code of B run: for this once, or whenever it is opened."""
        consent = self._session.state.comparison.consent
        if consent is not None:
            self._session.files.remember(consent, always=always)
            self.again()

    def decline(self) -> None:
        """The code of B does not run."""
        self._change(consent=None, declined=True)

    def open_weights_only(self) -> None:
        """Open B without the code that it names."""
        self._change(weights_only=True)
        self.again()

    def choose_entry(self, entry: str, arguments: dict[str, str]) -> None:
        """Build B from this class or function with these arguments."""
        self._change(entry=entry, arguments=arguments)
        self.again()

    def weights_alone(self) -> None:
        """Compare the weights as they are stored: nothing of B runs."""
        self._change(alone=True, entry_needed=None, consent=None)
        self.again()

    def ignore_change(self) -> None:
        """Keep what was compared, until the file changes again."""
        self._change(changed_on_disk="")

    def compared(self) -> None:
        """A comparison is over, well or with a question."""
        comparison = self._session.state.comparison
        if comparison.path:
            self.watch.also(comparison.source)

    def again_if_wished(self) -> None:
        """Where that was chosen for files that change: not in the midst of other work, nor while something is asked."""
        state, settings = self._session.state, self._session.settings.current
        comparison = state.comparison
        asks = comparison.consent is not None or comparison.entry_needed is not None
        if comparison.changed_on_disk and settings.reload_when_changed and state.progress is None and not asks:
            self.again()

    def over_folder(self) -> None:
        """Run both over the test folder that is chosen."""
        session = self._session
        state = session.state
        if not state.evaluation.folder or state.comparison.runs is None:
            return
        if not session.has_engine("comparison", "comparison"):
            return
        session.set_state(asking.without_tensor(updates.without_problem(session.state, "comparison")))
        self._change(folder=None, running=True)
        session.ask(comparing.folder_request(session.state, BATCH_SIZE), "compare_folder")

    def end(self) -> None:
        """Compare no more; the engine lets go of B."""
        session = self._session
        if session.state.comparison.running:
            session.cancel("compare", "compare_folder")
        self.watch.end()
        session.set_state(updates.without_problem(session.state, "comparison"))
        session.set_state(replace(session.state, comparison=type(session.state.comparison)()))
        if session.link.running and session.state.model is not None:
            session.link.send(EndComparison())

    def _changed_on_disk(self, paths: tuple[str, ...]) -> None:
        if self._session.state.comparison.path:
            self._change(changed_on_disk=changed_text(paths))
            self.again_if_wished()

    def _change(self, **changes: object) -> None:
        state = self._session.state
        changed = replace(state.comparison, **changes)  # type: ignore[arg-type]  # names are ComparisonState's
        self._session.set_state(replace(state, comparison=changed))
