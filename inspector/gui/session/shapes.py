"""Which shapes the model takes: asked for, and chosen from."""

from dataclasses import replace
from typing import TYPE_CHECKING

from inspector.gui import asking, updates
from inspector.gui.state import Problem
from inspector.protocol.shapes import ShapeChoice

if TYPE_CHECKING:
    from inspector.gui.session import WindowSession


class ShapesPart:
    """What the user asks about the shapes of the inputs."""

    def __init__(self, session: "WindowSession") -> None:
        self._session = session

    def find(self) -> None:
        """Try all sizes, from what is fed; takes seconds, and can be stopped."""
        session = self._session
        if session.state.model is not None and session.has_engine("input", "search for shapes"):
            session.set_state(replace(updates.without_problem(session.state, "input"), accepted=None))
            session.ask(asking.shapes_request(session.state), "shapes")

    def choose(self, choice: ShapeChoice) -> None:
        """Feed the same in this shape, and run."""
        session = self._session
        state = asking.with_shapes(session.state, choice.shapes)
        if state is session.state:
            told = "The inputs are others than those that were tried: try again."
            session.set_state(updates.with_problem(state, Problem("input", told)))
            return
        session.set_state(state)
        for given in state.settings.inputs[:1]:
            session.preview(given.source)
        session.run()
