"""Which output of the model each class of a folder stands for: by its name, its number, or its place."""

import re
from collections.abc import Sequence

from inspector.core.heads import num_classes_of


def propose_mapping(classes: Sequence[str], class_names: Sequence[str], num_outputs: int | None) -> dict[str, int]:
    """The proposed output index of each class, whose order is natural already. {} where no model is known.

    By the model's class names where at least half the classes are among them (those that are not get no output);
    else by number where numbers are valid outputs; else by place.
    """
    if num_outputs is None and not class_names:
        return {}
    by_name = _by_name(classes, class_names)
    if 2 * len(by_name) >= len(classes) > 0 and by_name:
        return by_name
    num_classes = num_classes_of(num_outputs) if num_outputs is not None else len(class_names)
    by_number = _by_number(classes, num_classes)
    if by_number:
        return by_number
    return {name: place for place, name in enumerate(classes) if place < num_classes}


def mapping_problems(
    classes: Sequence[str], class_names: Sequence[str], num_outputs: int | None, mapping: dict[str, int]
) -> tuple[str, ...]:
    """Sentences on a class count that differs from the outputs, and on classes without an output."""
    if not classes or (num_outputs is None and not class_names):
        return ()
    num_classes = num_classes_of(num_outputs) if num_outputs is not None else len(class_names)
    problems = []
    held = "1 class" if len(classes) == 1 else f"{len(classes)} classes"
    outputs = "one output, which tells two classes apart" if num_outputs == 1 else f"{num_classes} outputs"
    if len(classes) > num_classes:
        problems.append(f"The folder has {held}, but the model has {outputs}.")
    elif 1 < len(classes) < num_classes:
        problems.append(
            f"The folder has {len(classes)} classes, but the model has {outputs}: "
            "a prediction of any other output is counted outside the matrix."
        )
    without = [name for name in classes if name not in mapping]
    if without:
        which = "has" if len(without) == 1 else "have"
        problems.append(
            f"{_listed(without)} {which} no output of the model, so all images there count as wrong: set the mapping."
        )
    return tuple(problems)


def _by_name(classes: Sequence[str], class_names: Sequence[str]) -> dict[str, int]:
    """Classes that are among the names, spelt alike but for case and separators; a name that occurs twice is no key."""
    places: dict[str, int] = {}
    for place, name in enumerate(class_names):
        key = _plain(name)
        places[key] = -1 if key in places else place
    found = {name: places.get(_plain(name), -1) for name in classes}
    return {name: place for name, place in found.items() if place >= 0}


def _by_number(classes: Sequence[str], num_classes: int) -> dict[str, int]:
    """Numbers as they are where all are valid outputs; one less where they run up to the number of outputs.

    A number behind a word (`C3`, `class_3`) counts only where it can't be mistaken: with a 0, or up to the last.
    """
    numbers = [_number_in(name) for name in classes]
    known = [number for number in numbers if number is not None]
    if not known or len(known) < len(classes) or len(set(known)) < len(known):
        return {}
    bare = all(name.isdecimal() for name in classes)
    if max(known) < num_classes and (bare or min(known) == 0):
        return dict(zip(classes, known, strict=True))
    if min(known) >= 1 and max(known) == num_classes:
        return {name: number - 1 for name, number in zip(classes, known, strict=True)}
    return {}


def _number_in(name: str) -> int | None:
    found = re.fullmatch(r"[^\W\d]*[-_ ]?(\d{1,9})", name)
    return int(found.group(1)) if found else None


def _plain(name: str) -> str:
    return re.sub(r"[-_\s]+", " ", name).strip().casefold()


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(f'"{name}"' for name in names[:5])
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more classes"
