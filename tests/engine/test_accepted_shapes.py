"""Which sizes a model takes, against plain torch asked for every one."""

import pytest
import torch
from accepted_models import UNet, random_stack, runs
from shape_finder_models import Patches, Reader, sized_cnn
from torch import nn

from inspector.core.size_runs import sizes_in
from inspector.engine.shape_finder.accepted import find_accepted
from inspector.engine.shape_finder.bench import Fed
from inspector.engine.shape_finder.nearest import label_of, nearest_shapes

HIGH = 32


def found(module, *shapes, dtype=torch.float32, **options):
    fill = 0.5 if dtype.is_floating_point else 0
    fed = [Fed(f"x{place}", shape, dtype, fill) for place, shape in enumerate(shapes)]
    return find_accepted(module, fed, seconds=60, **options)


def axis(accepted, role):
    return next(one for one in accepted.axes if one.role == role)


def sizes(accepted, role):
    return sizes_in(axis(accepted, role).runs)


def told_pairs(accepted):
    """Every picture that the answer says runs, height and width."""
    pairs = {(size, size) for size in sizes(accepted, "size")} | set(accepted.pairs)
    if accepted.sides == "free":
        pairs |= {(tall, wide) for tall in sizes(accepted, "height") for wide in sizes(accepted, "width")}
    return pairs


@pytest.mark.parametrize("seed", range(24))
def test_the_squares_that_run_are_those_that_torch_takes(seed):
    module, shape = random_stack(seed)
    accepted = found(module, shape, high=HIGH)
    expected = [side for side in range(1, HIGH + 1) if runs(module, (*shape[:2], side, side))]
    assert [side for side in sizes(accepted, "size") if side <= HIGH] == expected
    assert all(runs(module, (*shape[:2], side, side)) for side in sizes(accepted, "size")[:40])
    assert accepted.complete


@pytest.mark.parametrize("seed", range(0, 24, 5))
def test_pictures_that_are_not_square_are_those_that_torch_takes(seed):
    module, shape = random_stack(seed)
    accepted = found(module, shape, high=20)
    expected = {
        (tall, wide) for tall in range(1, 21) for wide in range(1, 21) if runs(module, (*shape[:2], tall, wide))
    }
    side = shape[2]
    if side > 20:  # what was fed lies beyond the range, and is tried all the same
        expected |= {pair for pair in told_pairs(accepted) if max(pair) > 20}
    assert told_pairs(accepted) == expected


def test_a_network_that_halves_twice_takes_multiples_of_four():
    accepted = found(UNet(2), (1, 1, 16, 16), high=64)
    assert axis(accepted, "size").sentence == "multiples of 4"
    assert "cat" in axis(accepted, "size").why
    assert accepted.sides == "free"


def test_case_b3_says_which_sizes_run_and_which_layer_refuses_the_others():
    accepted = found(sized_cnn(), (1, 3, 32, 32), high=64)
    assert not accepted.runs
    assert accepted.sentence.startswith('28×28 to 29×29: Linear "3" expects 12,544 features.')
    assert "3 channels only" in accepted.sentence
    assert (14, 56) in accepted.pairs
    assert "28×28" in [choice.label for choice in accepted.choices]
    module = sized_cnn()
    assert all(runs(module, choice.shapes[0]) for choice in accepted.choices)


def test_case_d2_takes_no_size_as_it_stands():
    module = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Linear(1600, 10))
    accepted = found(module, (1, 3, 20, 20), high=64)
    assert accepted.choices == ()
    assert accepted.sentence == 'No size from 1×1 to 64×64 runs: Linear "3" expects 1,600 features.'


class Positions(nn.Module):
    """Looks positions up: their number is no shape, so only values refuse more."""

    def __init__(self, most=50):
        super().__init__()
        self.words, self.places = nn.Embedding(20, 8), nn.Embedding(most, 8)

    def forward(self, ids):
        return self.words(ids) + self.places(torch.arange(ids.shape[1], device=ids.device))


@pytest.mark.parametrize("most", [50, 700])
def test_lengths_end_where_the_positions_do(most):
    accepted = found(Positions(most), (1, 8), dtype=torch.int64)
    assert sizes(accepted, "length") == list(range(1, most + 1))
    assert f'Embedding "places" has {most} rows' in axis(accepted, "length").why
    assert axis(accepted, "values").sentence == "integers from 0 to 19"


class Masked(nn.Module):
    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(20, 8)

    def forward(self, ids, mask):
        return self.words(ids) * mask[..., None]


def test_inputs_that_must_be_equally_long_are_varied_together():
    fed = [Fed("ids", (1, 9), torch.int64, 0), Fed("mask", (1, 9), torch.int64, 1)]
    accepted = find_accepted(Masked(), fed, high=30, seconds=60)
    length = axis(accepted, "length")
    assert [(place.input, place.axis) for place in length.places] == [(0, 1), (1, 1)]
    assert sizes_in(length.runs) == list(range(1, 31))
    assert all(a[1] == b[1] for a, b in (choice.shapes for choice in accepted.choices))


