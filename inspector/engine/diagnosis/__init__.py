"""What is wrong with a run, an evaluation or a failed forward, in sentences with numbers; knows no reader."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from torch import nn

from inspector.core.formatting import counted
from inspector.engine.diagnosis.context import CannotTellError, EvaluationContext, Need, RunContext
from inspector.engine.diagnosis.fixes import suggest_mend
from inspector.engine.diagnosis.table import EVALUATION_RULES, RUN_RULES
from inspector.engine.errors import Cancelled
from inspector.protocol.findings import Finding, Findings, Unchecked
from inspector.protocol.graph import Failure, Graph

__all__ = ["EvaluationContext", "RunContext", "diagnose_evaluation", "diagnose_run", "suggest_fix", "suggest_mend"]

_GRAVITY = {"error": 0, "warning": 1, "note": 2}


def suggest_fix(
    module: nn.Module, graph: Graph, failure: Failure, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> str:
    """What mends a failed forward, with the number that mends it, found by trying; "" where nothing is certain."""
    return suggest_mend(module, graph, failure, args, kwargs)[0]


def diagnose_run(context: RunContext, before_axes: Findings | None = None) -> Findings:
    """What the rules say of one run, the gravest first, and which could not be checked.

    With `before_axes`, what was said before the axes were known, only the rules that go by them are asked again.
    """
    asked = [rule for rule in RUN_RULES if before_axes is None or rule.by_axes]
    again = {rule.name for rule in asked}
    kept = before_axes or Findings()
    found = [one for one in kept.findings if one.rule not in again]
    unchecked = [one for one in kept.unchecked if one.rule not in again]
    for rule in asked:
        why = next((why for need in rule.needs if (why := _missing(need, context))), "")
        if why:
            unchecked.append(Unchecked(rule=rule.name, why=why))
            continue
        _ask(rule.name, partial(rule.check, context), found, unchecked)
    return _sorted(found, unchecked)


def diagnose_evaluation(context: EvaluationContext) -> Findings:
    """What the rules say of one evaluated folder, the gravest first, and which could not be checked."""
    found: list[Finding] = []
    unchecked: list[Unchecked] = []
    for rule in EVALUATION_RULES:
        if len(context.outputs) < rule.least_images:
            why = f"it needs {counted(rule.least_images, 'image')}, and {len(context.outputs) or 'none'} were counted"
            unchecked.append(Unchecked(rule=rule.name, why=why))
            continue
        _ask(rule.name, partial(rule.check, context), found, unchecked)
    return _sorted(found, unchecked)


def _missing(need: Need, context: RunContext) -> str:
    """Why the rule can't be checked, or ""."""
    if need == "outputs" and (context.failure is not None or not context.outputs):
        return "the forward failed before it gave an output" if context.failure else "the model gave no tensor"
    if need == "statistics" and not any(node.statistics for node in context.graph.nodes):
        return "the run was made without statistics"
    if need == "axes" and not any(spec.batch for node in context.graph.nodes for spec in node.outputs):
        return "which axes follow the batch is not known"
    return ""


def _ask(name: str, check: Callable[[], Iterable[Finding]], found: list[Finding], unchecked: list[Unchecked]) -> None:
    """A rule that breaks on an odd model must not take the run with it: it is said to be unchecked."""
    try:
        found.extend(check())
    except Cancelled:
        unchecked.append(Unchecked(rule=name, why="it was cancelled"))
    except CannotTellError as error:
        unchecked.append(Unchecked(rule=name, why=str(error)))
    except Exception as error:  # noqa: BLE001 - as said
        unchecked.append(Unchecked(rule=name, why=f"the rule itself failed: {type(error).__name__}: {error}"))


def _sorted(found: Iterable[Finding], unchecked: Iterable[Unchecked]) -> Findings:
    names = [*(rule.name for rule in RUN_RULES), *(rule.name for rule in EVALUATION_RULES)]
    order = {name: place for place, name in enumerate(names)}
    ranked = sorted(found, key=lambda one: (_GRAVITY[one.severity], order[one.rule]))
    return Findings(findings=tuple(ranked), unchecked=tuple(unchecked))
