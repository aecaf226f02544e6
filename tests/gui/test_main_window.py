"""The flows of the window against the fake engine."""

import datetime
from pathlib import Path

import pytest
from finding_widgets import child, press
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QComboBox, QLabel, QLineEdit, QPlainTextEdit, QWidget
from pytestqt.qtbot import QtBot

from inspector.client import fake_messages as said
from inspector.gui.app import demo_sample
from inspector.gui.sandbox_popover import SandboxPopover
from inspector.gui.session import MOST_QUIET_RESTARTS
from inspector.gui.settings import SettingsFile
from inspector.places import samples
from inspector.protocol.events import RequestFailed
from inspector.protocol.inputs import ImageInput, NamedInput, RandomInput
from inspector.protocol.outputs import Expectation
from inspector.protocol.requests import (
    CancelRequest,
    DecodeImages,
    Evaluate,
    FetchTensor,
    LoadModel,
    MeasureParameters,
    PreviewInput,
    RunForward,
    ScanFolder,
)


def settled(window) -> bool:
    return not window.session.state.pending and window.is_drawn


def test_an_empty_window_says_what_to_do(window):
    assert window.windowTitle() == "Model Inspector"
    assert window.centre.currentWidget() is window.file_panel
    assert child(window, "drop_zone").isVisible()
    assert not window.actions_by_name["run"].isEnabled()
    assert window.actions_by_name["open"].isEnabled()


def test_opening_a_file_loads_it_previews_its_input_and_runs_it(opened, engines, model_files):
    loads = engines.latest.sent(LoadModel)
    assert [(one.path, one.source) for one in loads] == [model_files]
    assert len(engines.latest.sent(RunForward)) == 1
    assert [one.source.shape for one in engines.latest.sent(PreviewInput)] == [(1, 1, 8, 8)]
    assert opened.centre.currentWidget() is opened.panels.graph
    assert opened.windowTitle() == "digits.pth — Model Inspector"
    assert opened.actions_by_name["run"].isEnabled()


def test_starting_once_more_leaves_the_engine_that_runs_alone(opened, engines):
    before = engines.latest
    opened.session.start()
    assert engines.latest is before
    assert opened.session.state.engine.phase != "starting"


def test_a_file_is_not_run_when_the_user_chose_so(make_window, qtbot, engines, model_files):
    window = make_window(run_when_opened=False)
    window.open_paths(list(model_files))
    qtbot.waitUntil(lambda: window.session.state.model is not None and settled(window))
    assert engines.latest.sent(RunForward) == []
    assert window.centre.currentWidget() is window.file_panel
    press(qtbot, child(window, "file_run"))
    qtbot.waitUntil(lambda: bool(window.session.state.run.outputs) and settled(window))
    assert window.centre.currentWidget() is window.panels.graph


def test_recent_files_are_remembered_newest_first(opened, settings_file: SettingsFile, model_files, tmp_path, qtbot):
    other = tmp_path / "other.pth"
    other.write_bytes(b"")
    opened.open_paths([str(other)])
    assert SettingsFile(settings_file.path).current.recent_files == (str(other), model_files[0])
    opened._fill_recent()
    texts = [action.text() for action in opened.recent_menu.actions()]
    assert texts[0].startswith("other.pth")
    assert opened.session.state.path == str(other)
    opened.recent_menu.actions()[1].trigger()
    assert opened.session.state.path == model_files[0]
    opened.recent_menu.actions()[-1].trigger()
    assert SettingsFile(settings_file.path).current.recent_files == ()
    qtbot.waitUntil(lambda: settled(opened))


def test_recent_files_that_are_gone_are_dimmed_whatever_their_names(make_window, tmp_path):
    there = tmp_path / "there.pth"
    there.write_bytes(b"")
    window = make_window(recent_files=(str(there), str(tmp_path / "gone.pth"), str(tmp_path / ("long" * 100))))
    window._fill_recent()
    assert [action.isEnabled() for action in window.recent_menu.actions()[:3]] == [True, False, False]


def test_a_recent_source_is_opened_by_itself_also_where_weights_wait_for_one(window, qtbot, engines, model_files):
    weights, source = model_files
    engines.latest.behave(problem=RequestFailed(message="Which class are these of?"))
    for path in (source, weights):
        window.open_paths([path])
        qtbot.waitUntil(lambda: settled(window))
    window._fill_recent()
    window.recent_menu.actions()[1].trigger()
    assert (engines.latest.sent(LoadModel)[-1].path, engines.latest.sent(LoadModel)[-1].source) == (source, "")
    qtbot.waitUntil(lambda: settled(window))


