"""Pictures prepared otherwise than in training: the usual ways are tried on a sample of the labelled folder."""

import math
from collections.abc import Iterator

import msgspec
import numpy as np
from numpy.typing import NDArray

from inspector.core.formatting import percent_text
from inspector.core.heads import predicted
from inspector.core.presets import PRESETS, apply_preset, exchanged
from inspector.engine.diagnosis.context import CannotTellError, EvaluationContext
from inspector.protocol.findings import Finding
from inspector.protocol.inputs import Preprocess

_SAMPLE = 64
# A model that answers this well is fed rightly; trying is then a waste.
_GOOD = 0.9
_LEAST_GAIN = 0.1
# The difference of two shares on the sample must be so many times its standard error, as the best of eight is taken.
_SURE = 3.0
# All tries together.
_LONGEST_S = 30.0


def check(context: EvaluationContext) -> Iterator[Finding]:
    """Another preset, blue and red or black and white exchanged, makes clearly more of the sample right."""
    answers = predicted(context.outputs, context.head)
    wanted = _wanted(context)
    known = wanted >= 0
    if not known.any() or context.outputs.ndim != 2 or len(set(wanted[known].tolist())) < 2:
        return
    if float((answers == wanted)[known].mean()) >= _GOOD:
        return
    if context.trial is None:
        raise CannotTellError("the evaluation was cancelled")
    rows = _sample(np.flatnonzero(known), wanted)
    variants = _variants(context.preprocess)
    speed = context.finished.images_per_s
    if speed > 0 and len(rows) * len(variants) / speed > _LONGEST_S:
        raise CannotTellError(
            f"it needs {len(rows) * len(variants)} more forwards, and {speed:.1f} are done in a second"
        )
    now = float((answers == wanted)[rows].mean())
    right = {name: _accuracy(context, rows, wanted, variant) for name, variant in variants.items()}
    best = max(right, key=lambda name: right[name])
    gain = right[best] - now
    spread = math.sqrt((right[best] * (1 - right[best]) + now * (1 - now)) / len(rows))
    if gain < _LEAST_GAIN or gain < _SURE * spread:
        return
    evidence: dict[str, float | int | str] = {"images": len(rows), "now": now}
    evidence |= {f"right with {name}": share for name, share in right.items() if share >= 0}
    yield Finding(
        rule="preprocessing_mismatch",
        severity="warning",
        node=None,
        message=(
            f"Of {len(rows)} images {percent_text(now, 0)} are right as they are prepared now, "
            f"and {percent_text(right[best], 0)} with {best}: the model was trained on pictures prepared so."
        ),
        evidence=evidence,
        fix=f"Prepare the pictures with {best}, and evaluate again.",
        apply_preprocess=variants[best],
    )


def _wanted(context: EvaluationContext) -> NDArray[np.int64]:
    """The output that each image should give, −1 where its class is mapped to none."""
    outputs = np.array([context.mapping.get(name, -1) for name in context.scan.classes], np.int64)
    wanted: NDArray[np.int64] = outputs[context.true_labels()]
    return wanted


def _sample(rows: NDArray[np.int64], wanted: NDArray[np.int64]) -> NDArray[np.int64]:
    """Up to 64 rows, as many of each class as there are, spread over the folder; the same each time."""
    by_class = [rows[wanted[rows] == one] for one in np.unique(wanted[rows])]
    share = max(1, _SAMPLE // len(by_class))
    picked = [group[np.linspace(0, len(group) - 1, min(share, len(group))).astype(int)] for group in by_class]
    return np.sort(np.concatenate(picked)[:_SAMPLE])


def _variants(now: Preprocess) -> dict[str, Preprocess]:
    """What is tried, by the name that sentences use; each once, and not what is in force."""
    found = {f"the preset {name}": apply_preset(now, name) for name in PRESETS}
    if now.channels >= 3:
        other = "BGR" if now.channel_order == "RGB" else "RGB"
        found[f"{other} in place of {now.channel_order}"] = msgspec.structs.replace(now, channel_order=other)
    found["black and white exchanged"] = exchanged(now)
    seen = [now]
    kept = {}
    for name, variant in found.items():
        if variant not in seen:
            seen.append(variant)
            kept[name] = variant
    return kept


def _accuracy(
    context: EvaluationContext, rows: NDArray[np.int64], wanted: NDArray[np.int64], variant: Preprocess
) -> float:
    """The share of the sample that is right; −1 where the model can't be run so."""
    assert context.trial is not None
    images = np.asarray(context.indices, np.int64)[rows]
    ran = context.trial.outputs(images.tolist(), variant)
    if ran is None:
        return -1.0
    right = dict(zip(images.tolist(), wanted[rows].tolist(), strict=True))
    places, outputs = ran
    answers = predicted(outputs, context.head)
    return float(np.mean([right[place] == answer for place, answer in zip(places.tolist(), answers, strict=True)]))
