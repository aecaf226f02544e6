"""What each answer does to the state; pure, without a window."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from inspector.client import fake_evaluation as evaluated
from inspector.client import fake_messages as said
from inspector.client.base import EngineEnded, Reply
from inspector.gui import asking, updates
from inspector.gui.state import ComparisonState, Progress, WindowState
from inspector.protocol.base import ArrayRef
from inspector.protocol.evaluation import LabelRule
from inspector.protocol.events import (
    EvaluationProgressed,
    FileDescribed,
    FindingsFound,
    GraphCaptured,
    ImagesDecoded,
    InputPrepared,
    OutputsComputed,
    Progressed,
    RequestCancelled,
    RequestFailed,
    RequestFinished,
)
from inspector.protocol.files import Mend
from inspector.protocol.inputs import ImageInput, NamedInput, Preprocess, RandomInput
from inspector.protocol.tensors import TensorPlace


def after(state: WindowState, request_id: int, *events) -> WindowState:
    for event in events:
        state = updates.apply_event(state, Reply(request_id, event))
    return state


def loaded() -> WindowState:
    state = asking.asked(asking.opening(WindowState(), "/m.pth", "/m.py", "", {}), 1, "load")
    return after(state, 1, said.model("/m.pth", "/m.py", ""), RequestFinished())


def ran() -> WindowState:
    state = asking.asked(asking.running(loaded()), 2, "run")
    graph = GraphCaptured(graph=said.graph(), failure=None, captured_s=0.1)
    return after(state, 2, graph, OutputsComputed(outputs=(said.output(),)), RequestFinished())


def test_an_output_with_one_value_an_item_is_read_item_by_item():
    ages = msgspec.structs.replace(
        said.output(), shape=(3,), array=said.inline(np.array([31.0, 7.5, 64.0], np.float32)), per_item=True
    )
    state = after(asking.asked(ran(), 3, "run"), 3, OutputsComputed(outputs=(ages,)))
    assert state.run.outputs[0].values.tolist() == [[31.0], [7.5], [64.0]]


def test_the_engine_tells_its_devices_when_it_is_ready():
    state = updates.apply_event(WindowState(), said.ready_reply())
    assert state.engine.phase == "ready"
    assert [device.name for device in state.engine.devices] == ["cpu", "cuda:0"]
    assert "no network" in state.engine.sandbox


def test_an_answer_to_an_old_request_is_dropped():
    state = asking.asked(asking.asked(loaded(), 2, "run"), 3, "run")
    assert after(state, 2, GraphCaptured(graph=said.graph(), failure=None, captured_s=0.1)) is state
    newer = after(state, 3, GraphCaptured(graph=said.graph(), failure=None, captured_s=0.1))
    assert newer.run.graph == said.graph()


def test_an_answer_that_nobody_asked_for_is_dropped():
    state = loaded()
    assert after(state, 99, FileDescribed(description=said.description("/other.pth"))) is state


def test_opening_another_file_makes_all_answers_about_the_last_one_stale():
    state = asking.asked(asking.running(loaded()), 2, "run")
    state = asking.asked(asking.opening(state, "/other.pth", "", "", {}), 3, "load")
    assert after(state, 2, GraphCaptured(graph=said.graph(), failure=None, captured_s=0.1)).run.graph is None


def test_a_model_that_was_loaded_brings_its_preprocessing_and_class_names():
    state = loaded()
    assert state.model is not None
    assert not state.loading
    assert state.preprocess.channels == 1
    assert state.class_names == tuple("0123456789")


def test_a_model_that_was_reopened_keeps_what_was_set():
    state = replace(loaded(), class_names=("zero", "one"), preprocess=Preprocess(height=99, width=99))
    state = asking.asked(asking.reopening(state), 5, "reload")
    state = after(state, 5, said.model("/m.pth", "/m.py", ""), RequestFinished())
    assert state.class_names == ("zero", "one")
    assert state.preprocess.height == 99


@pytest.mark.parametrize(
    "ask",
    [
        asking.reopening,
        lambda state: asking.choosing(state, "Other", {}),
        lambda state: asking.mending(state, Mend(name="transpose", label="")),
    ],
    ids=["reloaded", "of another class", "mended"],
)
def test_what_was_under_way_with_a_model_is_over_when_it_is_loaded_again(ask):
    state = asking.asked(asking.evaluating(asking.running(ran()), {}), 3, "evaluate")
    state = asking.asked(asking.fetching(state, TensorPlace(role="output", node=4)), 4, "tensor")
    compared = ComparisonState(begun=True, path="/b.pth", running=True, other=said.model("/b.pth", "", ""))
    state = asking.asked(ask(replace(state, comparison=compared)), 5, "load")
    assert (state.run.running, state.evaluation.running, state.tensor.fetching) == (False, False, False)
    assert state.comparison == ComparisonState(begun=True, path="/b.pth"), "the engine has that model no more"
    assert state.pending == {5: "load"}
    assert state.loading


@pytest.mark.parametrize("concern", ["run", "gradients", "compare", "compare_folder"])
def test_an_answer_about_a_tensor_is_stale_once_the_engine_lets_go_of_it(concern):
    state = asking.asked(asking.fetching(ran(), TensorPlace(role="output", node=4)), 3, "tensor")
    assert list(asking.asked(state, 4, concern).pending) == [4]


def test_consent_and_entry_end_the_load_and_wait_for_the_user():
    state = asking.asked(asking.opening(WindowState(), "/m.pth", "", "", {}), 1, "load")
    asked = after(state, 1, said.consent("/m.pth"), RequestFinished())
    assert asked.consent is not None
    assert not asked.loading
    declined = asking.declining(asked)
    assert declined.consent is None
    assert declined.declined
    chosen = after(state, 1, said.entry_needed(), RequestFinished())
    assert chosen.entry_needed is not None


def test_floating_outputs_arrive_as_float64():
    output = ran().run.outputs[0]
    assert output.values.dtype == np.float64
    assert output.values.shape == (1, 10)


def test_a_forward_that_raised_keeps_the_graph_up_to_it_and_has_no_outputs():
    state = asking.asked(asking.running(ran()), 3, "run")
    broken = GraphCaptured(graph=said.graph(up_to=10), failure=said.failure(), captured_s=0.1)
    state = after(state, 3, broken, RequestFinished())
    assert state.run.failure is not None
    assert state.run.graph is not None
    assert len(state.run.graph.nodes) == 11
    assert state.run.outputs == ()
    assert not state.run.running


def test_a_request_that_failed_says_so_in_its_place():
    state = asking.asked(asking.running(ran()), 3, "run")
    state = after(state, 3, RequestFailed(message="No such device.", fix="Choose cpu.", traceback="…"))
    assert [(one.place, one.message, one.fix) for one in state.problems] == [("run", "No such device.", "Choose cpu.")]
    assert state.run.graph is not None, "the graph of the run before stays"
    assert state.run.outputs == (), "its outputs would be taken for this run's"
    again = asking.running(state)
    assert again.problems == ()


def test_the_selected_node_is_found_again_in_the_next_run():
    state = asking.asked(asking.running(asking.select_node(ran(), 4)), 3, "run")
    graph = said.graph()
    moved = replace_nodes(graph)
    state = after(state, 3, GraphCaptured(graph=moved, failure=None, captured_s=0.1))
    assert state.selected_node is not None
    assert moved.nodes[state.selected_node].fqn == "block.conv1"


def replace_nodes(graph):
    import msgspec

    first = msgspec.structs.replace(graph.nodes[0], id=0)
    rest = [msgspec.structs.replace(node, id=node.id + 1) for node in graph.nodes]
    return msgspec.structs.replace(graph, nodes=(first, *rest))


def test_findings_go_to_the_run_or_to_the_evaluation_by_their_request():
    state = asking.asked(ran(), 3, "evaluate")
    state = after(state, 3, FindingsFound(findings=said.findings()))
    assert state.evaluation.findings.findings
    assert not state.run.findings.findings


def test_evaluation_grows_without_changing_what_was_shown_before():
    state = asking.scanning(loaded(), "/test", LabelRule())
    state = after(asking.asked(state, 3, "scan"), 3, evaluated.scan("/test", LabelRule()), RequestFinished())
    state = asking.asked(asking.evaluating(state, state.evaluation.mapping), 4, "evaluate")
    snapshots = []
    for start in range(0, 40, 10):
        indices = np.arange(start, start + 10, dtype=np.int64)
        ref, outputs = evaluated.evaluation_batch(indices)
        step = EvaluationProgressed(done=start + 10, total=40, images_per_s=9.0, indices=ref, outputs=outputs)
        state = after(state, 4, step)
        snapshots.append((state.evaluation.indices, state.evaluation.indices.copy()))
    assert state.evaluation.outputs.shape == (40, 10)
    assert state.evaluation.indices.tolist() == list(range(40))
    assert state.progress == Progress(4, "Evaluating", 40, 40)
    for shown, copied in snapshots:
        assert np.array_equal(shown, copied)
    state = after(state, 4, evaluated.evaluation_finished(40), RequestFinished())
    assert state.evaluation.finished is not None
    assert not state.evaluation.running
    assert state.progress is None


def test_more_images_than_announced_still_fit():
    rows = np.zeros((0, 0), np.float32)
    rows = updates._grown(rows, np.ones((3, 2), np.float32), 2)
    rows = updates._grown(rows, np.full((4, 2), 2, np.float32), 2)
    assert rows[:, 0].tolist() == [1, 1, 1, 2, 2, 2, 2]


def test_thumbnails_are_bounded_and_the_oldest_leave():
    state = WindowState()
    picture = said.inline(np.zeros((2, 2, 3), np.uint8))
    for start in range(0, updates.MAX_THUMBNAILS + 40, 20):
        paths = tuple(f"{index}.png" for index in range(start, start + 20))
        state = asking.asked(state, start + 1, "thumbnails")
        state = after(state, start + 1, ImagesDecoded(paths=paths, pictures=(picture,) * 19 + (None,)))
    assert len(state.thumbnails) == updates.MAX_THUMBNAILS
    assert "0.png" not in state.thumbnails
    assert state.thumbnails["639.png"] is None


def test_an_array_of_a_lying_engine_is_a_problem_and_no_crash():
    state = asking.asked(loaded(), 2, "preview")
    lying = ArrayRef(shape=(4, 4, 3), dtype="uint8", offset=12)
    state = after(state, 2, InputPrepared(shape=(1,), dtype="float32", statistics=None, picture=lying))
    assert state.preview is None
    assert state.problems[0].place == "engine"


def test_what_waits_in_line_is_not_told_as_what_is_under_way():
    state = updates.apply_event(ran(), said.ready_reply())
    state = asking.asked(asking.evaluating(state, {}), 3, "evaluate")
    state = asking.asked(asking.running(state), 4, "run")
    assert state.progress == Progress(3, "Evaluating"), "stopping would stop the run, which has not begun"
    state = after(state, 3, Progressed(what="Evaluating", done=4, total=40))
    assert state.progress == Progress(3, "Evaluating", 4, 40)
    state = after(state, 3, RequestFinished())
    assert state.progress == Progress(4, "Running")
    assert state.engine.phase == "busy"
    state = after(state, 4, RequestFinished())
    assert (state.progress, state.engine.phase) == (None, "ready")


def test_progress_shows_what_is_done_and_ends_with_the_request():
    state = asking.asked(asking.running(loaded()), 2, "run")
    assert state.progress == Progress(2, "Running")
    state = after(state, 2, Progressed(what="Warming", done=1, total=3))
    assert state.progress == Progress(2, "Warming", 1, 3)
    assert after(state, 2, RequestCancelled()).progress is None


def test_an_engine_that_ended_leaves_what_was_computed():
    state = asking.asked(asking.running(ran()), 3, "run")
    state = updates.engine_ended(state, EngineEnded("It aborted.", "log"))
    assert state.engine.phase == "ended"
    assert state.engine.sentence == "It aborted."
    assert state.run.graph is not None
    assert not state.run.running
    assert state.progress is None
    assert state.pending == {}


def test_pictures_take_the_place_of_the_argument_that_takes_pictures():
    state = asking.with_images(loaded(), ("a.png",))
    (given,) = state.settings.inputs
    assert given.name == "x"
    assert given.source == ImageInput(paths=("a.png",), preprocess=state.preprocess)


def test_another_preprocessing_reaches_the_pictures_that_are_fed():
    state = asking.with_preprocess(asking.with_images(loaded(), ("a.png",)), Preprocess(height=4, width=4))
    source = state.settings.inputs[0].source
    assert isinstance(source, ImageInput)
    assert source.preprocess.height == 4


@pytest.mark.parametrize("number", [0, 1])
def test_a_finding_is_applied_to_the_input_or_to_the_preprocessing(number: int):
    import msgspec

    finding = said.findings().findings[0]
    if number == 0:
        assert asking.with_finding_applied(loaded(), finding).preprocess == finding.apply_preprocess
        return
    shape = RandomInput(shape=(1, 1, 28, 28))
    finding = msgspec.structs.replace(finding, apply_preprocess=None, apply_input=shape)
    assert asking.with_finding_applied(loaded(), finding).settings.inputs == (NamedInput(source=shape, name="x"),)