class TestConsent:
    @pytest.fixture
    def asked(self, window, qtbot, engines, model_files):
        engines.latest.behave(consent=True)
        window.open_paths(list(model_files))
        qtbot.waitUntil(lambda: window.session.state.consent is not None and settled(window))
        return window

    def test_it_names_what_would_run_in_place(self, asked):
        card = child(asked, "consent_card")
        assert card.isVisible()
        told = " ".join(label.text() for label in card.findChildren(QWidget) if hasattr(label, "text"))
        assert "os.system: runs any program" in told
        assert "mymodel.Net" in told
        assert "network" in told
        assert QApplication.activeModalWidget() is None
        assert asked.session.state.description is not None, "what the file holds is shown all the same"

    def test_once_is_for_this_once(self, asked, qtbot, engines, settings_file):
        press(qtbot, child(asked, "consent_once"))
        qtbot.waitUntil(lambda: bool(asked.session.state.run.outputs) and settled(asked))
        assert settings_file.current.trusted == {}
        asked.open_paths([asked.session.state.path])
        qtbot.waitUntil(lambda: asked.session.state.consent is not None and settled(asked))

    def test_always_remembers_the_files_hash_and_not_its_path(self, asked, qtbot, engines, settings_file):
        press(qtbot, child(asked, "consent_always"))
        qtbot.waitUntil(lambda: bool(asked.session.state.run.outputs) and settled(asked))
        assert list(SettingsFile(settings_file.path).current.trusted) == ["5f" * 32]
        asked.open_paths([asked.session.state.path])
        qtbot.waitUntil(lambda: bool(asked.session.state.run.outputs) and settled(asked))

    def test_declining_runs_nothing_and_can_be_thought_over(self, asked, qtbot, engines):
        press(qtbot, child(asked, "consent_decline"))
        qtbot.waitUntil(lambda: settled(asked))
        assert asked.session.state.model is None
        assert len(engines.latest.sent(LoadModel)) == 1
        assert child(asked, "file_contents").isVisible()
        press(qtbot, child(asked, "banner_ask_again"))
        qtbot.waitUntil(lambda: asked.session.state.consent is not None and settled(asked))

    def test_it_says_where_in_the_file_a_name_stands(self, asked):
        told = " ".join(label.text() for label in child(asked, "consent_card").findChildren(QLabel))
        assert "os.system: runs any program (m/data.pkl, under notes)" in told

    def test_without_its_code_it_is_opened_and_stays_so(self, asked, qtbot, engines, settings_file):
        press(qtbot, child(asked, "consent_weights_only"))
        qtbot.waitUntil(lambda: settled(asked))
        request = engines.latest.sent(LoadModel)[-1]
        assert request.weights_only
        assert request.trusted == ()
        asked.session.files.attach_source(asked.session.state.source)
        assert engines.latest.sent(LoadModel)[-1].weights_only, "a source that is attached does not bring the code back"
        asked.open_paths([asked.session.state.path])
        assert not engines.latest.sent(LoadModel)[-1].weights_only
        qtbot.waitUntil(lambda: settled(asked))

    def test_trusted_files_are_listed_with_name_hash_and_date_and_forgotten(self, asked, qtbot, settings_file):
        press(qtbot, child(asked, "consent_always"))
        qtbot.waitUntil(lambda: bool(asked.session.state.run.outputs) and settled(asked))
        asked.dialogs.show_trusted_files()
        table = child(asked, "trusted_table")
        cells = [table.model().index(0, column).data() for column in range(3)]
        assert cells == ["digits.pth", "5f" * 32, datetime.date.today().isoformat()]
        assert not child(asked, "trusted_forget").isEnabled()
        table.selectRow(0)
        press(qtbot, child(asked, "trusted_forget"))
        assert SettingsFile(settings_file.path).current.trusted == {}
        assert table.model().rowCount() == 0
        assert "No file is trusted" in child(asked, "trusted_sentence").text()
        asked.open_paths([asked.session.state.path])
        qtbot.waitUntil(lambda: asked.session.state.consent is not None and settled(asked))
        child(asked, "trusted_window").close()

    def test_trust_for_once_lasts_over_a_restart_of_the_engine(self, asked, qtbot, engines):
        press(qtbot, child(asked, "consent_once"))
        qtbot.waitUntil(lambda: bool(asked.session.state.run.outputs) and settled(asked))
        engines.latest.die("It aborted.")
        qtbot.waitUntil(lambda: len(engines.made) == 2 and bool(engines.latest.sent(RunForward)) and settled(asked))
        assert asked.session.state.consent is None


