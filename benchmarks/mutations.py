"""Random mutations of healthy models: how often what is said first names the mutated place.

Prints a row a kind, and writes docs/mutations.md. Run as
`python benchmarks/mutations.py [--count 600] [--seed 1] [--no-page] [--misses]`.
"""

import argparse
import os
import random
import sys
import warnings
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "mutations.md"
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "mutations")]
os.environ.setdefault("OMP_NUM_THREADS", "1")

import mutation_bases  # noqa: E402 - the path leads to it
import mutation_judge  # noqa: E402
import mutation_kinds  # noqa: E402

GOAL = 0.95
WIDTHS = 4  # each base in so many draws of its widths


def drawn(count: int, seed: int) -> list[tuple[Any, Any]]:
    """So many mutants with their bases: kinds in turn, so that rare ones are not drowned."""
    draw = random.Random(seed)
    by_kind: dict[str, list[tuple[Any, Any]]] = defaultdict(list)
    for width in range(WIDTHS):
        for base in mutation_bases.bases(seed * WIDTHS + width):
            for mutation in mutation_kinds.mutations(base.source, seed * WIDTHS + width):
                by_kind[mutation.kind].append((base, mutation))
    for mutants in by_kind.values():
        draw.shuffle(mutants)
    chosen: list[tuple[Any, Any]] = []
    while len(chosen) < count and any(by_kind.values()):
        for mutants in by_kind.values():
            if mutants and len(chosen) < count:
                chosen.append(mutants.pop())
    return chosen


def main() -> int:
    """Judge, print, write the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--count", type=int, default=600)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--no-page", action="store_true")
    options.add_argument("--misses", action="store_true", help="print every miss")
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    verdicts = judged(drawn(chosen.count, chosen.seed))
    if chosen.misses:
        for base, mutation, verdict in verdicts:
            if not verdict.named and not verdict.legal:
                said = verdict.said or "nothing"
                print(f"{base.name} | {mutation.kind} | {mutation.site} | {said}: {verdict.told[:200]}")
    page = page_of(verdicts, chosen.seed)
    print(page)
    if not chosen.no_page:
        PAGE.write_text(page, encoding="utf-8")
    return 0


def judged(mutants: list[tuple[Any, Any]]) -> list[tuple[Any, Any, Any]]:
    """The verdict on each; what is said of a healthy base is asked once."""
    known: dict[str, Any] = {}
    found = []
    for base, mutation in mutants:
        if base.source not in known:
            source = mutation_judge.fed(base)
            healthy = mutation_judge.built(base.source)
            known[base.source] = mutation_judge.said_of(healthy, source, mutation_judge.made(source))[0]
        found.append((base, mutation, mutation_judge.judged(base, mutation, known[base.source])))
    return found


def page_of(verdicts: list[tuple[Any, Any, Any]], seed: int) -> str:
    """The figures as a page."""
    visible = [row for row in verdicts if not row[2].legal]
    legal = [row for row in verdicts if row[2].legal]
    named = sum(row[2].named for row in visible)
    share = named / len(visible)
    goal = "reached" if share >= GOAL else "not reached"
    lines = [
        "# Mutations",
        "",
        f"Written by `make mutations`: {len(verdicts)} mutations (seed {seed}) of {len(mutation_bases.TEXTS)} healthy "
        f"models, {WIDTHS} draws of their widths each. What is said first names the mutated place in {named} of the "
        f"{len(visible)} that are visible: **{share:.1%}** (goal {GOAL:.0%}, {goal}). {len(legal)} are legal models.",
        "",
        *_rule(),
        "",
        "## Visible mutations",
        "",
        "`fix` counts those with a sentence that mends it; `missed, said` is the rule that spoke in vain, if one did.",
        "",
        "| kind | mutants | forward fails | named | fix | missed, said |",
        "|---|--:|--:|--:|--:|---|",
        *_rows(visible),
        "",
        "## Legal mutations",
        "",
        "Nothing need be said of these; `said` counts where something was, and `named` where that named the place.",
        "",
        "| kind | mutants | another output | said | named |",
        "|---|--:|--:|--:|--:|",
    ]
    for kind in sorted({row[1].kind for row in legal}):
        rows = [row[2] for row in legal if row[1].kind == kind]
        figures = (
            len(rows),
            *(sum(map(bool, column)) for column in zip(*((v.reshaped, v.said, v.named) for v in rows), strict=True)),
        )
        lines.append(f"| {kind} | {' | '.join(map(str, figures))} |")
    return "\n".join(lines) + "\n"


def _rule() -> list[str]:
    text = (mutation_judge.__doc__ or "").strip().split("\n\n")
    return ["\n\n".join(" ".join(part.split()) for part in text[1:])]


def _rows(visible: list[tuple[Any, Any, Any]]) -> list[str]:
    lines = []
    for kind in sorted({row[1].kind for row in visible}):
        rows = [row[2] for row in visible if row[1].kind == kind]
        missed = Counter(verdict.said or "nothing" for verdict in rows if not verdict.named)
        told = ", ".join(f"{name} ×{count}" for name, count in missed.most_common())
        columns = zip(*((v.failed, v.named, v.fix) for v in rows), strict=True)
        failed, named, fixed = (sum(map(bool, column)) for column in columns)
        lines.append(f"| {kind} | {len(rows)} | {failed} | {named} | {fixed} | {told} |")
    return lines


if __name__ == "__main__":
    sys.exit(main())
