"""Losses, and what may be done to an output before them, in two tables; which loss fits which output.

The window's choosers, the command line and the engine read these; how each is computed is the engine's.
"""

from dataclasses import dataclass
from typing import Literal

from inspector.protocol.gradients import LossName, OutputTransform, TransformKind
from inspector.protocol.outputs import HeadKind

# What a loss takes as target: a class's index, values like the output's, or probabilities like the output's.
TargetKind = Literal["classes", "values", "probabilities"]


@dataclass(frozen=True)
class LossRow:
    """A loss: its name for people, torch's class, its target, and the line that computes it.

    `wants` are the heads that it is made for.
    """

    title: str
    torch_class: str
    target: TargetKind
    wants: tuple[HeadKind, ...]
    line: str


LOSSES: dict[LossName, LossRow] = {
    "cross_entropy": LossRow(
        "Cross-entropy", "CrossEntropyLoss", "classes", ("logits",), "loss = F.cross_entropy(output, target)"
    ),
    "nll": LossRow(
        "Negative log-likelihood", "NLLLoss", "classes", ("log_probabilities",), "loss = F.nll_loss(output, target)"
    ),
    "bce": LossRow(
        "Binary cross-entropy",
        "BCELoss",
        "probabilities",
        ("independent_probabilities",),
        "loss = F.binary_cross_entropy(output, target)",
    ),
    "bce_with_logits": LossRow(
        "Binary cross-entropy with logits",
        "BCEWithLogitsLoss",
        "probabilities",
        ("logits", "regression"),
        "loss = F.binary_cross_entropy_with_logits(output, target)",
    ),
    "mse": LossRow(
        "Mean squared error", "MSELoss", "values", ("regression", "features"), "loss = F.mse_loss(output, target)"
    ),
    "l1": LossRow(
        "Mean absolute error", "L1Loss", "values", ("regression", "features"), "loss = F.l1_loss(output, target)"
    ),
    "huber": LossRow("Huber", "HuberLoss", "values", ("regression", "features"), "loss = F.huber_loss(output, target)"),
}


@dataclass(frozen=True)
class TransformRow:
    """A transform: its name for people, and the head that comes out (None: the one before)."""

    title: str
    gives: HeadKind | None


TRANSFORMS: dict[TransformKind, TransformRow] = {
    "none": TransformRow("none", None),
    "sigmoid": TransformRow("sigmoid", "independent_probabilities"),
    "softmax": TransformRow("softmax", "probabilities"),
    "log_softmax": TransformRow("log-softmax", "log_probabilities"),
    "log": TransformRow("log", "log_probabilities"),
    "tanh": TransformRow("tanh", "regression"),
    "scale_shift": TransformRow("scale · x + shift", None),
    "threshold": TransformRow("x > threshold", "unknown"),
    "round": TransformRow("round", "unknown"),
    "argmax": TransformRow("arg max", "unknown"),
    "line": TransformRow("a line of code …", "unknown"),
}


def transform_text(transform: OutputTransform) -> str:
    """The transform in a few words, with its numbers."""
    match transform.kind:
        case "scale_shift":
            sign = "−" if transform.shift < 0 else "+"
            return f"{transform.scale:g} · x {sign} {abs(transform.shift):g}"
        case "threshold":
            return f"x > {transform.threshold:g}"
        case "line":
            return transform.line.strip()
        case _:
            return TRANSFORMS[transform.kind].title


def head_after(head: HeadKind, transform: OutputTransform) -> HeadKind:
    """What the output is behind the transform. A logarithm gives log-probabilities of probabilities alone."""
    if transform.kind == "log" and head not in ("probabilities", "independent_probabilities"):
        return "unknown"
    return TRANSFORMS[transform.kind].gives or head


def fitting_loss(head: HeadKind, columns: int) -> LossName:
    """The loss that is made for an output of that kind with so many columns."""
    match head:
        case "logits":
            return "bce_with_logits" if columns == 1 else "cross_entropy"
        case "probabilities":
            return "cross_entropy"  # what people write; what it does to them is told
        case "independent_probabilities":
            return "bce"
        case "log_probabilities":
            return "nll"
        case "regression" | "features" | "unknown":
            return "mse"


def fitting_transform(head: HeadKind, transform: OutputTransform) -> OutputTransform:
    """What goes before the fitting loss where nobody chose: probabilities need their logarithm."""
    if head == "probabilities" and transform.kind == "none":
        return OutputTransform(kind="log")
    return transform
