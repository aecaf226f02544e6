"""The tensor that is looked into: fetched, read by parts, written to a file."""

from dataclasses import replace
from typing import TYPE_CHECKING

from inspector.client.base import Reply
from inspector.gui import asking
from inspector.gui.state import Saving
from inspector.gui.tensor_export import TensorExport
from inspector.protocol.events import RowRead
from inspector.protocol.requests import FetchTensor, FindValue, MeasureTensor, ReadCells, ReadMaps
from inspector.protocol.tensors import TensorPlace

if TYPE_CHECKING:
    from inspector.gui.session import WindowSession

PartRequest = MeasureTensor | ReadCells | ReadMaps | FindValue


class TensorPart:
    """What the user asks of one tensor."""

    def __init__(self, session: "WindowSession") -> None:
        self._session = session
        self._export: TensorExport | None = None

    def fetch(self, place: TensorPlace) -> None:
        """Look into this tensor: the engine runs once more for it, unless it is a parameter."""
        session = self._session
        if session.link.running and session.state.model is not None and session.state.tensor.place != place:
            self.cancel_saving()
            session.set_state(asking.fetching(session.state, place))
            session.ask(FetchTensor(place=place), "tensor")

    def leave(self) -> None:
        """Look into no tensor any more; the engine forgets it with the next run."""
        self.cancel_saving()
        self._session.set_state(asking.without_tensor(self._session.state))

    def read(self, request: PartRequest) -> None:
        """A part of the tensor that is looked into."""
        session, tensor = self._session, self._session.state.tensor
        if session.link.running and tensor.fetched is not None and tensor.place == request.place:
            session.ask(request, "tensor_part")

    def save(self, path: str) -> None:
        """Write it as a `.npy` file, a piece at a time."""
        session, fetched = self._session, self._session.state.tensor.fetched
        if fetched is None:
            return
        self.cancel_saving()
        self._export = TensorExport(fetched, path, session)
        self._export.row_requested.connect(lambda request: session.ask(request, "tensor_part"))
        self._export.changed.connect(self._saving_changed)
        self._export.start()

    def stop_saving(self) -> None:
        """The user does not want the file any more."""
        self.cancel_saving()
        self._saving_changed(None)

    def cancel_saving(self) -> None:
        """Stop writing; the part that is written goes."""
        if self._export is not None:
            self._export.cancel()
            self._export.deleteLater()
            self._export = None

    def take(self, reply: Reply) -> None:
        """A piece of what is being written has come."""
        if isinstance(reply.event, RowRead) and self._export is not None:
            self._export.take(reply.event.start, reply.array(reply.event.values))

    def part_ended(self, *, done: bool) -> None:
        """A request for a part is over; without the rest of the values there is no file."""
        if not done and self._export is not None:
            self._export.fail("The engine could not give the rest of the values.")

    def _saving_changed(self, saving: Saving | None) -> None:
        state = self._session.state
        self._session.set_state(replace(state, tensor=replace(state.tensor, saving=saving)))
