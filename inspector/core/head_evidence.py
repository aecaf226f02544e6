"""The evidence for each kind of head, as a sentence with the numbers that were seen."""

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from inspector.core.formatting import range_text, shape_text, value_text
from inspector.core.head_trail import Family, Trail
from inspector.core.readings import class_axis
from inspector.protocol.graph import Node
from inspector.protocol.outputs import Head

# Half-precision sums of many classes are off by this much; a sum that is wrong on purpose is off by far more.
_SUM_TOLERANCE = 5e-3
# Without an operation to go by the values must be closer.
_SUM_TOLERANCE_ALONE = 1e-3


def squash_ceiling(num_classes: int) -> float:
    """The greatest softmax of values within [0, 1]: e/(e+K−1). .731 for 2 classes, .576 for 3, .232 for 10."""
    return math.e / (math.e + num_classes - 1)


def head_of(trail: Trail | None, values: NDArray[np.float64]) -> Head:
    """What the last operation says, confirmed by the values; without a trail the values decide alone."""
    if trail is None:
        return _from_values(values, "")
    rule = _RULES.get(trail.family)
    return rule(trail, values) if rule else _from_values(values, f"The last operation is {_called(trail.last)}. ")


def within_unit(values: NDArray[np.float64]) -> bool:
    """Whether all values lie in [0, 1]."""
    return bool(values.min() >= 0.0 and values.max() <= 1.0)


def _softmax_head(trail: Trail, values: NDArray[np.float64]) -> Head:
    axis = class_axis(values.shape)
    name = _called(trail.last)
    if _is_one_column(trail, values) and not trail.picked:
        return Head(
            kind="unknown",
            evidence=f"The last operation is {name} over one column, which always gives 1: it says nothing. "
            "One column needs a sigmoid.",
        )
    if axis is not None and _sums_to_one(values, axis, _SUM_TOLERANCE):
        return Head(kind="probabilities", evidence=_softmax_evidence(trail, values, axis))
    if trail.picked and within_unit(values):
        return Head(
            kind="independent_probabilities",
            evidence=f"The last operation is {name}, and only a part of its result is returned: raw "
            f"({_range_text(values)}) is the probability of that part, so it need not sum to 1.",
        )
    sums = f"A row sums to {value_text(float(values.sum(axis=axis).ravel()[0]))}, not to 1"
    other = [place for place in range(values.ndim) if place != axis and _sums_to_one(values, place, _SUM_TOLERANCE)]
    if other:
        over = "the batch" if other[0] == 0 else f"axis {other[0]}"
        return Head(
            kind="unknown",
            evidence=f"The last operation is {name}, but over the wrong axis. {sums}: the values sum to 1 along "
            f"axis {other[0]} of {shape_text(values.shape)}, so it ran over {over} and not over the classes "
            f"(axis {axis}). Use dim={axis}.",
        )
    return Head(kind="unknown", evidence=f"The last operation is {name}, but what is returned is no share. {sums}.")


def _softmax_evidence(trail: Trail, values: NDArray[np.float64], axis: int) -> str:
    num_classes = values.shape[axis]
    sums = values.sum(axis=axis)
    ceiling = squash_ceiling(num_classes)
    low, high = (value_text(float(end), 6) for end in (sums.min(), sums.max()))
    nearly = f" ({low} to {high})" if low != high else ""
    text = (
        f"The last operation is {_called(trail.last)} and each row sums to 1{nearly}, so raw is already a probability."
    )
    if trail.before is not None and trail.before_family in ("sigmoid", "softmax"):
        return (
            f"{text} But it was given the values of {_called(trail.before)}, which lie in [0, 1], so no probability "
            f"can pass e/(e+K−1) = {value_text(ceiling, 3)} with {num_classes} classes; the highest here is "
            f"{value_text(float(values.max()))}."
        )
    return f"{text} A second softmax could not pass e/(e+K−1) = {value_text(ceiling, 3)} with {num_classes} classes."


def _log_softmax_head(trail: Trail, values: NDArray[np.float64]) -> Head:
    axis = class_axis(values.shape)
    name = _called(trail.last)
    if axis is not None and _sums_to_one(np.exp(values), axis, _SUM_TOLERANCE):
        return Head(
            kind="log_probabilities",
            evidence=f"The last operation is {name}: no value is above 0 and exp of each row sums to 1, so raw is the "
            "logarithm of a probability, and softmax gives the probability back.",
        )
    return Head(
        kind="unknown",
        evidence=f"The last operation is {name}, but exp of a row sums to "
        f"{value_text(float(np.exp(values).sum(axis=axis).ravel()[0]))}, not to 1: it ran over another axis than the "
        "classes, or a part was taken.",
    )


