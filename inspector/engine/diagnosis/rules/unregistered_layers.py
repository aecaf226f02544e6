"""Layers that forward calls and that are none of the model's: kept in a plain list, or made anew in forward."""

from collections.abc import Iterator
from dataclasses import dataclass

from torch import nn

from inspector.engine.capture.modules import GUEST_NOTE
from inspector.engine.capture.operations import module_details
from inspector.engine.capture.table import class_name
from inspector.engine.diagnosis.context import RunContext
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node


@dataclass(frozen=True)
class _Holder:
    """An attribute that is a plain container of modules which the model does not have, the called one among them."""

    name: str
    kind: str
    held: tuple[nn.Module, ...]


def check(context: RunContext) -> Iterator[Finding]:
    """Those with parameters. Where all of these are frozen it may be meant, as of a teacher that is not to be saved."""
    guests = {node.fqn: node for node in context.graph.nodes if node.num_params and GUEST_NOTE in node.notes}
    if not guests:
        return
    first, count = next(iter(guests.values())), sum(node.num_params for node in guests.values())
    holder = _holder(context.module, first)
    layers = "1 layer" if len(guests) == 1 else f"{len(guests)} layers"
    calls = f"forward calls {layers} with {count:,} parameters that the model does not know"
    called = f"the first is {first.op} {first.details}".rstrip()
    frozen = holder is not None and not any(p.requires_grad for part in holder.held for p in part.parameters())
    container = "nn.ModuleDict" if holder is not None and holder.kind == "dict" else "nn.ModuleList"
    yield Finding(
        rule="unregistered_layers",
        severity="note" if frozen else "warning",
        node=first.id,
        message=(
            f"{calls}, as self.{holder.name} is a plain {holder.kind} ({called}): no optimiser trains them, no "
            "state_dict saves them, and .to(device) leaves them behind."
            if holder is not None
            else f"{calls} ({called}): made anew in each forward, or held elsewhere, they are not trained or saved."
        ),
        evidence={"layers": len(guests), "parameters": count},
        fix=(
            f"Hold them in {container}, in __init__."
            if holder is not None
            else "Make them once, in __init__, as attributes of the model: self.layer = …"
        ),
        code=f"self.{holder.name} = {container}(self.{holder.name})" if holder is not None else "",
    )


def _holder(module: nn.Module, called: Node) -> _Holder | None:
    known = {id(part) for part in module.modules()}
    for part in module.modules():
        for name, value in vars(part).items():
            if name in ("_modules", "_parameters", "_buffers") or not isinstance(value, list | tuple | dict):
                continue
            inside = value.values() if isinstance(value, dict) else value
            held = tuple(one for one in inside if isinstance(one, nn.Module) and id(one) not in known)
            if any(_is_like(inner, called) for one in held for inner in one.modules()):
                return _Holder(name, type(value).__name__, held)
    return None


def _is_like(part: nn.Module, called: Node) -> bool:
    return class_name(part) == called.op and module_details(part) == called.details
