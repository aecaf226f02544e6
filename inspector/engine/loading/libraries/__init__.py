"""Constructors of installed libraries: found, never required. Their code is the machine's own, not the file's.

One file a library; the table is asked from left to right.
"""

from inspector.engine.loading.libraries import timm_models, torchvision_models, transformers_models
from inspector.engine.loading.libraries.library import Constructor, Family, Library, NotUsable, import_library

LIBRARIES: tuple[Library, ...] = (torchvision_models.LIBRARY, timm_models.LIBRARY, transformers_models.LIBRARY)


def library_of(entry: str) -> Library | None:
    """The library whose constructor an entry names (`timm.resnet18`), or None."""
    return next((library for library in LIBRARIES if entry.startswith(f"{library.name}.")), None)


__all__ = ["LIBRARIES", "Constructor", "Family", "Library", "NotUsable", "import_library", "library_of"]