def _sigmoid_head(trail: Trail, values: NDArray[np.float64]) -> Head:
    name = _called(trail.last)
    if _is_one_column(trail, values):
        return Head(
            kind="independent_probabilities",
            evidence=f"The last operation is {name}, on one column: raw ({_range_text(values)}) is already the "
            "probability, and the answer is yes where raw > 0.5. Softmax over one column is always 1.",
        )
    if values.ndim > 2:
        what = f"one probability per place of {shape_text(values.shape)}"
    else:
        axis = class_axis(values.shape)
        row_sum = float(values.sum(axis=axis).ravel()[0])
        what = f"one probability per column ({_range_text(values)}), and a row sums to {value_text(row_sum)}, not to 1"
    return Head(
        kind="independent_probabilities",
        evidence=f"The last operation is {name}: raw is already {what}. Each answers on its own whether its class is "
        "present; none or all can be.",
    )


def _tanh_head(trail: Trail, values: NDArray[np.float64]) -> Head:
    return Head(
        kind="regression",
        evidence=f"The last operation is {_called(trail.last)}, which bounds the output to [−1, 1] "
        f"(here {_range_text(values)}): these are values, not probabilities.",
    )


def _exp_or_log_head(trail: Trail, values: NDArray[np.float64]) -> Head:
    """exp(log_softmax) and log(softmax) are probabilities in two steps; else the values decide."""
    inner = trail.before_family
    said = f"The last operation is {_called(trail.last)}"
    if trail.before is not None:
        said += f", on {_called(trail.before)}"
    axis = class_axis(values.shape)
    if trail.family == "exp" and inner == "log_softmax" and axis is not None:
        if _sums_to_one(values, axis, _SUM_TOLERANCE):
            return Head(kind="probabilities", evidence=f"{said}: each row sums to 1, so raw is already a probability.")
    elif trail.family == "log" and inner == "softmax" and axis is not None:
        if _sums_to_one(np.exp(values), axis, _SUM_TOLERANCE):
            return Head(
                kind="log_probabilities",
                evidence=f"{said}: exp of each row sums to 1, so raw is the logarithm of a probability.",
            )
    elif trail.family == "exp":
        return Head(kind="regression", evidence=f"{said}: values above 0 ({_range_text(values)}) that do not sum to 1.")
    return _from_values(values, f"{said}. ")


def _linear_head(trail: Trail, values: NDArray[np.float64]) -> Head:
    name = _called(trail.last)
    if _is_one_column(trail, values):
        return Head(
            kind="regression",
            evidence=f"The last operation is {name} with one output and nothing after it ({_range_text(values)}): "
            "a value on the target's own scale. A yes-or-no model trained with BCE-with-logits looks just the same; "
            "then sigmoid is its probability.",
        )
    if values.ndim > 2:
        return Head(
            kind="features",
            evidence=f"The last operation is {name}, and the output {shape_text(values.shape)} has more than one row "
            f"of classes per image. If axis {class_axis(values.shape)} holds classes, softmax runs over it.",
        )
    axis = class_axis(values.shape)
    row = values.sum(axis=axis).ravel()[0]
    return Head(
        kind="logits",
        evidence=f"The last operation is {name} with {values.shape[-1]} outputs and no activation after it; values "
        f"are {_range_text(values)} and a row sums to {value_text(float(row))}, so these are logits: softmax gives "
        f"the probabilities.{_why_negative(values)}",
    )


def _why_negative(values: NDArray[np.float64]) -> str:
    """Case E1: a net full of ReLUs gives negative outputs, which surprises people and is as it should be."""
    negative = int((values < 0).sum())
    if not negative:
        return ""
    return f" Negative values ({negative} of {values.size} here) are normal, as no activation follows the last layer."


def _arithmetic_head(trail: Trail, values: NDArray[np.float64]) -> Head:
    """Scaled, shifted or summed results: what they were made from decides, unless they sum to 1."""
    families = {family for _, family in trail.bases}
    origin = " and ".join(dict.fromkeys(_called(node) for node, _ in trail.bases)) or "constants"
    said = f"The last operation is {_called(trail.last)}, on {origin}"
    axis = class_axis(values.shape)
    if families != {"linear"} or values.ndim > 2 or _looks_like_shares(values, axis):
        return _from_values(values, f"{said}. ")
    if _is_one_column(trail, values):
        return Head(
            kind="regression",
            evidence=f"{said}: one value on the target's own scale ({_range_text(values)}); "
            "scaling and shifting do not bound it.",
        )
    return Head(
        kind="logits",
        evidence=f"{said}: {values.shape[-1]} values {_range_text(values)} without an activation, so softmax gives "
        "the probabilities.",
    )


