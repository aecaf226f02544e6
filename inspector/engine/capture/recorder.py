"""The record of one forward while it runs: nodes, groups and wires, as light as they can be; no tensor is kept."""

import time
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch.overrides import TorchFunctionMode

from inspector.engine.capture.arguments import Arguments
from inspector.engine.capture.changing import Changes
from inspector.engine.capture.keeping import Keep
from inspector.engine.capture.names import dtype_name
from inspector.engine.capture.operations import REARRANGING, UNINITIALISED
from inspector.engine.capture.result import CaptureOptions
from inspector.engine.capture.signatures import Signature, signature_of
from inspector.engine.capture.table import KnownModule, ModelTable
from inspector.engine.capture.timing import synchronize
from inspector.engine.capture.wires import Wires
from inspector.engine.statistics import Taken, take_or_none
from inspector.protocol.graph import Category, NodeKind, TensorSpec

# (node, output, inferred)
Origin = tuple[int, int, bool]


@dataclass(slots=True)
class RecordedNode:
    """A node as met. `owned` is the parameter that it stands for, which is the model's own and alive anyway."""

    kind: NodeKind
    op: str
    fqn: str
    group: int | None
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    details: str = ""
    known: KnownModule | None = None
    num_params: int = 0
    call_index: int = 0
    call: int = 0
    started_s: float = 0.0
    elapsed_s: float | None = None
    owned: tuple[torch.Tensor, ...] = ()
    device: str = ""
    taken: Taken | None = None
    measured_output: int = -1
    macs: int | None = None
    changed: str = ""
    signature: Signature | None = None
    arguments: Arguments | None = None
    settled: tuple[Category, str] | None = None  # category and details of a module that is gone afterwards
    notes: tuple[str, ...] = ()


@dataclass(slots=True)
class RecordedGroup:
    """A module call that holds others; `call` tells the calls of one module apart."""

    known: KnownModule
    parent: int | None
    call_index: int
    call: int
    inputs: tuple[TensorSpec, ...] = ()
    outputs: tuple[TensorSpec, ...] = ()
    elapsed_s: float | None = None
    changed: str = ""


@dataclass(slots=True)
class Raised:
    """The last exception seen, and the operation or group that it came from. The model may still catch it."""

    error: BaseException
    node: RecordedNode | None
    origins: list[Origin]
    group: int | None


