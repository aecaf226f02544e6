import copy
import re

import pytest
import torch
from shape_finder_models import AlexNetLike, Digits, LeNet, Patches, Reader, Recurrent, TwoInputs, sized_cnn
from torch import nn

from inspector.engine.capture import capture_forward, unchanged
from inspector.engine.diagnosis import suggest_fix


def failing(module, *args, mode="eval", **kwargs):
    with unchanged(module, mode=mode, seed=0):
        captured = capture_forward(module, args, kwargs)
        assert captured.failure is not None, "this was meant to fail"
        return suggest_fix(module, captured.graph, captured.failure, args, kwargs)


def runs(module, *args, mode="eval"):
    with unchanged(module, mode=mode, seed=0), torch.no_grad():
        return module(*args)


def without_flatten():
    """Case D2."""
    return nn.Sequential(nn.Conv2d(3, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Linear(1600, 10))


def test_b2_names_both_numbers_and_each_of_them_mends_it():
    module = nn.Linear(138, 10)
    assert failing(module, torch.randn(32, 128)) == "Set in_features=128, or feed 138 features."
    assert runs(nn.Linear(128, 10), torch.randn(32, 128)).shape == (32, 10)
    assert runs(module, torch.randn(32, 138)).shape == (32, 10)


def test_b2_inside_a_sequential_names_the_layer():
    assert failing(nn.Sequential(nn.Linear(138, 10)), torch.randn(2, 128)) == (
        'Set in_features=128 in Linear "0", or feed 138 features.'
    )


def test_b3_needs_28_by_28_or_16384_features():
    module = sized_cnn()
    fix = failing(module, torch.randn(32, 3, 32, 32))
    assert 'Linear "3" expects 12,544 = 64·14·14 features' in fix
    assert "28×28" in fix
    assert "in_features=16384" in fix
    assert runs(module, torch.randn(32, 3, 28, 28)).shape == (32, 10)
    module[3] = nn.Linear(16384, 10)
    assert runs(module, torch.randn(32, 3, 32, 32)).shape == (32, 10)


def test_d2_inserts_flatten_and_says_what_20_and_18_give():
    fix = failing(without_flatten(), torch.randn(1, 3, 20, 20))
    assert fix == (
        'Insert nn.Flatten() before Linear "3": Linear acts on the last axis; 20×20 then gives 1,600 features.'
    )
    mended = without_flatten()
    mended.insert(3, nn.Flatten())
    assert runs(mended, torch.randn(1, 3, 20, 20)).shape == (1, 10)
    fix = failing(without_flatten(), torch.randn(1, 3, 18, 18))
    assert "nn.Flatten()" in fix
    assert "1,296" in fix
    assert "20×20" in fix
    fix = failing(mended, torch.randn(1, 3, 18, 18))
    assert "1,600 = 16·10·10" in fix
    assert "20×20" in fix
    assert "in_features=1296" in fix


def test_b5_names_the_missing_batch_dimension():
    module = sized_cnn()
    fix = failing(module, torch.randn(3, 28, 28))
    assert "missing batch dimension" in fix
    assert "(1, 3, 28, 28)" in fix
    assert runs(module, torch.randn(3, 28, 28).unsqueeze(0)).shape == (1, 10)
    both = failing(module, torch.randn(3, 32, 32))
    assert "missing batch dimension" in both
    assert "28×28" in both


@pytest.mark.parametrize(
    ("make", "shape", "size"),
    [
        (LeNet, (2, 3, 40, 40), "32×32"),
        (Digits, (1, 1, 28, 28), "8×8"),
        (AlexNetLike, (1, 3, 224, 224), "256×256"),
        (Patches, (1, 3, 224, 224), "64×64"),
        (
            lambda: nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(start_dim=1), nn.Linear(4 * 100, 2)),
            (5, 3, 9, 9),
            "12×12",
        ),
    ],
)
def test_a_picture_of_the_wrong_size_is_told_the_right_one_and_it_runs(make, shape, size):
    module = make()
    fix = failing(module, torch.randn(shape))
    assert size in fix
    side = int(size.split("×")[0])
    runs(module, torch.randn(*shape[:2], side, side))


def test_a_line_of_the_wrong_length_is_told_the_right_one():
    module = nn.Sequential(nn.Conv1d(2, 4, 5), nn.Flatten(), nn.Linear(4 * 96, 3))
    fix = failing(module, torch.randn(3, 2, 64))
    assert "length 100" in fix
    assert "in_features=240" in fix


