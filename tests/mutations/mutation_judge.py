"""What the inspector says first of a mutant, and whether that names the mutated place; by rules stated beforehand.

**Whether a mutation shows** is told by plain torch alone. A mutant is *legal* when it runs on the healthy model's
input, its output begins with the batch and is finite, no row of it depends on another row, it does not lie within
[0, 1] (where the healthy output does not), and every weight of the healthy model that still exists gets a gradient that
is not exactly zero everywhere (a bias may get none: a shift before a softmax or a normalisation has no effect).
Nothing about a legal mutant contradicts itself: a network without that activation is a network, and one without the
mean over its steps answers for each step. Only what was meant could tell, which nobody said. Legal mutants are listed
apart, those whose output has another shape too, with how often something was said.

**The mutated place** is the layer or operation that was changed, what was put in, and, as two sizes that disagree
don't tell which of them is the wrong one, the next layer or operation behind it that needs what it gives: the first one
with weights, or where tensors are joined; for what changes a picture's sides, the first that needs a
certain size.

**What is said first** is the failure (its node, and its fix) where forward fails; else the gravest finding; else, where
no rule says anything, the gravest finding on the gradient under the loss that fits. A finding counts only if the
healthy model does not get the same.

These rules were written before anything was measured, but for three: a first look at mutants of seed 0 showed that
another shape of output is no fault that can be seen, that a reshape needs no size, and that biases without effect are
common in healthy models. The figure is of another seed.
"""

import ast
import copy
import difflib
from typing import NamedTuple

import torch

from inspector.core.graph_axes import with_axes
from inspector.core.heads import read_head
from inspector.engine.axes import Fed, find_axes
from inspector.engine.capture import CaptureOptions, capture_forward, unchanged
from inspector.engine.diagnosis import RunContext, diagnose_run, suggest_fix
from inspector.engine.gradients.tracing import flow_through
from inspector.engine.inputs import make_tensor
from inspector.protocol.inputs import NamedInput, RandomInput
from inspector.protocol.requests import TraceGradients

_JOINS = {"add", "cat", "matmul", "mul", "view", "reshape", "linear", "bmm"}
_GRAVITY = {"error": 0, "warning": 1, "note": 2}


class Verdict(NamedTuple):
    """`said` is the rule that spoke first ("" for none), `named` whether it named the place; `legal` as said above.

    `reshaped` tells a legal one whose output has another shape than the healthy one's.
    """

    legal: bool
    reshaped: bool
    failed: bool
    said: str
    named: bool
    told: str
    fix: str = ""


class Said(NamedTuple):
    rule: str
    names: frozenset
    text: str
    fix: str


def built(source):
    """An instance of the source's `Net`, and the same each time."""
    space = {}
    torch.manual_seed(0)
    exec(compile(source, "net.py", "exec"), space)
    return space["Net"]().eval()


def fed(base):
    """The healthy model's input."""
    low, high = (0, base.rows) if base.rows else (0.0, 1.0)
    kind = "integers" if base.rows else "normal"
    dtype = "int64" if base.rows else "float32"
    return RandomInput(shape=base.shape, dtype=dtype, distribution=kind, low=low, high=high)


def judged(base, mutation, healthy=None):
    """The verdict on one mutant. `healthy` is what `said_of` the base, to be asked once."""
    source = fed(base)
    tensor = made(source)
    module = built(base.source)
    known = {said.rule for said in (healthy if healthy is not None else said_of(module, source, tensor)[0])}
    try:
        mutant = built(mutation.source)
    except Exception as error:  # noqa: BLE001 - a constructor that refuses is the best message there is
        return Verdict(False, False, True, "constructor", True, str(error))
    legal = is_legal(module, mutant, tensor)
    said, failed = said_of(mutant, source, tensor)
    new = [one for one in said if one.rule not in known]
    first = new[0] if new else Said("", frozenset(), "", "")
    places = places_of(module, mutant, mutation, tensor)
    inside = any(name.startswith(f"{mutation.site}.") for name in first.names)
    quoted = any(f'"{place}"' in first.text for place in places) or f'"{mutation.site}.' in first.text
    lines = any(f"net.py:{line})" in first.text for line in changed_lines(base.source, mutation.source))
    named = bool(first.names & places) or inside or quoted or lines
    return Verdict(legal, legal and _reshaped(module, mutant, tensor), failed, first.rule, named, first.text, first.fix)


def changed_lines(before, after):
    """The lines of the mutant's source that are not the healthy one's, counted from 1."""
    old = ast.unparse(ast.parse(before)).splitlines()
    new = after.splitlines()
    matched = difflib.SequenceMatcher(a=old, b=new, autojunk=False).get_matching_blocks()
    same = {block.b + step for block in matched for step in range(block.size)}
    return [number + 1 for number in range(len(new)) if number not in same]


def made(source):
    """The tensor of an input."""
    return make_tensor(source)


