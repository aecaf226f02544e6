"""How often the input that is proposed for a fresh model runs, over the zoo; writes docs/proposals.md.

Run as `python benchmarks/proposals.py [--only REGEX] [--no-page]`.
"""

import argparse
import os
import re
import sys
import time
import warnings
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "proposals.md"
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "zoo")]
os.environ.setdefault("OMP_NUM_THREADS", "1")

import torch  # noqa: E402 - the path leads to it
import zoo_table  # noqa: E402

from inspector.engine.running import bind_inputs, proposed_inputs  # noqa: E402
from inspector.engine.shape_finder import propose_slots  # noqa: E402

GOAL = 0.95


class Row(NamedTuple):
    """One architecture; `problem` is "" where the proposed input ran."""

    name: str
    shapes: str
    seconds: float
    problem: str


def main() -> int:
    """Propose and run, print the failures, write the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--only", default="", help="a regular expression that names must match")
    options.add_argument("--no-page", action="store_true")
    chosen = options.parse_args()
    warnings.simplefilter("ignore")
    rows = []
    for name in zoo_table.specimens():
        if not re.search(chosen.only, name):
            continue
        row = proposed(name)
        rows.append(row)
        if row.problem:
            print(f"{row.name}: {row.shapes}: {row.problem}", flush=True)
    page = page_of(rows)
    print(page)
    if not chosen.no_page and not chosen.only:
        PAGE.write_text(page, encoding="utf-8")
    return 0


def proposed(name: str) -> Row:
    """Whether the proposal for this architecture runs with values, on the CPU."""
    torch.manual_seed(0)
    module = zoo_table.specimens()[name]().module.eval()
    began = time.process_time()
    slots = propose_slots(module)
    seconds = time.process_time() - began
    shapes = ", ".join(f"{slot.name} {slot.proposed.shape}" for slot in slots if slot.required)
    try:
        args, kwargs = bind_inputs(module, proposed_inputs(slots), "cpu", "")
        with torch.no_grad():
            module(*args, **kwargs)
    except Exception as error:  # noqa: BLE001 - whatever a model raises is the answer
        said = (str(error).strip().splitlines() or [""])[0]
        return Row(name, shapes, seconds, f"{type(error).__name__}: {said}"[:160])
    return Row(name, shapes, seconds, "")


def page_of(rows: list[Row]) -> str:
    """The figures as a page; hand-made odd models apart."""
    real = [row for row in rows if not row.name.startswith("odd ")]
    odd = [row for row in rows if row.name.startswith("odd ")]
    lines = [
        "# Proposed inputs",
        "",
        "Written by `python benchmarks/proposals.py`. The input that is proposed runs for:",
    ]
    for what, some in (("architectures of torchvision, timm and transformers", real), ("hand-made odd models", odd)):
        if some:
            runs = sum(not row.problem for row in some)
            lines.append(f"- {what}: {runs} of {len(some)}, **{runs / len(some):.1%}** (goal {GOAL:.0%})")
    times = sorted(row.seconds for row in rows)
    lines += ["", f"Processor time of a proposal: median {times[len(times) // 2]:.2f} s, most {times[-1]:.1f} s.", ""]
    lines += ["| does not run | proposed | why |", "|---|---|---|"]
    lines += [f"| {row.name} | {row.shapes} | {row.problem.replace('|', '/')} |" for row in rows if row.problem]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