class TestEntryForm:
    @pytest.fixture
    def choosing(self, window, qtbot, engines, model_files):
        engines.latest.behave(entry=True)
        window.open_paths(list(model_files))
        qtbot.waitUntil(lambda: window.session.state.entry_needed is not None and settled(window))
        return window

    def test_it_proposes_what_the_weights_say(self, choosing):
        assert child(choosing, "argument_num_classes", QLineEdit).text() == "10"
        assert child(choosing, "argument_width", QLineEdit).text() == "16"

    def test_what_is_wrong_is_said_beside_the_field(self, choosing, qtbot, engines):
        field = child(choosing, "argument_num_classes", QLineEdit)
        field.setText("ten")
        press(qtbot, child(choosing, "entry_build"))
        assert "Python value" in child(choosing, "argument_error_num_classes").text()
        field.setText("")
        press(qtbot, child(choosing, "entry_build"))
        assert child(choosing, "argument_error_num_classes").text() == "needed"
        assert len(engines.latest.sent(LoadModel)) == 1

    def test_it_builds_with_what_was_given(self, choosing, qtbot, engines):
        child(choosing, "argument_num_classes", QLineEdit).setText("12")
        press(qtbot, child(choosing, "entry_build"))
        qtbot.waitUntil(lambda: choosing.session.state.model is not None and settled(choosing))
        request = engines.latest.sent(LoadModel)[-1]
        assert (request.entry, request.arguments) == ("DigitsCNN", {"num_classes": "12"})

    def test_another_entry_shows_its_own_arguments(self, choosing, qtbot, engines):
        child(choosing, "entry_choice", QComboBox).setCurrentIndex(1)
        qtbot.waitUntil(lambda: len(choosing.file_panel.form.fields) == 1)
        press(qtbot, child(choosing, "entry_build"))
        qtbot.waitUntil(lambda: choosing.session.state.model is not None and settled(choosing))
        assert engines.latest.sent(LoadModel)[-1].entry == "build_model"

    def test_a_model_is_not_run_where_building_it_otherwise_asks_once_more(self, opened, qtbot, engines):
        engines.latest.behave(entry=True)
        opened.session.files.choose_entry("", {})
        qtbot.waitUntil(lambda: opened.session.state.entry_needed is not None and settled(opened))
        assert len(engines.latest.sent(RunForward)) == 1, "the engine has no model to run"
        assert opened.centre.currentWidget() is opened.file_panel

    def test_building_what_killed_the_engine_once_more_starts_another_one(self, choosing, qtbot, engines):
        engines.latest.behave(die_on="LoadModel")
        press(qtbot, child(choosing, "entry_build"))
        qtbot.waitUntil(lambda: choosing.session.state.engine.phase == "ended" and settled(choosing))
        child(choosing, "argument_width", QLineEdit).setText("8")
        press(qtbot, child(choosing, "entry_build"))
        qtbot.waitUntil(lambda: choosing.session.state.model is not None and settled(choosing))
        assert len(engines.made) == 2
        assert not choosing.session.state.loading

    def test_it_can_be_opened_again_and_left_again(self, choosing, qtbot):
        press(qtbot, child(choosing, "entry_build"))
        qtbot.waitUntil(lambda: bool(choosing.session.state.run.outputs) and settled(choosing))
        choosing.actions_by_name["choose_entry"].trigger()
        qtbot.waitUntil(lambda: choosing.centre.currentWidget() is choosing.file_panel)
        press(qtbot, child(choosing, "entry_cancel"))
        qtbot.waitUntil(lambda: choosing.centre.currentWidget() is choosing.panels.graph)


def test_a_file_that_can_not_be_loaded_says_so_with_its_traceback_one_click_away(window, qtbot, engines, model_files):
    engines.latest.behave(problem=RequestFailed(message="It is a photo.", fix="Drop a model.", traceback="line 1"))
    window.open_paths(list(model_files))
    qtbot.waitUntil(lambda: bool(window.session.state.problems) and settled(window))
    (banner,) = window.banners.banners
    assert child(banner, "banner_text").text() == "It is a photo."
    assert "Drop a model." in child(banner, "banner_fix").text()
    details = child(banner, "banner_details", QPlainTextEdit)
    assert not details.isVisible()
    press(qtbot, child(banner, "banner_toggle"))
    assert details.isVisible()
    assert details.toPlainText() == "line 1"
    assert child(window, "file_contents").isVisible()
    assert QApplication.activeModalWidget() is None


def test_a_notice_that_was_closed_stays_away(opened, qtbot):
    (banner,) = opened.banners.banners
    assert 'removed "module."' in child(banner, "banner_text").text()
    press(qtbot, child(banner, "banner_close"))
    opened.session.select_node(3)
    qtbot.waitUntil(lambda: settled(opened))
    assert opened.banners.banners == []