def said_of(module, source, tensor):
    """What is said of one run, the first first; and whether it failed."""
    with unchanged(module, mode="eval", seed=0):
        captured = capture_forward(module, (tensor,), {}, options=CaptureOptions())
    graph, failure = captured.graph, captured.failure
    if failure is not None:
        fix = suggest_fix(module, graph, failure, (tensor,), {})
        names = frozenset((failure.fqn, failure.op)) if not failure.fqn or _is_call(failure) else {failure.fqn}
        return [Said("failure", frozenset(names), f"{failure.message} {fix}", fix)], True
    graph = with_axes(graph, find_axes(module, captured, Fed((tensor,), {}, "eval", 0, captured.captured_s)))
    values = tuple(output.tensor.detach().numpy() for output in captured.outputs)
    heads = tuple(read_head(graph, output.node, array) for output, array in zip(captured.outputs, values, strict=True))
    context = RunContext(
        module=module,
        graph=graph,
        failure=None,
        args=(tensor,),
        kwargs={},
        inputs=(NamedInput(source=source),),
        outputs=captured.outputs,
        heads=heads,
        values=values,
        mode="eval",
        expectation=None,
        captured_s=captured.captured_s or 0.0,
        fresh=True,
    )
    findings = list(diagnose_run(context).findings)
    idle = frozenset(graph.uncalled_modules)  # which that rule names, and which are no nodes
    found = [
        Said(
            one.rule,
            idle if one.rule == "uncalled_modules" else _names(graph, one.node),
            f"{one.message} {one.fix}",
            one.fix,
        )
        for one in findings
    ]
    flow = flow_through(module, (tensor,), {}, TraceGradients())
    stops = {stop.message: stop for stop in flow.stops}
    for one in sorted(flow.findings, key=lambda one: _GRAVITY[one.severity]):
        stop = next((stop for message, stop in stops.items() if message in one.message), None)
        names = _names(graph, one.node if one.node is not None else stop.node if stop else None)
        found.append(Said(f"gradient: {one.rule}", names, f"{one.message} {one.fix}", one.fix))
    return found, False


def _is_call(failure):
    return not failure.fqn or failure.op in _JOINS


def _names(graph, node):
    if node is None:
        return frozenset()
    one = graph.nodes[node]
    return frozenset((one.fqn, one.op)) if one.kind == "function" else frozenset((one.fqn,))


def places_of(healthy, mutant, mutation, tensor):
    """The names that count: the site, what was put in, and what needs next what the site gives."""
    graph = captured_graph(healthy, tensor)
    own = {mutation.site}
    if mutation.added:
        own |= {mutation.added, mutation.added.lower()}
    sites = [node.id for node in graph.nodes if mutation.site in (node.fqn, node.op)]
    sites += [node.id for node in graph.nodes if node.fqn.startswith(f"{mutation.site}.")]
    targets = {}
    for edge in graph.edges:
        targets.setdefault(edge.source, []).append(edge.target)
    queue, seen = [target for site in sites for target in targets.get(site, ())], set()
    while queue:
        place = queue.pop()
        if place in seen:
            continue
        seen.add(place)
        node = graph.nodes[place]
        if node.kind == "module":
            own.add(node.fqn)
            own |= {node.fqn.rpartition(".")[0]} - {""}
        elif node.kind == "function":
            own.add(node.op)
        weighted = node.num_params > 0 and not (mutation.spatial and node.category in {"convolution", "normalisation"})
        if weighted or (node.op in _JOINS and (mutation.spatial or node.op != "cat")) or node.kind == "output":
            continue
        queue += targets.get(place, [])
    if mutation.site in own and "." in mutation.site:
        own |= _shifted(mutation)
    return own - {"", "relu", "ReLU"}


def _shifted(mutation):
    """What stands behind a place of a Sequential has another number once one is dropped or put in."""
    parent, _, index = mutation.site.rpartition(".")
    return {f"{parent}.{int(index) + step}" for step in (-1, 1, 2)} if index.isdigit() else set()


def captured_graph(module, tensor):
    """The graph of a healthy run."""
    with unchanged(module, mode="eval", seed=0):
        return capture_forward(module, (tensor,), {}, options=CaptureOptions(statistics=False)).graph


def is_legal(healthy, mutant, tensor):
    """By plain torch, as the rule at the top says."""
    with torch.no_grad():
        try:
            right, out = healthy(tensor), mutant(tensor)
            alone = [mutant(row[None]) for row in tensor]
        except Exception:  # noqa: BLE001 - what fails is not legal
            return False
        if out.shape[:1] != right.shape[:1] or not out.isfinite().all():
            return False
        if any(one.shape != row[None].shape for one, row in zip(alone, out, strict=True)):
            return False
        if not torch.allclose(torch.cat(alone), out, atol=1e-4):
            return False
        far = tensor * 50 if tensor.is_floating_point() else tensor  # small outputs may lie there by chance
        if _is_probability(mutant(far)) and not _is_probability(healthy(far)):
            return False
    return _all_learn(healthy, mutant, tensor)


def _is_probability(out):
    return bool((out >= 0).all()) and bool((out <= 1).all())


def _reshaped(healthy, mutant, tensor):
    with torch.no_grad():
        return mutant(tensor).shape != healthy(tensor).shape


def _all_learn(healthy, mutant, tensor):
    """In float64: a shift before a softmax has a gradient of zero in truth, and a little of one by rounding."""

    def dead(module):
        exact = copy.deepcopy(module).double()
        value = exact(tensor.double() if tensor.is_floating_point() else tensor)
        if not value.requires_grad:
            return {name for name, _ in module.named_parameters() if "bias" not in name}
        generator = torch.Generator().manual_seed(1)
        (value * torch.randn(value.shape, generator=generator, dtype=torch.float64)).sum().backward()
        most = max(float(one.grad.abs().max()) for one in exact.parameters() if one.grad is not None)
        return {
            name
            for name, one in exact.named_parameters()
            if "bias" not in name and (one.grad is None or float(one.grad.abs().max()) <= 1e-10 * most)
        }

    return dead(mutant) <= dead(healthy)
