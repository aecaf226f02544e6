"""timm's constructors, as its registry lists them, with random weights.

timm also takes places for names (`hf-hub:somebody/net`, `local-dir:…`), which it fetches and opens; here it gets none.
"""

import re
import sys
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from torch import nn

from inspector.engine.errors import EngineError
from inspector.engine.formats.cleaning import clean_text
from inspector.engine.loading.libraries.library import Constructor, Family, Library, import_library
from inspector.engine.loading.libraries.sources import functions_in
from inspector.protocol.files import Entry, EntryParameter


def _families() -> list[Family]:
    timm: Any = import_library("timm")
    files: dict[str, list[str]] = defaultdict(list)
    for name in timm.list_models():
        module = sys.modules[timm.models.model_entrypoint(name).__module__]
        files[str(module.__file__)].append(name)
    return [_family(file, names) for file, names in files.items()]


def _family(file: str, names: list[str]) -> Family:
    def constructors() -> list[Constructor]:
        numbers = functions_in(file)
        return [Constructor(f"timm.{name}", numbers.get(name, ())) for name in names]

    return Family(file, tuple(f"timm.{name}" for name in names), constructors)


def _registered(name: str) -> str:
    """The name as timm's registry has it, with the tag of its weights where one is given (`resnet18.a1_in1k`).

    Raises:
        EngineError: it is a place.
    """
    plain = name.removeprefix("timm.")
    if not re.fullmatch(r"[\w.\-]+", plain):
        raise EngineError(
            f"{clean_text(plain, 80)} is no constructor of timm, but a place to fetch one from, which is not done.",
            "Fetch its folder yourself, and open that.",
        )
    return plain


def _entry(name: str) -> Entry:
    plain = _registered(name)
    timm: Any = import_library("timm")
    config = timm.models.get_pretrained_cfg(plain)
    size = getattr(config, "input_size", None) or (3, 224, 224)
    classes = getattr(config, "num_classes", 1000)
    parameters = [
        EntryParameter(name="num_classes", annotation="int", default=str(1000 if classes is None else classes)),
        EntryParameter(name="in_chans", annotation="int", default=str(size[0])),
    ]
    if getattr(config, "fixed_input_size", False):
        parameters.append(EntryParameter(name="img_size", annotation="int", default=str(size[-1])))
    return Entry(name=name, kind="library", parameters=tuple(parameters))


def _make(name: str, arguments: Mapping[str, object]) -> nn.Module:
    timm: Any = import_library("timm")
    made: nn.Module = timm.create_model(_registered(name), pretrained=False, **arguments)
    return made


LIBRARY = Library("timm", _families, _entry, _make)
