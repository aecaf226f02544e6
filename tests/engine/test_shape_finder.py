import copy
import sys
import warnings

import pytest
import torch
from shape_finder_models import (
    AlexNetLike,
    Asserting,
    Counting,
    Digits,
    Functional,
    LeNet,
    Patches,
    Reader,
    Recurrent,
    TwoInputs,
    ValueReading,
    sized_cnn,
)
from torch import nn

from inspector.engine.inputs import make_tensor
from inspector.engine.shape_finder import propose_preprocess, propose_slots
from inspector.engine.shape_finder.printed import MAX_PRINTED
from inspector.protocol.inputs import Preprocess


def runs(module, slots):
    module.eval()
    with torch.no_grad():
        return module(*[make_tensor(slot.proposed) for slot in slots if slot.required])


def resnet_like():
    return nn.Sequential(
        nn.Conv2d(3, 8, 7, stride=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(8, 4),
    )


CASES = {
    "B1": (lambda: nn.Linear(128, 10), (1, 128)),
    "B2": (lambda: nn.Linear(138, 10), (1, 138)),
    "B3": (sized_cnn, (1, 3, 28, 28)),
    "digits": (Digits, (1, 1, 8, 8)),
    "LeNet": (LeNet, (1, 3, 32, 32)),
    "AlexNet": (AlexNetLike, (1, 3, 256, 256)),
    "AlexNet with an adaptive pool": (lambda: AlexNetLike(adaptive=True), (1, 3, 224, 224)),
    "ResNet": (resnet_like, (1, 3, 224, 224)),
    "vision transformer": (Patches, (1, 3, 64, 64)),
    "one size asserted": (Asserting, (1, 3, 96, 96)),
    "one rare size asserted": (lambda: Asserting(384), (1, 3, 384, 384)),
    "positions for 8 words": (Reader, (1, 8)),
    "LSTM": (Recurrent, (1, 16, 16)),
    "GRU, time first": (lambda: nn.GRU(6, 4), (16, 1, 6)),
    "transformer": (lambda: nn.TransformerEncoderLayer(12, 2, batch_first=True), (1, 16, 12)),
    "a value is read": (ValueReading, (1, 7)),
    "weights of its own": (Functional, (1, 3, 10, 10)),
    "MNIST MLP": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(784, 9)), (1, 1, 28, 28)),
    "Conv1d": (lambda: nn.Sequential(nn.Conv1d(2, 4, 5), nn.Flatten(), nn.Linear(4 * 96, 3)), (1, 2, 100)),
    "Conv3d": (lambda: nn.Conv3d(2, 4, 3), (1, 2, 16, 16, 16)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(100, 4, 4), (1, 100, 1, 1)),
    "BatchNorm1d": (lambda: nn.Sequential(nn.BatchNorm1d(9), nn.Linear(9, 2)), (1, 9)),
    "grouped": (lambda: nn.Conv2d(4, 8, 3, groups=2), (1, 4, 224, 224)),
    "large": (lambda: AlexNetLike(width=2048), (1, 3, 256, 256)),
    "half": (lambda: nn.Linear(4, 2).half(), (1, 4)),
    "no layer at all": (nn.Identity, (1, 3, 224, 224)),
}


@pytest.mark.parametrize("name", list(CASES))
def test_a_fresh_model_is_proposed_an_input_that_runs(name):
    make, shape = CASES[name]
    module = make()
    slots = propose_slots(module)
    assert [slot.proposed.shape for slot in slots if slot.required] == [shape]
    assert slots[0].image_like == (len(shape) == 4 and shape[1] in {1, 3, 4})
    assert slots[0].why.endswith(".")
    runs(module, slots)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("name", ["B2", "B3", "digits", "LSTM", "LeNet", "AlexNet"])
