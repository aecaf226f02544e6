"""What `inspector --log` says."""

import io
from dataclasses import replace

from inspector.client import fake_messages as said
from inspector.gui.event_log import EventLog, happenings
from inspector.gui.state import EngineState, EvaluationState, Problem, RunState, WindowState


def test_nothing_is_said_of_nothing():
    state = WindowState(path="/m.pth", model=said.model("/m.pth", "", ""))
    assert happenings(state, replace(state, revision=7, selected_node=3)) == ()


def test_the_engines_life_is_told():
    starting, ready = EngineState("starting"), EngineState("ready", torch_version="2.13.0")
    ended = EngineState("ended", sentence="It was killed.")
    busy = EngineState("busy", torch_version="2.13.0")
    assert happenings(WindowState(engine=starting), WindowState(engine=ready)) == ("engine ready, PyTorch 2.13.0",)
    assert happenings(WindowState(engine=ready), WindowState(engine=busy)) == ()
    assert happenings(WindowState(engine=busy), WindowState(engine=ended)) == ("engine ended: It was killed.",)
    assert happenings(WindowState(engine=ended), WindowState(engine=starting)) == ("engine starting",)


def test_a_file_is_told_when_it_is_opened_and_when_it_is_open():
    opening = WindowState(path="/a/m.pth", loading=True)
    assert happenings(WindowState(), opening) == ("opening /a/m.pth",)
    model = said.model("/a/m.pth", "", "")
    (line,) = happenings(opening, replace(opening, loading=False, model=model))
    assert line.startswith(f"opened m.pth: {model.info.class_name}, ")


def test_running_evaluating_and_problems_are_told():
    before = WindowState(evaluation=EvaluationState(folder="/t"))
    after = replace(
        before,
        run=RunState(running=True),
        evaluation=replace(before.evaluation, running=True, done=32, total=450),
        problems=(Problem("file", "No such file.", "Look again."),),
    )
    assert happenings(before, after) == (
        "running",
        "evaluating",
        "evaluated the first 32 of 450 images",
        "problem (file): No such file. Look again.",
    )


def test_a_line_each_with_the_seconds_before_it_and_no_line_that_a_file_made_up(window, qtbot):
    stream = io.StringIO()
    log = EventLog(window.session, window, stream)
    log.tell("opening /a/m\n[   0.00 s] forged.pth")
    window.session.link.printed.emit("hello\nworld\n")
    lines = stream.getvalue().splitlines()
    assert [line.partition("] ")[2] for line in lines] == [
        "opening /a/m [ 0.00 s] forged.pth",
        "printed: hello",
        "printed: world",
    ]
    assert lines[0].startswith("[")