class TestEngineEnded:
    def test_what_ended_during_work_is_said_and_restart_brings_back_file_settings_and_run(self, opened, qtbot, engines):
        opened.session.change_mode("train")
        opened.session.change_class_names(("a", "b"))
        engines.latest.behave(die_on="ProfileForward")
        opened.session.profile()
        qtbot.waitUntil(lambda: opened.session.state.engine.phase == "ended" and settled(opened))
        banner = opened.banners.banners[0]
        assert "SIGABRT" in child(banner, "banner_text").text()
        assert opened.session.state.run.outputs, "what was computed stays to be seen"
        press(qtbot, child(banner, "banner_restart"))
        qtbot.waitUntil(lambda: bool(engines.latest.sent(RunForward)) and settled(opened))
        assert len(engines.made) == 2
        assert engines.latest.sent(LoadModel)[0].path == opened.session.state.path
        assert engines.latest.sent(RunForward)[0].mode == "train"
        assert opened.session.state.class_names == ("a", "b")
        assert opened.session.state.engine.phase == "ready"

    def test_one_that_ended_while_idle_is_restarted_by_itself_and_said_in_a_line(self, opened, qtbot, engines):
        opened.session.change_mode("train")
        engines.latest.die("The engine was killed by the system.")
        qtbot.waitUntil(lambda: len(engines.made) == 2 and bool(engines.latest.sent(RunForward)) and settled(opened))
        assert engines.latest.sent(RunForward)[0].mode == "train"
        assert opened.session.state.engine.phase == "ready"
        said = opened.banners.banners[0]
        assert said.notice.tone == "accent"
        assert "killed by the system" in child(said, "banner_text").text()

    def test_one_that_ends_again_and_again_while_idle_is_not_restarted_for_ever(self, opened, qtbot, engines):
        for _ in range(MOST_QUIET_RESTARTS):
            last = engines.latest
            last.die("It aborted.")
            qtbot.waitUntil(lambda last=last: engines.latest is not last and settled(opened))
            qtbot.waitUntil(lambda: bool(engines.latest.sent(RunForward)) and settled(opened))
        engines.latest.die("It aborted.")
        qtbot.waitUntil(lambda: opened.session.state.engine.phase == "ended" and settled(opened))
        assert len(engines.made) == 1 + MOST_QUIET_RESTARTS
        assert child(opened, "banner_restart").isVisible()

    def test_a_question_that_is_open_is_not_asked_anew_by_a_quiet_restart(self, window, qtbot, engines, model_files):
        engines.latest.behave(consent=True)
        window.open_paths(list(model_files))
        qtbot.waitUntil(lambda: window.session.state.consent is not None and settled(window))
        asked = window.session.state.consent
        engines.latest.die("It aborted.")
        qtbot.waitUntil(lambda: len(engines.made) == 2 and window.session.state.engine.phase == "ready")
        assert window.session.state.consent is asked
        assert engines.latest.sent(LoadModel) == []

    def test_a_run_that_killed_the_engine_is_not_run_again_by_the_restart(self, opened, qtbot, engines):
        engines.latest.behave(die_on="RunForward")
        opened.actions_by_name["run"].trigger()
        qtbot.waitUntil(lambda: opened.session.state.engine.phase == "ended" and settled(opened))
        press(qtbot, child(opened, "banner_restart"))
        qtbot.waitUntil(lambda: opened.session.state.engine.phase == "ready" and settled(opened))
        assert engines.latest.sent(LoadModel)
        assert engines.latest.sent(RunForward) == []

    @pytest.mark.parametrize(
        ("ask", "told"),
        [
            (lambda session: session.profile(), ("run", "timing")),
            (lambda session: session.training.trace(), ("training", "gradient")),
            (lambda session: session.shapes.find(), ("input", "search for shapes")),
            (lambda session: session.folder.choose("/images"), ("evaluation", "reading of a folder")),
            (lambda session: session.comparison.with_itself(), ("comparison", "comparison")),
        ],
    )
    def test_what_needs_an_engine_says_so_in_its_place_until_one_runs(self, opened, qtbot, engines, ask, told):
        engines.latest.behave(die_on="RunForward")
        opened.session.run()
        qtbot.waitUntil(lambda: opened.session.state.engine.phase == "ended")
        ask(opened.session)
        (problem,) = opened.session.state.problems
        assert (problem.place, problem.message) == (told[0], f"The engine has ended: there is no {told[1]}.")
        assert opened.session.state.progress is None
        opened.session.restart()
        qtbot.waitUntil(lambda: opened.session.state.engine.phase == "ready" and settled(opened))
        assert opened.session.state.problems == ()

    def test_dropping_another_file_starts_an_engine_by_itself(self, opened, qtbot, engines, tmp_path):
        engines.latest.behave(die_on="RunForward")
        opened.actions_by_name["run"].trigger()
        qtbot.waitUntil(lambda: opened.session.state.engine.phase == "ended")
        other = tmp_path / "other.pth"
        other.write_bytes(b"")
        opened.open_paths([str(other)])
        qtbot.waitUntil(lambda: bool(opened.session.state.run.outputs) and settled(opened))
        assert opened.session.state.path == str(other)

    def test_the_log_shows_what_the_model_printed(self, opened, qtbot, engines):
        engines.latest.print_text("loss is nan\n")
        qtbot.waitUntil(lambda: "nan" in opened.session.link.log)
        opened.actions_by_name["engine_log"].trigger()
        text = child(opened, "engine_log_text", QPlainTextEdit)
        assert text.toPlainText() == "loss is nan\n"
        assert not text.window().isModal()
        text.window().close()


