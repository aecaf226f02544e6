"""Which modules' calls an operation of TorchScript lies in.

While an operation runs, the interpreter tells the methods that are under way, each with the line that it is at. The
same methods lie in the program as graphs, where a call names the module that it goes to. One line may call many (a
loop over layers is written out), so both are followed together: each operation is looked for after the last one.
"""

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import torch
from torch._C._profiler import gather_traceback, symbolize_tracebacks

# A loaded program names its own code after the source that it was made from; the interpreter tells the former.
_LINES = (
    re.compile(r'Serialized\s+File "([^"]+)", line (\d+)'),
    re.compile(r'File "([^"]+)", line (\d+)'),
    re.compile(r"^(.+)\((\d+)\): "),
)
Line = tuple[str, int]


class Frame(NamedTuple):
    """A method or function under way; `line` is None where the program was saved without."""

    name: str
    line: Line | None


@dataclass(slots=True)
class Step:
    """An operation (`op`), a call of a function (`function`), or of a module's method (`body`)."""

    line: Line | None
    op: str = ""
    function: str = ""
    method: str = ""
    body: "Body | None" = None
    branches: tuple[tuple[int, int], ...] = ()


@dataclass(slots=True)
class Body:
    """A method of the module at `path`, its steps in the order in which they are written."""

    path: str
    steps: list[Step] = field(default_factory=list)
    loops: bool = False


@dataclass(slots=True)
class Position:
    """Where one method is; `call` tells its calls apart."""

    body: Body
    place: int
    call: int
    deeper: tuple[Frame, ...] = ()

    @property
    def step(self) -> Step:
        """What is under way there."""
        return self.body.steps[self.place]


class ScriptCalls:
    """Follows one forward of a scripted module."""

    def __init__(self, module: torch.jit.ScriptModule) -> None:
        self._bodies: dict[tuple[str, str], Body] = {}
        self._root = self._body(module._c, "", "forward")
        self._stack: list[Position] = []
        self._op = ""
        self._num_calls = 0

    def locate(self, op: str, frames: list[Frame]) -> list[tuple[str, int]] | None:
        """Path and number of each module call around the operation now running, the root's first; None if lost."""
        if not frames or frames[0].name != "forward":
            return None
        found = self._next(frames, op)
        if found is None:
            return None
        self._stack, self._op = found, op
        return [(position.body.path, position.call) for position in found]

    def _next(self, frames: list[Frame], op: str) -> list[Position] | None:
        """Further on in the innermost call that goes on, else in the one around it; then once more, for loops."""
        for again in (False, True):
            for level in range(min(len(self._stack), len(frames)) - 1, -1, -1):
                kept = self._stack[:level]
                if not all(_is_at(p.step, frames, depth) for depth, p in enumerate(kept)):
                    continue
                position = self._stack[level]
                if again and not position.body.loops:
                    continue
                if not again and self._goes_on(position, frames, level, op):
                    return [*kept, Position(position.body, position.place, position.call, tuple(frames[level + 1 :]))]
                start = 0 if again else position.place + 1
                rest = self._search(position.body, start, frames, level, op, None if again else position.step)
                if rest is not None:
                    rest[0].call = position.call
                    return [*kept, *rest]
        if not self._stack:
            return self._search(self._root, 0, frames, 0, op, None)
        # An operation that is not written there, as what makes a number of a tensor: then it is where the last one was.
        kept = self._stack[: len(frames)]
        return kept if all(_is_at(p.step, frames, depth) for depth, p in enumerate(kept[:-1])) else None

    def _goes_on(self, position: Position, frames: list[Frame], level: int, op: str) -> bool:
        """Whether the function called last is still under way: further on in it, or at another operation."""
        if not position.step.function or not _is_at(position.step, frames, level) or level + 1 >= len(frames):
            return False
        deeper = tuple(frames[level + 1 :])
        here, before = _lines(deeper), _lines(position.deeper)
        return here > before or (here == before and op != self._op)

    def _search(  # noqa: PLR0917 - one place in two structures
        self, body: Body, start: int, frames: list[Frame], level: int, op: str, after: Step | None
    ) -> list[Position] | None:
        last = level == len(frames) - 1
        for place in range(start, len(body.steps)):
            step = body.steps[place]
            if after is not None and _exclude(after, step):
                continue
            if not _is_at(step, frames, level):
                continue
            if last:
                if step.op == op:
                    return [self._position(body, place)]
            elif step.body is not None:
                rest = self._search(step.body, 0, frames, level + 1, op, None)
                if rest is not None:
                    return [self._position(body, place), *rest]
            elif step.function:
                position = self._position(body, place)
                position.deeper = tuple(frames[level + 1 :])
                return [position]
        return None

    def _position(self, body: Body, place: int) -> Position:
        self._num_calls += 1
        return Position(body, place, self._num_calls)

    # --- the program

    def _body(self, owner: Any, path: str, method: str) -> Body:  # noqa: ANN401 - torch's own script object
        key = (path, method)
        if key not in self._bodies:
            body = self._bodies[key] = Body(path)
            graph = owner._get_method(method).graph
            self._read(graph, graph, owner, body, ())
        return self._bodies[key]

    def _read(self, block: Any, graph: Any, owner: Any, body: Body, branches: tuple[tuple[int, int], ...]) -> None:  # noqa: ANN401
        for node in block.nodes():
            kind = node.kind()
            if kind == "prim::CallMethod":
                path = _receiver(node, graph)
                called = None if path is None else _part(owner, path)
                if path is not None and called is not None:
                    full = ".".join([*([body.path] if body.path else []), *path])
                    method = node.s("name")
                    callee = self._body(called, full, method)
                    body.steps.append(Step(_line(node), method=method, body=callee, branches=branches))
            elif kind == "prim::CallFunction":
                name = str(next(iter(node.inputs())).type()).rpartition(".")[2]
                body.steps.append(Step(_line(node), function=name, branches=branches))
            elif kind in ("prim::If", "prim::Loop", "prim::With"):
                body.loops |= kind == "prim::Loop"
                for index, inner in enumerate(node.blocks()):
                    mark = ((id(node), index),) if kind == "prim::If" else ()
                    self._read(inner, graph, owner, body, (*branches, *mark))
            elif not kind.startswith("prim::"):
                body.steps.append(Step(_line(node), op=kind, branches=branches))


