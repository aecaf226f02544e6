"""What is no model that this app opens: named by its first bytes, in a sentence."""

import json
import re
import struct
from pathlib import Path

from inspector.core.formatting import counted
from inspector.engine.formats import other_frameworks
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.formats.other_frameworks import KERAS
from inspector.engine.formats.reading import Refused, Source
from inspector.engine.formats.zip_directory import read_zip
from inspector.protocol.files import FileDescription, Safety

_BEGINNINGS: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "A PNG picture, not a model: an input perhaps."),
    (b"\xff\xd8\xff", "A JPEG picture, not a model: an input perhaps."),
    (b"GIF8", "A GIF picture, not a model."),
    (b"BM", "A BMP picture, not a model: an input perhaps."),
    (b"II*\0", "A TIFF picture, not a model: an input perhaps."),
    (b"MM\0*", "A TIFF picture, not a model: an input perhaps."),
    (b"\x93NUMPY", "A numpy array (.npy), not a model: an input perhaps."),
    (b"%PDF", "A PDF document, not a model."),
    (b"\x1f\x8b", "A gzip archive: unpack it first, and open what is in it."),
    (b"BZh", "A bzip2 archive: unpack it first, and open what is in it."),
    (b"\xfd7zXZ\0", "An xz archive: unpack it first, and open what is in it."),
    (b"(\xb5/\xfd", "A Zstandard archive: unpack it first, and open what is in it."),
    (b"7z\xbc\xaf\x27\x1c", "A 7-Zip archive: unpack it first, and open what is in it."),
    (b"Rar!", "A RAR archive: unpack it first, and open what is in it."),
    (b"\x7fELF", "A compiled program or library, not a model."),
    (b"MZ", "A Windows program or library, not a model."),
    (b"SQLite format 3\0", "An SQLite database, not a model."),
    (b"PAR1", "A Parquet table, not a model."),
    (b"OggS", "An Ogg sound or video, not a model."),
    (b"fLaC", "A FLAC sound, not a model."),
    (b"ID3", "An MP3 sound, not a model."),
    (b"version https://git-lfs", "A Git LFS pointer, not the file itself: fetch it with `git lfs pull`."),
)
_FILES_INSIDE: tuple[tuple[str, str], ...] = (
    ("word/document.xml", "A Word document, not a model."),
    ("xl/workbook.xml", "An Excel workbook, not a model."),
    ("META-INF/MANIFEST.MF", "A Java archive, not a model."),
    ("config.json", f"A Keras model (.keras), or a zip with a config. {KERAS}"),
    ("saved_model.pb", f"A TensorFlow SavedModel in a zip. {KERAS}"),
    ("MAR-INF/MANIFEST.json", "A TorchServe archive (.mar): unpack it, and open the weights with the .py in it."),
)


def describe(source: Source) -> FileDescription:
    """Say what it is; never gives up."""
    return unknown(source.path, source.size_bytes, _sentence(source), safety="inert")


def unknown(
    path: str, size_bytes: int, summary: str, warnings: tuple[str, ...] = (), *, safety: Safety = "needs_consent"
) -> FileDescription:
    """The description of something that is not opened; what was refused is never called safe."""
    return FileDescription(
        path=path, format="unknown", size_bytes=size_bytes, safety=safety, summary=summary, warnings=warnings
    )


def _sentence(source: Source) -> str:
    if source.is_folder:
        return _folder_sentence(Path(source.path))
    if source.size_bytes == 0:
        return "An empty file."
    head = source.read_at(0, 4096)
    for beginning, sentence in _BEGINNINGS:
        if head.startswith(beginning):
            return sentence
    return (
        other_frameworks.name_file(source, head)
        or _placed_sentence(source, head)
        or _text_sentence(source, head)
        or _bytes_sentence(source)
    )


def _placed_sentence(source: Source, head: bytes) -> str:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _zip_sentence(source)
    if head[:4] == b"RIFF":
        kind = {b"WEBP": "A WebP picture, not a model: an input perhaps.", b"WAVE": "A WAV sound, not a model."}
        return kind.get(head[8:12], "A RIFF file (sound or video), not a model.")
    if head[4:8] == b"ftyp":
        return "A video, sound or HEIF picture, not a model."
    if head[257:262] == b"ustar":
        return _tar_sentence(head)
    return ""


def _tar_sentence(head: bytes) -> str:
    first = head[:100].rstrip(b"\0").decode("utf-8", "replace")
    if first.rstrip("/") in {"sys_info", "pickle", "storages", "tensors"}:
        return "Torch's oldest form (a tar, before 2017); open it with an old torch and save it again."
    return "A tar archive: unpack it first, and open what is in it."


def _zip_sentence(source: Source) -> str:
    directory = read_zip(source)
    if directory is None:
        return "An empty zip."
    for name, sentence in _FILES_INSIDE:
        if name in directory.entries:
            return sentence
    names = list(directory.entries)
    if names and all(name.endswith(".npy") for name in names):
        return f"Numpy arrays (.npz), {counted(len(names), 'array')}, not a model."
    shown = clean_text(", ".join(names[:3]), 120)
    return f"A plain zip with {counted(len(names), 'file')} ({shown}), not a model: unpack it first."


def _text_sentence(source: Source, head: bytes) -> str:
    text = _as_text(head)
    if text is None:
        return ""
    stripped = text.lstrip().lower()
    named = other_frameworks.name_text(stripped)
    if named:
        return named
    if stripped.startswith(("<!doctype html", "<html")):
        return "A web page, not a model: perhaps the download needs a login, or its real link."
    if stripped.startswith(("<?xml", "<svg")):
        return "An XML or SVG text, not a model."
    if stripped.startswith(("{", "[")) and _is_json(source):
        return "A JSON text, not a model."
    return f"A text of {counted(source.size_bytes, 'byte')}, not a model."


def _as_text(head: bytes) -> str | None:
    """The beginning of a file as text, or None where it is none; a letter may be cut in two at its end."""
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start < len(head) - 4:
            return None
        text = head[: error.start].decode("utf-8")
    return None if re.search(r"[\x00-\x08\x0e-\x1f]", text) else text


def _is_json(source: Source) -> bool:
    if source.size_bytes > 2**20:
        return True
    try:
        json.loads(source.read_at(0, 2**20))
    except (ValueError, RecursionError):
        return False
    return True


def _bytes_sentence(source: Source) -> str:
    head = source.read_at(0, 8)
    if len(head) == 8 and 0 < struct.unpack("<Q", head)[0] < source.size_bytes and source.read_at(8, 2) == b'{"':
        raise Refused("It begins like safetensors, but is damaged.")
    return f"Not a model that is known here: {counted(source.size_bytes, 'byte')} that begin with {head.hex(' ')}."


def _folder_sentence(folder: Path) -> str:
    named = other_frameworks.name_folder(folder)
    if named:
        return named
    names = [entry.name for entry, _ in zip(folder.iterdir(), range(1000), strict=False)]
    if not names:
        return "An empty folder."
    more = "1,000 or more entries" if len(names) >= 1000 else counted(len(names), "entry").replace("entrys", "entries")
    return f"A folder with {more}, and no model that is known here: a test folder perhaps."
