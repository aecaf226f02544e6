"""What a model may do to its engine, and what the window says then. Window and engine are real."""

import os
import signal
import textwrap
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from window_with_engine import Person, person_at_window, small_engine

# What a model prints while inputs are tried is kept from the log: by that it can tell a try from a run.
IN_A_RUN = "sys.stdout is sys.__stdout__"


def model_that(folder: Path, *lines: str, name: str = "doing.py") -> Path:
    """A source file with a model whose forward does this, then goes through a Linear from 4 to 2."""
    body = textwrap.indent("\n".join(lines), " " * 8)
    path = folder / name
    path.write_text(
        "import os, sys, time\nimport torch\nfrom torch import nn\n\n"
        "class Doing(nn.Module):\n"
        "    def __init__(self):\n        super().__init__()\n        self.fc = nn.Linear(4, 2)\n"
        f"    def forward(self, x):\n{body}\n        return self.fc(x)\n"
    )
    return path


def open_and_wait(person: Person, model: Path) -> None:
    person.drop(model)
    person.wait(lambda: person.state.path == str(model) and not person.state.loading and not person.state.pending)


def test_a_model_that_raises_exits_or_prints_is_told_and_the_window_goes_on(qtbot: QtBot, tmp_path: Path) -> None:
    raises = model_that(tmp_path, "raise ValueError('no luck')", name="raises.py")
    exits = model_that(tmp_path, "sys.exit(3)", name="exits.py")
    prints = model_that(tmp_path, "print('hello from forward')", name="prints.py")
    with person_at_window(qtbot, tmp_path, raises, exits, prints) as person:
        open_and_wait(person, raises)
        assert "no luck" in person.told()
        open_and_wait(person, exits)
        assert "The model ended the program (sys.exit(3))" in person.told()
        open_and_wait(person, prints)
        assert person.told() == ""
        assert person.state.run.outputs[0].values.shape == (1, 2)
        assert "hello from forward\n" in person.window.session.link.log


def test_a_model_that_loops_is_stopped_by_the_stop_button(qtbot: QtBot, tmp_path: Path) -> None:
    model = model_that(tmp_path, f"while {IN_A_RUN}: time.sleep(0.01)")
    with person_at_window(qtbot, tmp_path, model) as person:
        person.drop(model)
        person.wait(lambda: person.state.run.running and person.state.progress is not None)
        person.click("cancel_button")
        person.wait(lambda: person.state.problems and person.state.model is not None and not person.state.pending)
        assert "It was stopped" in person.told()
        assert person.state.engine.phase == "ready"


@pytest.mark.timeout(400)  # pages of 2 GB are handed out one by one
def test_a_model_that_eats_memory_is_told_and_what_it_took_is_free_again(qtbot: QtBot, tmp_path: Path) -> None:
    model = model_that(tmp_path, "kept = []", f"while {IN_A_RUN}: kept.append(torch.ones(20_000_000))")
    harmless = model_that(tmp_path, "pass", name="harmless.py")
    with person_at_window(qtbot, tmp_path, model, harmless, engine=small_engine) as person:
        open_and_wait(person, model)
        assert "not enough memory" in person.told()
        open_and_wait(person, harmless)
        assert person.state.run.outputs, "the same engine has room again"


def test_a_model_that_prints_without_end_leaves_the_window_alive(qtbot: QtBot, tmp_path: Path) -> None:
    model = model_that(tmp_path, f"while {IN_A_RUN}: os.write(1, b'endless ' * 8192)")
    with person_at_window(qtbot, tmp_path, model) as person:
        person.drop(model)
        person.wait(lambda: "endless" in person.window.session.link.log)
        person.click("cancel_button")
        person.wait(lambda: person.state.problems and person.state.model is not None and not person.state.pending)
        assert "It was stopped" in person.told()
        assert len(person.state.engine.log) <= 40_000


def test_a_native_abort_while_a_file_opens_is_told_and_restart_opens_it(qtbot: QtBot, tmp_path: Path) -> None:
    model = model_that(tmp_path, "os.abort()")
    with person_at_window(qtbot, tmp_path, model) as person:
        person.drop(model)
        person.wait(lambda: person.state.engine.phase == "ended")
        assert "The engine ended; the window did not. The engine ended with SIGABRT" in person.told()
        person.click("banner_restart")
        person.wait(lambda: person.state.model is not None and not person.state.pending)
        assert person.told() == ""
        assert "not tried" in person.state.model.slots[0].why
        person.window.session.run()
        person.wait(lambda: person.state.engine.phase == "ended")
        assert "SIGABRT" in person.told()
        assert 'doing.py", line 10 in forward' in person.window.session.link.log


def test_an_engine_killed_while_idle_is_restarted_by_itself_with_the_same_settings(
    qtbot: QtBot, tmp_path: Path
) -> None:
    model = model_that(tmp_path, "pass")
    with person_at_window(qtbot, tmp_path, model) as person:
        open_and_wait(person, model)
        person.window.session.change_mode("train")
        killed = person.window.session.link._engine._process.pid
        os.kill(killed, signal.SIGKILL)
        person.wait(lambda: "killed by the system" in person.state.engine.restarted)
        assert person.state.run.outputs, "what was computed stays to be seen"
        person.wait(lambda: person.state.engine.phase == "ready" and not person.state.pending)
        assert person.window.session.link._engine._process.pid != killed
        assert person.state.settings.mode == "train"
        assert person.state.run.outputs
        assert person.told() == "", "nothing is wrong any more"
