"""What the user expected of an output, read from text and compared rightly: never a one-hot row with raw logits."""

import ast
import difflib
import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspector.core.formatting import shape_text, value_text
from inspector.core.heads import num_classes_of, predicted, probabilities
from inspector.core.readings import as_real
from inspector.protocol.outputs import Expectation, Head, Verdict

_MOST_CHARACTERS = 1_000_000
# People type three or four digits: values agree when they differ by no more than this, absolutely or in proportion.
_TOLERANCE = 1e-3
_FORMS = "a class index (3), a class name, a one-hot row (0 1 0), or values ([0.2, 0.7])"


def parse_expectation(text: str, num_classes: int | None, class_names: Sequence[str]) -> Expectation:
    """Read what was typed. `num_classes` is the number of output columns; one column answers yes (1) or no (0).

    `3` and `class 3` are a class, `cat` too where it is one of the names (a name goes before an index). `0 1 0`,
    `0,1,0` and `[[0, 1, 0]]` are one-hot, as is anything after `one-hot`. All else in numbers is values, as is
    anything after `values`; brackets give the shape.

    Raises:
        ValueError: it is none of these; the sentence says what is accepted.
    """
    typed = text.strip()
    if not typed or len(typed) > _MOST_CHARACTERS:
        raise ValueError(f"Type {_FORMS}.")
    named = _class_named(typed, class_names)
    if named is not None:
        return Expectation(kind="class", values=(float(named),), shape=())
    word, rest = _leading_word(typed)
    match word:
        case "class":
            return _class_expectation(rest, num_classes, class_names)
        case "onehot":
            return _one_hot_expectation(_numbers(rest))
        case "values":
            return _values_expectation(_numbers(rest))
        case _:
            return _unmarked_expectation(typed, num_classes, class_names)


def compare_expectation(
    expectation: Expectation, values: ArrayLike, head: Head, class_names: Sequence[str] = ()
) -> Verdict:
    """Compare an expectation with raw output values.

    A class or a one-hot row is compared with the arg max, and told its probability. Values are compared with raw,
    by the greatest difference. A shape that doesn't match is reported, above all where PyTorch would broadcast it.
    """
    raw = as_real(values)
    expected = np.asarray(expectation.values, np.float64).reshape(expectation.shape)
    match expectation.kind:
        case "class":
            return _compare_class(int(expected.ravel()[0]), raw, head, class_names)
        case "one_hot":
            return _compare_one_hot(expected, raw, head, class_names)
        case "values":
            return _compare_values(expected, raw, head)


def _class_named(text: str, class_names: Sequence[str]) -> int | None:
    """The index of the class of that name: exact, else without case where just one fits."""
    if text in class_names:
        return list(class_names).index(text)
    close = [index for index, name in enumerate(class_names) if name.casefold() == text.casefold()]
    return close[0] if len(close) == 1 else None


def _leading_word(text: str) -> tuple[str, str]:
    found = re.match(r"(?i)(class|one[-_ ]?hot|values?)\b\s*[:=]?\s*(.*)", text, re.DOTALL)
    if not found:
        return "", text
    word = re.sub(r"[-_ ]", "", found.group(1)).lower()
    return ("values" if word.startswith("value") else word), found.group(2)


def _unmarked_expectation(text: str, num_classes: int | None, class_names: Sequence[str]) -> Expectation:
    if re.fullmatch(r"[+-]?\d+", text):
        # One column can be a value on any scale: only 0 and 1 are its classes.
        if num_classes == 1 and text not in ("0", "1"):
            return _values_expectation(np.array(float(text)))
        return _class_expectation(text, num_classes, class_names)
    try:
        numbers = _numbers(text)
    except ValueError:
        if text[0] in "[(":
            raise
        close = difflib.get_close_matches(text, class_names, 1)
        hint = f' Did you mean "{close[0]}"?' if close else ""
        raise ValueError(f'"{_shortened(text)}" is not {_FORMS}.{hint}') from None
    if numbers.ndim >= 1 and numbers.shape[-1] >= 2 and _is_one_hot(numbers):
        return _one_hot_expectation(numbers)
    return _values_expectation(numbers)


def _class_expectation(text: str, num_classes: int | None, class_names: Sequence[str]) -> Expectation:
    named = _class_named(text, class_names)
    if named is not None:
        return Expectation(kind="class", values=(float(named),), shape=())
    if not re.fullmatch(r"\+?\d{1,9}", text):
        raise ValueError(f'"{_shortened(text)}" is neither a class index nor one of the class names.')
    index = int(text)
    known = num_classes_of(num_classes) if num_classes is not None else None
    if known is not None and index >= known:
        raise ValueError(f"Class {index} is outside the model's classes 0 to {known - 1}.")
    return Expectation(kind="class", values=(float(index),), shape=())


