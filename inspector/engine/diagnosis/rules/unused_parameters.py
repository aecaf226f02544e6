"""Parameters that ran, or are there, and that no output depends on: a result that was thrown away."""

from collections.abc import Iterator

import torch
from torch import nn
from torch.utils._pytree import tree_map

from inspector.core.formatting import listed
from inspector.core.wires import ancestors
from inspector.engine.diagnosis.context import RunContext
from inspector.engine.diagnosis.trials import run_again, same
from inspector.protocol.findings import Finding
from inspector.protocol.graph import Node


def check(context: RunContext) -> Iterator[Finding]:
    """By the wires. A layer that was called for nothing is a warning; a parameter that was never read, a note."""
    yield from _called_for_nothing(context)
    yield from _never_read(context)


def _called_for_nothing(context: RunContext) -> Iterator[Finding]:
    """A wire may have been out of sight (numpy, compiled code): another run, with other values there, settles it."""
    graph = context.graph
    outputs = [node.id for node in graph.nodes if node.kind == "output"]
    reached = ancestors(graph, outputs)
    wasted = [node for node in graph.nodes if node.id not in reached and node.kind == "module" and node.num_params]
    # A layer that is called twice is used where one of its calls is.
    used = {node.fqn for node in graph.nodes if node.id in reached}
    wasted = [node for node in wasted if node.fqn not in used]
    if not wasted or not outputs or _matters(context, {node.fqn for node in wasted}):
        return
    first = wasted[0]
    count = sum(node.num_params for node in {node.fqn: node for node in wasted}.values())
    also = f", and {len(wasted) - 1} more layers" if len(wasted) > 1 else ""
    yield Finding(
        rule="unused_parameters",
        severity="warning" if any(_has_matrix(context, node) for node in wasted) else "note",
        node=first.id,
        message=(
            f"{first.op} {first.fqn} is called, and no output depends on what it gives{also}: {count:,} parameters "
            "get no gradient."
        ),
        evidence={"layers": len(wasted), "parameters": count},
        fix=f"Use its result, as in x = self.{first.fqn}(x), or remove the call.",
        code=f"x = self.{first.fqn}(x)" if first.fqn.isidentifier() else "",
    )


def _matters(context: RunContext, fqns: set[str]) -> bool:
    """Whether the outputs change when those modules give other values."""

    def moved(_module: nn.Module, _args: object, result: object) -> object:
        return tree_map(lambda value: value + 1 if _is_float(value) else value, result)

    parts = dict(context.module.named_modules())
    handles = []
    try:
        before = run_again(context, context.args, context.kwargs)
        handles = [parts[fqn].register_forward_hook(moved) for fqn in fqns if fqn in parts]
        return same(before, run_again(context, context.args, context.kwargs)) is not True
    finally:
        for handle in handles:
            handle.remove()


def _has_matrix(context: RunContext, node: Node) -> bool:
    """A norm whose result nobody takes is common (a backbone's last one); a Linear or a convolution is a mistake."""
    part = dict(context.module.named_modules()).get(node.fqn)
    return part is not None and any(parameter.ndim > 1 for parameter in part.parameters())


def _is_float(value: object) -> bool:
    return isinstance(value, torch.Tensor) and value.is_floating_point()


def _never_read(context: RunContext) -> Iterator[Finding]:
    """Parameters held by a module that did run, which nothing took."""
    if any("could not be seen" in note for note in context.graph.notes) or any(e.inferred for e in context.graph.edges):
        return
    leaves = {node.fqn for node in context.graph.nodes if node.kind == "module"}
    read = {node.fqn for node in context.graph.nodes if node.kind == "parameter"}
    groups = {group.fqn for group in context.graph.groups}
    idle = {}
    for fqn, part in context.module.named_modules():
        if fqn in leaves or fqn not in groups:
            continue
        for name, parameter in part.named_parameters(recurse=False):
            full = f"{fqn}.{name}".lstrip(".")
            if full not in read:
                idle[full] = parameter.numel()
    if not idle or not _sees_parameters(context.graph.nodes):
        return
    names = listed(list(idle))
    yield Finding(
        rule="unused_parameters",
        severity="note",
        node=None,
        message=f"{names}: {sum(idle.values()):,} values of parameters that this forward did not read.",
        evidence={"parameters": len(idle), "values": sum(idle.values())},
        fix="Remove them, or use them in forward; those for training alone may stay.",
    )


def _sees_parameters(nodes: tuple[Node, ...]) -> bool:
    """Whether this graph shows parameters that are used straight from forward: scripts' and programs' may not."""
    return any(node.kind == "parameter" for node in nodes)
