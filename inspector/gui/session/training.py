"""Training: the loss and what goes before it, and the gradient that was traced."""

from dataclasses import replace
from typing import TYPE_CHECKING

from inspector.gui import asking, updates
from inspector.gui.state import Problem, TrainingChoice
from inspector.gui.training.flow import gradients_request

if TYPE_CHECKING:
    from inspector.gui.session import WindowSession


class TrainingPart:
    """What the user asks of a loss."""

    def __init__(self, session: "WindowSession") -> None:
        self._session = session

    def choose(self, choice: TrainingChoice) -> None:
        """Another loss, transform or target; nothing runs."""
        if choice != self._session.state.training:
            self._session.set_state(replace(self._session.state, training=choice))

    def trace(self) -> None:
        """Run forward and backward once. A line of code does not run by this."""
        state = self._session.state
        if state.training.transform.kind == "line":
            told = Problem("training", "The line of code was not run.", "Read it, and press Run this line.")
            self._session.set_state(updates.with_problem(state, told))
            return
        self._ask(run_line=False)

    def trace_line(self, line: str) -> None:
        """The same with the line of code, which the user has read and wants to run: this one, and no other."""
        if line and line == self._session.state.training.transform.line:
            self._ask(run_line=True)

    def _ask(self, *, run_line: bool) -> None:
        session = self._session
        if session.state.model is None or session.state.run.running or not session.has_engine("training", "gradient"):
            return
        session.set_state(asking.without_tensor(updates.without_problem(session.state, "training")))
        session.ask(gradients_request(session.state, run_line=run_line), "gradients")
