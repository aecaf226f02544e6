import msgspec
import numpy as np
import pytest

from inspector.core.presets import PRESETS, apply_preset, exchanged, preprocess_from_config, preset_of
from inspector.protocol.inputs import Preprocess


@pytest.mark.parametrize("name", list(PRESETS))
def test_every_preset_is_made_of_fields_that_preprocess_has(name):
    assert set(PRESETS[name]) <= set(Preprocess.__struct_fields__)
    changed = msgspec.structs.replace(Preprocess(height=64), **PRESETS[name])
    assert msgspec.json.decode(msgspec.json.encode(changed), type=Preprocess) == changed
    assert changed.height == 64


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("name", list(PRESETS))
def test_a_preset_fits_its_figures_to_the_channels_and_is_recognised_again(name, channels):
    preprocess = apply_preset(Preprocess(height=32, width=32, channels=channels), name)
    assert len(preprocess.mean) in {0, 1, channels}
    assert len(preprocess.std) in {0, 1, channels}
    assert preset_of(preprocess) == name


def test_the_default_is_not_normalised_and_an_own_setting_has_no_preset():
    assert preset_of(Preprocess()).startswith("As is")
    assert preset_of(Preprocess(mean=(0.1,), std=(0.9,))) == ""


def test_a_timm_configuration_gives_size_crop_and_normalisation():
    config = {
        "input_size": [3, 288, 288],
        "crop_pct": 0.95,
        "interpolation": "bicubic",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
    }
    assert preprocess_from_config(config) == Preprocess(
        height=288,
        width=288,
        crop_fraction=0.95,
        interpolation="bicubic",
        mean=(0.485, 0.456, 0.406),
        std=(0.229, 0.224, 0.225),
    )


def test_a_transformers_configuration_of_vit_and_of_clip_are_read():
    vit = {"size": {"height": 224, "width": 224}, "image_mean": [0.5] * 3, "image_std": [0.5] * 3, "resample": 2}
    assert preprocess_from_config(vit) == Preprocess(
        height=224, width=224, resize="stretch", mean=(0.5,) * 3, std=(0.5,) * 3
    )
    clip = {
        "size": {"shortest_edge": 256},
        "crop_size": {"height": 224, "width": 224},
        "do_center_crop": True,
        "resample": 3,
        "image_mean": [0.48, 0.45, 0.40],
        "image_std": [0.26, 0.26, 0.27],
    }
    found = preprocess_from_config(clip)
    assert (found.height, found.width, found.crop_fraction, found.resize) == (224, 224, 0.875, "crop")
    assert found.interpolation == "bicubic"


@pytest.mark.parametrize(
    "config",
    [
        {},
        {"mean": "high", "size": None},
        {"std": [0.0, 0.0, 0.0]},
        {"input_size": [3, -1, 10**9]},
        {"size": {"height": True}},
        {"crop_pct": 0.9},
    ],
)
def test_a_configuration_that_says_nothing_or_nonsense_gives_no_nonsense(config):
    found = preprocess_from_config(config)
    assert found is None or found == Preprocess()


def test_a_configuration_without_normalisation_leaves_it_out():
    found = preprocess_from_config({"size": 96, "image_mean": [0.5], "image_std": [0.5], "do_normalize": False})
    assert (found.height, found.mean, found.std) == (96, (), ())


def test_the_negative_is_the_same_preparation_of_one_minus_the_picture():
    x = np.linspace(0, 1, 12)
    for preset, top in (("As is (0…1)", 1.0), ("−1…1", 1.0), ("0…255", 255.0)):
        now = apply_preset(Preprocess(channels=1), preset)
        other = exchanged(now)

        def prepared(values, how):
            return (values - (how.mean or (0.0,))[0]) / (how.std or (1.0,))[0]

        np.testing.assert_allclose(prepared(x * top, other), prepared((1 - x) * top, now), atol=1e-12)