def _one_hot_expectation(numbers: NDArray[np.float64]) -> Expectation:
    if numbers.ndim == 0 or not _is_one_hot(numbers):
        raise ValueError("A one-hot row holds a single 1 and zeros, as in 0 1 0.")
    return Expectation(kind="one_hot", values=tuple(numbers.ravel().tolist()), shape=numbers.shape)


def _values_expectation(numbers: NDArray[np.float64]) -> Expectation:
    return Expectation(kind="values", values=tuple(numbers.ravel().tolist()), shape=numbers.shape)


def _is_one_hot(numbers: NDArray[np.float64]) -> bool:
    zeros_and_ones = bool(np.isin(numbers, (0.0, 1.0)).all())
    return numbers.size > 0 and zeros_and_ones and bool((numbers.sum(axis=-1) == 1).all())


def _numbers(text: str) -> NDArray[np.float64]:
    """Numbers in brackets, or in a row with commas, semicolons or spaces between them.

    Raises:
        ValueError: they are not numbers, or the rows differ in length.
    """
    if "[" in text or "(" in text:
        try:
            nested = ast.literal_eval(text)
        except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError):
            raise ValueError(f'"{_shortened(text)}" is not a list of numbers, as in [0.2, 0.7].') from None
        return _as_array(nested)
    parts = [part for part in re.split(r"[,;\s]+", text.strip()) if part]
    if not parts:
        raise ValueError(f"Type {_FORMS}.")
    try:
        row = np.array([float(part) for part in parts])
    except ValueError:
        raise ValueError(f'"{_shortened(text)}" is not a row of numbers.') from None
    return row[0] if len(row) == 1 and not re.search(r"[,;]", text) else row


def _as_array(nested: object) -> NDArray[np.float64]:
    try:
        numbers = np.asarray(nested)
    except ValueError:
        raise ValueError("The rows differ in length.") from None
    if numbers.dtype.kind not in "biuf" or not numbers.size:
        raise ValueError("Only numbers can be expected of an output.")
    return numbers.astype(np.float64)


def _compare_class(index: int, raw: NDArray[np.float64], head: Head, class_names: Sequence[str]) -> Verdict:
    rows = _rows(raw)
    if rows is None:
        return Verdict(agrees=None, sentence=f"A class can't be compared with an output of {shape_text(raw.shape)}.")
    if rows.shape[1] == 1 and head.kind == "regression":
        return _compare_one_column(float(index), rows, head)
    num_classes = num_classes_of(rows.shape[1])
    if index >= num_classes:
        return Verdict(
            agrees=None,
            sentence=f"Class {index} was expected, but the output has {num_classes} classes, 0 to {num_classes - 1}.",
        )
    return _class_verdict(np.full(len(rows), index), rows, head, class_names)


def _compare_one_column(expected: float, rows: NDArray[np.float64], head: Head) -> Verdict:
    """A class expected of one column that may be a value or a logit: the value decides, the other reading is told."""
    verdict = _compare_values(np.full(rows.shape, expected), rows, head)
    positive = float(probabilities(rows, head)[0, 1])
    return Verdict(
        agrees=verdict.agrees,
        sentence=verdict.sentence,
        warnings=(
            f"If the model was trained with BCE-with-logits, its answer is class {int(positive > 0.5)}, "
            f"with probability {value_text(positive)} for class 1.",
        ),
    )


def _compare_one_hot(
    hot: NDArray[np.float64], raw: NDArray[np.float64], head: Head, class_names: Sequence[str]
) -> Verdict:
    rows = _rows(raw)
    expected = np.atleast_2d(hot)
    if rows is None or expected.ndim != 2:
        return Verdict(agrees=None, sentence=_shapes_differ("one-hot target", hot.shape, raw.shape))
    num_columns = num_classes_of(rows.shape[1])
    if expected.shape[1] != num_columns or len(expected) not in (1, len(rows)):
        return Verdict(agrees=None, sentence=_shapes_differ("one-hot target", hot.shape, raw.shape))
    wanted = np.broadcast_to(expected.argmax(axis=1), (len(rows),))
    verdict = _class_verdict(wanted, rows, head, class_names)
    # A single row means the same with or without its batch axis.
    warnings = list(_broadcast_warnings(hot.shape, raw.shape)) if len(rows) > 1 else []
    if rows.shape[1] == 1:
        warnings = ["The output has one column, so the one-hot row was compared as its class, 0 or 1."]
    if head.kind == "logits":
        warnings.append("Raw values are logits, so the row was compared with arg max and softmax, not by difference.")
    return Verdict(agrees=verdict.agrees, sentence=verdict.sentence, warnings=tuple(warnings))


