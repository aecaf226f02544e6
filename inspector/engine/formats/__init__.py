"""Recognises files by their content and reads them inertly. Must not know torch, nor run or import what is in a file.

One file a format; the table below is tried from top to bottom.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

from inspector.engine.formats import (
    exported_program,
    gguf_file,
    hugging_face,
    onnx_file,
    python_source,
    safetensors_file,
    torch_legacy,
    torch_zip,
    torchscript,
)
from inspector.engine.formats import unknown as unknown_file
from inspector.engine.formats.reading import Refused, Source, open_source
from inspector.protocol.files import FileDescription


@dataclass(frozen=True)
class Format:
    """A format's name for people, and its reader, which gives None for anything else."""

    name: str
    describe: Callable[[Source], FileDescription | None]


FORMATS: tuple[Format, ...] = (
    Format("Hugging Face folder", hugging_face.describe),
    Format("TorchScript", torchscript.describe),
    Format("exported program", exported_program.describe),
    Format("torch zip", torch_zip.describe),
    # Before the older form: a header of 384 bytes, or 640 …, begins with the two bytes of a pickle.
    Format("safetensors", safetensors_file.describe),
    Format("torch legacy", torch_legacy.describe),
    Format("GGUF", gguf_file.describe),
    Format("Python source", python_source.describe),
    Format("ONNX", onnx_file.describe),
    Format("something else", unknown_file.describe),
)


def describe_file(path: str) -> FileDescription:
    """What a file holds, without running, importing or hashing anything from it, and without reading tensors.

    Raises:
        EngineError: it is not there, or can't be read. What is damaged or hostile is described as such.
    """
    with open_source(path) as source:
        return describe_source(source)


def describe_source(source: Source) -> FileDescription:
    """The same of a file that is open already, or held in memory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Python's remarks on odd texts in a file are no news of ours
        try:
            return _describe(source)
        except Refused as refused:
            return unknown_file.unknown(source.path, source.size_bytes, f"Not opened. {refused}", (str(refused),))
        except RecursionError:
            sentence = "Not opened. It nests more deeply than any honest file."
            return unknown_file.unknown(source.path, source.size_bytes, sentence)


def _describe(source: Source) -> FileDescription:
    for file_format in FORMATS:
        found = file_format.describe(source)
        if found is not None:
            return found
    raise AssertionError("the last format describes everything")


__all__ = ["FORMATS", "Format", "describe_file", "describe_source"]
