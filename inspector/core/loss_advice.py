"""Whether a loss can train an output, from what the output is: findings with their numbers and the line to write.

What a loss is worth at its best is worked out in closed form; the gradient at the logits follows by the chain rule from
the probabilities alone.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inspector.core.formatting import percent_text, shape_text, value_text
from inspector.core.losses import LOSSES
from inspector.core.readings import softmax
from inspector.protocol.findings import Finding
from inspector.protocol.gradients import LossName, OutputTransform
from inspector.protocol.outputs import HeadKind

# A sigmoid's slope p(1 − p) is a quarter at most; below this it passes a hundredth of that.
_FLAT_SLOPE = 0.0025


@dataclass(frozen=True)
class Trained:
    """What goes into a loss. `head` is what the output is behind the transform, `values` (n, K) are its rows.

    `classes` (n,) are the target's classes where it has some. `target_kind` says what the user gave as target: class,
    one_hot, values …, or `made`. `shape` and `target_shape` are as the loss gets them.
    """

    loss: LossName
    head: HeadKind
    transform: OutputTransform
    values: NDArray[np.float64]
    classes: NDArray[np.int64] | None
    target_kind: str
    shape: tuple[int, ...]
    target_shape: tuple[int, ...]
    total_norm: float | None = None

    @property
    def columns(self) -> int:
        """The number of classes."""
        return int(self.values.shape[-1])


def advise(trained: Trained) -> list[Finding]:
    """What is wrong, or worth knowing, about this loss for this output; nothing where it fits."""
    found: list[Finding | None] = [_broadcast(trained)]
    match trained.loss:
        case "cross_entropy":
            found.append(_cross_entropy(trained))
        case "nll":
            found.append(_nll(trained))
        case "bce":
            found.append(_bce(trained))
        case "bce_with_logits":
            found.append(_bce_with_logits(trained))
        case "mse" | "l1" | "huber":
            found.append(_values(trained))
    return [finding for finding in found if finding is not None]


def least_cross_entropy(classes: int) -> float:
    """The least cross-entropy of values within [0, 1]: 1 for the right class and 0 elsewhere, −log(e/(e + K − 1))."""
    return math.log(math.e + classes - 1) - 1.0


def logit_gradients(probabilities: NDArray[np.float64], classes: NDArray[np.int64]) -> tuple[float, float]:
    """Norms of the gradient of mean cross-entropy by the logits behind `probabilities` (n, K): on them, and on logits.

    On logits it is (p − t)/n. On probabilities it is g = (softmax(p) − t)/n by p, and p·(g − Σ p·g) by the logits.
    """
    rows, columns = probabilities.shape
    wanted = np.eye(columns)[classes]
    on_logits = (probabilities - wanted) / rows
    by_p = (softmax(probabilities, axis=1) - wanted) / rows
    on_p = probabilities * (by_p - (probabilities * by_p).sum(axis=1, keepdims=True))
    return float(np.linalg.norm(on_p)), float(np.linalg.norm(on_logits))


def _finding(rule: str, severity: str, message: str, evidence: dict[str, float | int | str], fix: str) -> Finding:
    return Finding(
        rule=rule,
        severity=severity,  # type: ignore[arg-type]  # written below as one of the three
        node=None,
        message=message,
        evidence=evidence,
        fix=fix,
    )


def _broadcast(trained: Trained) -> Finding | None:
    if LOSSES[trained.loss].target == "classes" or trained.shape == trained.target_shape:
        return None
    try:
        together = np.broadcast_shapes(trained.shape, trained.target_shape)
    except ValueError:
        return None
    pairs, values = math.prod(together), math.prod(trained.shape)
    harmful = pairs != values
    what = (
        f"{pairs} pairs are averaged in place of {values}, each output against every target"
        if harmful
        else "here it makes no difference, with more rows it does"
    )
    return _finding(
        "target_broadcast",
        "error" if harmful else "note",
        f"The target {shape_text(trained.target_shape)} is broadcast against the output {shape_text(trained.shape)} to "
        f"{shape_text(together)}, of which PyTorch only warns: {what}.",
        {"pairs": pairs, "values": values, "target": shape_text(trained.target_shape)},
        f"Give both one shape: target = target.reshape({', '.join(map(str, (-1, *trained.shape[1:])))})",
    )


def _cross_entropy(trained: Trained) -> Finding | None:
    columns = trained.columns
    if columns == 1:
        return _finding(
            "one_column",
            "error",
            "Cross-entropy over one column is always 0, as softmax of one value is 1: nothing can be learned from it.",
            {"columns": 1, "loss": 0.0},
            "One column answers yes or no: loss = F.binary_cross_entropy_with_logits(output, target)",
        )
    if trained.head not in ("probabilities", "independent_probabilities"):
        return None
    least = least_cross_entropy(columns)
    evidence: dict[str, float | int | str] = {"classes": columns, "least_loss": least}
    slower = ""
    if trained.classes is not None and trained.head == "probabilities" and len(trained.classes):
        on_p, on_logits = logit_gradients(trained.values, trained.classes)
        if on_logits > 0:
            evidence |= {"gradient": on_p, "gradient_on_logits": on_logits, "ratio": on_p / on_logits}
            slower = (
                f" The gradient at the logits is {value_text(on_p / on_logits, 3)} of what it is on the raw logits."
            )
    squash = "softmax" if trained.head == "probabilities" else "sigmoid"
    where = "between model and loss" if trained.transform.kind in (squash, "line") else "in forward"
    return _finding(
        "loss_on_probabilities",
        "warning",
        f"Cross-entropy does its own softmax, and gets what went through {squash} already: it trains, slowly. With "
        f"{columns} classes the loss can't fall below {value_text(least)}, however right the model is.{slower}",
        evidence,
        f"Leave the {squash} {where} away, and use it only to show probabilities: "
        "loss = F.cross_entropy(logits, target)",
    )


def _nll(trained: Trained) -> Finding | None:
    if trained.head == "log_probabilities":
        return None
    if trained.head in ("probabilities", "independent_probabilities"):
        return _finding(
            "nll_without_log",
            "warning",
            "The negative log-likelihood takes logarithms, and gets probabilities: the loss is −p, which lies between "
            "−1 and 0, and being very wrong costs hardly more than being unsure.",
            {"least_loss": -1.0, "greatest_loss": 0.0},
            "Take the logarithm: loss = F.nll_loss(torch.log(output), target); better still, return logits, and "
            "loss = F.cross_entropy(logits, target)",
        )
    if trained.head == "unknown":
        return None
    return _finding(
        "nll_on_logits",
        "error",
        "The negative log-likelihood takes log-probabilities, and gets raw values: the loss is minus the value of the "
        "right class, and falls without end as that grows; the other classes get no gradient.",
        {"largest_value": float(trained.values.max())},
        "loss = F.cross_entropy(output, target), which does the log-softmax itself",
    )


def _bce(trained: Trained) -> Finding | None:
    if trained.head not in ("logits", "regression", "features"):
        return None
    outside = int(((trained.values < 0) | (trained.values > 1)).sum())
    return _finding(
        "bce_on_logits",
        "error",
        "Binary cross-entropy takes probabilities from 0 to 1, and gets raw values: "
        f"{outside} of {trained.values.size} lie outside{' here, and PyTorch refuses them' if outside else ' of it'}.",
        {
            "outside": outside,
            "values": trained.values.size,
            "min": float(trained.values.min()),
            "max": float(trained.values.max()),
        },
        "loss = F.binary_cross_entropy_with_logits(output, target)",
    )


def _bce_with_logits(trained: Trained) -> Finding | None:
    if trained.head not in ("probabilities", "independent_probabilities"):
        return None
    yes, no = math.log1p(math.exp(-1.0)), math.log(2.0)
    return _finding(
        "loss_on_probabilities",
        "warning",
        "Binary cross-entropy with logits does its own sigmoid, and gets probabilities: a sure yes costs "
        f"{value_text(yes)} still, and a sure no {value_text(no)}, in place of 0.",
        {"least_loss_yes": yes, "least_loss_no": no},
        "Give it the raw values, without the sigmoid; or loss = F.binary_cross_entropy(output, target)",
    )


def _values(trained: Trained) -> Finding | None:
    title = LOSSES[trained.loss].title
    if trained.head == "independent_probabilities":
        return _squashed(trained, title)
    if trained.head in ("logits", "log_probabilities") and trained.columns > 1:
        given = trained.target_kind in ("class", "one_hot")
        what = "classes as target" if given else "these may be classes"
        return _finding(
            "values_for_classes",
            "warning" if given else "note",
            f"{title} pulls logits of {trained.columns} classes towards fixed numbers ({what}): a logit that is surer "
            "than the target is punished too, and class numbers have no order.",
            {"classes": trained.columns},
            "For classes: loss = F.cross_entropy(output, target), with the class's index as target",
        )
    return None


def _squashed(trained: Trained, title: str) -> Finding:
    """Case C1: a sigmoid and a squared error on it."""
    p = trained.values
    slope = float((p * (1 - p)).mean())
    flat = slope < _FLAT_SLOPE
    evidence: dict[str, float | int | str] = {"mean_slope": slope, "largest_slope": 0.25}
    if trained.total_norm is not None:
        evidence["gradient_norm"] = trained.total_norm
    size = (
        f" All parameters' gradients together have the norm {value_text(trained.total_norm)}."
        if (trained.total_norm is not None)
        else ""
    )
    return _finding(
        "squared_error_on_sigmoid",
        "warning" if flat else "note",
        f"{title} on a sigmoid passes the sigmoid's slope p(1 − p) on, here {value_text(slope)} in the mean "
        f"({percent_text(slope / 0.25)} of its most): it {'is' if flat else 'gets'} flat where the logit is large, "
        f"however wrong the answer is.{size}",
        evidence,
        "For yes or no the usual loss is loss = F.binary_cross_entropy_with_logits(logits, target), on the values "
        "before the sigmoid",
    )
