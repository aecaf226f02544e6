"""Every door of the window climbs the same ladder: a real window with a real engine, and files that would run code.

What they run makes a folder in the one place where the engine may write, so that no sandbox stands in its way.
"""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from pytestqt.qtbot import QtBot
from torch import nn
from window_with_engine import RIGHT_EDGE, Person, person_at_window

from inspector.gui.settings import SettingsFile
from inspector.places import samples


class Runs:
    """Unpickles to a call."""

    def __init__(self, *call: object) -> None:
        self.call = call

    def __reduce__(self):
        function, *arguments = self.call
        return function, tuple(arguments)


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 3), nn.ReLU(), nn.Linear(3, 2))


class Doors:
    """A person at a window, honest files and hostile ones."""

    def __init__(self, person: Person, folder: Path) -> None:
        self.person = person
        self.folder = folder

    @property
    def canary(self) -> Path:
        return Path(self.person.window.session.link._engine._folder.path) / "canary"

    def hostile(self, name: str = "hostile.pt") -> Path:
        model = net()
        model.extra = Runs(os.mkdir, str(self.canary))
        return self._put(name, lambda path: torch.save(model, path))

    def honest(self, name: str = "honest.pt") -> Path:
        return self._put(name, lambda path: torch.save(net(), path))

    def hostile_source(self, name: str = "hostile.py") -> Path:
        text = f"import os\nos.mkdir({str(self.canary)!r})\nfrom torch import nn\nclass Net(nn.Linear):\n    pass\n"
        return self._put(name, lambda path: path.write_text(text))

    def _put(self, name: str, write: Callable[[Path], object]) -> Path:
        """In one step, as downloads and editors do it."""
        fresh = self.folder / f"{name}.fresh"
        write(fresh)
        return fresh.replace(self.folder / name)

    def open_honest(self, name: str = "honest.pt") -> Path:
        path = self.honest(name)
        self.person.window.open_paths([str(path)])
        self.person.wait(lambda: self.person.state.run.outputs and not self.person.state.pending)
        return path


def dropped(doors: Doors) -> None:
    doors.person.drop(doors.hostile())


def dropped_over_a_model(doors: Doors) -> None:
    doors.open_honest()
    doors.person.drop(doors.hostile())


def dropped_with_its_source(doors: Doors) -> None:
    doors.person.drop(doors.hostile(), doors.hostile_source())


def a_source_alone(doors: Doors) -> None:
    doors.person.drop(doors.hostile_source())


def command_line(doors: Doors) -> None:
    doors.person.window.open_paths([str(doors.hostile())])


def recent_file(doors: Doors) -> None:
    path = doors.open_honest("again.pt")
    doors.open_honest("other.pt")
    doors.hostile("again.pt")
    window = doors.person.window
    window.recent_menu.aboutToShow.emit()
    next(action for action in window.recent_menu.actions() if path.name in action.text()).trigger()


def reopened_after_it_was_swapped(doors: Doors) -> None:
    path = doors.open_honest()
    doors.hostile(path.name)
    doors.person.window.actions_by_name["reload"].trigger()


def reloaded_because_it_changed(doors: Doors) -> None:
    path = doors.open_honest()
    doors.person.window.change_reload_when_changed(True)
    doors.person.wait(lambda: doors.person.window.session.files.watch.watching)
    doors.hostile(path.name)


def restarted_after_it_was_swapped(doors: Doors) -> None:
    path = doors.open_honest()
    doors.hostile(path.name)
    doors.person.window.actions_by_name["restart"].trigger()


def attached_to_weights(doors: Doors) -> None:
    path = doors.folder / "weights.pt"
    torch.save({"layer.weight": torch.zeros(2, 2)}, path)
    doors.person.window.open_paths([str(path)])
    doors.person.settle()
    doors.person.window.session.files.attach_source(str(doors.hostile_source()))


def found_beside_the_weights(doors: Doors) -> None:
    torch.save(nn.Linear(3, 2).state_dict(), doors.folder / "hostile.pth")
    doors.hostile_source("hostile.py")
    doors.person.drop(doors.folder / "hostile.pth")


def trusted_for_once_and_then_swapped(doors: Doors) -> None:
    path = doors.folder / "swapped.pt"
    torch.save({"model": net(), "args": Runs(os.getpid)}, path)
    person = doors.person
    person.window.open_paths([str(path)])
    person.wait(lambda: person.state.consent is not None)
    person.click("consent_once")
    person.wait(lambda: person.state.model is not None and not person.state.pending)
    doors.hostile(path.name)
    person.window.actions_by_name["reload"].trigger()


