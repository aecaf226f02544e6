"""The file panel's pure parts: notices, what a field takes, what a file holds."""

from dataclasses import replace

import msgspec
import pytest

from inspector.client import fake_messages as said
from inspector.gui import asking
from inspector.gui.file_panel.consent_card import ConsentCard
from inspector.gui.file_panel.contents import lists_of
from inspector.gui.file_panel.entry_form import given_arguments, what_is_wrong
from inspector.gui.file_panel.notices import notices
from inspector.gui.state import EngineState, Problem, RunState, WindowState
from inspector.gui.words import sandbox_sentence
from inspector.protocol.files import EntryParameter, KeysReport, Mend, Misshaped

LOADED = WindowState(path="/m.pth", model=said.model("/m.pth", "", ""))


def with_keys(report: KeysReport) -> WindowState:
    return replace(LOADED, model=msgspec.structs.replace(LOADED.model, keys=report))


def test_a_healthy_window_has_nothing_to_say():
    assert notices(WindowState()) == ()
    assert notices(with_keys(KeysReport(matched=10, sentence="All 10 keys fit."))) == ()


def test_keys_that_do_not_fit_are_counted_and_listed():
    report = KeysReport(
        matched=8,
        missing=("head.bias",),
        unexpected=("ema.step", "ema.decay"),
        misshaped=(Misshaped(key="head.weight", file_shape=(1000, 16), model_shape=(10, 16)),),
    )
    (notice,) = notices(with_keys(report))
    assert notice.tone == "warning"
    assert notice.title == "Not all keys fit: 8 do, 1 missing, 2 unexpected, 1 of another shape"
    assert "head.weight: (1000, 16) in the file, (10, 16) in the model" in notice.details
    assert "  ema.step" in notice.details


def test_names_that_were_mended_are_told_in_a_line():
    (notice,) = notices(with_keys(KeysReport(matched=10, mended=('removed "module."',))))
    assert (notice.title, notice.text) == ("All 10 keys fit", 'Names were mended: removed "module.".')


def test_each_mend_of_the_keys_has_a_button_that_says_what_it_does():
    mend = Mend(name="transpose", label="Turn the matrices round", why="2 more keys would fit.")
    (notice,) = notices(with_keys(KeysReport(matched=8, missing=("a",), mends=(mend,))))
    assert notice.deeds == (("mend:transpose", "Turn the matrices round"),)
    assert notice.fix == "Turn the matrices round: 2 more keys would fit."


def test_a_mend_is_added_or_takes_the_place_of_one_of_its_kind():
    state = asking.mending(LOADED, Mend(name="transpose", label=""))
    state = asking.mending(state, Mend(name="weights_at:ema", label=""))
    assert (state.mends, state.loading) == (("transpose", "weights_at:ema"), True)
    assert asking.mending(state, Mend(name="weights_at:model", label="")).mends == ("transpose", "weights_at:model")
    built = asking.mending(state, Mend(name="arguments", label="", arguments={"num_classes": "5"}))
    assert built.arguments == {"num_classes": "5"}


def test_an_engine_that_ended_offers_a_restart_of_the_same_file():
    (notice,) = notices(WindowState(path="/a/m.pth", engine=EngineState("ended", "It aborted.")))
    assert notice.text == "It aborted."
    assert "m.pth" in notice.fix
    assert [deed for deed, _ in notice.deeds] == ["restart", "show_log"]


def test_a_failed_forward_names_the_node_the_shapes_and_the_fix():
    state = replace(LOADED, run=RunState(graph=said.graph(up_to=10), failure=said.failure()))
    notice = notices(state)[0]
    assert notice.title.startswith("classifier (Linear) failed: ")
    assert "(1, 64)" in notice.text
    assert "in_features=64" in notice.fix
    assert "Traceback" in notice.details


def test_weights_that_lack_their_code_offer_to_attach_it():
    problem = Problem("file", "These are weights without code.", "Attach the .py.")
    state = WindowState(path="/m.pth", description=said.description("/m.pth"), problems=(problem,))
    (notice,) = notices(state)
    assert [deed for deed, _ in notice.deeds] == ["attach_source"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("10", ""),
        ("(3, 3)", ""),
        ("'relu'", ""),
        ("True", ""),
        ("nn.ReLU", ""),
        ("relu", "Python value"),
        ("", "needed"),
    ],
)
def test_arguments_are_python_values_or_the_default_itself(text: str, wrong: str):
    parameter = EntryParameter(name="x", required=True, default="nn.ReLU")
    assert wrong in what_is_wrong(parameter, text)
    assert bool(wrong) == bool(what_is_wrong(parameter, text))


def test_only_arguments_that_differ_from_the_default_are_given():
    entry = said.entries()[0]
    assert given_arguments(entry, ["10", "16"]) == {"num_classes": "10"}
    assert given_arguments(entry, ["10", "32"]) == {"num_classes": "10", "width": "32"}
    assert given_arguments(entry, ["10", ""]) == {"num_classes": "10"}


def test_what_a_file_holds_is_listed():
    lists = {title: cells for title, _, cells in lists_of(said.description("/m.pth"))}
    assert ("stem.conv.weight", "(16, 1, 3, 3)", "float32") in lists["Tensors"]
    assert ("(root)", "DigitsCNN") in lists["Modules"]
    assert lists["Imports"] == ()


def test_the_consent_card_says_in_one_sentence_what_the_sandbox_does():
    held = ("no core dumps", "at most 4 GB of memory", "ends with the window", "no network", "no new programs")
    assert sandbox_sentence(held) == (
        "It would run in a process that takes at most 4 GB of memory and ends with the window, "
        "without network or new programs."
    )
    assert sandbox_sentence(("no network",)) == "It would run in a process of its own, without network."


def test_problems_of_panels_that_say_them_are_no_notices():
    problems = (Problem("input", "It is no picture."), Problem("tensor", "It can't be fetched."))
    assert notices(WindowState(path="/a/m.pth", problems=problems)) == ()


def test_classes_that_are_not_here_are_asked_for_before_anything_can_run(qtbot):
    card = ConsentCard()
    qtbot.addWidget(card)
    card.show_consent(msgspec.structs.replace(said.consent("/m.pth"), missing=("__main__.Net",)), (), ready=True)
    card.show()
    assert not card.once.isVisible()
    assert not card.always.isVisible()
    assert card.attach.isVisible()
    assert card.weights.isVisible()
    with qtbot.waitSignal(card.source_requested):
        card.attach.click()
    card.show_consent(said.consent("/m.pth"), (), ready=True)
    assert card.once.isVisible()
    assert not card.attach.isVisible()