def script_frames() -> list[Frame]:
    """The methods and functions of TorchScript now under way, the outermost first."""
    told = symbolize_tracebacks([gather_traceback(python=False, script=True, cpp=False)])[0]
    return [
        Frame(str(frame["name"]), (str(frame["filename"]), int(frame["line"])) if frame["line"] else None)
        for frame in reversed(told)
    ]


def _is_at(step: Step, frames: list[Frame], depth: int) -> bool:
    line = frames[depth].line
    if line is not None and step.line is not None and line != step.line:
        return False
    if depth + 1 >= len(frames):
        return bool(step.op)
    return frames[depth + 1].name in (step.function, step.method)


def _lines(frames: tuple[Frame, ...]) -> list[tuple[str, Line]]:
    return [(frame.name, frame.line or ("", 0)) for frame in frames]


def _exclude(first: Step, second: Step) -> bool:
    """Whether they lie in different branches of one `if`: one run takes one of them."""
    taken = dict(first.branches)
    return any(taken.get(branch, index) != index for branch, index in second.branches)


def _line(node: Any) -> Line | None:  # noqa: ANN401 - torch's own
    text = node.sourceRange()
    for pattern in _LINES:
        found = pattern.search(text)
        if found:
            return found[1], int(found[2])
    return None


def _receiver(node: Any, graph: Any) -> list[str] | None:  # noqa: ANN401 - torch's own
    """The attributes that lead from the method's own module to the one that is called."""
    me = next(iter(graph.inputs())).debugName()
    value, path = next(iter(node.inputs())), []
    while value.debugName() != me:
        maker = value.node()
        if maker.kind() != "prim::GetAttr":
            return None  # chosen at run time
        path.append(maker.s("name"))
        value = next(iter(maker.inputs()))
    return path[::-1]


def _part(owner: Any, path: list[str]) -> Any:  # noqa: ANN401 - torch's own
    for name in path:
        owner = owner.getattr(name)
    return owner if hasattr(owner, "_get_method") else None
