import threading

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.metrics import accuracy_score, confusion_matrix
from torch import nn

from inspector.core.heads import predicted
from inspector.engine.capture import capture_forward, unchanged
from inspector.engine.errors import Cancelled, EngineError
from inspector.engine.evaluation import evaluate
from inspector.engine.evaluation.cores import takes_turns, threads_beside
from inspector.engine.evaluation.decoding import Plan, stream_batches
from inspector.engine.evaluation.pixels import to_batch, to_pixels
from inspector.engine.inputs.images import open_image, preprocess_image
from inspector.protocol.base import ArrayRef
from inspector.protocol.events import EvaluationFinished, EvaluationProgressed, FolderScanned
from inspector.protocol.inputs import Preprocess
from inspector.protocol.requests import Evaluate

GREY8 = Preprocess(height=8, width=8, channels=1)


class Brightness(nn.Module):
    """Three classes by mean brightness: below 1/3, below 2/3, above; logits."""

    def forward(self, x):
        mean = x.flatten(1).mean(1, keepdim=True)
        return -50 * (mean - torch.tensor([1 / 6, 0.5, 5 / 6])) ** 2


def write_grey(path, level, side=8):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.full((side, side), level, np.uint8)).save(path)


LEVELS = {0: 40, 1: 127, 2: 220}


def write_matrix(root, matrix, names):
    """A folder on which Brightness gives just that matrix."""
    for row, name in enumerate(names):
        for column, count in enumerate(matrix[row]):
            for index in range(count):
                write_grey(root / name / f"{column}_{index}.png", LEVELS[column])


class Told:
    """All events of one evaluation, with their arrays."""

    def __init__(self, cancel_after=None):
        self.events = []
        self.cancel_after = cancel_after

    def emit(self, event):
        self.events.append(event)

    def put(self, array):
        return ArrayRef(shape=array.shape, dtype=str(array.dtype), inline=array.tobytes())

    def between_steps(self):
        done = self.of(EvaluationProgressed)
        if self.cancel_after is not None and done and done[-1].done >= self.cancel_after:
            raise Cancelled

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]

    def rows(self):
        progressed = self.of(EvaluationProgressed)
        indices = [np.frombuffer(e.indices.inline, np.int64) for e in progressed]
        outputs = [np.frombuffer(e.outputs.inline, np.float32).reshape(e.outputs.shape) for e in progressed]
        return np.concatenate(indices), np.concatenate(outputs)


def run(module, folder, graph=None, told=None, **options):
    told = told or Told()
    options.setdefault("preprocess", GREY8)
    context = evaluate(
        module,
        graph,
        Evaluate(folder=str(folder), **options),
        emit=told.emit,
        put=told.put,
        between_steps=told.between_steps,
    )
    return context, told


def graph_of(module, x):
    with unchanged(module, mode="eval", seed=0):
        return capture_forward(module, (x,), {}).graph


def test_case_e5_comes_out_of_a_real_folder_with_the_figures_written_there(tmp_path):
    matrix = [[84, 3, 0], [2, 78, 0], [0, 0, 6]]
    write_matrix(tmp_path, matrix, ("a", "b", "c"))
    context, told = run(Brightness(), tmp_path, workers=2)
    finished = context.finished
    assert [list(row) for row in finished.matrix] == matrix
    assert finished.accuracy == pytest.approx(0.9711, abs=5e-5)
    assert [c.recall for c in finished.per_class] == pytest.approx([0.9655, 0.9750, 1], abs=5e-5)
    assert [c.precision for c in finished.per_class] == pytest.approx([0.9767, 0.9630, 1], abs=5e-5)
    assert isinstance(told.events[0], FolderScanned)
    assert told.events[-1] is finished
    assert (finished.num_images, finished.outside, finished.cancelled) == (173, (0, 0, 0), False)


