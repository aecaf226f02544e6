"""An input in another shape: what stays of it, and what is changed."""

import msgspec

from inspector.protocol.inputs import ImageInput, NamedInput, RandomInput


def in_shape(given: NamedInput, shape: tuple[int, ...]) -> NamedInput:
    """The same input in this shape; what can't be brought to it (a file, a picture to a length) stays as it is."""
    match given.source:
        case RandomInput():
            return msgspec.structs.replace(given, source=msgspec.structs.replace(given.source, shape=shape))
        case ImageInput(preprocess=preprocess) if len(shape) == 4 and preprocess.layout == "NCHW":
            _, channels, height, width = shape
            if channels not in {1, 3, 4}:
                return given
            changed = msgspec.structs.replace(preprocess, channels=channels, height=height, width=width)
            if len(preprocess.mean) not in {0, 1, channels}:
                changed = msgspec.structs.replace(changed, mean=(), std=())
            return msgspec.structs.replace(given, source=msgspec.structs.replace(given.source, preprocess=changed))
        case _:
            return given


def can_take(given: NamedInput, shape: tuple[int, ...], fed: tuple[int, ...]) -> bool:
    """Whether `in_shape` brings it there: pictures have their own batch, and files their own shape."""
    if shape == fed or isinstance(given.source, RandomInput):
        return True
    if not isinstance(given.source, ImageInput) or in_shape(given, shape) == given:
        return False
    return shape[0] == len(given.source.paths)
