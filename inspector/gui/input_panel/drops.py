"""Which dropped files the panels take."""

from pathlib import PurePath

from PySide6.QtCore import QMimeData

IMAGE_ENDINGS = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif"})
ARRAY_ENDINGS = frozenset({".npy"})  # a dropped .pt is more likely a model, so the window gets it


def dropped_files(data: QMimeData, endings: frozenset[str]) -> tuple[str, ...]:
    """The local files among what was dropped that end so; none where anything else was dropped with them."""
    paths = tuple(url.toLocalFile() for url in data.urls() if url.isLocalFile())
    fits = bool(paths) and len(paths) == len(data.urls())
    return paths if fits and all(PurePath(path).suffix.lower() in endings for path in paths) else ()