def _class_verdict(wanted: NDArray[np.int64], rows: NDArray[np.float64], head: Head, names: Sequence[str]) -> Verdict:
    """Arg max per row against the wanted class, with the probability of both."""
    if np.isnan(rows).any():
        return Verdict(agrees=None, sentence="The output holds NaN, so it names no class.")
    chosen = predicted(rows, head)
    shares = probabilities(rows, head)
    right = chosen == wanted
    if len(rows) > 1:
        mean = float(shares[np.arange(len(rows)), wanted].mean())
        return Verdict(
            agrees=bool(right.all()),
            sentence=f"{int(right.sum())} of {len(rows)} rows have the expected class as their greatest; "
            f"its probability is {value_text(mean)} on average.",
        )
    want, got = int(wanted[0]), int(chosen[0])
    share = value_text(float(shares[0, want]))
    if right[0]:
        return Verdict(
            agrees=True,
            sentence=f"As expected, {_class_text(want, names)} is the answer, with probability {share}.",
        )
    place = int((shares[0] > shares[0, want]).sum()) + 1
    return Verdict(
        agrees=False,
        sentence=f"Expected {_class_text(want, names)}, which has probability {share} and is number {place} of "
        f"{shares.shape[1]}; the answer is {_class_text(got, names)} with {value_text(float(shares[0, got]))}.",
    )


def _compare_values(expected: NDArray[np.float64], raw: NDArray[np.float64], head: Head) -> Verdict:
    warnings = [] if expected.ndim == 0 else list(_broadcast_warnings(expected.shape, raw.shape))
    if _without_ones(expected.shape) != _without_ones(raw.shape):
        return Verdict(
            agrees=None, sentence=_shapes_differ("target", expected.shape, raw.shape), warnings=tuple(warnings)
        )
    target = expected.reshape(raw.shape)
    if head.kind == "logits" and _looks_like_shares(target):
        shares = probabilities(np.atleast_2d(raw), head)
        gap = float(np.abs(shares - np.atleast_2d(target)).max())
        warnings.append(
            "The expected values look like probabilities, but raw holds logits; "
            f"the softmax of raw differs from them by {value_text(gap)} at most."
        )
    return _difference_verdict(target, raw, tuple(warnings))


def _difference_verdict(target: NDArray[np.float64], raw: NDArray[np.float64], warnings: tuple[str, ...]) -> Verdict:
    gaps = np.abs(raw - target)
    if not np.isfinite(gaps).all():
        same = bool(np.array_equal(raw, target, equal_nan=True))
        return Verdict(agrees=same, sentence="The output or the target holds NaN or infinities.", warnings=warnings)
    agrees = bool((gaps <= _TOLERANCE * (1 + np.abs(target))).all())
    worst = np.unravel_index(int(gaps.argmax()), gaps.shape)
    where = f" at {list(map(int, worst))}" if raw.size > 1 else ""
    how = "Agrees within 0.001" if agrees else "Differs"
    return Verdict(
        agrees=agrees,
        sentence=f"{how}: the greatest difference is {value_text(float(gaps[worst]))}{where} "
        f"(expected {value_text(float(target[worst]))}, got {value_text(float(raw[worst]))}).",
        warnings=warnings,
    )


def _broadcast_warnings(target: tuple[int, ...], output: tuple[int, ...]) -> tuple[str, ...]:
    """What a loss such as MSELoss would do with shapes that differ but broadcast; PyTorch only warns about it."""
    if target == output:
        return ()
    try:
        together = np.broadcast_shapes(target, output)
    except ValueError:
        return ()
    first = f"Target {shape_text(target)} and output {shape_text(output)} differ in shape"
    if together == output:
        effect = f"MSELoss broadcasts the target to {shape_text(together)} and PyTorch only warns"
    else:
        effect = (
            f"MSELoss broadcasts both to {shape_text(together)}, so that every output is compared with every target, "
            "and PyTorch only warns"
        )
    return (f"{first}: {effect}. Reshape the target to {shape_text(output)}.",)


def _rows(raw: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """The values as rows of classes (N, K); None where there are none such."""
    if raw.ndim > 2 or not raw.size:
        return None
    return raw.reshape(1, -1) if raw.ndim < 2 else raw


def _shapes_differ(what: str, target: tuple[int, ...], output: tuple[int, ...]) -> str:
    return f"The {what} has shape {shape_text(target)}, the output {shape_text(output)}: they can't be compared."


def _without_ones(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _looks_like_shares(target: NDArray[np.float64]) -> bool:
    rows = np.atleast_2d(target)
    inside = bool((rows >= 0).all() and (rows <= 1).all())
    return rows.ndim == 2 and rows.shape[1] > 1 and inside and bool(np.abs(rows.sum(axis=1) - 1).max() < 0.01)


def _class_text(index: int, names: Sequence[str]) -> str:
    return f"class {index} ({names[index]})" if index < len(names) else f"class {index}"


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:37]}…"