def test_a_script_is_proposed_the_same_as_its_source(name):
    make, shape = CASES[name]
    script = torch.jit.script(make().eval())
    slots = propose_slots(script)
    assert [slot.proposed.shape for slot in slots if slot.required] == [shape]
    runs(script, [slot for slot in slots if slot.required])


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("dynamic", [True, False])
def test_an_exported_program_is_proposed_what_its_graph_says(dynamic):
    batch = {0: torch.export.Dim("batch", min=1, max=64)} if dynamic else None
    program = torch.export.export(
        Digits().eval(), (torch.zeros(5, 1, 8, 8),), dynamic_shapes={"x": batch} if dynamic else None
    )
    module = torch.export.unflatten(program)
    slots = propose_slots(module)
    assert [slot.proposed.shape for slot in slots] == [(1 if dynamic else 5, 1, 8, 8)]
    assert slots[0].image_like
    with torch.no_grad():
        assert module(make_tensor(slots[0].proposed)).shape == (1 if dynamic else 5, 10)


def test_the_reason_names_the_layers_and_their_numbers():
    why = propose_slots(sized_cnn())[0].why
    assert 'Conv2d "0" takes 3 channels' in why
    assert "28×28" in why
    assert "12,544" in why
    assert "Embedding" in propose_slots(Reader())[0].why


def test_embeddings_get_integers_below_their_number_of_rows():
    proposed = propose_slots(Reader())[0].proposed
    assert (proposed.dtype, proposed.distribution, proposed.low, proposed.high) == ("int64", "integers", 0, 50)


def test_a_half_model_is_proposed_half_numbers():
    assert propose_slots(nn.Linear(4, 2).half())[0].proposed.dtype == "float16"


def test_each_argument_gets_its_own_slot_and_optional_ones_are_marked():
    slots = propose_slots(TwoInputs())
    assert [(slot.name, slot.required, slot.proposed.shape) for slot in slots[:2]] == [
        ("picture", True, (1, 1, 28, 28)),
        ("figures", True, (1, 5)),
    ]
    assert [(slot.name, slot.required) for slot in slots[2:]] == [("scale", False)]
    assert [slot.image_like for slot in slots[:2]] == [True, False]
    runs(TwoInputs(), slots)


def test_the_model_is_left_as_it_was_and_prints_nothing_on_stdout(capsys):
    module = Counting().train()
    torch.manual_seed(5)
    before, state = copy.deepcopy(module.state_dict()), torch.get_rng_state()
    held = dict(vars(module))
    assert propose_slots(module)[0].proposed.shape == (1, 6)
    assert torch.equal(torch.get_rng_state(), state)
    assert module.training
    assert module.norm.training
    assert module.last is None
    assert capsys.readouterr().out == ""
    assert vars(module).keys() == held.keys()
    assert not module._forward_hooks
    assert not module.fc._forward_pre_hooks
    for key, value in module.state_dict().items():
        assert torch.equal(value, before[key])


def test_a_model_that_can_not_be_copied_still_gets_a_guess_that_says_it_is_unproven():
    class Locked(nn.Linear):
        def __deepcopy__(self, memo):
            raise RuntimeError("no copies")

    slots = propose_slots(Locked(6, 2))
    assert slots[0].proposed.shape == (1, 6)
    assert "no shape that was tried ran" in slots[0].why or "not tried" in slots[0].why


def test_a_model_that_ends_the_program_does_not_end_ours():
    class Exits(nn.Linear):
        def forward(self, x):
            sys.exit(3)

    assert propose_slots(Exits(6, 2))[0].proposed.shape == (1, 6)


def test_a_model_that_never_runs_is_given_up():
    class Never(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, x):
            raise ValueError("never")

    slots = propose_slots(Never())
    assert slots[0].proposed.shape == (1, 3, 224, 224)
    assert "no shape that was tried ran" in slots[0].why


def test_preprocessing_follows_the_first_picture_slot_and_the_models_own_figures():
    slots = propose_slots(Digits())
    assert propose_preprocess(slots, {}) == Preprocess(height=8, width=8, channels=1)
    slots = propose_slots(resnet_like())
    found = propose_preprocess(slots, {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), "crop_pct": 0.875})
    assert (found.height, found.channels, found.mean[0], found.crop_fraction) == (224, 3, 0.485, 0.875)
    assert propose_preprocess(propose_slots(nn.Linear(3, 2)), {}) is None