class Recorder:
    """What has been seen so far."""

    def __init__(self, table: ModelTable, options: CaptureOptions, device: torch.device | None = None) -> None:
        self.table = table
        self.nodes: list[RecordedNode] = []
        self.groups: list[RecordedGroup] = []
        self.edges: list[tuple[int, int, int, int, bool]] = []
        self.stack: list[int] = []
        self.hidden = False
        self.timed = options.timed
        self.changes = Changes(options.changes) if options.changes else None
        self.device = device
        self.raised: Raised | None = None
        self.wires = Wires()
        self.num_calls = 0
        self.observing_s = 0.0  # when timed: what the observing itself took so far
        self._statistics = options.statistics
        self._signed = options.signed
        self._sampled = options.sampled
        self._between = options.between
        self._watch = options.watch
        self._mode: TorchFunctionMode | None = None
        self._mode_off = False
        self._parameter_nodes: dict[tuple[int, int | None], int] = {}
        self.keep: Keep | None = None
        self.absorbed: set[int] = set()  # nodes that another one stands for

    # --- where we are

    @property
    def group(self) -> int | None:
        """The group whose forward is running."""
        return self.stack[-1] if self.stack else None

    def now(self) -> float:
        """Wall time; on an accelerator after all that was asked of it is done."""
        synchronize(self.device)
        return time.perf_counter()

    # --- inside and outside of operations

    def enter_functions(self, mode: TorchFunctionMode) -> None:
        """Put the mode that observes functions onto torch's stack."""
        self._mode = mode
        torch._C._push_on_torch_function_stack(mode)

    def is_watching(self) -> bool:
        """Whether a function called here and now is one that the mode would be told of."""
        depth = torch._C._len_torch_function_stack()  # each thread has its own
        return not self.hidden and depth > 0 and torch._C._get_function_stack_at(depth - 1) is self._mode

    def hide(self) -> None:
        """From here on what happens belongs to one operation."""
        self.hidden = True
        depth = torch._C._len_torch_function_stack()
        self._mode_off = depth > 0 and torch._C._get_function_stack_at(depth - 1) is self._mode
        if self._mode_off:  # a mode of the model's own may lie above it: then it stays, and looks away
            torch._C._pop_torch_function_stack()

    def unhide(self) -> None:
        """The operation is over."""
        self.hidden = False
        if self._mode_off and self._mode is not None:
            torch._C._push_on_torch_function_stack(self._mode)
        self._mode_off = False

    # --- wires

    def origins(self, tensors: list[torch.Tensor]) -> list[Origin]:
        """Where each tensor comes from; parameters and tensors of unknown making become nodes here."""
        found = [self._origin(tensor) for tensor in tensors]
        if self._watch is not None:
            self._watch.look_at_inputs(tensors, found)
        return found

    def _origin(self, tensor: torch.Tensor) -> Origin:
        source = self.wires.source(tensor)
        if source is not None:
            return source[0], source[1], False
        known = self.table.tensor(tensor)
        if known is None:
            return self._add_value("constant", "constant", "", tensor), 0, True
        known.owner.used = True
        key = (id(tensor), self.group)
        node = self._parameter_nodes.get(key)
        if node is None:
            kind: NodeKind = "constant" if known.kind == "constant" else "parameter"
            node = self._parameter_nodes[key] = self._add_value(kind, known.kind, known.fqn, tensor, own=True)
            if known.owner.guest and known.kind == "parameter":
                self.nodes[node].owned = (size_of(tensor),)
        return node, 0, False

    def _add_value(self, kind: NodeKind, op: str, fqn: str, tensor: torch.Tensor, *, own: bool = False) -> int:
        """`own` ones are the model's, and told by the table."""
        params = tensor.numel() if op == "parameter" else 0
        node = RecordedNode(kind, op, fqn, self.group, outputs=specs_of([tensor]), num_params=params)
        node.call_index = self.num_calls
        node.device = device_name(tensor.device)
        node.owned = (tensor,) if op == "parameter" else ()
        self.nodes.append(node)
        index = len(self.nodes) - 1
        if not own:
            self.wires.made(tensor, index, 0)
        if self.keep is not None:
            self.keep.look(node.kind, node.call_index, [tensor])
        if self._watch is not None:
            self._watch.look_at_outputs(index, node, [tensor])
        self._measure(node, [tensor], [])
        return index

    # --- nodes

    def add_input(self, name: str, tensor: torch.Tensor) -> None:
        """A tensor that is fed to the model."""
        self._add_value("input", "input", name, tensor)

    def add_output(self, name: str, tensor: torch.Tensor) -> int:
        """A tensor that the model returned."""
        origins = self.origins([tensor])
        specs = specs_of([tensor])
        node = RecordedNode("output", "output", name, None, inputs=specs, outputs=specs, call_index=self.num_calls)
        node.device = device_name(tensor.device)
        source = self.nodes[origins[0][0]]
        if source.measured_output == origins[0][1]:
            node.taken = source.taken
        elif self._statistics:
            node.taken = take_or_none(tensor)
        if self._signed:
            node.signature = signature_of([tensor], self._sampled)
        if self.keep is not None:
            self.keep.look("output", node.call_index, [tensor])
        return self.append(node, origins)

    def add_operation(
        self,
        node: RecordedNode,
        origins: list[Origin],
        outputs: list[torch.Tensor],
        written: list[torch.Tensor] | None = None,
    ) -> None:
        """An operation that ran. `written` are those of its inputs that it wrote into."""
        if self._between is not None:
            self._between()
        node.call_index = self.num_calls
        self.num_calls += 1
        node.outputs = specs_of(outputs)
        if outputs:
            node.device = device_name(outputs[0].device)
        index = self.append(node, origins)
        for place, tensor in enumerate(outputs):
            self.wires.made(tensor, index, place)
        if written:
            for tensor in written:
                place = next((place for place, output in enumerate(outputs) if output is tensor), 0)
                self.wires.wrote(tensor, index, place)
        if self._watch is not None:
            self._watch.look_at_outputs(index, node, outputs)
        if self.keep is not None:
            self.keep.look(node.kind, node.call_index, outputs)
        self._measure(node, outputs, origins)

    def append(self, node: RecordedNode, origins: list[Origin]) -> int:
        """Put a node into the record, with its wires."""
        index = len(self.nodes)
        self.nodes.append(node)
        for place, (source, output, inferred) in enumerate(origins):
            self.edges.append((source, output, index, place, inferred))
        return index

    def _measure(self, node: RecordedNode, outputs: list[torch.Tensor], origins: list[Origin]) -> None:
        """Measure the first floating output, or the first."""
        if self._signed:
            node.signature = signature_of(outputs, self._sampled)
        if not self._statistics or not outputs or node.op in UNINITIALISED:
            return
        place = 0
        if len(outputs) > 1:
            place = next((place for place, tensor in enumerate(outputs) if tensor.is_floating_point()), 0)
        node.measured_output = place
        if len(origins) == 1 and node.op in REARRANGING:
            node.taken = self._known_statistics(origins[0], node.outputs[place], outputs[place].numel())
        if node.taken is None:
            node.taken = take_or_none(outputs[place])

    def _known_statistics(self, origin: Origin, spec: TensorSpec, num_elements: int) -> Taken | None:
        """Those of the input, for an operation that only moves its values."""
        source = self.nodes[origin[0]]
        known = source.taken
        if known is None or source.measured_output != origin[1] or known.num_elements != num_elements:
            return None
        return known if source.outputs[origin[1]].dtype == spec.dtype else None


def size_of(tensor: torch.Tensor) -> torch.Tensor:
    """Stands for a parameter that is let go: as large, as trainable, without values."""
    return torch.empty_like(tensor, device="meta", requires_grad=tensor.requires_grad)


@lru_cache(maxsize=64)
def device_name(device: torch.device) -> str:
    """Torch's name of it: `cpu`, `cuda:0`."""
    return str(device)


def specs_of(tensors: list[torch.Tensor]) -> tuple[TensorSpec, ...]:
    """Shapes and dtypes."""
    try:
        return tuple([_spec(tensor.shape, tensor.dtype) for tensor in tensors])
    except RuntimeError:  # a ragged nested tensor has no sizes
        return tuple([_spec(_shape(tensor), tensor.dtype) for tensor in tensors])


@lru_cache(maxsize=4096)
def _spec(shape: tuple[int, ...], dtype: torch.dtype) -> TensorSpec:
    """One for each kind of tensor: what one operation gives the next one takes."""
    return TensorSpec(shape=tuple(shape), dtype=dtype_name(dtype))


def own_identity(tensor: torch.Tensor) -> torch.Tensor:
    """The same values as a tensor object of its own, for an operation that gave back its input."""
    if type(tensor) not in (torch.Tensor, torch.nn.Parameter):
        return tensor
    try:
        alias: torch.Tensor = torch.ops.aten.alias.default(tensor)
    except (RuntimeError, NotImplementedError):
        return tensor
    return alias


def _shape(tensor: torch.Tensor) -> tuple[int, ...]:
    try:
        return tensor.shape
    except RuntimeError:
        return ()