def swapped_between_the_question_and_the_answer(doors: Doors) -> None:
    path = doors.folder / "swapped.pt"
    torch.save({"model": net(), "args": Runs(os.getpid)}, path)
    person = doors.person
    person.window.open_paths([str(path)])
    person.wait(lambda: person.state.consent is not None)
    asked = person.state.consent
    doors.hostile(path.name)
    person.click("consent_always")
    person.wait(lambda: person.state.consent is not asked)


def settings_edited_by_hand(doors: Doors) -> None:
    """Read at the start of the next window: a name, a path or a star is no hash."""
    told = {"trusted": {"*": "*", "": "", "hostile.pt": "hostile.pt"}, "trust_everything": True, "weights_only": 1}
    path = doors.folder / "edited.json"
    path.write_text(json.dumps(told))
    settings = SettingsFile(path)
    assert settings.current.trusted == {}
    doors.person.window.session.settings = settings
    doors.person.drop(doors.hostile())


def after_a_sample_whose_code_is_the_apps_own(doors: Doors) -> None:
    sample = next(one for one in samples() if one.source is not None)
    doors.person.window.open_sample(sample)
    doors.person.wait(lambda: doors.person.state.model is not None and not doors.person.state.pending)
    doors.person.drop(doors.hostile())


DOORS = (
    *(dropped, dropped_over_a_model, dropped_with_its_source, a_source_alone, command_line, recent_file),
    *(reopened_after_it_was_swapped, reloaded_because_it_changed, restarted_after_it_was_swapped, attached_to_weights),
    *(found_beside_the_weights, trusted_for_once_and_then_swapped, swapped_between_the_question_and_the_answer),
    *(settings_edited_by_hand, after_a_sample_whose_code_is_the_apps_own),
)


# --- a second model, to compare with the open one


def dropped_at_the_right(doors: Doors) -> None:
    doors.open_honest()
    doors.person.drop(doors.hostile(), at=RIGHT_EDGE)


def dropped_at_the_right_with_its_source(doors: Doors) -> None:
    doors.open_honest()
    doors.person.drop(doors.hostile(), doors.hostile_source(), at=RIGHT_EDGE)


def a_source_dropped_at_the_right(doors: Doors) -> None:
    doors.open_honest()
    doors.person.drop(doors.hostile_source(), at=RIGHT_EDGE)


def chosen_in_the_dialog(doors: Doors) -> None:
    """What the system's dialog gives; also where the menu or the dock opened it."""
    doors.open_honest()
    doors.person.window.dialogs._compare([str(doors.hostile())])


def other_weights_whose_source_lies_beside_them(doors: Doors) -> None:
    doors.open_honest()
    torch.save(nn.LSTM(3, 2).state_dict(), doors.folder / "hostile.pth")
    doors.hostile_source("hostile.py")
    doors.person.drop(doors.folder / "hostile.pth", at=RIGHT_EDGE)


def compared_and_swapped(doors: Doors) -> Path:
    """The second model, which was honest when it was compared."""
    doors.open_honest()
    person, other = doors.person, doors.honest("other.pt")
    person.drop(other, at=RIGHT_EDGE)
    person.wait(lambda: person.state.comparison.runs is not None and not person.state.pending)
    return doors.hostile(other.name)


def swapped_once_it_was_compared(doors: Doors) -> None:
    other, person = compared_and_swapped(doors), doors.person
    person.click("comparison_end")
    person.settle()
    person.drop(other, at=RIGHT_EDGE)


def swapped_before_the_open_model_was_reloaded(doors: Doors) -> None:
    """The engine has B no more then; it is read anew."""
    compared_and_swapped(doors)
    person = doors.person
    person.window.actions_by_name["reload"].trigger()
    person.settle()
    person.click("comparison_again")


def trusted_for_once_and_swapped_between_the_question_and_the_answer(doors: Doors) -> None:
    doors.open_honest()
    person, path = doors.person, doors.folder / "swapped.pt"
    torch.save({"model": net(), "args": Runs(os.getpid)}, path)
    person.drop(path, at=RIGHT_EDGE)
    person.wait(lambda: person.state.comparison.consent is not None and not person.state.pending)
    asked = person.state.comparison.consent
    doors.hostile(path.name)
    person.window.panels.comparison.trust_requested.emit(False)
    person.wait(lambda: person.state.comparison.consent not in (None, asked))


COMPARISON_DOORS = (
    *(dropped_at_the_right, dropped_at_the_right_with_its_source, a_source_dropped_at_the_right, chosen_in_the_dialog),
    *(other_weights_whose_source_lies_beside_them, swapped_once_it_was_compared),
    *(swapped_before_the_open_model_was_reloaded, trusted_for_once_and_swapped_between_the_question_and_the_answer),
)


