"""What is fed to a model: random tensors, pictures, and arrays from files. Must not know the model.

Everything that can't be made raises an EngineError with a sentence and the fix.
"""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from inspector.engine.errors import EngineError
from inspector.engine.inputs.arrays import array_tensor
from inspector.engine.inputs.dtypes import wanted_dtype
from inspector.engine.inputs.images import describe_preprocessing, open_image, preprocess_image
from inspector.engine.inputs.pictures import picture_of_image, picture_of_tensor
from inspector.engine.inputs.random_tensors import random_tensor
from inspector.protocol.inputs import ArrayInput, ImageInput, InputSource, RandomInput

__all__ = ["Prepared", "make_tensor", "prepare_input"]


@dataclass(frozen=True)
class Prepared:
    """A tensor on the CPU, what the model sees as (H, W, 3) uint8 where it is a picture, and a note in words."""

    tensor: torch.Tensor
    picture: NDArray[np.uint8] | None
    note: str


def make_tensor(source: InputSource, *, device: str = "cpu", dtype: str = "") -> torch.Tensor:
    """The tensor that `source` describes, on `device`; `dtype` "" keeps its own.

    A floating `dtype` leaves integers and truth values as they are: they are indices and masks.

    Raises:
        EngineError: it can't be made.
    """
    match source:
        case RandomInput():
            tensor = random_tensor(source, dtype)
        case ImageInput():
            tensor = torch.from_numpy(_images(source)[0])
            tensor = tensor.to(wanted_dtype(tensor.dtype, dtype))
        case ArrayInput():
            tensor = array_tensor(source, dtype)[0]
    if device == "cpu":
        return tensor
    try:
        return tensor.to(device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise EngineError(
            f"The input could not be moved to {device}: {(str(error).splitlines() or [''])[0]}.",
            "Choose another device.",
        ) from error


def prepare_input(source: InputSource) -> Prepared:
    """The tensor, with a picture of what the model sees and a note on what was done.

    Raises:
        EngineError: it can't be made.
    """
    match source:
        case RandomInput():
            tensor = random_tensor(source)
            return Prepared(tensor, picture_of_tensor(tensor), "")
        case ArrayInput():
            tensor, note = array_tensor(source)
            return Prepared(tensor, picture_of_tensor(tensor), note)
        case ImageInput():
            batch, size = _images(source)
            note = describe_preprocessing(size, source.preprocess)
            return Prepared(torch.from_numpy(batch), picture_of_image(batch[0], source.preprocess), note)


def _images(source: ImageInput) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """The batch, and (width, height) of the first picture as it was."""
    if not source.paths:
        raise EngineError("No picture was chosen.", "Choose at least one picture.")
    made: list[NDArray[np.float32]] = []
    first_size = (0, 0)
    for path in source.paths:
        image: Image.Image = open_image(path)
        first_size = first_size if made else image.size
        made.append(preprocess_image(image, source.preprocess))
        if made[-1].shape != made[0].shape:
            raise EngineError(
                f"The pictures differ in size: {made[0].shape} and {made[-1].shape} can't be one batch.",
                "Give a height and a width, and a resizing other than none.",
            )
    return (made[0][np.newaxis] if len(made) == 1 else np.stack(made)), first_size