class TestStop:
    def test_stopping_asks_the_engine_to_cancel(self, opened, qtbot, engines):
        engines.latest.behave(hang_on="RunForward")
        opened.actions_by_name["run"].trigger()
        qtbot.waitUntil(opened.status_line.cancel.isVisible)
        press(qtbot, opened.status_line.cancel)
        qtbot.waitUntil(lambda: settled(opened))
        assert len(engines.latest.cancelled) == 1
        assert not opened.session.state.run.running
        assert opened.session.state.progress is None

    def test_an_engine_killed_by_a_stop_comes_back_with_the_model_and_without_the_run(self, opened, qtbot, engines):
        first = engines.latest
        first.behave(hang_on="RunForward")
        first.cancel = lambda _request, _grace_s=2.0: first.die("Stopped, as it did not answer.")
        opened.actions_by_name["run"].trigger()
        opened.actions_by_name["stop"].setEnabled(True)
        opened.actions_by_name["stop"].trigger()
        qtbot.waitUntil(lambda: len(engines.made) == 2 and settled(opened))
        assert opened.session.state.engine.phase == "ready"
        assert opened.session.state.model is not None
        assert engines.latest.sent(RunForward) == []
        assert "started again" in opened.session.state.problems[0].message


class TestAnotherModelMeanwhile:
    """What is under way with a model is given up when the file is read again, or another one opened."""

    @pytest.fixture
    def evaluating(self, opened, qtbot, engines, tmp_path):
        opened.session.folder.choose(str(tmp_path))
        qtbot.waitUntil(lambda: opened.session.state.evaluation.scan is not None and settled(opened))
        engines.latest.behave(hang_on="Evaluate")
        opened.session.folder.evaluate({})
        assert opened.session.state.evaluation.running
        return opened

    def test_a_reload_ends_an_evaluation(self, evaluating, qtbot, engines):
        evaluating.actions_by_name["reload"].trigger()
        qtbot.waitUntil(lambda: settled(evaluating))
        assert not evaluating.session.state.evaluation.running
        asked = next(number for number, request in engines.latest.requests if isinstance(request, Evaluate))
        assert [one.request_id for one in engines.latest.sent(CancelRequest)] == [asked]
        assert engines.latest.cancelled == [], "the engine is not killed for it"

    def test_another_file_does_not_wait_for_an_evaluation(self, evaluating, qtbot, engines, tmp_path):
        engines.latest.behave(hang_on="DecodeImages")
        evaluating.session.folder.decode_thumbnails(["a.png"])
        engines.latest.behave(hang_on="")
        evaluating.open_paths([str(tmp_path / "other.pth")])
        assert len(engines.latest.sent(CancelRequest)) == 2
        evaluating.session.folder.decode_thumbnails(["a.png"])
        assert len(engines.latest.sent(DecodeImages)) == 2, "a picture that never came is asked for again"
        qtbot.waitUntil(lambda: bool(evaluating.session.state.run.outputs) and settled(evaluating))
        assert not evaluating.session.state.evaluation.running

    def test_a_run_under_way_is_run_once_by_the_model_that_was_read_again(self, opened, qtbot, engines):
        engines.latest.behave(hang_on="RunForward")
        opened.actions_by_name["run"].trigger()
        opened.session.run()  # to be run again behind it
        engines.latest.behave(hang_on="")
        before = len(engines.latest.sent(RunForward))
        opened.actions_by_name["reload"].trigger()
        qtbot.waitUntil(lambda: settled(opened) and not opened.session.state.loading)
        assert len(engines.latest.sent(RunForward)) == before + 1
        assert not opened.session.state.run.running
        assert opened.actions_by_name["run"].isEnabled()

    def test_another_class_of_the_source_shows_nothing_of_the_one_before(self, evaluating, qtbot, engines):
        engines.latest.behave(hang_on="")
        evaluating.change_run_when_opened(False)
        evaluating.session.folder.evaluate({})
        qtbot.waitUntil(lambda: evaluating.session.state.evaluation.finished is not None and settled(evaluating))
        evaluating.session.files.choose_entry("Other", {})
        qtbot.waitUntil(lambda: settled(evaluating))
        state = evaluating.session.state
        assert (state.run.graph, state.run.outputs, state.evaluation.finished) == (None, (), None)
        assert state.evaluation.scan is not None, "the folder stays"


def test_an_engine_that_dies_after_a_stop_that_came_too_late_is_told(opened, qtbot, engines):
    engines.latest.behave(hang_on="ProfileForward")
    opened.session.profile()
    opened.session.cancel()
    opened.session.files.reload()  # its answer is stale by now
    qtbot.waitUntil(lambda: settled(opened))
    engines.latest.behave(die_on="RunForward")
    opened.session.run()
    qtbot.waitUntil(lambda: opened.session.state.engine.phase == "ended" and settled(opened))
    assert "SIGABRT" in opened.session.state.engine.sentence
    assert len(engines.made) == 1, "nobody asked for another one"


def test_a_failed_forward_shows_its_node_and_the_fix(window, qtbot, engines, model_files):
    engines.latest.behave(run_failure=True)
    window.open_paths(list(model_files))
    qtbot.waitUntil(lambda: window.session.state.run.failure is not None and settled(window))
    assert window.centre.currentWidget() is window.panels.graph
    banner = window.banners.banners[0]
    assert child(banner, "banner_title").text().startswith("classifier (Linear) failed: ")
    assert "(1, 64)" in child(banner, "banner_text").text()
    assert "in_features=64" in child(banner, "banner_fix").text()
    press(qtbot, child(banner, "banner_show_node"))
    qtbot.waitUntil(lambda: window.session.state.selected_node == 10)


