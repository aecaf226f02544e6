"""What a traced gradient says about training, as findings: where it ends or breaks, and whether the loss fits."""

import math

import numpy as np
import torch
from numpy.typing import NDArray

from inspector.core.formatting import value_text
from inspector.core.loss_advice import Trained, advise
from inspector.core.losses import LOSSES, transform_text
from inspector.engine.capture.watching import Key
from inspector.engine.gradients.backward import CHECKPOINT_WARNING, Traced
from inspector.engine.gradients.reasons import fix_of, place_text, plain
from inspector.engine.gradients.stops import Record
from inspector.engine.running import output_values
from inspector.protocol.findings import Finding
from inspector.protocol.gradients import GradientStop, OutputTransform, ParameterGradient
from inspector.protocol.outputs import HeadKind

_SCALING = frozenset(["mul", "div", "add", "sub", "neg"])
_BOUNDED = frozenset(
    [
        "sigmoid",
        "tanh",
        "softmax",
        "hardsigmoid",
        "hardtanh",
        "relu6",
        "clamp",
        "clip",
        "sin",
        "cos",
        "softsign",
        "erf",
    ]
)
_MOST_NAMED = 3


def named(names: list[str]) -> str:
    """The first of these names, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(names[:_MOST_NAMED]) + more


def stop_findings(
    traced: Traced, stops: list[GradientStop], rows: tuple[ParameterGradient, ...], elsewhere: frozenset[str]
) -> list[Finding]:
    """A finding for each place where the gradient ends; weights that start at zero are none, as they move first.

    `elsewhere` are the parameters that another output has a gradient to.
    """
    trainable = [row for row in rows if row.reached not in ("frozen", "unused")]
    any_reached = any(row.reached == "reached" for row in trainable)
    found = []
    for stop in stops:
        if stop.kind == "zero" and "weights are all zero" in stop.message:
            continue  # as some architectures start: these weights move first
        share = len(stop.parameters) / max(1, len(trainable))
        severity = "error" if not any_reached else "warning"
        others = bool(stop.parameters) and set(stop.parameters) <= elsewhere
        if others or (stop.by_values and share < 0.5):  # as where one of several heads is not to change what they share
            severity = "note"
        elif stop.by_values:
            severity = "warning"
        rule = "gradient_stops" if stop.kind == "stops" else "gradient_zero"
        if traced.raised and stop is stops[0]:
            rule, severity = "backward_fails", "error"
        does = {"gradient_stops": "stops", "gradient_zero": "becomes exactly zero", "backward_fails": "fails"}[rule]
        found.append(
            Finding(
                rule=rule,
                severity=severity,  # type: ignore[arg-type]  # one of the three, as above
                node=stop.node,
                message=f"The gradient {does} at {place_text(stop)}. {stop.message} {_whom(stop, len(trainable))}"
                + (f" From {traced.name}, that is: other outputs reach them." if others else ""),
                evidence={"parameters": len(stop.parameters), "of": len(trainable), "op": stop.op},
                fix=_fix(traced, stop),
            )
        )
    return found


def _whom(stop: GradientStop, count: int) -> str:
    if not stop.parameters:
        return ""
    learn = "get no gradient" if stop.kind == "stops" else "get a gradient of zero"
    learn = learn.replace("get", "gets", 1) if len(stop.parameters) == 1 else learn
    return f"{len(stop.parameters)} of {count} parameters {learn}: {named(list(stop.parameters))}."


def _fix(traced: Traced, stop: GradientStop) -> str:
    if traced.raised:
        return "Write what overwrites it without in-place: x = x + y in place of x += y, relu(x) in place of relu_(x)."
    return fix_of(stop, traced.warned)


def value_findings(traced: Traced, rows: tuple[ParameterGradient, ...]) -> list[Finding]:
    """What is wrong with the numbers: no loss, or NaN and infinities in it or behind it."""
    found: list[Finding] = []
    if traced.problem:
        found.append(_plain_finding("loss_not_computed", "error", traced.problem, "Take a loss that fits the output."))
    elif traced.carries and traced.loss_value is not None and not math.isfinite(traced.loss_value):
        found.append(
            _plain_finding(
                "loss_not_finite",
                "error",
                f"The loss is {traced.loss_value}: no gradient means anything.",
                "Look for the first NaN or Inf on the graph (colour by NaN or Inf), or for a log of 0.",
            )
        )
    bad = [row.fqn for row in rows if row.norm is not None and not math.isfinite(row.norm)]
    if bad and not found:
        found.append(
            Finding(
                rule="gradient_not_finite",
                severity="error",
                node=_first_bad(traced),
                message=f"The gradients of {len(bad)} parameters are NaN or infinite: {named(bad)}. The loss itself is "
                "finite.",
                evidence={"parameters": len(bad)},
                fix="Look at the marked operation: a square root or a norm at 0, a division by 0, or a log of 0.",
            )
        )
    if any(CHECKPOINT_WARNING in text for text in traced.warned) and not any(r.reached == "cut off" for r in rows):
        found.append(_plain_finding("checkpoint", "note", CHECKPOINT_WARNING, "use_reentrant=False"))
    return found


def _first_bad(traced: Traced) -> int | None:
    """The operation whose output's gradient is fine, while an input's is not: the last of them."""
    if traced.watch is None or traced.watch.recorder is None:
        return None
    bad = {key[0] for key, arrived in traced.watch.arrived.items() if not math.isfinite(arrived.norm)}
    targets = {edge[2] for edge in traced.watch.recorder.edges if edge[0] in bad} - bad
    return traced.watch.ids.get(max(targets)) if targets else None


def _plain_finding(rule: str, severity: str, message: str, fix: str) -> Finding:
    return Finding(rule=rule, severity=severity, node=None, message=message, evidence={}, fix=fix)  # type: ignore[arg-type]


def advice(traced: Traced, head: HeadKind, total: float | None) -> list[Finding]:
    """Whether the loss fits the output, by `core.loss_advice`."""
    target, aim = traced.target, traced.aim
    if target is None or aim is None or not target.output.numel():
        return []
    values = _rows(target.output, LOSSES[aim.loss].target == "classes")
    classes = None
    if LOSSES[aim.loss].target == "classes" and not target.tensor.is_floating_point():
        classes = target.tensor.reshape(-1).numpy(force=True).astype(np.int64)
        if len(classes) != len(values) or (classes < 0).any() or (classes >= values.shape[1]).any():
            classes = None
    return advise(
        Trained(
            loss=aim.loss,
            head=head,
            transform=aim.transform,
            values=values,
            classes=classes,
            target_kind=target.kind,
            shape=tuple(target.output.shape),
            target_shape=tuple(target.tensor.shape),
            total_norm=total,
        )
    )


def _rows(output: torch.Tensor, by_class: bool) -> NDArray[np.float64]:
    """(n, K): the classes' axis last where the loss has one (it is axis 1 there), else the last axis."""
    value = output.detach()
    if by_class and value.dim() > 2:
        value = value.movedim(1, -1)
    values = output_values(value).astype(np.float64)
    return values.reshape(-1, values.shape[-1]) if values.ndim else values.reshape(1, 1)


