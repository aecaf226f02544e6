"""Pictures: opened upright and checked, and brought to what a model takes. Numpy and Pillow alone, safe in threads."""

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError

from inspector.engine.errors import EngineError
from inspector.protocol.inputs import Preprocess

# Pillow's own bound against decompression bombs: 89 million pixels, a quarter of a gigabyte as RGB.
MOST_PIXELS = Image.MAX_IMAGE_PIXELS or 89_478_485
# By their content; whatever else Pillow knows is not asked: an EPS, for one, is drawn by a program of its own.
FORMATS = ("PNG", "JPEG", "BMP", "WEBP", "TIFF", "GIF", "PPM")
_READABLE = "Use a PNG, JPEG, BMP, WebP or TIFF picture."
_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


def open_image(path: str) -> Image.Image:
    """The picture, decoded, and turned upright as its EXIF data says; of several frames the first.

    Raises:
        EngineError: there is no such file, it is no picture, broken, or so large that it must be a trap.
    """
    return _opened(path, 0)


def _opened(path: str, least_side: int) -> Image.Image:
    """`least_side` above 0 lets a JPEG be decoded smaller, down to that many pixels: four times as fast."""
    file = Path(path)
    try:
        if not file.is_file():
            why = "is a folder" if file.is_dir() else "does not exist"
            raise EngineError(f"{file.name or path} {why}.", "Choose a picture file.")
    except OSError as error:
        raise EngineError(f"{file.name} can't be read: {error.strerror}.", "Choose a picture file.") from error
    try:
        with Image.open(file, formats=FORMATS) as image:
            _check_size(image, file.name)
            if least_side:
                image.draft(None, (least_side, least_side))
            image.load()
            if image.format == "PNG" and not image.info:  # no EXIF, XMP or text: asking takes a tenth of a small one
                return image
            # Asked first, as exif_transpose copies a picture that needs no turning, too.
            if image.getexif().get(ExifTags.Base.Orientation, 1) == 1:
                return image
            return ImageOps.exif_transpose(image)
    except EngineError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise EngineError(_too_large(file.name, str(error)), "Make it smaller first.") from error
    except UnidentifiedImageError as error:
        raise EngineError(f"{file.name} is not a picture that can be read.", _READABLE) from error
    except Exception as error:  # Pillow's decoders raise nearly any class on a broken file
        raise EngineError(f"{file.name} is broken: {_plain(error)}.", "Save the picture again.") from error


def preprocess_image(image: Image.Image, preprocess: Preprocess) -> NDArray[np.float32]:
    """The picture as the model takes it: (C, H, W), or (H, W, C) when so laid out; contiguous float32.

    `mean` and `std` are in the model's own channel order, as Caffe's and Detectron's are.

    Raises:
        EngineError: the sizes, mean or std can't be.
    """
    if min(image.size) < 1:
        raise EngineError("The picture is empty.", _READABLE)
    brought = resize_image(to_channels(image, preprocess), preprocess)
    pixels = _pixels(brought, preprocess.channels)
    if preprocess.channel_order == "BGR" and preprocess.channels >= 3:
        pixels = np.concatenate([pixels[..., 2::-1], pixels[..., 3:]], axis=2)
    if preprocess.layout == "NCHW":
        pixels = pixels.transpose(2, 0, 1)
    values = np.empty(pixels.shape, np.float32)
    if preprocess.scale == "unit":
        np.divide(pixels, np.float32(255), out=values)
    else:
        values[...] = pixels
    return _normalise(values, preprocess)


def to_channels(image: Image.Image, preprocess: Preprocess) -> Image.Image:
    """The picture as L, RGB or RGBA; more than eight bits as F, from 0 to 255, so that no depth is lost."""
    if image.mode in {"I", "F"} or image.mode.startswith("I;16"):
        return _deep(image)
    if image.mode == "P" and "transparency" not in image.info:
        image = image.convert("RGB")
    if preprocess.channels == 4:
        return image if image.mode == "RGBA" else image.convert("RGBA")
    if image.has_transparency_data:
        image = _flatten(image, preprocess.background)
    mode = "L" if preprocess.channels == 1 else "RGB"
    return image if image.mode == mode else image.convert(mode)


def resize_image(image: Image.Image, preprocess: Preprocess) -> Image.Image:
    """The picture at the asked size; returned untouched when it has that already.

    Raises:
        EngineError: the size or the crop fraction can't be.
    """
    width, height = image.size
    wanted_height = height if preprocess.height is None else preprocess.height
    wanted_width = width if preprocess.width is None else preprocess.width
    if min(wanted_height, wanted_width) < 1 or wanted_height * wanted_width > MOST_PIXELS:
        raise EngineError(
            f"A picture can't be made {wanted_height} high and {wanted_width} wide.", "Choose a size from 1 up."
        )
    if (height, width) == (wanted_height, wanted_width) or preprocess.resize == "none":
        return image
    how = _RESAMPLING[preprocess.interpolation]
    match preprocess.resize:
        case "stretch":
            return image.resize((wanted_width, wanted_height), how)
        case "pad":
            return _pad(image, wanted_height, wanted_width, how)
        case "crop":
            return _crop(image, wanted_height, wanted_width, preprocess.crop_fraction, how)


