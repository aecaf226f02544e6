"""Judges a capture by what torch itself tells of the same forward: autograd, plain hooks and the dispatcher.

Nothing here asks the capture how it saw something; only its graph is read.
"""

import contextlib
import copy
import dataclasses
import random
import time
import warnings
from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import torch
from torch import nn
from torch.multiprocessing.reductions import StorageWeakRef
from torch.overrides import TorchFunctionMode
from torch.utils import _pytree as pytree
from torch.utils._python_dispatch import TorchDispatchMode

from inspector.engine.capture import CaptureOptions, capture_forward, unchanged
from inspector.engine.capture.forward import UNSEEN_NOTE

SEED = 3
MEMORY_LIMIT = 1.05
# Below this the temporaries of the statistics count for more than any activation.
SMALL_BYTES = 1_000_000
TIMED_RUNS, TIMED_S = 5, 2.0


@dataclasses.dataclass
class Specimen:
    """A model, what it is fed, and in which mode it runs."""

    module: nn.Module
    args: tuple = ()
    kwargs: dict = dataclasses.field(default_factory=dict)
    mode: str = "eval"


@dataclasses.dataclass
class Verdict:
    """What was found of one architecture. `faults` are sentences; `said` is what the picture says it could not see."""

    nodes: int = 0
    wires: int = 0
    inferred: int = 0
    plain_s: float = 0.0
    time_ratio: float = 0.0
    memory_ratio: float = 0.0
    faults: list[str] = dataclasses.field(default_factory=list)
    said: tuple[str, ...] = ()


def judge(specimen: Specimen, *, timed: bool = True) -> Verdict:
    """Run plainly and captured, and compare everything."""
    verdict = Verdict()
    module = specimen.module
    with no_fast_path(), eager_if_compiled():
        plain_forward(specimen)  # some libraries add hooks in the first forward; lazy modules get their sizes
        before = state_of(module)
        plain = plain_forward(specimen)
        captured = captured_forward(specimen)
        if captured.failure is not None:
            verdict.faults.append(f"failed: {captured.failure.message}\n{captured.failure.traceback}")
            return verdict
        graph = captured.graph
        verdict.nodes, verdict.wires = len(graph.nodes), len(graph.edges)
        verdict.inferred = sum(edge.inferred for edge in graph.edges)
        verdict.said = graph.notes + tuple(f"{node.op}: {note}" for node in graph.nodes for note in node.notes)
        verdict.faults += output_faults(plain, captured)
        verdict.faults += state_faults(before, state_of(module))
        verdict.faults += shape_faults(graph)
        cut = call_faults(specimen, graph) + wire_faults(specimen, graph)
        if verdict.inferred and UNSEEN_NOTE in graph.notes:
            verdict.said += tuple(cut)  # the picture says that ways are missing; the table counts the wires
        else:
            verdict.faults += cut
        verdict.faults += unseen_faults(specimen, graph)
        del captured, plain
        if timed:
            verdict.plain_s, verdict.time_ratio = timing(specimen)
        verdict.memory_ratio, fault = memory(specimen)
        verdict.faults += fault
        verdict.faults += state_faults(before, state_of(module))
    return verdict


@contextlib.contextmanager
def no_fast_path():
    torch.backends.mha.set_fastpath_enabled(False)
    try:
        yield
    finally:
        torch.backends.mha.set_fastpath_enabled(True)


def eager_if_compiled():
    return torch.compiler.set_stance("force_eager")


def fresh(values):
    return rebuilt(values, lambda tensor: tensor.detach().clone())


def rebuilt(value, change):
    """The same structure with each tensor changed; objects that hold tensors (a cache) are copied."""

    def leaf(item):
        if isinstance(item, torch.Tensor):
            return change(item)
        if hasattr(item, "__dict__") and not callable(item) and flat_tensors(item):
            own = copy.copy(item)
            vars(own).update({name: rebuilt(part, change) for name, part in vars(item).items()})
            return own
        return item

    return pytree.tree_map(leaf, value)


def plain_forward(specimen):
    with warnings.catch_warnings(), torch.no_grad(), unchanged(specimen.module, mode=specimen.mode, seed=SEED):
        warnings.simplefilter("ignore")
        return specimen.module(*fresh(specimen.args), **fresh(specimen.kwargs))


