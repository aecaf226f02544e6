"""The files of a test folder, however deep, without opening one."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from inspector.engine.errors import EngineError

IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm", ".pbm"}
)
_STEP = 512


@dataclass(frozen=True)
class Listing:
    """Paths below `folder`, relative, with "/" on every system. `empty_folders` are top-level ones without a file.

    `untellable` are files whose names are no text in UTF-8, and so can't travel in a message.
    """

    folder: str
    images: tuple[str, ...]
    others: tuple[str, ...]
    empty_folders: tuple[str, ...]
    untellable: tuple[str, ...] = ()

    def path_of(self, relative: str) -> str:
        """The whole path of a listed file."""
        return os.path.join(self.folder, *relative.split("/"))  # noqa: PTH118 - 100,000 Path objects take a second


def list_folder(folder: str, between_steps: Callable[[], None]) -> Listing:
    """List the folder. Hidden files and folders are left out, as are links that lead back up.

    Raises:
        EngineError: it is no folder, or can't be read.
    """
    root = os.path.abspath(folder)  # noqa: PTH100 - a string is what is wanted
    images: list[str] = []
    others: list[str] = []
    untellable: list[str] = []
    top_folders: set[str] = set()
    filled: set[str] = set()
    for count, (relative, is_folder) in enumerate(_walk(root)):
        if count % _STEP == 0:
            between_steps()
        if not _is_text(relative):
            untellable += [] if is_folder else [relative]
            continue
        top, _, rest = relative.partition("/")
        if is_folder:
            if not rest:
                top_folders.add(top)
            continue
        if rest:
            filled.add(top)
        (images if is_image_name(relative) else others).append(relative)
    return Listing(
        root,
        tuple(sorted(images)),
        tuple(sorted(others)),
        tuple(sorted(top_folders - filled)),
        tuple(sorted(untellable)),
    )


def is_image_name(name: str) -> bool:
    """Whether the name ends as a picture's, in any case."""
    return suffix_of(name) in IMAGE_SUFFIXES


def suffix_of(name: str) -> str:
    """The suffix with its dot, in lower case."""
    return os.path.splitext(name)[1].lower()  # noqa: PTH122 - called for every file of a large folder


def _is_text(name: str) -> bool:
    """Whether the name can be encoded: bytes that are none come as lone surrogates."""
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _walk(root: str) -> Iterator[tuple[str, bool]]:
    """Relative paths below `root`, and whether each is a folder; each folder once, however many links lead there."""
    waiting = [""]
    entered: set[tuple[int, int]] = set()
    while waiting:
        prefix = waiting.pop()
        for entry in _entries(root, prefix):
            if entry.name.startswith(".") or entry.name == "__MACOSX":
                continue
            relative = f"{prefix}/{entry.name}" if prefix else entry.name
            try:
                identity = entry.stat() if entry.is_dir() else None
            except OSError:  # a link to itself, or to where nobody may look
                identity = None
            if identity is None:
                yield relative, False
                continue
            # Windows gives no inode here, and has no links that a person makes by accident.
            if identity.st_ino and (identity.st_dev, identity.st_ino) in entered:
                continue
            entered.add((identity.st_dev, identity.st_ino))
            yield relative, True
            waiting.append(relative)


def _entries(root: str, prefix: str) -> list[os.DirEntry[str]]:
    """What a folder holds; nothing when it is one below the root that may not be read, or has just gone."""
    fix = "Choose the folder that holds the test images."
    try:
        return list(os.scandir(os.path.join(root, prefix)))  # noqa: PTH118 - entries know their kind already
    except OSError as error:
        if prefix:
            return []
        match error:
            case NotADirectoryError():
                raise EngineError(f"{root} is not a folder.", fix) from None
            case FileNotFoundError():
                raise EngineError(f"There is no folder {root}.", fix) from None
            case _:
                raise EngineError(f"The folder {root} can't be read: {error.strerror}.", fix) from None
