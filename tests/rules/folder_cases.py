"""The rules on pictures and folders: rule → cases, each a name and a function of a temporary folder."""

import numpy as np
import torch
from diagnosing import diagnosed
from diagnosing_folders import evaluated, evaluated_folder, good_logits
from PIL import Image
from rule_models import Call, filled
from torch import nn
from torch.nn import functional

from inspector.core.presets import apply_preset
from inspector.core.readings import sigmoid, softmax
from inspector.engine.inputs import make_tensor
from inspector.protocol.inputs import ImageInput, Preprocess

COLOURS = {"dark": (40, 40, 40), "grey": (120, 120, 120), "red": (200, 60, 60), "blue": (60, 60, 200)}
SIZE, EACH = 8, 12
TRUE3 = np.arange(60) % 3


def pictures(root):
    """A folder for each colour, of pictures with some noise; made once."""
    folder = root / "colours"
    if not folder.exists():
        random = np.random.default_rng(0)
        for name, colour in COLOURS.items():
            (folder / name).mkdir(parents=True)
            for index in range(EACH):
                noisy = np.clip(random.normal(colour, 6, (SIZE, SIZE, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(noisy).save(folder / name / f"{index}.png")
    return folder


def prepared(preset, order=None):
    made = apply_preset(Preprocess(height=SIZE, width=SIZE), preset)
    return (
        made if order is None else Preprocess(**{name: getattr(made, name) for name in made.__struct_fields__} | order)
    )


class Nearest(nn.Module):
    """Logits by the distance of the mean colour from that of each class, as it was taught with one preprocessing."""

    def __init__(self, folder, preprocess, spread=None):
        super().__init__()
        tensors = [
            make_tensor(ImageInput(paths=tuple(map(str, sorted((folder / name).glob("*.png")))), preprocess=preprocess))
            for name in sorted(COLOURS)
        ]
        means = torch.stack([tensor.mean((0, 2, 3)) for tensor in tensors])
        self.register_buffer("means", means)
        self.scale = float((means.max() - means.min()) ** 2)

    def forward(self, x):
        return -50 * (x.mean((2, 3))[:, None] - self.means).square().sum(2) / self.scale


def taught_and_fed(learned, given):
    def run(root):
        folder = pictures(root)
        return evaluated_folder(Nearest(folder, prepared(*learned)).eval(), folder, prepared(*given))

    return run


BGR = {"channel_order": "BGR"}
NEGATIVE = {"mean": (1.0,), "std": (-1.0,)}
UNIT, IMAGENET, BYTE, SIGNED = "As is (0…1)", "ImageNet", "0…255", "−1…1"


class Rectifying(nn.Module):
    """A convolution, a ReLU as given, and the classes; `dead` of the 8 channels never pass 0."""

    def __init__(self, relu, dead):
        super().__init__()
        self.conv, self.relu, self.fc = nn.Conv2d(3, 8, 3), relu, nn.Linear(8, 4)
        with torch.no_grad():
            self.conv.weight.abs_()
            self.conv.bias.fill_(0.1)
            self.conv.bias[:dead] = -1000.0

    def forward(self, x):
        return self.fc(self.relu(self.conv(x)).mean((2, 3)))


def rectified(relu, dead):
    return lambda root: evaluated_folder(Rectifying(relu, dead).eval(), pictures(root), prepared(UNIT))


def in_mode(module, mode):
    return lambda root: evaluated_folder(module(), pictures(root), prepared(UNIT), mode=mode)


def dropping():
    return nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(3 * SIZE * SIZE, 4))


def norming():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.AdaptiveAvgPool2d(1), nn.Flatten())


def of(true, outputs, **more):
    return lambda _root: evaluated(true, outputs, **more)


ORDER = np.array([3, 0, 4, 1, 2])
NANS = np.where(np.arange(60)[:, None] == 7, np.nan, good_logits(TRUE3, 3))
RARE = np.repeat([0, 1], [6, 90])


def norm_taught_and_fed(learned, given, one_by_one=False):
    """A picture run through a net whose first BatchNorm has learned others, prepared with `learned`."""

    def run(root):
        torch.manual_seed(0)
        paths = tuple(map(str, sorted(pictures(root).rglob("*.png"))))[::4]
        module = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten())
        module.train()
        fed = make_tensor(ImageInput(paths=paths, preprocess=prepared(learned)))
        with torch.no_grad():
            for _ in range(40):
                module(fed)
        return diagnosed(
            module.eval(), ImageInput(paths=paths[:1] if one_by_one else paths, preprocess=prepared(given))
        )

    return run


