"""What is fed to a model: random tensors, images with their preprocessing, or arrays from a file."""

from typing import Literal

from inspector.protocol.base import Message

Distribution = Literal["normal", "uniform", "zeros", "ones", "integers"]


class Preprocess(Message, frozen=True):
    """How a picture becomes a tensor; the same for one image and for a folder.

    Also the text of `--preprocess FILE.json`.

    The picture is turned upright (EXIF), brought to `channels` (1 grey, 3 RGB, 4 RGBA), resized to
    `height` × `width` (None keeps its own), scaled to [0, 1] (`scale="unit"`) or left at 0…255 (`"byte"`), and
    normalised as (x − mean) / std, where given. `resize`: `crop` resizes the shorter side to
    size / `crop_fraction` and crops the centre, `stretch` ignores the aspect, `pad` keeps all of it on black,
    `none` leaves it. An image that already has the size is not resampled. `background` fills transparency.
    """

    height: int | None = None
    width: int | None = None
    channels: Literal[1, 3, 4] = 3
    resize: Literal["crop", "stretch", "pad", "none"] = "crop"
    crop_fraction: float = 1.0
    interpolation: Literal["nearest", "bilinear", "bicubic", "lanczos"] = "bilinear"
    channel_order: Literal["RGB", "BGR"] = "RGB"
    layout: Literal["NCHW", "NHWC"] = "NCHW"
    scale: Literal["unit", "byte"] = "unit"
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    background: Literal["black", "white"] = "black"


class RandomInput(Message, frozen=True, tag="random"):
    """A tensor drawn by torch's own CPU generator with `seed`, so that every device sees the same values.

    `integers` are drawn from `low` up to, not including, `high`; `uniform` from [low, high) as floats.
    """

    shape: tuple[int, ...]
    dtype: str = "float32"
    distribution: Distribution = "normal"
    low: float = 0.0
    high: float = 1.0
    seed: int = 0


class ImageInput(Message, frozen=True, tag="image"):
    """One or several pictures as one batch."""

    paths: tuple[str, ...]
    preprocess: Preprocess = Preprocess()


class ArrayInput(Message, frozen=True, tag="array"):
    """A tensor from a `.npy` or `.pt` file, read without running anything. `dtype` "" keeps the file's own."""

    path: str
    dtype: str = ""


InputSource = RandomInput | ImageInput | ArrayInput


class NamedInput(Message, frozen=True):
    """A value for one argument of forward; an empty name means the next positional one."""

    source: InputSource
    name: str = ""


class InputSlot(Message, frozen=True):
    """An argument of forward, and what the app proposes to feed it. `why` says where the shape came from.

    `image_like` is set where pictures fit: (N, C, H, W) with 1, 3 or 4 channels.
    """

    name: str
    proposed: RandomInput
    required: bool = True
    image_like: bool = False
    why: str = ""
