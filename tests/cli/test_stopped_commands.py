"""A command that is interrupted before there is an answer says so, and does not end well."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from inspector.cli.compare import CompareOptions, _models, _weights_alone
from inspector.cli.describe import described
from inspector.cli.engine import CommandEngine, CommandError, command_engine
from inspector.cli.models import ModelOptions, load
from inspector.cli.run import RunOptions, _profile, ran
from inspector.client import fake_messages as said
from inspector.protocol.comparison import Side

# Each request is answered as one that was cancelled; loads are answered where that is asked for.
STOPS = """
import sys
from inspector.client import fake_messages as said
from inspector.protocol.events import EventFrame, RequestCancelled, RequestFinished
from inspector.protocol.wire import read_request, write_frame
while (frame := read_request(sys.stdin.buffer)) is not None:
    loads = {loads} and type(frame.body).__name__ == "LoadModel"
    if loads:
        write_frame(sys.stdout.buffer, EventFrame(id=frame.id, body=said.model("m.pt", "", "")))
    write_frame(sys.stdout.buffer, EventFrame(id=frame.id, body=RequestFinished() if loads else RequestCancelled()))
"""
MODEL = ModelOptions("m.pt", "", "", (), trust=False)
RUN = RunOptions(inputs=(), shapes=(), dtype="", seed=0, preprocess="", device="cpu", mode="eval")
LOADED = said.model("m.pt", "", "")


def compared(model_b: ModelOptions) -> CompareOptions:
    return CompareOptions(
        model_b, mode="", dtype="", device="", changes=(), weights_alone=False, folder="", labels="auto", pattern="",
        mapping=(), batch_size=1,
    )  # fmt: skip


@pytest.fixture
def stopping(request: pytest.FixtureRequest) -> Iterator[CommandEngine]:
    script = STOPS.format(loads=getattr(request, "param", False))
    with command_engine(command=[sys.executable, "-c", script]) as engine:
        yield engine


ANSWERS: dict[str, Callable[[CommandEngine], object]] = {
    "describe": lambda engine: described(engine, "m.pt"),
    "load": lambda engine: load(engine, MODEL),
    "run": lambda engine: ran(engine, LOADED, RUN),
    "time": lambda engine: _profile(engine, LOADED, RUN),
    "weights": lambda engine: _weights_alone(engine, MODEL, compared(MODEL)),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_what_is_stopped_is_said_to_be_so(stopping: CommandEngine, what: str) -> None:
    with pytest.raises(CommandError, match="It was stopped before") as told:
        ANSWERS[what](stopping)
    assert told.value.status == 1


@pytest.mark.parametrize("stopping", [True], indirect=True)
def test_a_comparison_that_is_stopped_once_its_model_is_there_is_no_comparison(
    stopping: CommandEngine, tmp_path: Path
) -> None:
    with pytest.raises(CommandError, match="It was stopped before"):
        _models(stopping, MODEL, RUN, compared(ModelOptions(str(tmp_path), "", "", (), trust=False)), (Side(), Side()))
