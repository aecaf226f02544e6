"""What a model's last values are: which reading fits, and the evidence for it in one sentence with numbers.

The graph tells what the last operation was and the values confirm it; without a graph the values decide alone.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from inspector.core.formatting import shape_text
from inspector.core.head_evidence import head_of, squash_ceiling, within_unit
from inspector.core.head_trail import walk_back
from inspector.core.readings import as_real, sigmoid, softmax
from inspector.protocol.graph import Graph
from inspector.protocol.outputs import Head

__all__ = ["num_classes_of", "predicted", "probabilities", "read_head", "squash_ceiling"]


def read_head(graph: Graph | None, output: int | None, values: ArrayLike) -> Head:
    """Which reading fits the values of graph node `output`, and why. Without graph or node, the values decide."""
    array = np.asarray(values)
    trouble = _unreadable(array)
    if trouble:
        return Head(kind="unknown", evidence=trouble)
    trail = walk_back(graph, output) if graph is not None and output is not None else None
    return head_of(trail, as_real(array))


def probabilities(values: ArrayLike, head: Head, temperature: float = 1.0) -> NDArray[np.float64]:
    """What rows of raw values (n, K) mean as probabilities (n, K), read by the head.

    Logits go through softmax; so do regression and features, as an evaluation takes them for a classifier's. One
    column gives two, [1 − p, p]: its sigmoid, or itself where it is a probability already. Independent
    probabilities stay as they are, so their rows need not sum to 1. A temperature acts on the logits that lie
    behind probabilities.
    """
    raw = as_real(values)
    if raw.ndim != 2:
        raise ValueError(f"Rows of outputs (n, K) are needed, not {shape_text(raw.shape)}.")
    if raw.shape[1] == 1:
        positive = _one_column(raw[:, 0], head, temperature)
        return np.stack([1.0 - positive, positive], axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        if head.kind == "probabilities":
            return raw if temperature == 1.0 else softmax(np.log(raw), axis=1, temperature=temperature)
        if head.kind == "independent_probabilities":
            return raw if temperature == 1.0 else sigmoid(np.log(raw) - np.log1p(-raw), temperature)
    if head.kind == "unknown" and raw.size and within_unit(raw):
        return raw
    return softmax(raw, axis=1, temperature=temperature)


def predicted(values: ArrayLike, head: Head, threshold: float = 0.5) -> NDArray[np.int64]:
    """The output index that each row of raw values (n, K) stands for; −1 where a row holds NaN.

    That is the greatest value, the lowest index on ties. One column is asked against `threshold` and gives 0 or 1;
    so do two columns whose probabilities sum to 1, where the threshold is not one half.
    """
    raw = as_real(values)
    if raw.ndim != 2:
        raise ValueError(f"Rows of outputs (n, K) are needed, not {shape_text(raw.shape)}.")
    if not raw.size:
        return np.zeros(raw.shape[0], np.int64)
    two_sided = raw.shape[1] == 2 and threshold != 0.5 and head.kind != "independent_probabilities"
    if raw.shape[1] == 1 or two_sided:
        chosen = (probabilities(raw, head)[:, 1] > threshold).astype(np.int64)
    else:
        chosen = np.argmax(raw, axis=1).astype(np.int64)
    return np.where(np.isnan(raw).any(axis=1), -1, chosen)


def num_classes_of(num_outputs: int) -> int:
    """How many classes so many output columns tell apart: one column answers yes or no."""
    return 2 if num_outputs == 1 else num_outputs


def _one_column(raw: NDArray[np.float64], head: Head, temperature: float) -> NDArray[np.float64]:
    """The probability of class 1 from its only column."""
    if head.kind == "log_probabilities":
        return np.exp(raw)
    is_probability = head.kind in ("probabilities", "independent_probabilities")
    if is_probability or (head.kind == "unknown" and raw.size > 0 and within_unit(raw)):
        if temperature == 1.0:
            return raw
        with np.errstate(divide="ignore", invalid="ignore"):
            return sigmoid(np.log(raw) - np.log1p(-raw), temperature)
    return sigmoid(raw, temperature)


def _unreadable(array: NDArray[np.generic]) -> str:
    """Why no reading can fit these values, or ""."""
    if not array.size:
        return f"The output {shape_text(array.shape)} holds no values."
    if array.dtype.kind in "iub":
        what = "true or false, as a comparison gives"
        what = what if array.dtype == np.bool_ else f"whole numbers ({array.dtype}), such as class indices"
        return f"The output holds {what}; no reading fits."
    if array.dtype.kind not in "fc":
        return f"The output holds {array.dtype} values, which no reading fits."
    if array.dtype.kind == "c":
        return "The output is complex; its magnitudes are shown, and no reading fits them."
    if not np.isfinite(array).all():
        bad = int(array.size - np.isfinite(array).sum())
        return f"{bad} of {array.size} values are NaN or infinite, so no reading can be told."
    return ""