def test_batch_norm_wants_two_rows_in_train_mode():
    module = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4))
    batch = axis(found(module, (1, 6)), "batch")
    assert batch.sentence == "any batch, in train mode 2 or more"
    assert "needs more than one value per channel" in batch.why


def test_channels_and_features_are_told_with_the_layer_that_fixes_them():
    assert axis(found(UNet(1), (1, 1, 8, 8), high=16), "channels").sentence == "1 channel only"
    features = axis(found(nn.Linear(12, 3), (1, 12), high=30), "features")
    assert (features.sentence, features.why) == ("12 features only", "Linear expects 12 features")


def test_what_could_not_be_tried_in_time_is_said():
    accepted = find_accepted(UNet(3), [Fed("x", (1, 1, 64, 64), torch.float32)], seconds=0.05)
    assert not accepted.complete
    assert axis(accepted, "size").num_tried < axis(accepted, "size").num_sizes
    assert "multiples of 32 were tried" in accepted.sentence or "no other was tried in the time" in accepted.sentence


def test_where_no_time_is_left_what_was_fed_is_still_told_to_run():
    accepted = find_accepted(UNet(3), [Fed("x", (2, 1, 64, 64), torch.float32)], seconds=0.0)
    assert accepted.runs
    assert axis(accepted, "batch").sentence == "batch 2 (no other was tried in the time)"
    assert all(one.num_tried and one.runs for one in accepted.axes)
    assert "that was tried runs" not in accepted.sentence


def test_a_search_can_be_stopped_between_tries():
    class StopError(Exception):
        pass

    asked = []

    def step():
        asked.append(1)
        if len(asked) > 20:
            raise StopError

    with pytest.raises(StopError):
        find_accepted(sized_cnn(), [Fed("x", (1, 3, 28, 28), torch.float32)], between_steps=step)


NEAREST = {
    "B3": (sized_cnn, (32, 3, 32, 32), (32, 3, 29, 29), "Use 29×29"),
    "U-Net": (lambda: UNet(3), (1, 1, 100, 100), (1, 1, 96, 96), "Use 96×96"),
    "U-Net, wide": (lambda: UNet(3), (1, 1, 100, 140), (1, 1, 96, 136), "Use 96×136"),
    "patches": (Patches, (2, 3, 224, 224), (2, 3, 71, 71), "Use 71×71"),
    "grey": (lambda: nn.Conv2d(3, 4, 3), (1, 1, 32, 32), (1, 3, 32, 32), "Use 3 channels"),
    "channels last": (lambda: nn.Conv2d(3, 4, 3), (1, 40, 30, 3), (1, 3, 40, 30), "Use (1, 3, 40, 30)"),
    "no batch": (sized_cnn, (3, 28, 28), (1, 3, 28, 28), "Use (1, 3, 28, 28)"),
    "width": (lambda: nn.Linear(138, 10), (32, 128), (32, 138), "Use 138 in place of 128"),
    "grey and of another size": (sized_cnn, (1, 1, 30, 30), (1, 3, 29, 29), "Use (1, 3, 29, 29)"),
}


@pytest.mark.parametrize("name", list(NEAREST))
def test_a_wrong_input_gets_the_nearest_that_runs(name):
    make, fed, expected, label = NEAREST[name]
    module = make().eval()
    assert not runs(module, fed) or name == "no batch"
    shapes = nearest_shapes(module, [Fed("x", fed, torch.float32)])
    assert shapes == (expected,)
    assert label_of((fed,), shapes) == label
    assert runs(module, expected)


@pytest.mark.parametrize("seed", range(6))
def test_no_square_nearer_than_the_nearest_runs(seed):
    module, shape = random_stack(seed)
    fed = (1, shape[1], 33, 33)
    if runs(module, fed):
        return
    shapes = nearest_shapes(module, [Fed("x", fed, torch.float32)])
    others = [side for side in range(1, 80) if runs(module, (1, shape[1], side, side))]
    assert abs(shapes[0][2] - 33) == min(abs(side - 33) for side in others)


def test_too_long_a_text_gets_the_longest():
    assert nearest_shapes(Positions(50), [Fed("ids", (1, 64), torch.int64, 0)]) == ((1, 50),)


def test_nothing_is_offered_where_nothing_runs():
    module = nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Linear(1600, 10))
    assert nearest_shapes(module, [Fed("x", (1, 3, 20, 20), torch.float32)]) is None


def test_positions_of_a_fixed_length_are_found():
    accepted = found(Reader(), (1, 8), dtype=torch.int64)
    assert sizes(accepted, "length") == [1, 8]  # one word's row is added to each of the eight