def test_outputs_are_those_of_a_plain_loop_in_the_order_of_the_images(tmp_path):
    rng = np.random.default_rng(0)
    for index in range(37):
        path = tmp_path / f"c{index % 3}" / f"{index}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(rng.integers(0, 255, (8, 8, 3), np.uint8)).save(path)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(288, 3)).train()
    preprocess = Preprocess(height=8, width=8, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))
    before = {name: value.clone() for name, value in model.state_dict().items()}
    context, told = run(model, tmp_path, batch_size=5, workers=3, preprocess=preprocess)
    indices, outputs = told.rows()
    assert indices.tolist() == list(range(37))
    np.testing.assert_array_equal(outputs, context.outputs)
    assert model.training
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    batch = torch.stack(
        [torch.from_numpy(preprocess_image(open_image(i.path), preprocess)) for i in context.scan.images]
    )
    expected = model.eval()(batch).detach().numpy()
    np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
    true = [image.label for image in context.scan.images]
    claimed = predicted(expected, context.head)
    np.testing.assert_array_equal(context.finished.matrix, confusion_matrix(true, claimed, labels=[0, 1, 2]))
    assert context.finished.accuracy == pytest.approx(accuracy_score(true, claimed), abs=1e-9)


def test_a_broken_image_is_skipped_and_counted_and_the_rest_goes_on(tmp_path):
    write_matrix(tmp_path, [[3, 0, 0], [0, 3, 0], [0, 0, 0]], ("a", "b", "c"))
    (tmp_path / "a" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nnothing")
    context, told = run(Brightness(), tmp_path, batch_size=2)
    assert context.finished.num_images == 6
    assert [skip.path.rpartition("/")[2] for skip in context.finished.skipped] == ["broken.png"]
    assert told.of(EvaluationProgressed)[-1].done == 7


def test_cancelling_keeps_what_was_counted_and_leaves_no_thread(tmp_path):
    write_matrix(tmp_path, [[200, 0, 0], [0, 200, 0], [0, 0, 0]], ("a", "b", "c"))

    class Slow(Brightness):
        # Longer than the time between two messages, so that the first is told before the folder is done.
        def forward(self, x):
            for _ in range(60):
                torch.linalg.svdvals(torch.ones(60, 60))
            return super().forward(x)

    context, told = run(Slow(), tmp_path, told=Told(cancel_after=1), batch_size=4)
    finished = told.of(EvaluationFinished)[0]
    assert finished.cancelled
    assert 0 < finished.num_images < 400
    assert sum(map(sum, finished.matrix)) == finished.num_images == len(context.outputs)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("decode")]


def test_a_mapping_is_followed_and_outputs_without_a_class_count_outside(tmp_path):
    write_matrix(tmp_path, [[4, 0, 1], [0, 3, 0]], ("dark", "middle"))
    finished = run(Brightness(), tmp_path)[0].finished
    assert finished.matrix == ((4, 0), (0, 3))
    assert finished.outside == (1, 0)
    swapped = run(Brightness(), tmp_path, mapping={"dark": 1, "middle": 0})[0].finished
    assert swapped.matrix == ((0, 4), (3, 0))
    assert run(Brightness(), tmp_path, mapping={"dark": 2})[0].mapping == {"dark": 2, "middle": 1}
    with pytest.raises(EngineError, match='"dark" is mapped to output 9'):
        run(Brightness(), tmp_path, mapping={"dark": 9, "middle": 0})


def test_class_names_of_the_model_give_the_mapping(tmp_path):
    write_matrix(tmp_path, [[2, 0, 0], [0, 2, 0], [0, 0, 2]], ("zz_dark", "middle", "bright"))
    model = Brightness()
    graph = graph_of(model, torch.rand(1, 1, 8, 8))
    context = run(model, tmp_path, graph=graph, class_names=("ZZ dark", "Middle", "Bright"))[0]
    assert context.mapping == {"bright": 2, "middle": 1, "zz_dark": 0}
    assert context.finished.accuracy == 1


@pytest.mark.parametrize("ending", [nn.Identity(), nn.Sigmoid()])
def test_one_column_tells_two_classes_apart(tmp_path, ending):
    for index in range(4):
        write_grey(tmp_path / "no" / f"{index}.png", 20)
        write_grey(tmp_path / "yes" / f"{index}.png", 230)
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 1), ending)
    nn.init.constant_(model[1].weight, 0.2)
    nn.init.constant_(model[1].bias, -6.0)
    context = run(model, tmp_path, graph=graph_of(model, torch.rand(1, 1, 8, 8)))[0]
    assert context.finished.matrix == ((4, 0), (0, 4))
    assert context.mapping == {"no": 0, "yes": 1}
    read_as = context.finished.head.kind
    assert read_as == ("regression" if isinstance(ending, nn.Identity) else "independent_probabilities")
    assert bool(context.finished.notes) == (read_as == "regression")


