"""A forward that raised, told in a sentence; the exception itself is let go, as its traceback holds activations."""

import traceback
from pathlib import Path

import torch

from inspector.engine.capture.modules import chain_of
from inspector.engine.capture.recorder import Recorder
from inspector.protocol.graph import Failure

_OWN_FOLDER = str(Path(__file__).parent)
_TORCHS_CALLS = torch.nn.modules.module.__file__


def failure_of(error: BaseException, recorder: Recorder | None) -> tuple[Failure, frozenset[int]]:
    """Tell what failed, put the failing node into the record, and name the groups that it lies in."""
    node, group, fqn, op = None, None, "", ""
    raised = recorder.raised if recorder is not None else None
    shapes: tuple[tuple[int, ...], ...] = ()
    if recorder is not None and raised is not None and raised.error in chain_of(error):
        group = raised.group
        if raised.node is not None:
            raised.node.call_index = recorder.num_calls
            node = recorder.append(raised.node, raised.origins)
            fqn, op = raised.node.fqn, raised.node.op
            shapes = tuple(spec.shape for spec in raised.node.inputs)
        elif group is not None:
            where = recorder.groups[group]
            fqn, op = where.known.fqn, where.known.class_name
            shapes = tuple(spec.shape for spec in where.inputs)
    failure = Failure(
        node=node,
        fqn=fqn,
        op=op,
        message=sentence_of(error),
        input_shapes=shapes,
        fix="",
        error_class=type(error).__name__,
        traceback=_formatted(error),
    )
    return failure, _enclosing(recorder, group)


def sentence_of(error: BaseException) -> str:
    """The first line of what the exception says; for an exit or for lack of memory, what happened."""
    if isinstance(error, SystemExit):
        return f"The model ended the program (sys.exit({error.code!r}))."
    if isinstance(error, KeyboardInterrupt):
        return "The forward was interrupted (KeyboardInterrupt)."
    first = _first_line(error)
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)) or "can't allocate memory" in first:
        return f"There is not enough memory for this operation. {first}".strip()
    if isinstance(error, RecursionError):
        return f"The forward calls itself without end: {first}"
    return first or type(error).__name__


def let_go(error: BaseException) -> None:
    """Clear the frames that the exception's traceback holds, and with them the activations in their variables."""
    for link in chain_of(error):
        traceback.clear_frames(link.__traceback__)
        link.__traceback__ = None


def _first_line(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - an exception class of the model's own may fail to print itself
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [""]
    if lines[0].startswith("The following operation failed in the TorchScript"):
        return lines[-1].removeprefix("RuntimeError: ")  # its own trace lies between
    return lines[0]


def _formatted(error: BaseException) -> str:
    """The traceback without our own frames, which say nothing of the model."""
    try:
        told = traceback.TracebackException.from_exception(error, compact=True)
        _drop_own_frames(told, set())
        return "".join(told.format())
    except Exception:  # noqa: BLE001 - as above, and a source file may not be readable
        return f"{type(error).__name__}: {_first_line(error)}\n"


def _drop_own_frames(told: traceback.TracebackException | None, seen: set[int]) -> None:
    if told is None or id(told) in seen:
        return
    seen.add(id(told))
    kept = [frame for frame in told.stack if not _says_nothing(frame)]
    told.stack = traceback.StackSummary.from_list(kept)
    _drop_own_frames(told.__cause__, seen)
    _drop_own_frames(told.__context__, seen)


def _says_nothing(frame: traceback.FrameSummary) -> bool:
    """Our own frames, and those of torch that only pass a module's call on."""
    passes_on = frame.name in ("_wrapped_call_impl", "_call_impl", "inner") and frame.filename == _TORCHS_CALLS
    return passes_on or frame.filename.startswith(_OWN_FOLDER)


def _enclosing(recorder: Recorder | None, group: int | None) -> frozenset[int]:
    found: set[int] = set()
    while recorder is not None and group is not None:
        found.add(group)
        group = recorder.groups[group].parent
    return frozenset(found)