def _features_head(trail: Trail, values: NDArray[np.float64]) -> Head:
    what = f"The last operation is {_called(trail.last)}, and the output is {shape_text(values.shape)}"
    axis = class_axis(values.shape)
    if trail.last.category == "activation" and axis is not None and _looks_like_shares(values, axis):
        return _from_values(values, f"{what}. ")
    why = "values below 0 were cut" if float(values.min()) == 0 and trail.last.category == "activation" else ""
    return Head(
        kind="features",
        evidence=f"{what} with values {_range_text(values)}{f' ({why})' if why else ''}: features, as no classifying "
        "layer stands at the end. If the columns are classes, softmax still ranks them.",
    )


def _from_values(values: NDArray[np.float64], said: str) -> Head:
    """The values decide. `said` is what is known of the last operation, put before the evidence."""
    axis = class_axis(values.shape)
    if axis is None or values.shape[axis] == 1:
        return _from_one_value(values, said)
    if _looks_like_shares(values, axis):
        return Head(
            kind="probabilities",
            evidence=f"{said}All values lie in [0, 1] and each row sums to 1, so raw is read as probabilities.",
        )
    if float(values.max()) <= 0 and _sums_to_one(np.exp(values), axis, _SUM_TOLERANCE_ALONE):
        return Head(
            kind="log_probabilities",
            evidence=f"{said}No value is above 0 and exp of each row sums to 1: logarithms of probabilities.",
        )
    if values.ndim > 2:
        return Head(kind="features", evidence=f"{said}The output {shape_text(values.shape)} is no row of classes.")
    if within_unit(values):
        return Head(
            kind="unknown",
            evidence=f"{said}All values lie in [0, 1] ({_range_text(values)}) but rows do not sum to 1: probabilities "
            "per column, or small values of any kind; this can't be told from the values alone.",
        )
    return Head(
        kind="logits",
        evidence=f"{said}Values are {_range_text(values)}, outside [0, 1], and rows do not sum to 1: read as logits.",
    )


def _from_one_value(values: NDArray[np.float64], said: str) -> Head:
    if within_unit(values):
        return Head(
            kind="unknown",
            evidence=f"{said}One column within [0, 1] ({_range_text(values)}): a probability or a plain value; "
            "this can't be told from the values alone.",
        )
    return Head(
        kind="regression",
        evidence=f"{said}One column with values outside [0, 1] ({_range_text(values)}): a plain value, or the logit of "
        "a yes-or-no model.",
    )


def _is_one_column(trail: Trail, values: NDArray[np.float64]) -> bool:
    """One value per row; (N,) counts when the last operation had one column that was squeezed away."""
    if values.ndim == 0 or (values.ndim == 2 and values.shape[1] == 1):
        return True
    if values.ndim == 1:
        return values.shape[0] == 1 or trail.num_outputs == 1
    return False


def _looks_like_shares(values: NDArray[np.float64], axis: int | None) -> bool:
    if axis is None or values.shape[axis] == 1:
        return False
    return within_unit(values) and _sums_to_one(values, axis, _SUM_TOLERANCE_ALONE)


def _sums_to_one(values: NDArray[np.float64], axis: int, tolerance: float) -> bool:
    return bool(np.abs(values.sum(axis=axis) - 1.0).max() <= tolerance)


def _called(node: Node) -> str:
    """`Softmax (net.2)`: the operation and where it stands."""
    return f"{node.op} ({node.fqn})" if node.fqn else node.op


def _range_text(values: NDArray[np.float64]) -> str:
    return range_text(float(values.min()), float(values.max()))


_RULES: dict[Family, Callable[[Trail, NDArray[np.float64]], Head]] = {
    "softmax": _softmax_head,
    "log_softmax": _log_softmax_head,
    "sigmoid": _sigmoid_head,
    "tanh": _tanh_head,
    "exp": _exp_or_log_head,
    "log": _exp_or_log_head,
    "linear": _linear_head,
    "arithmetic": _arithmetic_head,
    "features": _features_head,
}
