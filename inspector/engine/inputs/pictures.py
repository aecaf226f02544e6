"""What the model sees, as a picture for people: (H, W, 3) uint8, upright, red first."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from inspector.protocol.inputs import Preprocess


def picture_of_image(values: NDArray[np.float32], preprocess: Preprocess) -> NDArray[np.uint8]:
    """The first picture back from what `preprocess_image` made of it: the proof of what the model was fed."""
    last = values.transpose(1, 2, 0) if preprocess.layout == "NCHW" else values
    pixels: NDArray[np.float64] = last.astype(np.float64)
    std = np.asarray(preprocess.std or (1.0,))
    mean = np.asarray(preprocess.mean or (0.0,))
    top = 1.0 if preprocess.scale == "unit" else 255.0
    pixels *= np.abs(std)
    pixels += np.where(std < 0, top - mean, mean)  # below 0 it fed the negative
    if preprocess.scale == "unit":
        pixels *= 255.0
    if preprocess.channel_order == "BGR" and pixels.shape[2] >= 3:
        pixels = np.concatenate([pixels[..., 2::-1], pixels[..., 3:]], axis=2)
    return _as_rgb(pixels, 255.0 if preprocess.background == "white" else 0.0)


def picture_of_tensor(tensor: torch.Tensor) -> NDArray[np.uint8] | None:
    """The first item of a batch with 1, 3 or 4 channels, stretched from its lowest to its highest value; else None."""
    if tensor.ndim != 4 or not tensor.numel() or tensor.is_complex():
        return None
    first = tensor[0]
    if first.shape[0] in {1, 3, 4}:
        first = first.permute(1, 2, 0)
    elif first.shape[2] not in {1, 3, 4}:
        return None
    pixels: NDArray[Any] = first.detach().to("cpu", torch.float64).numpy()
    finite = pixels[np.isfinite(pixels)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    # A constant picture is shown mid-grey rather than divided by zero.
    stretched = (pixels - low) * (255.0 / (high - low)) if high > low else np.full_like(pixels, 127.0)
    return _as_rgb(np.nan_to_num(stretched, nan=0.0, posinf=255.0, neginf=0.0)[..., :3], 0.0)


def _as_rgb(pixels: NDArray[np.float64], background: float) -> NDArray[np.uint8]:
    if pixels.shape[2] == 4:
        opacity = pixels[..., 3:].clip(0, 255) / 255.0
        pixels = pixels[..., :3] * opacity + background * (1.0 - opacity)
    rgb = np.rint(pixels).clip(0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.repeat(rgb, 3, axis=2) if rgb.shape[2] == 1 else rgb)
