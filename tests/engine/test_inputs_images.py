import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from inspector.engine.errors import EngineError
from inspector.engine.inputs import make_tensor, prepare_input
from inspector.engine.inputs.images import open_image, preprocess_image, thumbnail
from inspector.protocol.inputs import ImageInput, Preprocess


def noise(height, width, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), dtype=np.uint8)


def saved(path, array_or_image, **options):
    image = array_or_image if isinstance(array_or_image, Image.Image) else Image.fromarray(array_or_image)
    image.save(path, **options)
    return str(path)


@pytest.mark.parametrize("ending", ["png", "bmp", "tiff", "webp", "ppm"])
def test_a_lossless_picture_comes_through_exactly_scaled_and_not_normalised(tmp_path, ending):
    pixels = noise(20, 30)
    path = saved(tmp_path / f"a.{ending}", pixels, **({"lossless": True} if ending == "webp" else {}))
    tensor = make_tensor(ImageInput(paths=(path,), preprocess=Preprocess(height=20, width=30)))
    assert tensor.shape == (1, 3, 20, 30)
    assert tensor.dtype is torch.float32
    assert tensor.is_contiguous()
    assert torch.equal(tensor[0], torch.from_numpy(pixels).permute(2, 0, 1).float().div(255))


def test_a_jpeg_is_read(tmp_path):
    path = saved(tmp_path / "a.jpg", np.full((16, 16, 3), 128, np.uint8), quality=95)
    assert abs(make_tensor(ImageInput(paths=(path,))).mean().item() - 128 / 255) < 0.01