def test_layers_that_do_not_fit_each_other_name_the_one_to_change():
    module = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(20, 3))
    fix = failing(module, torch.randn(4, 10))
    assert 'Set in_features=16 in Linear "2"' in fix
    module[2] = nn.Linear(16, 3)
    runs(module, torch.randn(4, 10))
    convs = nn.Sequential(nn.Conv2d(3, 16, 3), nn.Conv2d(8, 4, 3))
    fix = failing(convs, torch.randn(1, 3, 16, 16))
    assert 'Set in_channels=16 in Conv2d "1"' in fix


def test_grey_for_colour_and_channels_last_are_told_apart():
    module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.AdaptiveAvgPool2d(1))
    fix = failing(module, torch.randn(2, 1, 16, 16))
    assert "Feed 3 channels instead of 1" in fix
    assert "in_channels=1" in fix
    fix = failing(module, torch.randn(2, 16, 16, 3))
    assert "channels come last" in fix
    assert "(2, 3, 16, 16)" in fix
    assert "permute(0, 3, 1, 2)" in fix


def test_channels_that_can_not_be_split_into_its_groups_are_not_offered_to_a_convolution():
    module = nn.Sequential(nn.Conv2d(4, 8, 3, groups=2), nn.AdaptiveAvgPool2d(1))
    assert failing(module, torch.randn(2, 3, 16, 16)) == "Feed 4 channels instead of 3."


def test_a_layer_is_not_blamed_for_features_that_were_made_behind_it():
    class Joined(nn.Module):
        def __init__(self):
            super().__init__()
            self.wide, self.narrow, self.fc = nn.Linear(10, 12), nn.Linear(12, 6), nn.Linear(8, 2)

        def forward(self, x):
            x = self.narrow(self.wide(x))
            return self.fc(torch.cat([x, x], 1))

    assert "the layer before gives 12, not 8" in failing(Joined(), torch.randn(3, 10))


def test_indices_beyond_an_embedding_and_floats_for_one():
    module = Reader()
    fix = failing(module, torch.tensor([[1, 2, 3, 73, 4, 5, 6, 7]]))
    assert "0 to 49" in fix
    assert "73" in fix
    fix = failing(module, torch.rand(1, 8))
    assert "integers" in fix
    assert "int64" in fix


def test_a_half_model_with_float_input_and_the_other_way_round():
    module = nn.Sequential(nn.Linear(4, 2)).half()
    fix = failing(module, torch.randn(3, 4))
    assert "float16 instead of float32" in fix
    runs(module, torch.randn(3, 4).half())
    assert "float32 instead of float64" in failing(nn.Linear(4, 2), torch.randn(3, 4).double())
    assert "float32 instead of int64" in failing(nn.Conv2d(3, 2, 3), torch.ones(1, 3, 8, 8, dtype=torch.int64))


def test_d4_a_batch_of_one_in_train_mode():
    module = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3))
    fix = failing(module, torch.randn(1, 4), mode="train")
    assert "batch of 2" in fix
    assert "eval" in fix
    runs(module, torch.randn(2, 4), mode="train")
    runs(module, torch.randn(1, 4))


def test_a_picture_smaller_than_the_kernels_is_told_the_least_size():
    module = nn.Sequential(nn.Conv2d(3, 4, 5), nn.MaxPool2d(2), nn.Conv2d(4, 4, 5), nn.AdaptiveAvgPool2d(1))
    fix = failing(module, torch.randn(1, 3, 8, 8))
    least = int(re.search(r"at least (\d+)×", fix)[1])
    runs(module, torch.randn(1, 3, least, least))
    with pytest.raises(RuntimeError):
        runs(module, torch.randn(1, 3, least - 1, least - 1))


def test_a_missing_argument_is_named():
    fix = failing(TwoInputs(), torch.randn(1, 1, 28, 28))
    assert "figures" in fix
    assert "(picture, figures)" in fix


