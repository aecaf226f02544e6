"""One try: the stand-in is fed, and what each input met first, and what stopped it, is written down."""

import math
import re
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_leaves

from inspector.engine.errors import said_by
from inspector.engine.limits import TimeUp
from inspector.engine.shape_finder.first_layers import is_known
from inspector.engine.shape_finder.practice import practising
from inspector.engine.shape_finder.printed import PRINTED
from inspector.engine.shape_finder.sizes import Answer

ObstacleKind = Literal["features", "channels", "size", "small", "other"]
_WEIGHTED = ("linear", "conv1d", "conv2d", "conv3d", "embedding")
_RESHAPES = ("flatten", "reshape", "view")
_NO_VALUES = re.compile(r"meta tensor|Meta |\bmeta\b|\.item\(\)|data.dependent|no data|NotImplemented", re.IGNORECASE)
_TOO_SMALL = re.compile(
    r"[Kk]ernel size can't be greater|[Oo]utput size is too small|smaller than|too small|should be (less|greater) than|"
    r"non.?zero|non-empty|Padding size should be less|negative dimension|at least one",
)
_MISMATCHES: tuple[tuple[ObstacleKind, re.Pattern[str]], ...] = (
    ("features", re.compile(r"multiplied \(\d+x(?P<actual>\d+) and (?P<expected>\d+)x\d+\)")),
    ("features", re.compile(r"reduction dim, but got \[[\d, ]*?(?P<actual>\d+)\] X \[(?P<expected>\d+),")),
    ("size", re.compile(r"tensor a \((?P<actual>\d+)\) must match the size of tensor b \((?P<expected>\d+)\)")),
    ("channels", re.compile(r"to have (?P<expected>\d+) channels, but got (?P<actual>\d+)")),
)


@dataclass(frozen=True)
class Obstacle:
    """Where a try stopped: at `op` in the module `fqn`, with `actual` where `expected` was wanted (None: not known)."""

    kind: ObstacleKind
    op: str
    fqn: str
    message: str
    actual: int | None = None
    expected: int | None = None
    slots: frozenset[int] = frozenset()
    shapes: tuple[tuple[int, ...], ...] = ()
    needs_values: bool = False

    @property
    def direction(self) -> int:
        """+1 when the input must grow, −1 when it must shrink, 0 when the obstacle does not tell."""
        if self.kind == "small":
            return 1
        if self.kind not in {"features", "size"} or self.actual is None or self.expected is None:
            return 0
        return (self.expected > self.actual) - (self.expected < self.actual)


@dataclass(frozen=True)
class Meeting:
    """The first layer with weights that an input reached; `layer` is None for a bare functional call on a weight."""

    fqn: str
    layer: nn.Module | None
    op: str
    weight: tuple[int, ...] = ()
    flattened: bool = False


@dataclass(frozen=True)
class Attempt:
    """What one try taught. `outputs` are the shapes of the tensors that came out."""

    runs: bool
    outputs: tuple[tuple[int, ...], ...] = ()
    meetings: Mapping[int, Meeting] = field(default_factory=dict)
    batch: int = 1
    obstacle: Obstacle | None = None

    def answer(self, *, picture: bool) -> Answer:
        """What this try says of the size that was tried. `picture`: the free size is that of a picture."""
        if self.runs:
            # `view(-1, 400)` accepts any multiple of 400 by moving the rest into the batch: that is no fit.
            rows = self.outputs[0][0] if picture and self.outputs and len(self.outputs[0]) == 2 else self.batch
            if rows != self.batch:
                return "smaller" if rows > self.batch else "larger"
            return "runs"
        direction = self.obstacle.direction if self.obstacle else 0
        return "larger" if direction > 0 else "smaller" if direction < 0 else "unclear"