@pytest.mark.parametrize(
    ("forward", "said"),
    [
        (lambda x: x, r"one row of classes for each"),
        (lambda x: x.reshape(-1, 8), r"gave 32 rows"),
        (lambda x: x.flatten(1).argmax(1), r"int64 values"),
        (lambda x: "text", r"no tensor"),
        (lambda x: x.flatten(1) @ torch.ones(9, 2), r"failed on a batch of 4 images, each \(1, 8, 8\)"),
    ],
)
def test_an_output_that_is_no_row_of_classes_gets_a_sentence(tmp_path, forward, said):
    write_matrix(tmp_path, [[2, 0, 0], [0, 2, 0]], ("a", "b"))

    class Odd(nn.Module):
        def forward(self, x):
            return forward(x)

    with pytest.raises(EngineError, match=said):
        run(Odd(), tmp_path)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda y: {"features": y.sum(), "logits": y},
        lambda y: (y[:, :, None, None], y.sum(1)),
        lambda y: [y.double()],
        lambda y: y.bfloat16(),
    ],
)
def test_rows_are_found_in_dicts_tuples_and_behind_sizes_of_one(tmp_path, wrap):
    write_matrix(tmp_path, [[2, 0, 0], [0, 2, 0], [0, 0, 2]], ("a", "b", "c"))

    class Wrapped(Brightness):
        def forward(self, x):
            return wrap(super().forward(x))

    assert run(Wrapped(), tmp_path)[0].finished.accuracy == 1