def captured_forward(specimen, *, statistics=True):
    with warnings.catch_warnings(), unchanged(specimen.module, mode=specimen.mode, seed=SEED):
        warnings.simplefilter("ignore")
        options = CaptureOptions(statistics=statistics)
        return capture_forward(specimen.module, specimen.args, specimen.kwargs, options=options)


def timing(specimen):
    """Processor seconds of a plain forward, and how many times as long a captured one takes: the least of some runs.

    They run in turn, and processor time is not disturbed by what else the machine does.
    """
    module, plain_s, captured_s = specimen.module, [], []
    with warnings.catch_warnings(), unchanged(module, mode=specimen.mode, seed=SEED), torch.no_grad():
        warnings.simplefilter("ignore")
        while len(plain_s) < TIMED_RUNS and sum(plain_s + captured_s) < TIMED_S:
            args, kwargs = fresh(specimen.args), fresh(specimen.kwargs)
            plain_s.append(processor_time(lambda args=args, kwargs=kwargs: module(*args, **kwargs)))
            captured_s.append(processor_time(lambda: capture_forward(module, specimen.args, specimen.kwargs)))
    return min(plain_s), min(captured_s) / max(min(plain_s), 1e-9)


def processor_time(run):
    started_s = time.process_time()
    run()
    return time.process_time() - started_s


# --- outputs


def flat_tensors(value, depth=0):
    """All tensors in a result, by rules of its own."""
    if isinstance(value, torch.Tensor):
        return [value]
    if depth > 10 or isinstance(value, (str, bytes, nn.Module)):
        return []
    if isinstance(value, Mapping):
        parts = list(value.values())
    elif isinstance(value, (list, tuple)):
        parts = list(value)
    elif dataclasses.is_dataclass(value) or (hasattr(value, "__dict__") and not callable(value)):
        parts = [part for part in vars(value).values() if isinstance(part, (torch.Tensor, list, tuple, dict))]
        if not parts and dataclasses.is_dataclass(value):
            parts = list(vars(value).values())
        parts += [
            part
            for part in vars(value).values()
            if hasattr(part, "__dict__")
            and not isinstance(part, (torch.Tensor, nn.Module, type))
            and not callable(part)
        ]
    else:
        return []
    return [tensor for part in parts for tensor in flat_tensors(part, depth + 1)]


def same(a, b):
    if a.layout != b.layout or a.dtype != b.dtype or type(a) is not type(b):
        return False
    if a.is_nested:
        return all(same(x, y) for x, y in zip(a.unbind(), b.unbind(), strict=True))
    if a.layout != torch.strided:
        a, b = a.to_dense(), b.to_dense()
    if a.is_quantized:
        a, b = a.int_repr(), b.int_repr()
    if a.shape != b.shape:
        return False
    if a.dtype.is_floating_point or a.dtype.is_complex:
        return torch.allclose(a, b, rtol=0, atol=0, equal_nan=True)
    return torch.equal(a, b)


def output_faults(plain, captured):
    wanted = flat_tensors(plain)
    given = [output.tensor for output in captured.outputs]
    if len(wanted) != len(given):
        return [f"{len(given)} outputs told of {len(wanted)}"]
    pairs = zip(wanted, captured.outputs, strict=True)
    different = [output.name for want, output in pairs if not same(want.detach(), output.tensor)]
    return [f"other values than a plain run: {', '.join(different[:5])}"] if different else []


# --- what must be as before