def attempt(module: nn.Module, args: Sequence[Any], kwargs: Mapping[str, Any], device: str) -> Attempt:
    """Feed a stand-in. `args` and `kwargs` together, in order, are the slots. Nothing of the try is left on it."""
    fed = [*args, *kwargs.values()]
    watch = _Watch({id(value): frozenset((slot,)) for slot, value in enumerate(fed)}, fed)
    handles = _watch_layers(module, watch)
    try:
        with quietly(), practising(device), watch:
            result = module(*args, **kwargs)
    except TimeUp:
        raise
    except BaseException as error:  # noqa: BLE001 - a try may fail in any way; that is what it is for
        return Attempt(False, (), watch.meetings, obstacle=watch.obstacle(error))
    finally:
        for handle in handles:
            handle.remove()
    outputs = tuple(tuple(leaf.shape) for leaf in tree_leaves(result) if isinstance(leaf, torch.Tensor))
    batch = next((value.shape[0] for value in fed if isinstance(value, torch.Tensor) and value.ndim > 1), 1)
    return Attempt(True, outputs, watch.meetings, batch)


def without_values(error: BaseException) -> bool:
    """Whether this was raised because a stand-in has shapes and no values."""
    return isinstance(error, NotImplementedError) or bool(_NO_VALUES.search(said_by(error)))


@contextmanager
def quietly() -> Iterator[None]:
    """What the model prints goes into the log a line once, however many tries print it; warnings come with the run."""
    with redirect_stdout(PRINTED), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


class _Watch(TorchFunctionMode):
    """Follows each slot through the operations of one forward, and remembers the last one that raised."""

    def __init__(self, origins: dict[int, frozenset[int]], fed: list[Any]) -> None:
        super().__init__()
        self.meetings: dict[int, Meeting] = {}
        self.inside: list[str] = []
        self._origins = origins
        # ids are reused once a tensor is gone, so all that were seen are kept until the try ends.
        self._kept: list[Any] = list(fed)
        self._flattened: set[int] = set()
        self._raised: tuple[str, str, tuple[torch.Tensor, ...], tuple[Any, ...]] | None = None

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,  # noqa: ANN401 - torch's own signature
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:  # noqa: ANN401 - torch's own signature
        name = getattr(func, "__name__", "").strip("_")
        tensors = tuple(leaf for leaf in tree_leaves((args, kwargs or {})) if isinstance(leaf, torch.Tensor))
        origin = self.origin_of(tensors)
        if origin and name in _WEIGHTED and len(tensors) > 1:
            self.meet(origin, Meeting(self.fqn, None, name, tuple(tensors[1].shape)))
        try:
            result = func(*args, **(kwargs or {}))
        except Exception:
            self._raised = self._raised or (name, self.fqn, tensors, args)
            raise
        if origin:
            self._follow(name, origin, result)
        return result

    @property
    def fqn(self) -> str:
        return self.inside[-1] if self.inside else ""

    def origin_of(self, tensors: Iterable[torch.Tensor]) -> frozenset[int]:
        """The slots that these tensors come from."""
        return frozenset().union(*(self._origins.get(id(tensor), frozenset()) for tensor in tensors))

    def meet(self, slots: frozenset[int], meeting: Meeting) -> None:
        """A layer with weights was reached; only the first one of each slot counts."""
        for slot in slots:
            if slot not in self.meetings:
                flattened = slot in self._flattened
                self.meetings[slot] = Meeting(meeting.fqn, meeting.layer, meeting.op, meeting.weight, flattened)

    def obstacle(self, error: BaseException) -> Obstacle:
        """What stopped the try, from the operation that raised and from the words of the error."""
        lines = said_by(error).strip().splitlines() or [type(error).__name__]
        # A script's error ends with the words of the true one; all others begin with them.
        message = lines[-1] if "TorchScript interpreter" in lines[0] else lines[0]
        no_values = without_values(error)
        name, fqn, tensors, args = self._raised or ("", self.fqn, (), ())
        if any(tensor.is_nested for tensor in tensors):  # which have no sizes to tell
            tensors = ()
        kind, actual, expected = _measured(name, tensors, args, self.origin_of) if tensors else ("other", None, None)
        if kind == "other":
            kind, actual, expected = read_mismatch(message)
        shapes = tuple(tuple(tensor.shape) for tensor in tensors)
        return Obstacle(kind, name, fqn, message, actual, expected, self.origin_of(tensors), shapes, no_values)

    def _follow(self, name: str, origin: frozenset[int], result: Any) -> None:  # noqa: ANN401 - an operation may give anything
        for leaf in tree_leaves(result):
            if isinstance(leaf, torch.Tensor):
                self._origins[id(leaf)] = self._origins.get(id(leaf), frozenset()) | origin
                self._kept.append(leaf)
        if name in _RESHAPES:
            self._flattened |= origin