def scaling(traced: Traced, record: Record | None) -> list[Finding]:
    """Case C3: an output that is only scaled and shifted behind the last real operation."""
    if record is None or traced.changed_key is None or traced.changed is None or traced.raised:
        return []
    key: Key = traced.changed_key
    chain: list[str] = []
    while True:
        node = record.nodes[key[0]]
        name = plain(node.op)
        sources = record.sources[key[0]]
        if node.kind != "function" or name not in _SCALING or len(sources) != 1:
            break
        chain.append(name)
        key = sources[0]
    if not {"mul", "div"} & set(chain) or plain(record.nodes[key[0]].op) in _BOUNDED:
        return []
    before, after = record.watch.arrived.get(key), record.watch.arrived.get(traced.changed_key)
    if before is None or after is None or not after.norm:
        return []
    factor = before.norm / after.norm
    low, high = float(traced.changed.min()), float(traced.changed.max())
    line = transform_text(traced.aim.transform) if traced.aim is not None and _is_scale(traced.aim.transform) else ""
    node_id = record.watch.ids.get(traced.changed_key[0])
    what = line or " and ".join(dict.fromkeys(reversed(chain)))
    return [
        Finding(
            rule="scaled_output",
            severity="note",
            node=node_id,
            message=f"The output is only scaled and shifted ({what}): the gradient flows, times "
            f"{value_text(factor, 3)}. That does not bound the output, to [−1, 1] or anywhere: it is as wide as the "
            "values before it, here "
            f"{value_text(low)} to {value_text(high)}.",
            evidence={"factor": factor, "min": low, "max": high},
            fix="To keep it within (−1, 1): output = torch.tanh(output)",
        )
    ]


def _is_scale(transform: OutputTransform) -> bool:
    return transform.kind == "scale_shift"