def test_the_operation_that_folds_the_batch_is_named(tmp_path):
    write_matrix(tmp_path, [[2, 0, 0], [0, 2, 0]], ("a", "b"))

    class Folding(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(8, 2)

        def forward(self, x):
            return self.fc(x.reshape(-1, 8))

    model = Folding()
    with pytest.raises(EngineError, match="folded into the batch, at reshape"):
        run(model, tmp_path, graph=graph_of(model, torch.rand(1, 1, 8, 8)))


def test_images_of_several_sizes_are_run_in_batches_of_one_size(tmp_path):
    for index, side in enumerate((8, 12, 8, 12, 16, 8)):
        write_grey(tmp_path / ("a", "b")[index % 2] / f"{index}.png", 40 if index % 2 == 0 else 127, side)
    context = run(Brightness(), tmp_path, preprocess=Preprocess(channels=1, resize="none"))[0]
    assert context.finished.matrix == ((3, 0), (0, 3))
    assert sorted(context.indices.tolist()) == list(range(6))


def test_a_preprocessing_that_can_not_be_is_refused_once_and_not_per_image(tmp_path):
    write_matrix(tmp_path, [[2, 0, 0], [0, 2, 0]], ("a", "b"))
    with pytest.raises(EngineError, match="std"):
        run(Brightness(), tmp_path, preprocess=Preprocess(height=8, width=8, channels=1, std=(0.0,)))


def test_an_empty_folder_finishes_with_no_figures(tmp_path):
    context, told = run(Brightness(), tmp_path)
    assert context.finished.num_images == 0
    assert context.finished.accuracy is None
    assert context.finished.expected_calibration_error is None
    assert context.scan.problems == ("The folder holds no pictures.",)
    assert len(told.events) == 2


def test_a_model_that_views_its_input_survives_the_trial_of_channels_last(tmp_path):
    for index in range(300):
        path = tmp_path / f"c{index % 2}" / f"{index}.png"
        path.parent.mkdir(exist_ok=True)
        Image.new("RGB", (8, 8), (index % 256, 0, 0)).save(path)

    class Viewing(nn.Module):
        def forward(self, x):
            return x.view(len(x), -1)[:, :2]

    context = run(Viewing(), tmp_path, preprocess=Preprocess(height=8, width=8))[0]
    assert context.finished.num_images == 300
    convolving = nn.Sequential(nn.Conv2d(3, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    context = run(convolving, tmp_path, preprocess=Preprocess(height=8, width=8))[0]
    images = [preprocess_image(open_image(i.path), Preprocess(height=8, width=8)) for i in context.scan.images]
    expected = convolving(torch.from_numpy(np.stack(images))).detach().numpy()
    np.testing.assert_allclose(context.outputs, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    "preprocess",
    [
        Preprocess(height=8, width=8),
        Preprocess(height=6, width=10, channels=1, mean=(0.3,), std=(0.7,)),
        Preprocess(height=8, width=8, channels=4, scale="byte", resize="pad"),
        Preprocess(height=9, width=5, channel_order="BGR", mean=(1.0, 2.0, 3.0), std=(3.0, 5.0, 7.0), resize="stretch"),
        Preprocess(height=8, width=8, layout="NHWC", std=(0.2, 0.3, 0.4)),
        Preprocess(layout="NHWC", channels=1, resize="none"),
    ],
)
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "P", "I;16"])
def test_a_folder_is_preprocessed_bit_for_bit_as_one_image_is(preprocess, mode):
    rng = np.random.default_rng(0)
    if mode == "I;16":
        image = Image.fromarray(rng.integers(0, 65535, (12, 10), np.uint16))
    else:
        image = Image.fromarray(rng.integers(0, 255, (12, 10, 4), np.uint8)).convert(mode)
    batch = to_batch([to_pixels(image, preprocess)] * 2, preprocess)
    np.testing.assert_array_equal(batch[1], preprocess_image(image, preprocess))


def test_torch_leaves_the_cores_that_decoding_keeps_busy():
    assert threads_beside(0.1, 2, 2) == 2
    assert threads_beside(0.9, 2, 2) == 1
    assert threads_beside(7.0, 4, 8) == 1
    assert threads_beside(0.9, 16, 16) == 15
    assert threads_beside(99.0, 1, 1) == 1


def test_decoding_and_the_model_take_turns_on_few_cores_unless_pictures_are_small():
    assert takes_turns(Preprocess(height=224, width=224), 2)
    assert takes_turns(Preprocess(height=None, width=None), 1)
    assert not takes_turns(Preprocess(height=28, width=28), 2)
    assert not takes_turns(Preprocess(height=224, width=224), 8)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_a_batch_in_plain_order_holds_the_same_values(channels):
    preprocess = Preprocess(
        height=6, width=5, channels=channels, channel_order="BGR", mean=(0.5,) * channels, std=(0.25,) * channels
    )
    pictures = [np.random.default_rng(seed).integers(0, 256, (6, 5, channels), np.uint8) for seed in range(3)]
    last, plain = to_batch(pictures, preprocess), to_batch(pictures, preprocess, plain_order=True)
    assert plain.flags.c_contiguous
    assert np.array_equal(plain, last)


def test_batches_decoded_in_turn_are_those_decoded_ahead(tmp_path):
    rng = np.random.default_rng(0)
    for index in range(11):
        side = 8 if index % 4 else 9
        Image.fromarray(rng.integers(0, 256, (side, side, 3), np.uint8)).save(tmp_path / f"{index:02}.png")
    (tmp_path / "05.png").write_bytes(b"no picture")
    paths = [str(path) for path in sorted(tmp_path.iterdir())]
    ahead, in_turn = (
        list(stream_batches(paths, Preprocess(height=None, width=None), plan, between_steps=lambda: None))
        for plan in (Plan(batch_size=4, workers=2), Plan(batch_size=4, workers=2, in_turn=True))
    )
    assert [batch.count for batch in in_turn] == [4, 4, 3]
    for one, other in zip(ahead, in_turn, strict=True):
        assert one.skipped == other.skipped
        assert [stack.indices.tolist() for stack in one.stacks] == [stack.indices.tolist() for stack in other.stacks]
        assert all(np.array_equal(a.values, b.values) for a, b in zip(one.stacks, other.stacks, strict=True))
