"""What one forward and backward told, as the flow that travels: a row a parameter, the stops, the findings."""

import math
import re

import torch
from torch import nn

from inspector.core.formatting import value_text
from inspector.engine.capture.table import is_lazy
from inspector.engine.gradients.backward import Traced
from inspector.engine.gradients.findings import advice, named, scaling, stop_findings, value_findings
from inspector.engine.gradients.reasons import place_text, stop_of
from inspector.engine.gradients.stops import Record, find_stops, find_zeros
from inspector.protocol.findings import Finding
from inspector.protocol.gradients import (
    GradientFlow,
    GradientStop,
    NodeGradient,
    OutputTransform,
    ParameterGradient,
    Reached,
)
from inspector.protocol.outputs import HeadKind

_FUNCTION_END = re.compile(r"Backward\d*$")
_IN_PLACE = re.compile(r"output (\d+) of (\w+)")


def flow_of(module: nn.Module, traced: Traced, head: HeadKind, notes: list[str]) -> GradientFlow:
    """Everything told of a traced gradient."""
    if traced.aim is None:  # the forward fails with gradients alone
        return _failed_forward(module, traced, notes)
    record = Record(traced.watch) if traced.watch is not None and traced.watch.recorder is not None else None
    parameters = dict(module.named_parameters())
    order = {name: place for place, name in enumerate(parameters)}
    stops, stop_of_parameter, unused = _stops(traced, record, parameters, order)
    raised = _raised(traced, record, parameters) if traced.raised else None
    if raised is not None:
        stops = [raised, *stops]
        stop_of_parameter = dict.fromkeys(raised.parameters, 0) | {n: p + 1 for n, p in stop_of_parameter.items()}
    told = parameters if traced.loss_value is not None or not traced.carries else {}  # without a loss nothing is known
    lost: Reached = "cut off" if record is not None or not traced.carries else "not reached"
    rows = tuple(
        _row(name, parameter, traced, stop_of_parameter.get(name), missing="unused" if name in unused else lost)
        for name, parameter in told.items()
    )
    norms = [row.norm for row in rows if row.norm is not None]
    total = math.sqrt(sum(norm * norm for norm in norms)) if norms else None
    findings = [
        *stop_findings(
            traced, stops, rows, frozenset(name for name, each in parameters.items() if id(each) in traced.elsewhere)
        ),
        *value_findings(traced, rows),
        *advice(traced, head, total),
        *scaling(traced, record),
    ]
    not_used = [row.fqn for row in rows if row.reached == "unused"]
    if not_used:
        notes = [*notes, f"The loss does not depend on {named(not_used)} in this run."]
    return GradientFlow(
        loss=traced.aim.loss,
        transform=traced.aim.transform,
        output=traced.name,
        sentence=_sentence(traced, rows, stops, total),
        loss_value=traced.loss_value,
        target=traced.target.sentence if traced.target is not None else "",
        target_made=traced.target is None or traced.target.kind == "made",
        problem=traced.problem,
        parameters=rows,
        nodes=_nodes(traced),
        stops=tuple(stops),
        total_norm=total,
        findings=tuple(findings),
        notes=tuple(notes),
    )


def _row(
    name: str, parameter: nn.Parameter, traced: Traced, stop: int | None, *, missing: Reached
) -> ParameterGradient:
    """`missing` is what it is where no gradient came."""
    grad = traced.grads.get(name)
    reached: Reached
    if not parameter.requires_grad:
        reached = "frozen"
    elif grad is not None:
        reached = "reached" if grad.arrived.largest != 0 else "zero"
    else:
        reached = missing
    return ParameterGradient(
        fqn=name,
        shape=() if is_lazy(parameter) else tuple(parameter.shape),
        norm=None if grad is None else grad.arrived.norm,
        max_abs=None if grad is None else grad.arrived.largest,
        zeros=None if grad is None else grad.zeros,
        requires_grad=parameter.requires_grad,
        reached=reached,
        weight_norm=_weight_norm(parameter),
        stop=stop,
    )