def test_normalising_is_x_minus_mean_by_std_per_channel(tmp_path):
    pixels = noise(8, 8)
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    path = saved(tmp_path / "a.png", pixels)
    made = make_tensor(ImageInput(paths=(path,), preprocess=Preprocess(mean=mean, std=std)))[0]
    expected = torch.from_numpy(pixels).permute(2, 0, 1).double() / 255
    expected = (expected - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    torch.testing.assert_close(made.double(), expected, atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_is_undone(tmp_path, orientation):
    upright = noise(6, 10)
    undo = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,  # stored turned left, so that turning right by 90° sets it upright
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = Image.fromarray(upright)
    stored = stored if undo is None else stored.transpose(undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = saved(tmp_path / "a.png", stored, exif=exif)
    assert np.array_equal(np.asarray(open_image(path)), upright)


def test_sixteen_bits_keep_their_depth(tmp_path):
    deep = np.linspace(0, 65535, 64, dtype=np.uint16).reshape(8, 8)
    path = saved(tmp_path / "a.png", deep)
    for channels in (1, 3):
        made = make_tensor(ImageInput(paths=(path,), preprocess=Preprocess(channels=channels)))[0]
        assert made.shape == (channels, 8, 8)
        np.testing.assert_allclose(made[channels - 1].numpy(), deep / 65535, atol=1e-6)


def test_float_tiffs_are_read(tmp_path):
    values = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    path = saved(tmp_path / "a.tiff", values)
    made = make_tensor(ImageInput(paths=(path,), preprocess=Preprocess(channels=1)))
    np.testing.assert_allclose(made[0, 0].numpy(), values, atol=1e-6)


def test_grey_palette_bilevel_and_cmyk_become_rgb(tmp_path):
    grey = saved(tmp_path / "grey.png", noise(4, 4, 1)[:, :, 0])
    made = make_tensor(ImageInput(paths=(grey,)))
    assert torch.equal(made[0, 0], made[0, 2])
    red = Image.new("RGB", (4, 4), (255, 0, 0))
    for name, image in {"p.png": red.convert("P"), "c.tiff": red.convert("CMYK")}.items():
        made = make_tensor(ImageInput(paths=(saved(tmp_path / name, image),)))
        np.testing.assert_allclose(made[0, :, 0, 0].numpy(), [1, 0, 0], atol=0.02)
    one = saved(tmp_path / "one.png", Image.new("1", (4, 4), 1))
    assert make_tensor(ImageInput(paths=(one,))).min() == 1.0


def test_grey_is_the_luma_of_rgb(tmp_path):
    pixels = noise(6, 6)
    path = saved(tmp_path / "a.png", pixels)
    made = make_tensor(ImageInput(paths=(path,), preprocess=Preprocess(channels=1)))[0, 0].numpy() * 255
    np.testing.assert_allclose(made, pixels @ np.array([0.299, 0.587, 0.114]), atol=1.0)


def test_transparency_shows_the_background_that_was_chosen(tmp_path):
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0, 0] = (255, 0, 0, 255)
    pixels[0, 1] = (255, 0, 0, 0)
    path = saved(tmp_path / "a.png", pixels)
    black = make_tensor(ImageInput(paths=(path,)))[0]
    white = make_tensor(ImageInput(paths=(path,), preprocess=Preprocess(background="white")))[0]
    assert black[:, 0, 1].tolist() == [0, 0, 0]
    assert white[:, 0, 1].tolist() == [1, 1, 1]
    assert white[:, 0, 0].tolist() == [1, 0, 0]
    four = make_tensor(ImageInput(paths=(path,), preprocess=Preprocess(channels=4)))[0]
    assert four[:, 0, 1].tolist() == [1, 0, 0, 0]


def test_blue_first_and_channels_last(tmp_path):
    path = saved(tmp_path / "a.png", Image.new("RGB", (3, 2), (10, 20, 30)))
    preprocess = Preprocess(channel_order="BGR", layout="NHWC", scale="byte", mean=(1.0, 2.0, 3.0))
    made = make_tensor(ImageInput(paths=(path,), preprocess=preprocess))
    assert made.shape == (1, 2, 3, 3)
    assert made[0, 0, 0].tolist() == [29.0, 18.0, 7.0]


def test_crop_is_torchvisions_resize_then_centre_crop(tmp_path):
    image = Image.fromarray(noise(50, 75))
    made = preprocess_image(image, Preprocess(height=28, width=28, crop_fraction=0.875))
    resized = image.resize((48, 32), Image.Resampling.BILINEAR)  # the shorter side to 28 / .875 = 32
    expected = np.asarray(resized)[2:30, 10:38].transpose(2, 0, 1).astype(np.float32) / 255
    assert np.array_equal(made, expected)


def test_resampling_agrees_with_torchs_own_antialiased_bilinear():
    pixels = noise(64, 64)
    made = preprocess_image(Image.fromarray(pixels), Preprocess(height=16, width=16, resize="stretch"))
    source = torch.from_numpy(pixels).permute(2, 0, 1)[None].float() / 255
    oracle = torch.nn.functional.interpolate(source, (16, 16), mode="bilinear", antialias=True)
    np.testing.assert_allclose(made, oracle[0].numpy(), atol=1.01 / 255)


def test_padding_keeps_all_of_the_picture_on_black():
    made = preprocess_image(Image.new("RGB", (40, 20), (255, 255, 255)), Preprocess(height=20, width=20, resize="pad"))
    assert made[:, :5].max() == 0.0
    assert made[:, 5:15].min() == 1.0
    assert made[:, 15:].max() == 0.0


def test_a_picture_that_has_the_size_is_not_resampled_whatever_the_crop():
    pixels = noise(24, 24)
    for resize in ("crop", "stretch", "pad", "none"):
        made = preprocess_image(
            Image.fromarray(pixels), Preprocess(height=24, width=24, resize=resize, crop_fraction=0.8)
        )
        assert np.array_equal(np.rint(made * 255).astype(np.uint8), pixels.transpose(2, 0, 1))


@settings(max_examples=60, deadline=None)
@given(
    height=st.integers(1, 90),
    width=st.integers(1, 90),
    wanted=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    resize=st.sampled_from(["crop", "stretch", "pad"]),
    channels=st.sampled_from([1, 3, 4]),
    layout=st.sampled_from(["NCHW", "NHWC"]),
    fraction=st.sampled_from([1.0, 0.875, 0.9, 0.5]),
)
def test_whatever_the_picture_the_shape_is_the_one_asked_for(  # noqa: PLR0917 - hypothesis fills them by name
    height, width, wanted, resize, channels, layout, fraction
):
    image = Image.new("RGB", (width, height), (255, 255, 255))
    made = preprocess_image(
        image,
        Preprocess(
            height=wanted[0], width=wanted[1], resize=resize, channels=channels, layout=layout, crop_fraction=fraction
        ),
    )
    assert made.shape == ((channels, *wanted) if layout == "NCHW" else (*wanted, channels))
    assert made.flags.c_contiguous
    assert made.dtype == np.float32
    assert made.max() == 1.0
    if resize != "pad":  # white stays white: nothing outside the picture was taken in
        assert math.isclose(float(made.min()), 1.0)


def test_several_pictures_are_one_batch_and_different_sizes_say_so(tmp_path):
    first = saved(tmp_path / "a.png", noise(8, 8))
    second = saved(tmp_path / "b.png", noise(9, 8))
    made = make_tensor(ImageInput(paths=(first, second), preprocess=Preprocess(height=8, width=8)))
    assert made.shape == (2, 3, 8, 8)
    with pytest.raises(EngineError, match="differ in size"):
        make_tensor(ImageInput(paths=(first, second)))


def test_what_the_model_sees_is_the_picture_again_whatever_was_done_to_it(tmp_path):
    pixels = noise(12, 10)
    path = saved(tmp_path / "a.png", pixels)
    for preprocess in (
        Preprocess(),
        Preprocess(mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)),
        Preprocess(scale="byte", channel_order="BGR", mean=(103.9, 116.8, 123.7)),
        Preprocess(layout="NHWC", channel_order="BGR", mean=(0.5,), std=(0.5,)),
    ):
        assert np.array_equal(prepare_input(ImageInput(paths=(path,), preprocess=preprocess)).picture, pixels)
    negative = Preprocess(mean=(1.0,), std=(-1.0,))
    assert np.array_equal(prepare_input(ImageInput(paths=(path,), preprocess=negative)).picture, 255 - pixels)
    grey = prepare_input(ImageInput(paths=(path,), preprocess=Preprocess(channels=1))).picture
    assert grey.shape == (12, 10, 3)
    assert "not normalised" in prepare_input(ImageInput(paths=(path,))).note


def test_a_thumbnail_keeps_the_aspect_and_the_limit(tmp_path):
    path = saved(tmp_path / "a.png", noise(50, 200))
    assert thumbnail(path, 96).shape == (24, 96, 3)
    assert thumbnail(path, 400).shape == (50, 200, 3)
    deep = saved(tmp_path / "b.png", np.full((300, 20), 65535, np.uint16))
    assert thumbnail(deep, 96).min() == 255


def write_text(path):
    path.write_text("no picture")


def write_cut(path):
    Image.fromarray(noise(64, 64)).save(path, format="PNG")
    path.write_bytes(path.read_bytes()[:-4000])


def write_bomb(path):
    Image.new("1", (11_000, 9_000)).save(path, format="PNG")


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda path: None, "does not exist"),
        (lambda path: path.mkdir(), "is a folder"),
        (write_text, "not a picture"),
        (lambda path: path.write_bytes(b""), "not a picture"),
        (write_cut, "broken"),
        (write_bomb, "decompression bomb"),
    ],
)
def test_a_file_that_can_not_be_a_picture_is_said_in_a_sentence(tmp_path, write, words):
    path = tmp_path / "a.png"
    write(path)
    with pytest.raises(EngineError, match=words) as raised:
        open_image(str(path))
    assert raised.value.message.endswith(".")
    assert raised.value.message.startswith("a.png")
    assert raised.value.fix


@pytest.mark.parametrize(
    "preprocess",
    [
        Preprocess(mean=(0.1, 0.2)),
        Preprocess(std=(0.0,)),
        Preprocess(height=0),
        Preprocess(height=8, width=8, crop_fraction=0.0),
        Preprocess(height=10**6, width=10**6),
    ],
)
def test_a_preprocessing_that_can_not_be_is_said_in_a_sentence(preprocess):
    with pytest.raises(EngineError) as raised:
        preprocess_image(Image.new("RGB", (16, 16)), preprocess)
    assert raised.value.message.endswith(".")
    assert raised.value.fix


def test_a_picture_a_pixel_high_is_not_blown_up_beyond_the_limit():
    with pytest.raises(EngineError, match="too narrow"):
        preprocess_image(Image.new("RGB", (60_000, 1)), Preprocess(height=224, width=224))


def test_what_is_too_long_to_be_a_name_is_said_in_a_sentence(tmp_path):
    with pytest.raises(EngineError, match=r"a\.png can't be read: File name too long\."):
        open_image(str(tmp_path / ("a" * 300 + "a.png")))
