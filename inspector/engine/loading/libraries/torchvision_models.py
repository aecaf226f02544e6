"""torchvision's constructors, as `torchvision.models` lists them, with random weights."""

import inspect
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from torch import nn

from inspector.engine.loading.libraries.library import Constructor, Family, Library, import_library
from inspector.engine.loading.libraries.sources import functions_in
from inspector.protocol.files import Entry, EntryParameter

_DEFAULT_CLASSES = {"detection": 91, "segmentation": 21, "video": 400, "optical_flow": 0}
_PASSED_ON = {"image_size": "224", "aux_logits": "True", "in_channels": "3"}


def _families() -> list[Family]:
    models: Any = import_library("torchvision").models
    files: dict[str, list[str]] = defaultdict(list)
    for name in models.list_models():
        module = sys.modules[models.get_model_builder(name).__module__]
        files[str(module.__file__)].append(name)
    return [_family(file, names) for file, names in files.items()]


def _family(file: str, names: list[str]) -> Family:
    def constructors() -> list[Constructor]:
        numbers = functions_in(file)
        return [Constructor(f"torchvision.{name}", numbers.get(_builder(name).__name__, ())) for name in names]

    return Family(file, tuple(f"torchvision.{name}" for name in names), constructors)


def _builder(name: str) -> Callable[..., nn.Module]:
    models: Any = import_library("torchvision").models
    builder: Callable[..., nn.Module] = models.get_model_builder(name)
    return builder


def _entry(name: str) -> Entry:
    builder = _builder(name.removeprefix("torchvision."))
    kind = builder.__module__.rpartition(".")[0].rpartition(".")[2]
    classes = _DEFAULT_CLASSES.get(kind, 1000)
    parameters = [EntryParameter(name="num_classes", annotation="int", default=str(classes))] if classes else []
    own = inspect.signature(inspect.unwrap(builder)).parameters
    if "aux_loss" in own:
        parameters.append(EntryParameter(name="aux_loss", annotation="bool", default="False"))
    parameters += [
        EntryParameter(name=one, annotation="bool" if default == "True" else "int", default=default)
        for one, default in _PASSED_ON.items()
        if _class_takes(builder, one)
    ]
    return Entry(name=name, kind="library", parameters=tuple(parameters))


def _class_takes(builder: Callable[..., nn.Module], name: str) -> bool:
    """Whether the class that the builder's annotation names has such an argument of its own."""
    made = inspect.signature(inspect.unwrap(builder)).return_annotation
    return inspect.isclass(made) and name in inspect.signature(made).parameters


def _make(name: str, arguments: Mapping[str, object]) -> nn.Module:
    builder = _builder(name.removeprefix("torchvision."))
    own = inspect.signature(inspect.unwrap(builder)).parameters
    without = {one: None for one in ("weights", "weights_backbone") if one in own}
    settled = {"init_weights": False} if _class_takes(builder, "init_weights") else {}
    return builder(**without, **settled, **arguments)


LIBRARY = Library("torchvision", _families, _entry, _make)
