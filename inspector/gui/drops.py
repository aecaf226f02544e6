"""What a drop would do, decided before it is let go, so that the window can say it: pure functions of paths.

Must not know Qt. Looks at names and folders only; what a file really is, the engine tells by its content.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from inspector.gui.state import WindowState

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".gif"})
WEIGHT_FORMATS = frozenset({"state_dict", "checkpoint", "safetensors", "module"})
DropKind = Literal["open", "source", "images", "array", "folder", "labels", "compare", "refuse"]


@dataclass(frozen=True)
class DropPlan:
    """What a drop does; `sentence` says it. `source` is the `.py` that came with the weights.

    `beside` is what a drop on the other target, at the right, does instead.
    """

    kind: DropKind
    sentence: str
    paths: tuple[str, ...] = ()
    source: str = ""
    beside: "DropPlan | None" = None


def plan_drop(paths: Sequence[str], state: WindowState) -> DropPlan:
    """Decide what these files and folders are for, given what is open."""
    if not paths:
        return DropPlan("refuse", "Only files and folders of this computer can be dropped here.")
    first = Path(paths[0])
    if os.path.isdir(first):  # noqa: PTH112 - never raises, however long the name is
        return _folder(first, state)
    suffixes = {Path(path).suffix.lower() for path in paths}
    if suffixes <= IMAGE_SUFFIXES:
        return _images(tuple(paths), state)
    if suffixes == {".npy"}:
        return _needs_model(DropPlan("array", f"Feed {first.name} to the model", (str(first),)), state)
    if suffixes == {".csv"}:
        return _needs_model(DropPlan("labels", f"Evaluate the images that {first.name} lists", (str(first),)), state)
    return _beside(_model(tuple(paths), state), state)


def _beside(plan: DropPlan, state: WindowState) -> DropPlan:
    """A model that is dropped on another may be compared with it."""
    if plan.kind != "open" or not state.path or state.loading:
        return plan
    told = f"Compare {Path(state.path).name} with {Path(plan.paths[0]).name}"
    return replace(plan, beside=DropPlan("compare", told, plan.paths, plan.source))


def _folder(folder: Path, state: WindowState) -> DropPlan:
    if os.path.isfile(folder / "config.json"):  # noqa: PTH113 - as above
        return _beside(DropPlan("open", f"Open the Hugging Face folder {folder.name}", (str(folder),)), state)
    return _needs_model(DropPlan("folder", f"Evaluate the images in {folder.name}", (str(folder),)), state)


def _images(paths: tuple[str, ...], state: WindowState) -> DropPlan:
    what = Path(paths[0]).name if len(paths) == 1 else f"{len(paths)} images as one batch"
    return _needs_model(DropPlan("images", f"Feed {what} to the model", paths), state)


def _model(paths: tuple[str, ...], state: WindowState) -> DropPlan:
    sources = [path for path in paths if Path(path).suffix.lower() == ".py"]
    files = [path for path in paths if Path(path).suffix.lower() not in {".py", *IMAGE_SUFFIXES}]
    if not files:
        return _source(sources[0], state)
    name = Path(files[0]).name
    if sources:
        return DropPlan("open", f"Open {name} with {Path(sources[0]).name}", (files[0],), sources[0])
    more = len(files) - 1
    others = f"; one at a time, the other {f'{more} are' if more > 1 else 'one is'} left" if more else ""
    return DropPlan("open", f"Open {name}{others}", (files[0],))


def _source(source: str, state: WindowState) -> DropPlan:
    if _waits_for_source(state):
        return DropPlan("source", f"Open {Path(state.path).name} with {Path(source).name}", (source,))
    return DropPlan("open", f"Open {Path(source).name}", (source,))


def _waits_for_source(state: WindowState) -> bool:
    """Whether a `.py` makes the file that is open whole; what only waits for consent has all that it needs."""
    if state.consent is not None:
        return bool(state.consent.missing)
    described = state.description
    return state.model is None and described is not None and described.format in WEIGHT_FORMATS


def _needs_model(plan: DropPlan, state: WindowState) -> DropPlan:
    if state.model is not None:
        return plan
    return DropPlan("refuse", "Open a model first: drop its file here.", plan.paths)