class Chatty(nn.Linear):
    def forward(self, x):
        print("hello from forward")  # noqa: T201 - as models do
        print("shape", tuple(x.shape), end="")  # noqa: T201 - as models do
        print()  # noqa: T201 - as models do
        return super().forward(x)


def test_what_a_model_prints_while_it_is_tried_is_told_once(capsys):
    propose_slots(Chatty(6, 2))
    told = capsys.readouterr().err
    assert told.startswith("Printed while inputs were tried")
    assert told.count("hello from forward\n") == 1
    assert "shape (1, 6)\n" in told
    propose_slots(Chatty(6, 2))
    assert capsys.readouterr().err.count("hello from forward\n") == 1, "another model's lines are new"


def test_a_flood_of_prints_while_inputs_are_tried_is_cut(capsys):
    class Flood(nn.Linear):
        def forward(self, x):
            for number in range(20_000):
                print("line", number)  # noqa: T201 - as models do
            print("x" * 5_000_000)  # noqa: T201 - as models do
            return super().forward(x)

    propose_slots(Flood(6, 2))
    told = capsys.readouterr().err
    assert len(told) < 2 * MAX_PRINTED
    assert "left out" in told


class PicturesAndTexts(nn.Module):
    """Nothing must be given, and nothing runs without both; the picture's size is said in words alone."""

    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.ones(()))
        self.words, self.patch = nn.Embedding(40, 8), nn.Conv2d(3, 8, 4, stride=4)

    def forward(self, input_ids=None, pixel_values=None, attn_mask=None):
        text = self.words(input_ids).mean(1)
        if pixel_values.shape[-1] != 20:
            raise ValueError(f"The picture should be 20 wide, but is {pixel_values.shape[-1]}.")
        return self.scale * text @ self.patch(pixel_values).flatten(2).mean(2).T


class Translator(nn.Module):
    """The second text has no more places than twelve."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(30, 8), nn.Embedding(20, 8)

    def forward(self, input_ids=None, decoder_input_ids=None, labels=None):
        if decoder_input_ids is None:
            raise ValueError("You must specify decoder_input_ids")
        return self.words(input_ids).mean(1) + self.places(decoder_input_ids).sum(1)


class Ending(nn.Module):
    """Looks for the token that ends a text, which its configuration names."""

    class Config:
        eos_token_id = 7

    def __init__(self):
        super().__init__()
        self.words, self.config = nn.Embedding(30, 8), self.Config()

    def forward(self, input_ids):
        if not (input_ids == self.config.eos_token_id).any():
            raise ValueError("a text must end")
        return self.words(input_ids)


@pytest.mark.parametrize(
    ("make", "shapes"),
    [
        (PicturesAndTexts, {"input_ids": (1, 16), "pixel_values": (1, 3, 20, 20)}),
        (Translator, {"input_ids": (1, 16), "decoder_input_ids": (1, 16)}),
        (Ending, {"input_ids": (1, 16)}),
    ],
)
def test_arguments_that_go_together_are_found_by_trying(make, shapes):
    module = make()
    slots = [slot for slot in propose_slots(module) if slot.required]
    assert {slot.name: slot.proposed.shape for slot in slots} == shapes
    with torch.no_grad():
        module(**{slot.name: make_tensor(slot.proposed) for slot in slots})


class NoInput(nn.Module):
    def __init__(self):
        super().__init__()
        self.seeds = nn.Parameter(torch.ones(4, 4))
        self.head = nn.Linear(4, 2)

    def forward(self):
        return self.head(self.seeds)


class Pairs(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        y = self.head(x)
        return y[0] - y[1]


def test_a_forward_that_takes_nothing_has_no_slot():
    assert propose_slots(NoInput()) == ()
    assert runs(NoInput(), ()).shape == (4, 2)


def test_a_model_that_compares_items_is_given_two():
    (slot,) = slots = propose_slots(Pairs())
    assert slot.proposed.shape == (2, 4)
    assert slot.why.endswith("this was tried, and runs. One item alone did not run, two do.")
    assert runs(Pairs(), slots).shape == (2,)


class Masked(nn.Module):
    """Words, and a mask as torch's attention takes it or as most write it, 1 where a word is."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(100, 16)
        self.attention = nn.MultiheadAttention(16, 2, batch_first=True)