@pytest.mark.timeout(400)
def test_every_door_asks_first_and_runs_nothing(qtbot: QtBot, tmp_path: Path) -> None:
    """One window and one engine for all, as torch takes seconds to start."""
    with person_at_window(qtbot, tmp_path) as person:
        doors = Doors(person, tmp_path)
        for door in DOORS:
            asks_first(doors, door)
        for door in COMPARISON_DOORS:
            asks_about_the_other_first(doors, door)
        compared_as_stored(doors)
        fed_and_evaluated(doors)
        with_consent_it_does_run(doors)
        with_consent_the_other_does_run(doors)


def asks_first(doors: Doors, door: Callable[[Doors], None]) -> None:
    person = doors.person
    person.window.session.files._trusted_once = frozenset()
    person.window.change_reload_when_changed(False)
    door(doors)
    person.wait(lambda: person.state.consent is not None and not person.state.pending)
    assert not doors.canary.exists(), door.__name__
    told = person.state.consent.sentence
    assert "mkdir" in told or "hostile.py is Python code" in told, door.__name__
    person.click("consent_decline")
    person.settle()
    assert not doors.canary.exists(), door.__name__


def asks_about_the_other_first(doors: Doors, door: Callable[[Doors], None]) -> None:
    person = doors.person
    door(doors)
    comparison = person.window.panels.comparison
    person.wait(lambda: person.state.comparison.consent is not None and not person.state.pending)
    assert not doors.canary.exists(), door.__name__
    assert person.state.consent is None, "the open model is asked nothing"
    assert comparison.question.isVisible(), door.__name__
    told = person.state.comparison.consent.sentence
    assert "mkdir" in told or "hostile.py is Python code" in told, door.__name__
    comparison.question.widget().refuse.click()
    person.settle()
    assert person.state.comparison.runs is None, door.__name__
    assert not doors.canary.exists(), door.__name__


def compared_as_stored(doors: Doors) -> None:
    """The weights alone, beside an open model and where the open file gave none: nothing of either runs."""
    person = doors.person
    doors.open_honest()
    person.drop(doors.hostile("other.pt"), at=RIGHT_EDGE)
    person.wait(lambda: person.state.comparison.consent is not None and not person.state.pending)
    person.window.panels.comparison.question.widget().refuse.click()
    person.settle()
    person.click("comparison_alone")
    person.wait(lambda: person.state.comparison.weights is not None and not person.state.pending)
    assert person.state.comparison.weights.inert
    person.drop(doors.hostile())
    person.wait(lambda: person.state.consent is not None and not person.state.pending)
    person.click("consent_decline")
    person.settle()
    person.drop(doors.hostile("other.pt"), at=RIGHT_EDGE)
    person.wait(lambda: person.state.comparison.weights is not None and not person.state.pending)
    assert not doors.canary.exists()


def fed_and_evaluated(doors: Doors) -> None:
    person = doors.person
    doors.open_honest()
    session = person.window.session
    for path in (doors.hostile("input.pt"), doors.hostile("input.npy")):
        session.use_array(str(path))
        person.settle()
    folder = doors.folder / "test"
    for label in ("cat", "dog"):
        (folder / label).mkdir(parents=True)
        doors.hostile("x.pt").rename(folder / label / "x.png")
    doors.hostile("x.pt").rename(folder / "labels.csv")
    doors.hostile("x.pt").rename(folder / "classes.txt")
    session.folder.choose(str(folder))
    person.settle()
    assert not doors.canary.exists()


def with_consent_it_does_run(doors: Doors) -> None:
    """So that the canary means something."""
    person = doors.person
    person.drop(doors.hostile())
    person.wait(lambda: person.state.consent is not None and not person.state.pending)
    person.click("consent_weights_only")
    person.wait(lambda: person.state.model is not None and not person.state.pending)
    assert not doors.canary.exists()
    assert any("without its code" in note for note in person.state.model.notes)
    person.drop(doors.hostile())
    person.wait(lambda: person.state.consent is not None and not person.state.pending)
    person.click("consent_once")
    person.wait(lambda: person.state.model is not None and not person.state.pending)
    assert doors.canary.exists()


def with_consent_the_other_does_run(doors: Doors) -> None:
    person = doors.person
    doors.open_honest()
    doors.canary.rmdir()
    person.drop(doors.hostile("third.pt"), at=RIGHT_EDGE)
    person.wait(lambda: person.state.comparison.consent is not None and not person.state.pending)
    person.window.panels.comparison.trust_requested.emit(False)
    person.wait(lambda: person.state.comparison.runs is not None and not person.state.pending)
    assert doors.canary.exists()