def test_tensors_that_do_not_join_get_an_honest_sentence():
    class Joins(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(4, 6)
            self.b = nn.Linear(4, 7)

        def forward(self, x):
            return self.a(x) + self.b(x)

    fix = failing(Joins(), torch.randn(2, 4))
    assert "(2, 6) and (2, 7)" in fix
    assert "axis 1" in fix


def test_recurrent_layers_with_the_wrong_width_or_swapped_axes():
    fix = failing(Recurrent(), torch.randn(8, 20, 12))
    assert "Feed 16 features a step instead of 12" in fix
    assert "input_size=12" in fix
    fix = failing(Recurrent(), torch.randn(8, 16, 20))
    assert "x.transpose(1, 2)" in fix
    runs(Recurrent(), torch.randn(8, 16, 20).transpose(1, 2))


def test_a_colour_picture_for_a_grey_mlp_is_told_its_channels():
    module = nn.Sequential(nn.Flatten(), nn.Linear(784, 10))
    fix = failing(module, torch.randn(2, 3, 28, 28))
    assert "784 = 1·28·28" in fix
    assert "feed 1 channel instead of 3" in fix
    assert "in_features=2352" in fix
    runs(module, torch.randn(2, 1, 28, 28))


def test_a_model_that_raises_on_its_own_gets_no_invented_fix():
    class Raises(nn.Module):
        def forward(self, x):
            raise ValueError("not today")

    assert failing(Raises(), torch.randn(1, 3)) == ""


def test_looking_for_a_fix_changes_nothing():
    module = sized_cnn().train()
    before, state = copy.deepcopy(module.state_dict()), torch.get_rng_state()
    module.eval()
    captured = capture_forward(module, (torch.zeros(2, 3, 32, 32),), {})
    module.train()
    fed = torch.zeros(2, 3, 32, 32)
    suggest_fix(module, captured.graph, captured.failure, (fed,), {})
    assert torch.equal(torch.get_rng_state(), state)
    assert module.training
    assert not any(part._forward_hooks or part._forward_pre_hooks for part in module.modules())
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    assert module[3].in_features == 12544


class ViewsRows(nn.Module):
    """`view(-1, 8·14·14)`: four small pictures can pass as the row of one."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3, padding=1)
        self.fc = nn.Linear(8 * 14 * 14, 10)

    def forward(self, x):
        return self.fc(nn.functional.max_pool2d(self.conv(x), 2).view(-1, 8 * 14 * 14))


def test_a_size_at_which_pictures_merge_into_fewer_rows_is_no_fix():
    fix = failing(ViewsRows(), torch.randn(4, 3, 32, 32))
    assert "an input of 28×28" in fix
    assert runs(ViewsRows(), torch.randn(4, 3, 14, 14)).shape == (1, 10)
    assert runs(ViewsRows(), torch.randn(4, 3, 28, 28)).shape == (4, 10)


NORMS = {
    "BatchNorm2d": (nn.BatchNorm2d(16), (4, 8, 5, 5), "num_features=8", nn.BatchNorm2d(8)),
    "BatchNorm1d": (nn.BatchNorm1d(16), (4, 8), "num_features=8", nn.BatchNorm1d(8)),
    "without statistics": (nn.BatchNorm2d(16, track_running_stats=False), (4, 8, 5, 5), "num_features=8", None),
    "LayerNorm": (nn.LayerNorm(16), (4, 3, 8), "normalized_shape=8", nn.LayerNorm(8)),
    "GroupNorm": (nn.GroupNorm(4, 16), (4, 8, 5), "num_channels=8", nn.GroupNorm(4, 8)),
    "RMSNorm": (nn.RMSNorm(16), (4, 8), "normalized_shape=8", nn.RMSNorm(8)),
    "channels last": (nn.BatchNorm1d(16), (4, 10, 16), "x.transpose(1, 2)", None),
    "of pictures for rows": (nn.BatchNorm2d(16), (4, 16), "nn.BatchNorm1d", nn.BatchNorm1d(16)),
    "of rows for pictures": (nn.BatchNorm1d(16), (4, 16, 5, 5), "nn.BatchNorm2d", nn.BatchNorm2d(16)),
}


@pytest.mark.parametrize("name", NORMS)
def test_a_norm_of_another_size_is_named_with_the_number_that_mends_it(name):
    norm, shape, wanted, mended = NORMS[name]
    fix = failing(nn.Sequential(nn.Identity(), norm), torch.randn(shape))
    assert wanted in fix
    assert f'{type(norm).__name__} "1"' in fix
    if mended is not None:
        assert runs(nn.Sequential(nn.Identity(), mended), torch.randn(shape)).shape == shape


class ByName(nn.Module):
    def __init__(self):
        super().__init__()
        self.b, self.c = nn.Linear(4, 2), nn.Linear(4, 2)

    def forward(self, batch):
        return {"logits": self.b(batch["pixels"]) + self.c(batch.get("text"))}


@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence:UserWarning")  # torch takes the name for a sequence
def test_a_forward_that_looks_for_names_as_long_as_there_are_some_comes_to_an_end():
    class Batch(nn.Module):
        def forward(self, batch):
            total, place = batch["first"], 0
            while f"layer{place}" in batch:
                total, place = total + batch[f"layer{place}"], place + 1
            return total

    assert "def forward(self, first, layer0, layer1, " in failing(Batch(), torch.randn(2, 3))


@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence:UserWarning")  # torch takes the name for a sequence
def test_a_forward_that_reads_a_dictionary_is_told_with_its_names():
    assert failing(ByName(), torch.ones(1, 4)) == (
        "Take tensors: def forward(self, pixels, text). It reads a dictionary, by pixels, text, and inputs are tensors."
    )
