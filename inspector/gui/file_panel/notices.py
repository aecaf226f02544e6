"""What the window has to say above its picture: pure sentences from the state, each with what can be done about it.

Must not know widgets.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from inspector.core.formatting import shape_text
from inspector.gui.state import Problem, WindowState
from inspector.gui.words import failed_place, failure_text, met_shapes
from inspector.protocol.files import KeysReport
from inspector.protocol.graph import Failure

Deed = Literal[
    "restart",
    "show_log",
    "show_node",
    "attach_source",
    "ask_again",
    "run",
    "reload",
    "reload_always",
    "ignore_change",
    "show_contents",
    "show_graph",
]
Tone = Literal["failure", "warning", "accent"]

# Problems of other places are said by their own panels.
_TITLES = {
    "file": "This file could not be opened",
    "run": "The run did not finish",
    "evaluation": "The test folder could not be evaluated",
    "engine": "The engine",
}
_MAX_KEYS = 200
MEND = "mend:"  # before the name of a mend, in the deed of its button
_MAX_MENDS = 3
LOAD_AFTER_ALL: tuple[Deed, str] = ("ask_again", "Load after all…")


@dataclass(frozen=True)
class Notice:
    """One thing to say. `key` tells whether it is the same as before; `deeds` are (deed, what its button says)."""

    key: str
    tone: Tone
    title: str
    text: str = ""
    fix: str = ""
    details: str = ""
    details_name: str = "traceback"
    deeds: tuple[tuple[Deed | str, str], ...] = ()


def notices(state: WindowState) -> tuple[Notice, ...]:
    """All there is to say, the gravest first."""
    said: list[Notice] = []
    if state.engine.phase == "ended":
        said.append(_ended(state))
    elif state.engine.restarted:
        said.append(_restarted(state))
    if _is_drawn(state):
        said.append(_drawn(state))
    said += [_problem(problem, state) for problem in state.problems if _is_notice(problem, state)]
    if state.changed_on_disk and not state.loading:
        said.append(_changed_on_disk(state))
    if state.run.failure is not None and not state.run.running:
        said.append(_failure(state.run.failure))
    if state.declined and state.model is None and not state.loading and not _is_drawn(state):
        said.append(_declined(state))
    if state.model is not None and state.model.keys is not None:
        said += keys_notices(state.model.keys)
    if state.model is not None:
        said += [Notice(f"note {note}", "accent", note) for note in state.model.notes]
    return tuple(said)


def _changed_on_disk(state: WindowState) -> Notice:
    return Notice(
        f"changed {state.changed_on_disk}",
        "accent",
        state.changed_on_disk,
        "What is shown is from before.",
        deeds=(("reload", "Reload"), ("reload_always", "Always reload"), ("ignore_change", "Ignore")),
    )


def _ended(state: WindowState) -> Notice:
    again = f"Restart opens {Path(state.path).name} again with the same settings." if state.path else ""
    return Notice(
        f"ended {state.engine.sentence}",
        "failure",
        "The engine ended; the window did not",
        state.engine.sentence,
        fix=again,
        deeds=(("restart", "Restart"), ("show_log", "Show log")),
    )


def _restarted(state: WindowState) -> Notice:
    again = f" with {Path(state.path).name} and the same settings" if state.model is not None else ""
    return Notice(
        f"restarted {state.engine.quiet_restarts}",
        "accent",
        "The engine ended while nothing was under way",
        f"It was started again{again}. {state.engine.restarted}",
        deeds=(("show_log", "Show log"),),
    )


def _is_drawn(state: WindowState) -> bool:
    """Whether the picture is of a file that was not run."""
    shown = state.run.graph is not None and state.consent is None and state.entry_needed is None
    return shown and not state.run.has_run and not state.loading


def _is_notice(problem: Problem, state: WindowState) -> bool:
    """Why a file was not opened is said with what its picture is."""
    return problem.place in _TITLES and not (problem.place == "file" and _is_drawn(state))


def _drawn(state: WindowState) -> Notice:
    guessed = state.run.graph is not None and state.run.graph.origin == "names"
    problem = next((one for one in state.problems if one.place == "file"), None)
    listing: tuple[Deed, str] = ("show_graph", "Show graph") if state.listed else ("show_contents", "List contents")
    return Notice(
        f"drawn {state.path} {problem.message if problem is not None else ''}",
        "warning",
        "Guessed from names and shapes: attach the .py to run it" if guessed else "As the file tells it; nothing ran",
        problem.message if problem is not None else "Nothing was run, so there are no wires and no values.",
        problem.fix if problem is not None else "",
        problem.traceback if problem is not None else "",
        deeds=(*_attaching(state), *((LOAD_AFTER_ALL,) if state.declined else ()), listing),
    )


def _attaching(state: WindowState) -> tuple[tuple[Deed, str], ...]:
    """The button for what a `.py` would make whole."""
    known = state.description.format if state.description is not None else "unknown"
    fits = known in ("state_dict", "checkpoint", "safetensors", "module")
    return (("attach_source", "Attach .py…"),) if fits else ()


def _problem(problem: Problem, state: WindowState) -> Notice:
    deeds: tuple[tuple[Deed, str], ...] = ()
    title = _TITLES[problem.place]
    if problem.place == "file" and state.model is None:
        deeds = _attaching(state)
    elif problem.place == "run":
        deeds = (("run", "Run again"),)
    key = f"problem {problem.place} {problem.message}"
    return Notice(key, "failure", title, problem.message, problem.fix, problem.traceback, deeds=deeds)


def _failure(failure: Failure) -> Notice:
    shapes = met_shapes(failure)
    met = f"It was given {shapes}." if shapes else ""
    return Notice(
        f"failure {failed_place(failure)} {failure.message}",
        "failure",
        failure_text(failure),
        met,
        failure.fix,
        failure.traceback,
        deeds=(("show_node", "Show node"),) if failure.node is not None else (),
    )


def _declined(state: WindowState) -> Notice:
    return Notice(
        f"declined {state.path}",
        "accent",
        "Nothing was run",
        "What the file holds was read without running anything.",
        deeds=(LOAD_AFTER_ALL,),
    )


def keys_notices(report: KeysReport) -> list[Notice]:
    """How the keys of the weights met the model, with a button for each mend; nothing where all of them fit."""
    counts = (
        (len(report.missing), "missing"),
        (len(report.unexpected), "unexpected"),
        (len(report.misshaped), "of another shape"),
    )
    wrong = ", ".join(f"{count} {what}" for count, what in counts if count)
    if not wrong and not report.mended and not report.mends:
        return []
    mended = f"Names were mended: {', '.join(report.mended)}." if report.mended else ""
    text = " ".join(filter(None, (report.sentence, mended))) if wrong else mended
    title = f"Not all keys fit: {report.matched} do, {wrong}" if wrong else f"All {report.matched} keys fit"
    details = _key_lines(report) if wrong else ""
    mends = report.mends[:_MAX_MENDS]
    fix = " ".join(f"{one.label}: {_lowered(one.why)}" for one in mends if one.why)
    key = f"keys {report.matched} {wrong} {mended} {fix}"
    tone: Tone = "warning" if wrong else "accent"
    deeds = tuple((f"{MEND}{one.name}", one.label) for one in mends)
    return [Notice(key, tone, title, text, fix, details=details, details_name="keys", deeds=deeds)]


def _lowered(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]


def _key_lines(report: KeysReport) -> str:
    misshaped = [
        f"{one.key}: {shape_text(one.file_shape)} in the file, {shape_text(one.model_shape)} in the model"
        for one in report.misshaped
    ]
    parts = (
        *_listed("Missing in the file", report.missing),
        *_listed("Not in the model", report.unexpected),
        *_listed("Of another shape", misshaped),
    )
    return "\n".join(parts)


def _listed(title: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = [f"  … and {len(names) - _MAX_KEYS:,} more"] if len(names) > _MAX_KEYS else []
    return [f"{title}:", *(f"  {name}" for name in names[:_MAX_KEYS]), *more]
