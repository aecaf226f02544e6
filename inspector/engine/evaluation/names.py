"""Labels from file names, by a pattern that is given or proposed. None or two labels in a name are never guessed."""

import re
from collections.abc import Callable

from inspector.core.labels import Label, compile_pattern, label_with, propose_patterns
from inspector.engine.errors import EngineError
from inspector.engine.evaluation.found import Found
from inspector.engine.evaluation.listing import Listing
from inspector.protocol.evaluation import LabelRule, Skipped

_STEP = 4096


def label_by_names(listing: Listing, pattern: str, between_steps: Callable[[], None]) -> Found:
    """Each image under the label that its name holds.

    Raises:
        EngineError: the pattern given is no regular expression with a group.
    """
    names = [path.rpartition("/")[2] for path in listing.images]
    patterns = propose_patterns(names)
    chosen = pattern or (patterns[0] if patterns else "")
    if not chosen:
        return Found(
            rule=LabelRule(source="names"),
            how="from the file names",
            labelled=(),
            skipped=_all_unlabelled(listing),
            problems=("No label was found in the file names; give a pattern, such as _(C[0-9]+)_.",) if names else (),
        )
    try:
        compiled = compile_pattern(chosen)
    except ValueError as error:
        raise EngineError(str(error), "Change the pattern.") from None
    labels = []
    for count, name in enumerate(names):
        if count % _STEP == 0:
            between_steps()
        labels.append(label_with(compiled, name))
    return _sorted_out(listing, labels, LabelRule(source="names", pattern=chosen), patterns)


def _sorted_out(listing: Listing, labels: list[Label], rule: LabelRule, patterns: tuple[str, ...]) -> Found:
    words = {label.text for label in labels if label.kind == "one" and re.search(r"[^\W\d_]", label.text)}
    labelled: list[tuple[str, str]] = []
    skipped: list[Skipped] = []
    for relative, label in zip(listing.images, labels, strict=True):
        path = listing.path_of(relative)
        if label.kind == "none":
            skipped.append(Skipped(path=path, reason="Its name holds no label."))
            continue
        others = () if label.kind == "ambiguous" else _other_words(relative, label.text, words)
        if label.kind == "ambiguous" or others:
            found = " and ".join(label.found + others)
            skipped.append(Skipped(path=path, reason=f"Its name holds more than one label: {found}."))
            continue
        labelled.append((path, label.text))
    return Found(
        rule=rule,
        how=f"from the file names, by the pattern {rule.pattern}",
        labelled=tuple(labelled),
        skipped=tuple(skipped),
        patterns=tuple(other for other in patterns if other != rule.pattern),
    )


def _other_words(relative: str, label: str, words: set[str]) -> tuple[str, ...]:
    """Other classes that the name holds as a word: `cat_dog_3.png` may be either. Numbers count images: words only."""
    stem = relative.rpartition("/")[2].rpartition(".")[0]
    return tuple(token for token in re.split(r"[^A-Za-z0-9]+", stem) if token in words and token != label)


def _all_unlabelled(listing: Listing) -> tuple[Skipped, ...]:
    return tuple(Skipped(path=listing.path_of(path), reason="Its name holds no label.") for path in listing.images)