class Padded(Masked):
    def forward(self, ids, padding_mask):
        x = self.words(ids)
        return self.attention(x, x, x, key_padding_mask=padding_mask)[0]


class Weighed(Masked):
    def forward(self, ids, mask):
        x = self.words(ids) * mask.unsqueeze(-1)
        return x.sum(1) / mask.sum(1, keepdim=True)


class Causal(Masked):
    def forward(self, ids, attn_mask):
        scores = self.words(ids) @ self.words(ids).transpose(1, 2)
        assert attn_mask.shape == scores.shape[1:]
        return scores.masked_fill(attn_mask == 0, -1e9).softmax(-1)


@pytest.mark.parametrize(
    ("make", "shapes", "distribution"),
    [
        (Padded, [(1, 16), (1, 16)], "zeros"),
        (Weighed, [(1, 16), (1, 16)], "ones"),
        (Causal, [(1, 16), (16, 16)], "ones"),
    ],
)
def test_a_mask_is_proposed_as_long_as_its_sequence_and_masks_nothing(make, shapes, distribution):
    model = make()
    slots = propose_slots(model)
    assert [slot.proposed.shape for slot in slots] == shapes
    assert slots[1].proposed.distribution == distribution
    assert "a mask, by its name" in slots[1].why
    assert len(runs(model, slots))
    assert torch.isfinite(model(*(make_tensor(slot.proposed) for slot in slots))).all()


def test_a_model_that_was_quantised_is_proposed_what_its_layers_took():
    net = nn.Sequential(nn.Linear(12, 8), nn.ReLU(), nn.Linear(8, 3)).eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch means to move its quantisation elsewhere
        quantised = torch.ao.quantization.quantize_dynamic(net, {nn.Linear})
        slots = propose_slots(quantised)
        assert runs(quantised, slots).shape == (1, 3)
    assert slots[0].proposed.shape == (1, 12)


class Ragged(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        rows = torch.nested.nested_tensor([x[0], x[1, :1]])
        return self.head(rows.unsqueeze(-1)).unbind()[0]


@pytest.mark.filterwarnings("ignore:The PyTorch API of nested tensors:UserWarning")
def test_nested_tensors_that_do_not_fit_are_no_end_of_the_search():
    assert propose_slots(Ragged())


class MissesAFile(nn.Module):
    """Its message has a number in it that is no size."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3)
        self.largest = largest = [0]
        self.record = lambda x: largest.append(max(largest.pop(), x.numel()))

    def forward(self, x):
        self.record(x)
        raise FileNotFoundError(2, "No such file or directory", "/runs/99999/mean.npy")


def test_a_number_in_a_message_makes_no_input_that_fills_the_memory():
    model = MissesAFile()
    (slot,) = propose_slots(model)
    assert slot.why.endswith("no shape that was tried ran.")
    assert 0 < model.largest[0] <= 3 * 1024**2


@pytest.mark.parametrize("name", ["config", "pretrained_cfg", "image_size"])
def test_a_property_of_the_model_s_own_that_raises_is_no_configuration(name):
    def refuse(_self):
        raise RuntimeError("not set up yet")

    kind = type("Net", (nn.Sequential,), {name: property(refuse)})
    slots = propose_slots(kind(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 26 * 26, 2)))
    assert slots[0].proposed.shape == (1, 3, 28, 28)


def test_a_default_dtype_that_a_try_sets_is_put_back():
    class Sets(nn.Linear):
        def forward(self, x):
            torch.set_default_dtype(torch.float64)
            return super().forward(x)

    propose_slots(Sets(4, 2))
    assert torch.get_default_dtype() is torch.float32