class TestLive:
    def test_a_change_runs_again_once_however_many_there_were(self, opened, qtbot, engines):
        opened.session.change_live(True)
        qtbot.waitUntil(lambda: len(engines.latest.sent(RunForward)) == 2 and settled(opened))
        for seed in range(5):
            given = NamedInput(source=RandomInput(shape=(1, 1, 8, 8), seed=seed), name="x")
            opened.session.change_inputs((given,))
        opened.session.change_mode("train")
        qtbot.waitUntil(lambda: len(engines.latest.sent(RunForward)) == 3 and settled(opened))
        request = engines.latest.sent(RunForward)[-1]
        assert request.inputs[0].source.seed == 4
        assert request.mode == "train"

    def test_without_it_a_change_waits_for_run(self, opened, qtbot, engines):
        opened.session.change_device("cuda:0")
        assert not opened.session._live_timer.isActive()
        opened.actions_by_name["run"].trigger()
        qtbot.waitUntil(lambda: len(engines.latest.sent(RunForward)) == 2 and settled(opened))
        assert engines.latest.sent(RunForward)[-1].device == "cuda:0"

    def test_a_run_asked_for_while_one_is_under_way_comes_after_it(self, opened, qtbot, engines):
        opened.session.run()
        opened.session.run()
        opened.session.run()
        qtbot.waitUntil(lambda: len(engines.latest.sent(RunForward)) == 3 and settled(opened))


class TestSelection:
    def test_a_node_brings_the_tree_and_the_panel_along(self, opened, qtbot):
        opened.panels.graph.node_selected.emit(4)
        qtbot.waitUntil(lambda: opened.panels.node_panel.figures.rows() != ())
        assert opened.panels.module_tree.view.currentIndex().data() == "conv1"
        assert ("arguments", "16→16 k3 p1") in opened.panels.node_panel.figures.rows()

    def test_a_row_of_the_tree_brings_the_node_along(self, opened, qtbot):
        model = opened.panels.module_tree.view.model()
        opened.panels.module_tree.view.setCurrentIndex(model.index_of("classifier"))
        qtbot.waitUntil(lambda: opened.session.state.selected_node == 10 and settled(opened))
        assert opened.panels.node_panel.header.accessibleName() == "Linear classifier"

    def test_parameters_are_measured_when_asked_for(self, opened, qtbot, engines):
        opened.session.select_node(4)
        qtbot.waitUntil(opened.panels.node_panel.measure.isVisible)
        press(qtbot, opened.panels.node_panel.measure)
        qtbot.waitUntil(lambda: "block.conv1" in opened.session.state.parameters and settled(opened))
        assert [one.fqn for one in engines.latest.sent(MeasureParameters)] == ["block.conv1"]
        assert any("mean" in told for _, told in opened.panels.node_panel.parameters.rows())
        assert not opened.panels.node_panel.measure.isVisible()


class TestFindings:
    def test_applying_one_changes_the_preprocessing_and_runs_again(self, opened, qtbot, engines):
        engines.latest.behave(findings=said.findings())
        opened.session.run()
        qtbot.waitUntil(lambda: opened.panels.findings.count() == 2 and settled(opened))
        press(qtbot, child(opened.panels.findings, "apply_finding"))
        qtbot.waitUntil(lambda: len(engines.latest.sent(RunForward)) == 3 and settled(opened))
        assert opened.session.state.preprocess == said.findings().findings[0].apply_preprocess

    def test_following_one_selects_its_node(self, opened, qtbot, engines):
        engines.latest.behave(findings=said.findings())
        opened.session.run()
        qtbot.waitUntil(lambda: opened.panels.findings.count() == 2 and settled(opened))
        press(qtbot, child(opened.panels.findings, "finding_input_range"))
        qtbot.waitUntil(lambda: opened.session.state.selected_node == 0)


def test_an_expectation_is_compared_at_once_without_the_engine(opened, qtbot, engines):
    runs = len(engines.latest.requests)
    opened.session.change_expectation(Expectation(kind="class", values=(3.0,), shape=()))
    verdict = opened.session.state.run.verdict
    assert verdict is not None
    assert verdict.agrees is True
    opened.session.change_expectation(Expectation(kind="class", values=(4.0,), shape=()))
    assert opened.session.state.run.verdict.agrees is False
    opened.session.change_expectation(None)
    assert opened.session.state.run.verdict is None
    assert len(engines.latest.requests) == runs
    qtbot.waitUntil(lambda: settled(opened))


