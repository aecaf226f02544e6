"""The comparison: with another file, or with the open model run otherwise; asked about, cancelled, ended."""

from dataclasses import replace
from typing import TYPE_CHECKING

from msgspec import structs

from inspector.gui import updates
from inspector.gui.comparison import updates as comparing
from inspector.gui.session.folder import BATCH_SIZE
from inspector.gui.state import Problem
from inspector.protocol.requests import EndComparison

if TYPE_CHECKING:
    from inspector.gui.session import WindowSession


class ComparisonPart:
    """What the user asks of a comparison."""

    def __init__(self, session: "WindowSession") -> None:
        self._session = session

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
        if not session.link.running:
            told = Problem(
                "comparison", "The engine has ended, and compares nothing.", "Restart it: Run, Restart Engine."
            )
            session.set_state(updates.with_problem(session.state, told))
            return
        session.set_state(comparing.comparing(updates.without_problem(session.state, "comparison")))
        session.ask(comparing.models_request(session.state, session.files.trusted()), "compare")

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

    def over_folder(self) -> None:
        """Run both over the test folder that is chosen."""
        session = self._session
        if not session.link.running or not session.state.evaluation.folder or session.state.comparison.runs is None:
            return
        session.set_state(updates.without_problem(session.state, "comparison"))
        self._change(folder=None, running=True)
        session.ask(comparing.folder_request(session.state, BATCH_SIZE), "compare_folder")

    def end(self) -> None:
        """Compare no more; the engine lets go of B."""
        session = self._session
        if session.state.comparison.running:
            session.cancel()
        session.set_state(updates.without_problem(session.state, "comparison"))
        session.set_state(replace(session.state, comparison=type(session.state.comparison)()))
        if session.link.running and session.state.model is not None:
            session.link.send(EndComparison())

    def _change(self, **changes: object) -> None:
        state = self._session.state
        changed = replace(state.comparison, **changes)  # type: ignore[arg-type]  # names are ComparisonState's
        self._session.set_state(replace(state, comparison=changed))