def thumbnail(path: str, max_side: int) -> NDArray[np.uint8]:
    """The picture, upright, at most `max_side` pixels on its longer side, as (H, W, 3) on white.

    Raises:
        EngineError: it can't be read.
    """
    image = to_channels(_opened(path, max_side), Preprocess(background="white"))
    longest = max(image.size)
    if longest > max_side:
        size = (max(1, image.width * max_side // longest), max(1, image.height * max_side // longest))
        image = image.resize(size, Image.Resampling.BILINEAR, reducing_gap=2.0 if image.mode != "F" else None)
    return np.ascontiguousarray(np.clip(np.rint(_pixels(image, 3)), 0, 255).astype(np.uint8))


def describe_preprocessing(size: tuple[int, int], preprocess: Preprocess) -> str:
    """What is done to a picture of (width, height): `480×640 stretched to 28×28, scaled to 0…1, not normalised`."""
    width, height = size
    wanted = (preprocess.height or height, preprocess.width or width)
    verb = {"crop": "resized and cropped", "stretch": "stretched", "pad": "padded", "none": "left"}[preprocess.resize]
    resized = f" {verb} to {wanted[0]}×{wanted[1]}" if wanted != (height, width) and preprocess.resize != "none" else ""
    scaled = "scaled to 0…1" if preprocess.scale == "unit" else "left at 0…255"
    normal = "normalised" if preprocess.mean or preprocess.std else "not normalised"
    order = ", blue first" if preprocess.channel_order == "BGR" and preprocess.channels >= 3 else ""
    return f"{height}×{width}{resized}, {scaled}, {normal}{order}"


def _check_size(image: Image.Image, name: str) -> None:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise EngineError(_too_large(name, f"{width:,} × {height:,} pixels"), "Make it smaller first.")


def _too_large(name: str, how: str) -> str:
    return f"{name} is larger than {MOST_PIXELS / 1e6:.0f} million pixels, as a decompression bomb is ({how})."


def _deep(image: Image.Image) -> Image.Image:
    """Grey pictures of 16 or 32 bits, or of floats, as F from 0 to 255."""
    values = np.asarray(image).astype(np.float32)
    top = float(values.max(initial=0.0))
    if image.mode.startswith("I;16") or (image.mode == "I" and top > 255):
        # A 16-bit PNG opens as I in some versions of Pillow; 32 bits that are truly used are brought to their own top.
        values *= np.float32(255.0 / (65535.0 if top <= 65535 else top))
    elif image.mode == "F" and top <= 1.0:
        values *= np.float32(255.0)
    elif image.mode == "F" and top > 255:
        values *= np.float32(255.0 / (65535.0 if top <= 65535 else top))
    return Image.fromarray(np.nan_to_num(values).clip(0, 255))


def _flatten(image: Image.Image, background: str) -> Image.Image:
    layered = image.convert("RGBA")
    under = Image.new("RGBA", layered.size, background)
    return Image.alpha_composite(under, layered).convert("RGB")


def _crop(image: Image.Image, height: int, width: int, fraction: float, how: Image.Resampling) -> Image.Image:
    """Resize the shorter side to size / fraction, then take the centre; rounds as torchvision and timm do."""
    if not 0.0 < fraction <= 1.0:
        raise EngineError(f"A crop fraction of {fraction:g} can't be.", "Choose a crop fraction above 0, up to 1.")
    # The hair's breadth keeps 224 / (224 / 232) at 232, where the division gives 231.99….
    least_height, least_width = (math.floor(side / fraction + 1e-6) for side in (height, width))
    if image.width * least_height >= image.height * least_width:
        size = (max(least_width, image.width * least_height // image.height), least_height)
    else:
        size = (least_width, max(least_height, image.height * least_width // image.width))
    if size[0] * size[1] > MOST_PIXELS:
        raise EngineError(
            f"A picture of {image.height}×{image.width} can't be cropped to {height}×{width}: it is too narrow.",
            'Choose the resizing "stretch" or "pad".',
        )
    if size != image.size:
        image = image.resize(size, how)
    left, top = round((size[0] - width) / 2), round((size[1] - height) / 2)
    return image.crop((left, top, left + width, top + height))


def _pad(image: Image.Image, height: int, width: int, how: Image.Resampling) -> Image.Image:
    ratio = min(height / image.height, width / image.width)
    size = (min(width, max(1, round(image.width * ratio))), min(height, max(1, round(image.height * ratio))))
    inner = image if size == image.size else image.resize(size, how)
    black: Any = (0, 0, 0, 255) if image.mode == "RGBA" else 0
    canvas = Image.new(image.mode, (width, height), black)
    canvas.paste(inner, ((width - size[0]) // 2, (height - size[1]) // 2))
    return canvas


def _pixels(image: Image.Image, channels: int) -> NDArray[Any]:
    """(H, W, C), uint8, or float32 for deep greys, which are repeated to the channels (alpha is full)."""
    pixels: NDArray[Any] = np.asarray(image)
    if pixels.ndim == 2:
        pixels = pixels[:, :, np.newaxis]
    if image.mode == "F" and channels > 1:
        pixels = np.repeat(pixels, channels, axis=2)
        if channels == 4:
            pixels[:, :, 3] = 255.0
    return pixels


def _normalise(values: NDArray[np.float32], preprocess: Preprocess) -> NDArray[np.float32]:
    for name, figures in (("mean", preprocess.mean), ("std", preprocess.std)):
        if not figures:
            continue
        if len(figures) not in {1, preprocess.channels}:
            raise EngineError(
                f"The {name} has {len(figures)} values, and the picture {preprocess.channels} channels.",
                f"Give one value, or {preprocess.channels}.",
            )
        per_channel = np.asarray(figures, np.float32)
        if name == "std" and not per_channel.all():
            raise EngineError("A std of 0 can't divide.", "Give a std above 0.")
        if preprocess.layout == "NCHW":
            per_channel = per_channel.reshape(-1, 1, 1)
        if name == "mean":
            values -= per_channel
        else:
            values /= per_channel
    return values


def _plain(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
