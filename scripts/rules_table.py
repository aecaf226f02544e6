"""Ask every rule about models with its fault, healthy ones that look alike, and the zoo; write docs/findings.md.

`make rules`. Run as python scripts/rules_table.py [--date 2026-11-21] [--workers 2] [--no-zoo] [--no-page]; ends
non-zero on a miss or a false alarm.
"""

import argparse
import datetime
import os
import sys
import tempfile
import warnings
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "findings.md"
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "rules"), str(ROOT / "tests" / "engine")]
os.environ.setdefault("OMP_NUM_THREADS", "1")

import folder_cases  # noqa: E402 - the path leads to it
import rule_cases  # noqa: E402 - the path leads to it
import rule_judging  # noqa: E402 - the path leads to it
import torch  # noqa: E402 - as above
import zoo_judging  # noqa: E402 - as above

from inspector.engine.diagnosis.table import EVALUATION_RULES, RUN_RULES  # noqa: E402 - as above

_GRAVITY = ("error", "warning", "note")
_NEEDS = {"outputs": "outputs", "statistics": "statistics", "axes": "the axes of the batch"}


@dataclass
class Row:
    """What one rule said of its cases."""

    hits: int = 0
    misses: list[str] = field(default_factory=list)
    healthy: int = 0
    alarms: list[str] = field(default_factory=list)
    severities: set[str] = field(default_factory=set)


@dataclass
class Zoo:
    """What all rules said of real architectures with right inputs, and of hand-made odd models."""

    judged: int = 0
    odd: int = 0
    alarms: list[str] = field(default_factory=list)
    of_odd: list[str] = field(default_factory=list)
    of_training: list[str] = field(default_factory=list)
    by_rule: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    notes: dict[str, int] = field(default_factory=lambda: defaultdict(int))


