"""What an installed library offers: families of constructors (one source file each), their arguments, and the model."""

import importlib
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType

from torch import nn

from inspector.engine.errors import said_by
from inspector.engine.formats.cleaning import clean_text
from inspector.protocol.files import Entry


@dataclass(frozen=True)
class Constructor:
    """One constructor. `name` is dotted and begins with the library's; `words` are attributes that its class sets."""

    name: str
    numbers: tuple[int, ...] = ()
    words: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Family:
    """The constructors that one source file defines. `names` are known at once, the rest when it is asked for."""

    file: str
    names: tuple[str, ...]
    constructors: Callable[[], list[Constructor]]


@dataclass(frozen=True)
class Library:
    """A row of the table of libraries. `make` raises whatever the library raises.

    One that `is_costly` to look into is asked only where no other has a constructor that fits wholly.
    """

    name: str
    families: Callable[[], list[Family]]
    entry: Callable[[str], Entry]
    make: Callable[[str, Mapping[str, object]], nn.Module]
    is_costly: bool = False


class NotUsable(Exception):  # noqa: N818 - a state of the machine, not a fault
    """A library that can't be used here: `why` is a sentence, `installed` whether it is there at all."""

    def __init__(self, name: str, why: str, *, installed: bool) -> None:
        super().__init__(why)
        self.name = name
        self.why = why
        self.installed = installed


_imported: dict[str, ModuleType | NotUsable] = {}


def import_library(name: str) -> ModuleType:
    """The library, imported once.

    Raises:
        NotUsable: it is not installed, or its import fails; a failed import is not tried again.
    """
    if not isinstance(_imported.get(name), ModuleType):
        _imported[name] = _import(name)
    found = _imported[name]
    if isinstance(found, NotUsable):
        raise NotUsable(found.name, found.why, installed=found.installed)
    return found


def _import(name: str) -> ModuleType | NotUsable:
    known = _imported.get(name)
    if isinstance(known, NotUsable) and known.installed:
        return known  # half-imported parts would give another, misleading reason
    if name != "torchvision":
        _hide_broken_torchvision()
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name == name:
            return NotUsable(name, f"{name} is not installed.", installed=False)
        reason = f"it needs {error.name}, which is not installed"
        broken = _imported.get(str(error.name).partition(".")[0])
        if isinstance(broken, NotUsable) and broken.installed:
            reason = f"it needs {broken.name}. {broken.why.rstrip('.')}"
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a build for another torch fails in many ways
        reason = clean_text(said_by(error).strip().rstrip("."), 160)
    return NotUsable(name, f"{name} is installed, but can't be used here, because {reason}.", installed=True)


def _hide_broken_torchvision() -> None:
    """Where torchvision is there and can't be imported, libraries that can do without it are not to try."""
    try:
        import_library("torchvision")
    except NotUsable as error:
        if error.installed:
            for name in [one for one in sys.modules if one.partition(".")[0] == "torchvision"]:
                del sys.modules[name]
            sys.modules["torchvision"] = None  # type: ignore[assignment]  # importlib's own way to say that it is none
