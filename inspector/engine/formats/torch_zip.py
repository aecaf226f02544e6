"""Torch's zip form (since 1.6): `data.pkl` and one stored file for each storage."""

import io

from inspector.engine.formats.pickle_machine import MAX_PICKLE_BYTES, read_pickle
from inspector.engine.formats.pickle_values import PickleRead
from inspector.engine.formats.reading import Refused, Source
from inspector.engine.formats.torch_pickle import describe_pickle
from inspector.engine.formats.zip_directory import ZipDirectory, read_zip
from inspector.protocol.files import FileDescription


def describe(source: Source) -> FileDescription | None:
    """Describe it, or None where it is something else."""
    directory = read_zip(source)
    if directory is None or not directory.has("data.pkl"):
        return None
    read = read_pickle_in(directory, "data.pkl")
    return describe_pickle(
        source.path,
        source.size_bytes,
        read,
        stored_bytes=lambda key: directory.size_of(f"data/{key}"),
        form="torch's zip form",
        member=f"{directory.root}data.pkl",
    )


def read_pickle_in(directory: ZipDirectory, name: str) -> PickleRead:
    """The inert values of a pickle in a zip.

    Raises:
        Refused: it is damaged or too large.
    """
    data = directory.read(name, MAX_PICKLE_BYTES)
    stream = io.BytesIO(data)
    try:
        return read_pickle(stream, stream.tell)
    except RecursionError:
        raise Refused("Its pickle nests too deeply.") from None
