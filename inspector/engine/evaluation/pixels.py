"""A batch of pictures as the model takes it: the arithmetic of `preprocess_image`, once for all of them.

Per picture, numpy's calls cost more than the arithmetic on a small picture; the results are the same bit for bit.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from inspector.engine.errors import EngineError
from inspector.engine.inputs.images import preprocess_image, resize_image, to_channels
from inspector.protocol.inputs import Preprocess


def to_pixels(image: Image.Image, preprocess: Preprocess) -> NDArray[Any]:
    """One picture: uint8 (H, W, C) before scaling; or finished float32, where it is deeper than eight bits.

    Raises:
        EngineError: the sizes can't be.
    """
    if min(image.size) < 1:
        raise EngineError("The picture is empty.")
    brought = resize_image(to_channels(image, preprocess), preprocess)
    if brought.mode == "F":
        return preprocess_image(image, preprocess)
    pixels: NDArray[Any] = np.asarray(brought)
    return pixels[:, :, np.newaxis] if pixels.ndim == 2 else pixels


def to_batch(
    pictures: Sequence[NDArray[Any]], preprocess: Preprocess, *, plain_order: bool = False
) -> NDArray[np.float32]:
    """Pictures of one shape as one batch: (n, H, W, C), or a view of that as (n, C, H, W).

    The view is what torch calls channels last, and costs nothing. With `plain_order` (n, C, H, W) is also the order in
    memory: bytes are put into it, which takes a quarter of what floats would.
    """
    if pictures[0].dtype == np.float32:
        return np.stack(pictures)
    plain_order = plain_order and preprocess.layout == "NCHW"
    stacked = np.stack([picture.transpose(2, 0, 1) for picture in pictures] if plain_order else pictures)
    axis = 1 if plain_order else 3
    if preprocess.channel_order == "BGR" and preprocess.channels >= 3:
        order = [2, 1, 0, *range(3, preprocess.channels)]
        stacked = stacked.take(order, axis)
    values = np.empty(stacked.shape, np.float32)
    if preprocess.scale == "unit":
        np.divide(stacked, np.float32(255), out=values)
    else:
        values[...] = stacked
    per_channel = (-1, 1, 1) if plain_order else (-1,)
    if preprocess.mean:
        values -= np.asarray(preprocess.mean, np.float32).reshape(per_channel)
    if preprocess.std:
        values /= np.asarray(preprocess.std, np.float32).reshape(per_channel)
    return values if plain_order or preprocess.layout == "NHWC" else values.transpose(0, 3, 1, 2)


def check_preprocess(preprocess: Preprocess) -> None:
    """Try the preprocessing on a picture of nothing, so that a mistake in it is said once and not per image.

    Raises:
        EngineError: the sizes, mean or std can't be.
    """
    side = (preprocess.width or 8, preprocess.height or 8)
    if min(side) < 1 or side[0] * side[1] > 50_000_000:
        raise EngineError(f"A picture can't be made {side[1]} high and {side[0]} wide.", "Choose a size from 1 up.")
    preprocess_image(Image.new("RGB", side), preprocess)