def _watch_layers(module: nn.Module, watch: _Watch) -> list[Any]:
    """Hooks that tell the watch which module is at work, and which one with weights a slot reached first."""
    handles: list[Any] = []
    if isinstance(module, torch.jit.ScriptModule):
        return handles
    for fqn, part in module.named_modules():
        if isinstance(part, torch.jit.ScriptModule):
            continue

        def entered(layer: nn.Module, args: Any, kwargs: Any, fqn: str = fqn) -> None:  # noqa: ANN401 - a hook's own
            watch.inside.append(fqn)
            own = any(True for _ in layer.parameters(recurse=False))
            # A module around others may hold a scale of its own, and tells nothing of what it takes.
            if (own and not any(True for _ in layer.children())) or is_known(layer) or hasattr(layer, "self_attn"):
                with torch._C.DisableTorchFunction():
                    fed = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, torch.Tensor)]
                watch.meet(watch.origin_of(fed), Meeting(fqn, layer, type(layer).__name__))

        def left(layer: nn.Module, args: Any, result: Any) -> None:  # noqa: ANN401 - a hook's own
            watch.inside.pop()

        handles.append(part.register_forward_pre_hook(entered, with_kwargs=True))
        handles.append(part.register_forward_hook(left))
    return handles


def _measured(
    name: str,
    tensors: tuple[torch.Tensor, ...],
    args: tuple[Any, ...],
    origin_of: Callable[[Iterable[torch.Tensor]], frozenset[int]],
) -> tuple[ObstacleKind, int | None, int | None]:
    """The two numbers that did not fit, from the operation's own tensors."""
    first = tensors[0]
    if name in {"view", "reshape"}:
        target = tree_leaves(args[1:])
        if all(isinstance(side, int) for side in target):
            return "features", first.numel(), math.prod(abs(side) for side in target)
    if len(tensors) < 2:
        return "other", None, None
    second = tensors[1]
    if name == "linear" and first.ndim and second.ndim == 2:
        return "features", first.shape[-1], second.shape[-1]
    if name in {"matmul", "mm", "bmm", "addmm"} and min(first.ndim, second.ndim) >= 2:
        return "features", first.shape[-1], second.shape[-2]
    if name in {"add", "iadd", "radd", "mul", "sub"} and bool(origin_of([first])) != bool(origin_of([second])):
        ours, other = (first, second) if origin_of([first]) else (second, first)
        return "size", ours.numel(), other.numel()
    return "other", None, None


def read_mismatch(message: str) -> tuple[ObstacleKind, int | None, int | None]:
    """The two numbers that did not fit, from the words of the error: all that a script gives."""
    for kind, pattern in _MISMATCHES:
        found = pattern.search(message)
        if found:
            return kind, int(found["actual"]), int(found["expected"])
    reshaped = re.search(r"shape '\[(?P<target>[-\d, ]+)\]' is invalid for input of size (?P<actual>\d+)", message)
    if reshaped:
        target = math.prod(abs(int(side)) for side in reshaped["target"].split(","))
        return "features", int(reshaped["actual"]), target
    return ("small" if _TOO_SMALL.search(message) else "other"), None, None