class TestFolder:
    @pytest.fixture
    def scanned(self, opened, qtbot, tmp_path: Path):
        (tmp_path / "test").mkdir()
        opened.session.folder.choose(str(tmp_path / "test"))
        qtbot.waitUntil(lambda: opened.session.state.evaluation.scan is not None and settled(opened))
        return opened

    def test_it_is_listed_and_then_evaluated_on_request(self, scanned, qtbot, engines):
        assert engines.latest.sent(Evaluate) == []
        assert len(engines.latest.sent(ScanFolder)) == 1
        scanned.panels.confusion.evaluation_requested.emit(scanned.session.state.evaluation.mapping, 16)
        qtbot.waitUntil(lambda: scanned.session.state.evaluation.finished is not None and settled(scanned))
        request = engines.latest.sent(Evaluate)[0]
        assert request.batch_size == 16
        assert request.preprocess == scanned.session.state.preprocess
        assert request.class_names == tuple("0123456789")
        assert scanned.session.state.evaluation.done == 40

    def test_stopping_what_waits_behind_an_evaluation_leaves_that_alone(self, scanned, qtbot, engines):
        engines.latest.behave(hang_on="Evaluate")
        scanned.session.folder.evaluate({})
        evaluating = scanned.session.state.progress
        engines.latest._held = True  # what comes behind it is not answered before
        scanned.session.training.trace()
        scanned.panels.training.cancel_requested.emit()
        assert scanned.session.state.progress == evaluating
        assert list(scanned.session.state.pending.values()) == ["evaluate"]
        assert engines.latest.cancelled == []
        assert len(engines.latest.sent(CancelRequest)) == 1
        engines.latest._held = False
        scanned.panels.confusion.cancel_requested.emit()
        qtbot.waitUntil(lambda: settled(scanned))
        assert engines.latest.cancelled == [evaluating.request_id]

    def test_a_tensor_that_waited_for_an_evaluation_is_fetched_behind_it(self, scanned, qtbot, engines):
        engines.latest.behave(hang_on="Evaluate")
        scanned.session.select_node(4)
        scanned.session.folder.evaluate({})
        press(qtbot, scanned.panels.node_panel.tensor.mode.button("values"))
        assert engines.latest.sent(FetchTensor) == []
        scanned.session.cancel()
        qtbot.waitUntil(lambda: scanned.session.state.tensor.fetched is not None and settled(scanned))

    def test_an_array_that_was_typed_may_be_read(self, opened, qtbot, engines):
        panel = opened.panels.input_panel
        panel.kind.button("array").click()
        qtbot.keyClicks(panel.array.path, "/arrays/x.npy")
        qtbot.keyClick(panel.array.path, Qt.Key.Key_Return)
        assert "/arrays/x.npy" in engines.latest.lent
        qtbot.waitUntil(lambda: settled(opened))

    def test_an_image_becomes_the_input_and_runs(self, scanned, qtbot, engines):
        path = scanned.session.state.evaluation.scan.images[3].path
        scanned.panels.confusion.image_run_requested.emit(path)
        qtbot.waitUntil(lambda: len(engines.latest.sent(RunForward)) == 2 and settled(scanned))
        source = engines.latest.sent(RunForward)[-1].inputs[0].source
        assert source == ImageInput(paths=(path,), preprocess=scanned.session.state.preprocess)
        assert engines.latest.sent(PreviewInput)[-1].source == source

    def test_thumbnails_are_asked_for_in_pages_and_only_once(self, scanned, qtbot, engines):
        paths = tuple(image.path for image in scanned.session.state.evaluation.scan.images)
        before = len(engines.latest.sent(DecodeImages))
        scanned.session.folder.decode_thumbnails(paths)
        scanned.session.folder.decode_thumbnails(paths[:5])
        assert [len(one.paths) for one in engines.latest.sent(DecodeImages)[before:]] == [24, 16]
        qtbot.waitUntil(lambda: settled(scanned))
        assert set(paths) <= set(scanned.session.state.thumbnails)
        scanned.session.folder.decode_thumbnails(paths)
        assert len(engines.latest.sent(DecodeImages)) == before + 2

    def test_a_sample_does_the_whole_job_at_once_without_asking_about_the_apps_own_code(self, window, qtbot, engines):
        engines.latest.behave(consent=True)
        window.session.files.open_sample(demo_sample(samples()), evaluate=True)
        qtbot.waitUntil(lambda: window.session.state.evaluation.finished is not None and settled(window))
        assert window.session.state.run.outputs
        (given,) = window.session.state.settings.inputs
        assert isinstance(given.source, ImageInput), "a picture says more than noise"
        assert window.session.state.recent_files == (), "samples have a menu of their own"

    def test_the_same_file_dropped_is_asked_about(self, window, qtbot, engines):
        engines.latest.behave(consent=True)
        sample = demo_sample(samples())
        window.session.files.open_sample(sample)
        qtbot.waitUntil(lambda: bool(window.session.state.run.outputs) and settled(window))
        window.open_paths([str(sample.path), str(sample.source)])
        qtbot.waitUntil(lambda: window.session.state.consent is not None and settled(window))