FAULTY_FOLDERS = {
    "normalisation_mismatch": [
        ("0…255, taught 0…1", norm_taught_and_fed(UNIT, BYTE)),
        ("0…255, taught ImageNet", norm_taught_and_fed(IMAGENET, BYTE)),
        ("ImageNet, taught 0…255", norm_taught_and_fed(BYTE, IMAGENET)),
        ("one picture of 0…255, taught 0…1", norm_taught_and_fed(UNIT, BYTE, True)),
    ],
    "class_count": [
        ("more classes", of(np.arange(40) % 4, good_logits(np.arange(40) % 3, 3))),
        ("three classes, one column", of(TRUE3, np.ones((60, 1)))),
        ("fewer classes", of(TRUE3, good_logits(TRUE3, 10))),
    ],
    "nan_outputs": [
        ("one image", of(TRUE3, NANS)),
        ("all", of(TRUE3, np.full((60, 3), np.nan))),
        ("one column", of(TRUE3 % 2, np.where(np.arange(60)[:, None] == 3, np.nan, 1.0))),
    ],
    "one_class_predicted": [
        ("nearly the same logits", of(TRUE3, np.random.default_rng(0).normal([0, 9, 0], 0.1, (60, 3)))),
        ("the same output", of(TRUE3, np.tile([0.0, 9.0, 0.0], (60, 1)))),
        ("one column above 0", of(TRUE3 % 2, np.random.default_rng(0).uniform(1, 2, (60, 1)))),
    ],
    "evaluated_in_train_mode": [
        ("Dropout", in_mode(dropping, "train")),
        ("BatchNorm", in_mode(norming, "train")),
        ("nested", in_mode(lambda: nn.Sequential(norming(), nn.Dropout()), "train")),
    ],
    "preprocessing_mismatch": [
        ("fed 0…255, taught 0…1", taught_and_fed((UNIT,), (BYTE,))),
        ("never normalised", taught_and_fed((IMAGENET,), (UNIT,))),
        ("normalised, taught plain", taught_and_fed((UNIT,), (IMAGENET,))),
        ("−1…1 instead of 0…1", taught_and_fed((UNIT,), (SIGNED,))),
        ("BGR for RGB", taught_and_fed((UNIT,), (UNIT, BGR))),
        ("RGB for BGR, normalised", taught_and_fed((IMAGENET, BGR), (IMAGENET,))),
        ("dark on light, taught light on dark", taught_and_fed((UNIT, NEGATIVE), (UNIT,))),
    ],
    "dead_channels": [
        ("nn.ReLU", rectified(nn.ReLU(), 6)),
        ("nn.ReLU in place", rectified(nn.ReLU(inplace=True), 5)),
        ("F.relu", rectified(Call(functional.relu), 7)),
        ("torch.relu", rectified(Call(torch.relu), 6)),
        ("method", rectified(Call(lambda x: x.relu()), 8)),
        ("a few", rectified(nn.ReLU(), 2)),
    ],
    "label_order": [
        ("five classes", of(np.arange(50) % 5, good_logits(ORDER[np.arange(50) % 5], 5))),
        ("two exchanged", of(TRUE3, good_logits(np.array([1, 0, 2])[TRUE3], 3))),
        ("turned round, ten", of(np.arange(100) % 10, good_logits(9 - np.arange(100) % 10, 10))),
    ],
    "softmax_ceiling": [
        ("sigmoid, softmax", of(TRUE3, softmax(sigmoid(good_logits(TRUE3, 3)), axis=1), kind="probabilities")),
        ("softmax twice", of(TRUE3, softmax(softmax(good_logits(TRUE3, 3), axis=1), axis=1), kind="probabilities")),
        (
            "ten classes",
            of(
                np.arange(60) % 10,
                softmax(softmax(good_logits(np.arange(60) % 10, 10), axis=1), axis=1),
                kind="probabilities",
            ),
        ),
    ],
    "class_imbalance": [
        ("15:1", of(RARE, good_logits(RARE, 2))),
        (
            "17:1 of three",
            of(np.repeat([0, 1, 2], [25, 436, 404]), good_logits(np.repeat([0, 1, 2], [25, 436, 404]), 3)),
        ),
        ("one image", of(np.repeat([0, 1], [1, 40]), good_logits(np.repeat([0, 1], [1, 40]), 2))),
    ],
}

_GOOD = ("good logits", of(TRUE3, good_logits(TRUE3, 3)))
_SURE = ("sure probabilities", of(TRUE3, softmax(good_logits(TRUE3, 3), axis=1), kind="probabilities"))
_GUESSES = ("a poor model", of(TRUE3, np.random.default_rng(1).normal(0, 1, (60, 3))))

HEALTHY_FOLDERS = {
    "normalisation_mismatch": [
        *((f"as taught, {preset}", norm_taught_and_fed(preset, preset)) for preset in (UNIT, IMAGENET, BYTE, SIGNED)),
        ("one picture, as taught", norm_taught_and_fed(IMAGENET, IMAGENET, True)),
    ],
    "class_count": [_GOOD, ("two classes, one column", of(TRUE3 % 2, np.where((TRUE3 % 2)[:, None], 5.0, -5.0)))],
    "nan_outputs": [_GOOD, ("infinite logits", of(TRUE3, np.where(good_logits(TRUE3, 3) > 4, 9.0, -1e30)))],
    "one_class_predicted": [_GOOD, _GUESSES],
    "evaluated_in_train_mode": [
        ("Dropout in eval", in_mode(dropping, "eval")),
        ("nothing to switch", in_mode(lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 4)), "train")),
    ],
    "preprocessing_mismatch": [
        ("as taught, 0…1", taught_and_fed((UNIT,), (UNIT,))),
        ("as taught, ImageNet", taught_and_fed((IMAGENET,), (IMAGENET,))),
        ("as taught, BGR", taught_and_fed((IMAGENET, BGR), (IMAGENET, BGR))),
        (
            "a model that knows nothing",
            in_mode(
                lambda: filled(nn.Sequential(nn.Flatten(), nn.Linear(192, 4)), lambda m: m[1].bias.zero_()), "eval"
            ),
        ),
    ],
    "dead_channels": [("all alive", rectified(nn.ReLU(), 0)), ("LeakyReLU", rectified(nn.LeakyReLU(), 6))],
    "label_order": [_GOOD, _GUESSES],
    "softmax_ceiling": [
        _SURE,
        (
            "even guesses",
            of(TRUE3, softmax(np.random.default_rng(1).normal(0, 2, (60, 3)), axis=1), kind="probabilities"),
        ),
    ],
    "class_imbalance": [_GOOD, ("4.9:1", of(np.repeat([0, 1], [10, 49]), good_logits(np.repeat([0, 1], [10, 49]), 2)))],
}