def _weight_norm(parameter: nn.Parameter) -> float | None:
    if is_lazy(parameter) or parameter.is_meta or not parameter.numel():
        return None
    value = parameter.detach()
    return float(torch.linalg.vector_norm(torch.view_as_real(value) if value.is_complex() else value))


def _stops(
    traced: Traced, record: Record | None, parameters: dict[str, nn.Parameter], order: dict[str, int]
) -> tuple[list[GradientStop], dict[str, int], set[str]]:
    """The stops in words, the place of each parameter's stop among them, and the parameters that nothing depends on."""
    missing = {name for name, p in parameters.items() if p.requires_grad and traced.grads.get(name) is None}
    if record is None or traced.changed_key is None or traced.raised or (traced.problem and traced.carries):
        return [], {}, set()
    names = {id(parameter): name for name, parameter in parameters.items()}
    zero = {name for name in parameters if (grad := traced.grads.get(name)) is not None and grad.arrived.largest == 0}
    cut, left = find_stops(record, traced.changed_key, {id(parameters[name]) for name in missing})
    zeros = find_zeros(record, traced.changed_key, {id(parameters[name]) for name in zero})
    stops = [stop_of(record, stop, names, order, "stops") for stop in cut]
    stops += [stop_of(record, stop, names, order, "zero") for stop in zeros]
    places = {name: place for place, stop in enumerate(stops) for name in stop.parameters}
    return stops, places, {names[each] for each in left}


def _nodes(traced: Traced) -> tuple[NodeGradient, ...]:
    if traced.captured is None or traced.watch is None:
        return ()
    watch, recorder = traced.watch, traced.watch.recorder
    if recorder is None:
        return ()
    indices = {place: index for index, place in watch.ids.items()}
    told = []
    for node in traced.captured.graph.nodes:
        norm = _norm_at(traced, indices[node.id])
        told.append(NodeGradient(op=node.op, fqn=node.fqn, call=node.call, norm=norm))
    return tuple(told)


def _norm_at(traced: Traced, index: int) -> float | None:
    """The gradient by a node's first output that got one; of a parameter its own."""
    assert traced.watch is not None
    assert traced.watch.recorder is not None
    node = traced.watch.recorder.nodes[index]
    if node.kind == "parameter":
        known = traced.grads.get(node.fqn)
        return known.arrived.norm if known is not None else None
    if node.kind == "output":
        sources = [edge[:2] for edge in traced.watch.recorder.edges if edge[2] == index]
        arrived = [traced.watch.arrived[key] for key in sources if key in traced.watch.arrived]
        return arrived[0].norm if arrived else None
    count = max(1, len(node.outputs))
    arrived = [traced.watch.arrived[(index, p)] for p in range(count) if (index, p) in traced.watch.arrived]
    return arrived[0].norm if arrived else None


def _sentence(
    traced: Traced, rows: tuple[ParameterGradient, ...], stops: list[GradientStop], total: float | None
) -> str:
    no_way = _no_way(traced, rows)
    if no_way:
        return no_way
    used = [row for row in rows if row.requires_grad and row.reached != "unused"]
    lost = [row for row in used if row.reached != "reached"]
    if used and not lost:
        return _all_reached(rows, used, total)
    first = next((stop for stop in stops if stop.kind == "stops"), stops[0] if stops else None)
    if first is None:
        seen = "" if not used else "; where it ends could not be seen"
        return f"The gradient reaches {len(used) - len(lost)} of {len(used) or len(rows)} parameters{seen}."
    does = "stops" if first.kind == "stops" else "becomes exactly zero"
    whom = "no parameter" if len(lost) == len(used) else f"{len(used) - len(lost)} of {len(used)} parameters"
    how = "cut off" if all(row.reached == "cut off" for row in lost) else "without any"
    return (
        f"The gradient {does} at {place_text(first)}: it reaches {whom}, "
        f"{len(lost)} {'is' if len(lost) == 1 else 'are'} {how} ({named([row.fqn for row in lost])})."
    )