def test_a_burst_of_answers_is_drawn_once_a_turn(opened, qtbot, engines):
    drawn = []
    opened.session.changed.connect(lambda: drawn.append(opened.session.state.revision))
    for node in range(10):
        opened.session.select_node(node)
    qtbot.waitUntil(lambda: bool(drawn))
    assert drawn == [opened.session.state.revision]


class TestLayout:
    def test_a_closed_panel_stays_closed_at_the_next_start(self, make_window, qtbot):
        first = make_window()
        first.docks["findings"].close()
        first.close()
        second = make_window()
        assert not second.docks["findings"].isVisible()
        assert second.docks["modules"].isVisible()

    def test_reset_brings_every_panel_back_to_its_place(self, window):
        for dock in window.docks.values():
            dock.close()
        window.actions_by_name["reset_layout"].trigger()
        assert all(not dock.isHidden() for dock in window.docks.values())
        assert window.dockWidgetArea(window.docks["node"]) == Qt.DockWidgetArea.RightDockWidgetArea

    def test_resetting_it_leaves_the_window_as_large_as_it_was(self, opened, qtbot):
        opened.resize(1000, 700)
        opened.actions_by_name["reset_layout"].trigger()
        qtbot.waitUntil(lambda: opened.drawing.busy is False)
        assert (opened.width(), opened.height()) == (1000, 700)

    def test_the_name_of_a_file_does_not_widen_the_window(self, opened, qtbot, tmp_path):
        least = opened.minimumSizeHint().width()
        path = tmp_path / f"{'long' * 50}.pth"
        path.write_bytes(b"weights")
        opened.open_paths([str(path)])
        qtbot.waitUntil(lambda: settled(opened) and opened.status_line.file.text().startswith(path.name))
        assert opened.minimumSizeHint().width() <= least
        assert opened.status_line.file.toolTip().startswith(path.name)

    def test_the_tab_of_the_findings_says_how_many_there_are(self, opened, engines, qtbot):
        dock = opened.docks["findings"]
        assert dock.windowTitle() == "Findings"
        engines.latest.behave(findings=said.findings())
        opened.session.run()
        qtbot.waitUntil(lambda: opened.panels.findings.count() == 2 and settled(opened))
        assert dock.windowTitle() == "Findings (2)" == dock.titleBarWidget().findChild(QLabel).text()

    def test_a_closed_panel_comes_back_by_the_view_menu(self, window):
        dock = window.docks["outputs"]
        dock.close()
        dock.toggleViewAction().trigger()
        assert not dock.isHidden()


def test_whether_long_graphs_are_wrapped_is_remembered(opened, settings_file: SettingsFile):
    assert opened.actions_by_name["wrap"].isChecked()
    opened.actions_by_name["wrap"].trigger()
    assert SettingsFile(settings_file.path).current.wrap_long_graphs is False


def test_a_theme_that_was_chosen_is_remembered(window, settings_file: SettingsFile):
    from inspector.gui.theme import theme

    window.actions_by_name["theme_dark"].trigger()
    assert theme().dark
    assert SettingsFile(settings_file.path).current.theme == "dark"
    window.actions_by_name["theme_light"].trigger()
    assert not theme().dark


def test_the_status_line_says_what_is_open_and_how_the_engine_is(opened, qtbot):
    line = opened.status_line
    assert line.file.text() == "digits.pth · state_dict"
    assert "PyTorch 2.9.0 · ready · sandboxed in part" in line.engine.text()
    popover = SandboxPopover(opened.session.state.engine, line)
    told = [label.text() for label in popover.findChildren(QLabel)]
    assert "✓ no network" in told
    assert "– Files can be read wherever you may read: this kernel (5.10) has no Landlock." in told
    popover.deleteLater()
    assert "run 3.1 ms observed · 2.4 ms plain" in line.run.text()


def test_timing_a_file_that_gave_no_model_says_what_it_needs(window: QWidget):
    window.session.profile()
    assert [problem.message for problem in window.session.state.problems] == ["Timing needs a model, and none is open."]


def test_every_widget_that_takes_input_has_a_name_for_tests_and_screen_readers(opened: QWidget, qtbot: QtBot):
    from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QHeaderView

    nameless = [
        f"{type(widget).__name__} {widget.objectName()!r} in {widget.parentWidget().objectName()!r}"
        for widget in opened.findChildren(QWidget)
        if isinstance(widget, QLineEdit | QComboBox | QAbstractButton | QAbstractItemView)
        and not isinstance(widget.parentWidget(), QComboBox)
        and not isinstance(widget, QHeaderView)
        and not isinstance(widget.parentWidget(), QAbstractItemView | QAbstractSpinBox | QLineEdit)
        and "QComboBoxPrivateContainer" not in widget.parentWidget().metaObject().className()
        and not widget.objectName().startswith(("qt_", "ScrollLeftButton", "ScrollRightButton"))
        and not (widget.objectName() and (widget.accessibleName() or isinstance(widget, QAbstractButton)))
    ]
    assert nameless == []