def state_of(module):
    children = list(module.modules())
    tensors = [*module.named_parameters(remove_duplicate=False), *module.named_buffers(remove_duplicate=False)]
    return {
        "tensors": {name: (id(tensor), tensor.detach().clone()) for name, tensor in tensors},
        "flags": [child.training for child in children],
        "hooks": [
            tuple(len(getattr(child, name)) for name in ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks"))
            for child in children
        ],
        "attributes": [sorted(vars(child)) for child in children],
        "routes": [vars(child).get("_compiled_call_impl") for child in children],
        "random": (torch.get_rng_state().numpy().tobytes(), random.getstate(), np.random.get_state()[1].tobytes()),
        "modes": (torch._C._len_torch_function_stack(), torch._C._len_torch_dispatch_stack()),
        "grad": torch.is_grad_enabled(),
        "gradients": [parameter.grad is None for parameter in module.parameters()],
    }


def state_faults(before, after):
    faults = [f"{key} changed" for key in before if key != "tensors" and before[key] != after[key]]
    for name, (identity, values) in before["tensors"].items():
        now = after["tensors"].get(name)
        if now is None or now[0] != identity or not same(values, now[1]):
            faults.append(f"{name} changed")
    return faults[:5]


# --- the graph by itself


def shape_faults(graph):
    """Wires lead from an output to an input of the same shape and type, forwards; every output hangs on something."""
    faults = []
    for edge in graph.edges:
        if edge.source >= edge.target:
            faults.append(f"a wire leads back from {edge.source} to {edge.target}")
        source = graph.nodes[edge.source].outputs[edge.source_output]
        target = graph.nodes[edge.target].inputs[edge.target_input]
        if source.dtype != target.dtype and not edge.inferred:
            faults.append(f"a wire of {source.dtype} leads to {target.dtype}")
    wired = {(edge.target, edge.target_input) for edge in graph.edges}
    for node in graph.nodes:
        if any((node.id, place) not in wired for place in range(len(node.inputs))):
            faults.append(f"{node.op} {node.fqn} has an input without a wire")
    return faults[:5]


class Ancestry:
    """Which nodes a node depends on, in the captured graph."""

    def __init__(self, graph):
        self.graph = graph
        self.sources = defaultdict(set)
        for edge in graph.edges:
            self.sources[edge.target].add(edge.source)

    def ancestors(self, starts):
        seen, waiting = set(), list(starts)
        while waiting:
            node = waiting.pop()
            if node not in seen:
                seen.add(node)
                waiting.extend(self.sources[node])
        return seen

    def nearest_modules(self, node, transparent):
        """The module nodes met first on every way back; those that hand on their input don't end it."""
        found, seen, waiting = set(), set(), list(self.sources[node])
        while waiting:
            current = waiting.pop()
            if current in seen:
                continue
            seen.add(current)
            if self.graph.nodes[current].kind == "module":
                found.add(current)
            if self.graph.nodes[current].kind != "module" or current in transparent:
                waiting.extend(self.sources[current])
        return found


# --- module calls, by plain hooks


def takes_hooks(module):
    return not isinstance(module, torch.jit.ScriptModule)


class Calls:
    """The calls of a module that the graph draws as nodes, seen by torch's documented hooks."""

    def __init__(self, specimen, graph):
        self.names = dict(specimen.module.named_modules())
        drawn = {node.fqn for node in graph.nodes if node.kind == "module"}
        self.drawn = {name: module for name, module in self.names.items() if name in drawn and takes_hooks(module)}
        self.before, self.after = [], []
        self.depth = 0
        self.counts = defaultdict(int)

    @contextlib.contextmanager
    def watched(self, on_entry=None, on_exit=None):
        handles = []
        for name, module in self.drawn.items():
            handles.append(
                module.register_forward_pre_hook(self._enter(name, on_entry), with_kwargs=True, prepend=True)
            )
            handles.append(module.register_forward_hook(self._leave(name, on_exit), always_call=True))
        try:
            yield self
        finally:
            for handle in handles:
                handle.remove()

    def _enter(self, name, told):
        def hook(_module, args, kwargs):
            self.depth += 1
            if self.depth == 1 and told is not None:
                with torch._C.DisableTorchFunction():
                    told(name, self.counts[name], args, kwargs)

        return hook

    def _leave(self, name, told):
        def hook(_module, _args, result):
            self.depth -= 1
            if self.depth == 0:
                if told is not None:
                    with torch._C.DisableTorchFunction():
                        told(name, self.counts[name], result)
                self.counts[name] += 1

        return hook


def call_faults(specimen, graph):
    """As many nodes as calls, of every module that is drawn; and no other module was called."""
    calls = Calls(specimen, graph)
    every = {}

    def count(name):
        def hook(*_):
            every[name] = every.get(name, 0) + 1

        return hook

    handles = [module.register_forward_hook(count(name)) for name, module in calls.names.items() if takes_hooks(module)]
    try:
        with calls.watched():
            plain_forward(specimen)
    finally:
        for handle in handles:
            handle.remove()
    faults = []
    drawn = defaultdict(int)
    for node in graph.nodes:
        if node.kind == "module":
            drawn[node.fqn] += 1
    for name, number in calls.counts.items():
        if drawn[name] != number and number:
            faults.append(f"{name}: {drawn[name]} nodes for {number} calls")
    grouped = {group.fqn for group in graph.groups}
    for name in every:
        inside = any(name == one or name.startswith(f"{one}.") or one == "" for one in calls.drawn)
        if not inside and name not in grouped:
            faults.append(f"{name} was called, and is neither a node nor a group")
    return faults[:5]


# --- wires, by autograd


def floats(values, made):
    def prepare(tensor):
        own = tensor.detach().clone()
        if (own.is_floating_point() or own.is_complex()) and own.layout == torch.strided and not own.is_quantized:
            try:
                own.requires_grad_()
            except RuntimeError:
                return own
            # A view of the leaf: models write into their inputs.
            made.append(own)
            return own.view_as(own)
        made.append(own)
        return own

    return rebuilt(values, prepare)


class Lineage:
    """The autograd graph of a plain run, with the calls of the drawn modules marked in it."""

    def __init__(self):
        self.made = defaultdict(set)  # id of an autograd node → the calls that gave it
        self.entered = {}  # call → autograd nodes of its inputs, and how many calls had ended by then
        self.ended = {}
        self.transparent = set()  # calls that autograd can't see, as they gave what they were given
        self.kept = []

    def enter(self, name, call, args, kwargs):
        functions = [tensor.grad_fn for tensor in flat_tensors([args, kwargs]) if tensor.grad_fn is not None]
        self.kept += functions
        self.entered[name, call] = functions, len(self.ended)

    def leave(self, name, call, result):
        self.ended[name, call] = len(self.ended)
        given = {id(function) for function in self.entered[name, call][0]}
        for tensor in flat_tensors(result):
            if id(tensor.grad_fn) in given:
                self.transparent.add((name, call))
            elif tensor.grad_fn is not None:
                self.kept.append(tensor.grad_fn)
                self.made[id(tensor.grad_fn)].add((name, call))

    def back(self, starts, before):
        """The nearest calls on every way back that had ended by then, and whether the ways can be trusted."""
        groups, exact = [], True
        seen, waiting = set(), list(starts)
        while waiting:
            function = waiting.pop()
            if function is None or id(function) in seen:
                continue
            seen.add(id(function))
            self.kept.append(function)
            made = {call for call in self.made.get(id(function), ()) if self.ended[call] < before}
            if made:
                groups.append(made)
                continue
            kind = type(function).__name__
            if kind in ("CopySlices", "AsStridedBackward0") or isinstance(
                function, torch.autograd.function.BackwardCFunction
            ):
                exact = False
            waiting.extend(next_function for next_function, _ in function.next_functions)
        return groups, exact

    def everything(self, starts):
        """The calls and the leaves that the starts depend on."""
        calls, leaves = set(), {}
        seen, waiting = set(), list(starts)
        while waiting:
            function = waiting.pop()
            if function is None or id(function) in seen:
                continue
            seen.add(id(function))
            self.kept.append(function)
            calls |= self.made.get(id(function), set())
            if hasattr(function, "variable"):
                leaves[id(function.variable)] = function.variable
            waiting.extend(next_function for next_function, _ in function.next_functions)
        return calls, leaves


def wire_faults(specimen, graph):
    """Every way that a gradient would take is a way along the wires, from the outputs to parameters and inputs."""
    calls, lineage, inputs = Calls(specimen, graph), Lineage(), []
    args, kwargs = floats(specimen.args, inputs), floats(specimen.kwargs, inputs)
    with warnings.catch_warnings(), unchanged(specimen.module, mode=specimen.mode, seed=SEED), torch.enable_grad():
        warnings.simplefilter("ignore")
        with calls.watched(lineage.enter, lineage.leave):
            try:
                result = specimen.module(*args, **kwargs)
            except Exception:  # noqa: BLE001 - in place, out= and some higher-order operations refuse gradients
                return reach_faults(graph)
    outputs = [tensor.grad_fn for tensor in flat_tensors(result) if tensor.grad_fn is not None]
    ancestry = Ancestry(graph)
    module_nodes = {(node.fqn, node.call): node.id for node in graph.nodes if node.kind == "module"}
    reached = ancestry.ancestors(node.id for node in graph.nodes if node.kind == "output")
    wanted_calls, leaves = lineage.everything(outputs)
    faults = leaf_faults(specimen, graph, inputs, leaves, reached)
    faults += [
        f"{name} (call {call}) is on the way to an output, but not in the picture"
        for name, call in wanted_calls
        if module_nodes.get((name, call)) not in reached
    ]
    hookless = {name for name, module in calls.names.items() if not takes_hooks(module)}
    # A module that forward builds for itself is a node, but none that hooks of the model's modules can tell of.
    transparent = {
        node
        for call, node in module_nodes.items()
        if call in lineage.transparent or call[0] in hookless or call[0] not in calls.names
    }
    for key, (functions, before) in lineage.entered.items():
        if key not in wanted_calls or key not in module_nodes:
            continue
        groups, exact = lineage.back(functions, before)
        node = module_nodes[key]
        direct = ancestry.nearest_modules(node, transparent) if exact else ancestry.ancestors([node])
        for group in groups:
            if not any(module_nodes.get(call) in direct for call in group):
                faults.append(f"no wire from {min(group)} to {key}")
    return faults[:5]


def reach_faults(graph):
    """Where autograd can't judge: every output hangs on an input, a parameter or something made in forward."""
    ancestry = Ancestry(graph)
    return [
        f"the output {node.fqn} hangs on nothing"
        for node in graph.nodes
        if node.kind == "output" and not ancestry.ancestors([node.id]) - {node.id}
    ]


def leaf_faults(specimen, graph, inputs, leaves, reached):
    names = {id(tensor): name for name, tensor in specimen.module.named_parameters()}
    drawn = {graph.nodes[node].fqn for node in reached if graph.nodes[node].kind == "parameter"}
    holders = [graph.nodes[node].fqn for node in reached if graph.nodes[node].kind == "module"]
    shared = defaultdict(set)
    for name, tensor in specimen.module.named_parameters(remove_duplicate=False):
        shared[id(tensor)].add(name)
    faults = []
    for identity in leaves:
        if identity in names:
            known = shared[identity]
            inside = any(one == "" or name.startswith(f"{one}.") for one in holders for name in known)
            if not inside and not known & drawn:
                faults.append(f"no way from the parameter {names[identity]} to an output")
    input_nodes = [node.id for node in graph.nodes if node.kind == "input"]
    if len(input_nodes) == len(inputs):
        faults += [
            f"no way from the input {graph.nodes[node].fqn} to an output"
            for node, tensor in zip(input_nodes, inputs, strict=True)
            if id(tensor) in leaves and node not in reached
        ]
    else:
        faults.append(f"{len(input_nodes)} input nodes for {len(inputs)} input tensors")
    return faults


# --- operations, by the dispatcher


class Functions(TorchFunctionMode):
    """Tells whether one of torch's functions is under way, and counts those that gave a tensor."""

    def __init__(self, calls):
        super().__init__()
        self.calls, self.depth, self.count = calls, 0, 0

    def __torch_function__(self, func, types, args=(), kwargs=None):
        self.depth += 1
        try:
            return func(*args, **(kwargs or {}))
        finally:
            self.depth -= 1


class Unseen(TorchDispatchMode):
    """The kernels that ran outside of every drawn module and every function of torch: only these can be missed."""

    HARMLESS = ("detach", "alias", "lift_fresh", "_to_copy", "is_same_size")

    def __init__(self, calls, functions):
        super().__init__()
        self.calls, self.functions, self.found = calls, functions, []

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if not self.calls.depth and not self.functions.depth:
            name = func._schema.name.split("::")[-1]
            if name not in self.HARMLESS:
                self.found.append(name)
        return func(*args, **(kwargs or {}))


@contextlib.contextmanager
def modeless_functions(functions, graph):
    """Functions that torch shows to no mode count as functions too, where the picture has them."""
    before = []
    for owner, name, ending in (
        (torch.jit.ScriptFunction, "__call__", "(script)"),
        (torch.nested, "nested_tensor", ""),
    ):
        if any(node.op.endswith(ending or name) for node in graph.nodes):
            before.append((owner, name, vars(owner)[name]))

    def watched(function):
        def run(*args, **kwargs):
            functions.depth += 1
            try:
                return function(*args, **kwargs)
            finally:
                functions.depth -= 1

        return run

    for owner, name, function in before:
        setattr(owner, name, watched(function))
    try:
        yield
    finally:
        for owner, name, function in before:
            setattr(owner, name, function)


def unseen_faults(specimen, graph):
    """Kernels that no hook and no function mode could see must be told of on the picture."""
    calls = Calls(specimen, graph)
    functions = Functions(calls)
    unseen = Unseen(calls, functions)
    try:
        with unchanged(specimen.module, mode=specimen.mode, seed=SEED), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            args, kwargs = fresh(specimen.args), fresh(specimen.kwargs)
            with calls.watched(), unseen, functions, modeless_functions(functions, graph):
                specimen.module(*args, **kwargs)
    except (NotImplementedError, RuntimeError, TypeError):
        return []  # tensor sub-classes and vmap refuse a mode below them
    named = ",".join(sorted(set(unseen.found)))
    hookless = any(not takes_hooks(module) for module in calls.names.values())  # drawn, but no hook tells when it runs
    told = (
        hookless or any(edge.inferred for edge in graph.edges) or any(node.notes for node in graph.nodes) or graph.notes
    )
    return [f"ran out of sight, and nothing on the picture says so: {named}"] if unseen.found and not told else []


# --- memory


class LiveBytes(TorchDispatchMode):
    """How many bytes of what the kernels made are alive, and the most at one time."""

    def __init__(self, specimen):
        super().__init__()
        self.alive, self.peak, self.models = {}, 0, set()
        module = specimen.module
        given = flat_tensors([specimen.args, specimen.kwargs])
        for tensor in [*module.parameters(), *module.buffers(), *given]:
            with contextlib.suppress(RuntimeError, NotImplementedError):
                self.models.add(tensor.untyped_storage()._cdata)

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        result = func(*args, **(kwargs or {}))
        for tensor in pytree.tree_leaves(result):
            if isinstance(tensor, torch.Tensor):
                self.add(tensor)
        self.peak = max(self.peak, self.now())
        return result

    def add(self, tensor):
        with contextlib.suppress(RuntimeError, NotImplementedError):
            storage = tensor.untyped_storage()
            if storage._cdata not in self.alive and storage._cdata not in self.models:
                self.alive[storage._cdata] = (StorageWeakRef(storage), storage.nbytes())

    def now(self):
        self.alive = {key: held for key, held in self.alive.items() if not held[0].expired()}
        return sum(size for _, size in self.alive.values())


def memory(specimen):
    """The peak of what is alive, captured to plain; and what stays alive afterwards beside the outputs."""
    try:
        with LiveBytes(specimen) as plain:
            result = plain_forward(specimen)
            kept_plain = plain.now() - stored_bytes(flat_tensors(result))  # a model may keep a cache of its own
        del result
        with LiveBytes(specimen) as watched:
            captured = captured_forward(specimen)
            kept = watched.now()
    except (NotImplementedError, TypeError, RuntimeError):
        return 0.0, []
    kept -= stored_bytes([output.tensor for output in captured.outputs])
    del captured
    faults = []
    ratio = watched.peak / max(plain.peak, 1)
    if plain.peak > SMALL_BYTES and ratio > MEMORY_LIMIT:
        faults.append(f"peak memory {ratio:.2f} × plain")
    if kept > max(kept_plain, 0) + 4096:
        faults.append(f"{kept} bytes stay alive, of a plain run {max(kept_plain, 0)}")
    return ratio, faults


def stored_bytes(tensors):
    """What the storages of these take, each counted once."""
    sizes = {}
    for tensor in tensors:
        with contextlib.suppress(RuntimeError, NotImplementedError):
            storage = tensor.untyped_storage()
            sizes[storage._cdata] = storage.nbytes()
    return sum(sizes.values())