def main() -> int:
    """Print what is wrong as soon as it is seen; 1 when something is."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--date", default=datetime.datetime.now(tz=datetime.UTC).date().isoformat())
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--no-zoo", action="store_true")
    options.add_argument("--no-page", action="store_true")
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    rows = {rule.name: Row() for rule in (*RUN_RULES, *EVALUATION_RULES)}
    _ask_models(rows)
    _ask_folders(rows)
    zoo = Zoo() if chosen.no_zoo else _ask_zoo(chosen.workers)
    wrong = sum(len(row.misses) + len(row.alarms) for row in rows.values())
    wrong += len(zoo.alarms) + len(zoo.of_training)
    hits, healthy = sum(row.hits for row in rows.values()), sum(row.healthy for row in rows.values())
    print(
        f"{len(rows)} rules: {hits} faults found, {healthy} healthy models, {zoo.judged} architectures, {wrong} wrong"
    )
    if not chosen.no_page and not chosen.no_zoo:
        PAGE.write_text(_page(rows, zoo, chosen.date), encoding="utf-8")
    return 1 if wrong else 0


def _ask_models(rows: dict[str, Row]) -> None:
    for rule, cases in rule_cases.FAULTY.items():
        for case in cases:
            _note_fault(rows[rule], rule, case.name, rule_judging.judged(case))
    for rule, cases in rule_cases.HEALTHY.items():
        for case in cases:
            found = rule_judging.alarms(rule, rule_judging.judged(case))
            _note_healthy(rows, rule, case.name, [one.rule for one in found])


def _ask_folders(rows: dict[str, Row]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for rule, cases in folder_cases.FAULTY_FOLDERS.items():
            for name, findings_of in cases:
                torch.manual_seed(0)
                _note_fault(rows[rule], rule, name, findings_of(root))
        for rule, cases in folder_cases.HEALTHY_FOLDERS.items():
            for name, findings_of in cases:
                torch.manual_seed(0)
                found = [one.rule for one in findings_of(root).findings if one.rule == rule]
                _note_healthy(rows, rule, name, found)


def _note_fault(row: Row, rule: str, name: str, findings: Any) -> None:  # noqa: ANN401 - a table of the tests
    said = [one.severity for one in findings.findings if one.rule == rule]
    row.severities.update(said)
    row.hits += bool(said)
    if not said:
        row.misses.append(name)
        print(f"missed: {rule}: {name}", flush=True)


def _note_healthy(rows: dict[str, Row], rule: str, name: str, found: list[str]) -> None:
    rows[rule].healthy += 1
    for one in found:
        rows[one].alarms.append(f"{rule}: {name}")
        print(f"false alarm: {one} on {rule}: {name}", flush=True)


def _ask_zoo(workers: int) -> Zoo:
    zoo = Zoo()
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        for name, alarms, notes, _unchecked, seconds in pool.map(zoo_judging.false_alarms, zoo_judging.names()):
            odd = name.startswith("odd ")
            zoo.odd += odd
            zoo.judged += not odd
            for rule in notes:
                zoo.notes[rule] += not odd
            for alarm in alarms:
                (zoo.of_odd if odd else zoo.alarms).append(f"{name.removeprefix('odd ')}: {alarm}")
                zoo.by_rule[alarm.partition(":")[0]] += not odd
            print(f"{name:60} {'ok' if not alarms else '; '.join(alarms)}  ({seconds:.0f} s)", flush=True)
        real = [name for name in zoo_judging.names() if not name.startswith("odd ")]
        for name, alarms, seconds in pool.map(zoo_judging.training_alarms, real):
            zoo.of_training += [f"{name}: {alarm}" for alarm in alarms]
            print(f"{name:60} trained: {'ok' if not alarms else '; '.join(alarms)}  ({seconds:.0f} s)", flush=True)
    return zoo


def _page(rows: dict[str, Row], zoo: Zoo, date: str) -> str:
    hits, misses = sum(row.hits for row in rows.values()), sum(len(row.misses) for row in rows.values())
    healthy, alarms = sum(row.healthy for row in rows.values()), sum(len(row.alarms) for row in rows.values())
    lines = [
        "# Findings",
        "",
        f"Written on {date} by `make rules`. {len(rows)} rules: of {hits + misses} models with a fault {hits} got the "
        f"finding of their fault; {healthy} healthy models that look alike got {alarms} wrong; {zoo.judged} real "
        f"architectures with random weights and a right input got {len(zoo.alarms)} errors or warnings. Traced with "
        f"the loss that fits their output, they got {len(zoo.of_training)} that plain torch does not bear out.",
        "",
        "A finding says a rule, its severity, the node, class or image that it is about, a sentence with its numbers, "
        "and what mends it: a button where that is the input or the preprocessing, else the line of code where one can "
        "be written. A rule that could not be checked says why. What mends a forward that failed is found by trying, "
        "and stands on the failure itself.",
        "",
        "`hits` are models with the fault that the rule named, of so many, each written differently (as module, as "
        "function, as method, inside a Sequential, last and not last; the cases are `tests/rules/*_cases.py`). `false "
        "alarms` are over the healthy models that look alike; `zoo` counts errors and warnings over the architectures, "
        "and in brackets notes.",
        "",
        "| rule | what it finds | needs | severity | hits | misses | false alarms | zoo |",
        "|---|---|---|---|--:|--:|--:|--:|",
        *(_line(rule, rows[rule.name], zoo) for rule in (*RUN_RULES, *EVALUATION_RULES)),
        "",
        *_list("Faults that were missed", [f"{rule}: {name}" for rule, row in rows.items() for name in row.misses]),
        *_list("False alarms", [f"{rule} on {name}" for rule, row in rows.items() for name in row.alarms]),
        *_list("Errors and warnings over real architectures", zoo.alarms),
        *_list("Errors and warnings on their gradients", zoo.of_training),
        "## The odd ones of the zoo",
        "",
        f"{zoo.odd} hand-made models of the zoo do on purpose what real ones seldom do (a batch size written out, a "
        "layer called for nothing, noise in eval mode). What the rules say of them is true of them:",
        "",
        *(f"- {_escaped(text)}" for text in zoo.of_odd),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _line(rule: Any, row: Row, zoo: Zoo) -> str:  # noqa: ANN401 - either kind of rule
    says = (sys.modules[rule.check.__module__].__doc__ or "").strip().split("\n\n")[0].replace("\n", " ")
    if hasattr(rule, "needs"):
        needs = " and ".join(_NEEDS[need] for need in rule.needs) or "a run, also a failed one"
    else:
        needs = f"{rule.least_images} image{'s' if rule.least_images > 1 else ''} of a folder"
    severity = ", ".join(word for word in _GRAVITY if word in row.severities)
    in_zoo = str(zoo.by_rule[rule.name]) + (f" ({zoo.notes[rule.name]})" if zoo.notes[rule.name] else "")
    of = row.hits + len(row.misses)
    cells = (rule.name, _escaped(says), needs, severity, f"{row.hits} of {of}", str(len(row.misses)))
    return f"| {' | '.join(cells)} | {len(row.alarms)} of {row.healthy} | {in_zoo if hasattr(rule, 'needs') else '–'} |"


def _list(title: str, items: list[str]) -> list[str]:
    return [f"## {title}", "", *(f"- {_escaped(item)}" for item in items), ""] if items else []


def _escaped(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main())