def _no_way(traced: Traced, rows: tuple[ParameterGradient, ...]) -> str:
    """Why there is no gradient to speak of, or ""."""
    if traced.problem and traced.carries:
        return traced.problem
    if not rows:
        return "The model has no parameters: there is nothing to train."
    if not any(row.requires_grad for row in rows):
        return f"All {len(rows)} parameters are frozen (requires_grad is False): nothing is trained."
    return f"The backward fails: {traced.raised.splitlines()[0]}" if traced.raised else ""


def _all_reached(rows: tuple[ParameterGradient, ...], used: list[ParameterGradient], total: float | None) -> str:
    frozen = sum(row.reached == "frozen" for row in rows)
    unused = sum(row.reached == "unused" for row in rows)
    also = (f"; {frozen} are frozen" if frozen else "") + (f"; {unused} are not used" if unused else "")
    what = {1: "the only parameter", 2: "both parameters"}.get(len(used), f"all {len(used)} parameters")
    norm = f", norm {value_text(total, 3)} in all" if total is not None else ""
    return f"The gradient reaches {what}{also}{norm}."


def _raised(traced: Traced, record: Record | None, parameters: dict[str, nn.Parameter]) -> GradientStop:
    """The operation that a failed backward speaks of: the last whose function of autograd has that name."""
    cut = tuple(name for name, p in parameters.items() if p.requires_grad and traced.grads.get(name) is None)
    message = traced.raised.splitlines()[0]
    index = _overwritten(traced.raised, record) if record is not None else None
    if record is None or index is None:
        told = f"PyTorch says: {message}"
        return GradientStop(kind="stops", op="backward", message=told, where="loss", parameters=cut)
    node = record.nodes[index]
    writes = node.op.endswith("_") or (node.known is not None and node.known.in_place)
    what = (
        "It overwrites in place what an earlier operation keeps for the way back"
        if writes
        else ("What it gave is kept for the way back, and was overwritten in place afterwards")
    )
    made = record.made(index)
    return GradientStop(
        kind="stops",
        op=node.known.class_name if node.known is not None and node.kind == "module" else node.op,
        message=f"{what}. PyTorch says: {message}",
        node=record.watch.ids[index],
        fqn=node.fqn,
        source_line=made.line if made is not None else "",
        parameters=cut,
    )


def _overwritten(message: str, record: Record) -> int | None:
    """The node that torch's message speaks of; some releases leave the end of the name away (`output 0 of Relu`)."""
    found = _IN_PLACE.search(message)
    if found is None:
        return None
    place, function = int(found.group(1)), _FUNCTION_END.sub("", found.group(2))
    for index in sorted(record.watch.made, reverse=True):
        functions = record.watch.made[index].functions
        is_it = place < len(functions) and _FUNCTION_END.sub("", functions[place]) == function
        if is_it and index in record.watch.ids:
            return index
    return None


def _failed_forward(module: nn.Module, traced: Traced, notes: list[str]) -> GradientFlow:
    """A forward that fails only where gradients are wanted: an in-place change of a weight, say."""
    failure = traced.captured.failure if traced.captured is not None else None
    rows = tuple(
        _row(name, parameter, traced, 0 if parameter.requires_grad else None, missing="cut off")
        for name, parameter in module.named_parameters()
    )
    where = f"{failure.op} ({failure.fqn})" if failure is not None and failure.fqn else failure.op if failure else ""
    stop = GradientStop(
        kind="stops",
        op=failure.op if failure is not None else "forward",
        message=traced.problem,
        node=failure.node if failure is not None else None,
        fqn=failure.fqn if failure is not None else "",
        parameters=tuple(row.fqn for row in rows if row.requires_grad),
    )
    finding = Finding(
        rule="forward_fails_with_gradients",
        severity="error",
        node=stop.node,
        message=f"{traced.problem}{f', at {where}' if where else ''}. Without gradients it runs, so that only training "
        "shows it.",
        evidence={"parameters": len(stop.parameters)},
        fix="A weight must not be changed in place: write x = x + y in place of x += y, or use torch.no_grad for what "
        "is not to be trained.",
    )
    return GradientFlow(
        loss="mse",
        transform=OutputTransform(),
        output="",
        sentence=finding.message,
        problem=traced.problem,
        parameters=rows,
        stops=(stop,),
        findings=(finding,),
        notes=tuple(notes),
    )
