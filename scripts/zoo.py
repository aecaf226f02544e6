"""Capture every architecture of the zoo, judge each by an independent oracle, and write docs/zoo.md. `make zoo`.

Run as python scripts/zoo.py [--date 2026-11-21] [--workers 2] [--only WORD] [--no-page]; ends non-zero on a fault.
"""

import argparse
import datetime
import os
import re
import sys
from concurrent.futures import ProcessPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from multiprocessing import get_context
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "zoo.md"
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "zoo")]
os.environ.setdefault("OMP_NUM_THREADS", "1")

import zoo_table  # noqa: E402 - the path leads to it

HEAD = ("architecture", "nodes", "wires", "inferred", "plain ms", "time ×", "memory ×", "verdict")


def main() -> int:
    """Print a row as soon as it is judged; 1 when one has a fault."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--date", default=datetime.datetime.now(tz=datetime.UTC).date().isoformat())
    options.add_argument("--workers", type=int, default=2)
    options.add_argument("--only", default="", help="a regular expression that names must match")
    options.add_argument("--no-page", action="store_true")
    chosen = options.parse_args()
    names = [name for name in zoo_table.specimens() if re.search(chosen.only, name)]
    rows: list[tuple[str, ...]] = []
    faults: list[str] = []
    said: list[tuple[str, str]] = []
    print(_line(HEAD), flush=True)
    with ProcessPoolExecutor(chosen.workers, mp_context=get_context("spawn")) as pool:
        for name, verdict, seconds in pool.map(zoo_table.run, names):
            rows.append(_row(name, verdict))
            said += [(name, sentence) for sentence in dict.fromkeys(verdict.said)]
            print(f"{_line(rows[-1])}  ({seconds:.0f} s)", flush=True)
            for fault in verdict.faults:
                print(f"    {fault}", flush=True)
            if verdict.faults:
                faults.append(name)
    print(f"{len(rows)} architectures, {len(faults)} with a fault{': ' if faults else ''}{', '.join(faults)}")
    if not chosen.no_page and not chosen.only:
        PAGE.write_text(_page(rows, said, chosen.date), encoding="utf-8")
    return 1 if faults else 0


def _row(name: str, verdict: Any) -> tuple[str, ...]:  # noqa: ANN401 - the oracle's Verdict, which lies among the tests
    judged = "fault" if verdict.faults else "said" if verdict.said or verdict.inferred else "ok"
    memory = f"{verdict.memory_ratio:.2f}" if verdict.memory_ratio else "–"
    times = (f"{verdict.plain_s * 1000:.1f}", f"{verdict.time_ratio:.1f}")
    return (name, str(verdict.nodes), str(verdict.wires), str(verdict.inferred), *times, memory, judged)


def _line(row: tuple[str, ...]) -> str:
    return f"{row[0]:52}" + "".join(f"{cell:>9}" for cell in row[1:])


def _page(rows: list[tuple[str, ...]], said: list[tuple[str, str]], date: str) -> str:
    count = {word: sum(row[-1] == word for row in rows) for word in ("ok", "said", "fault")}
    packages = ", ".join(f"{name} {_version(name)}" for name in ("torch", "torchvision", "timm", "transformers"))
    lines = [
        "# The zoo",
        "",
        f"Written on {date} by `make zoo` with {packages}: {len(rows)} architectures with random weights, "
        f"{count['ok']} ok, {count['said']} ok with something said on the picture, {count['fault']} with a fault.",
        "",
        "Each is judged by `tests/zoo/zoo_oracle.py`, which compares the graph with what autograd, plain hooks and the "
        "dispatcher tell of the same forward: outputs bit for bit, every call of a module, every way a gradient would "
        "take, random state, buffers, flags and hooks afterwards, kernels that ran out of sight, and memory. "
        "`plain ms` is the processor time of a plain run on one thread, `time ×` that of a captured run with "
        "statistics to it (the least of up to five runs in turn; those far above 2 are tiny); `memory ×` is the peak "
        "of living storages, captured to plain (temporaries of the statistics count, so that tiny models are above 1). "
        "`inferred` counts wires whose producer could not be seen, and which are drawn so.",
        "",
        f"| {' | '.join(HEAD)} |",
        "|---|--:|--:|--:|--:|--:|--:|---|",
    ]
    lines += [f"| {' | '.join(row)} |" for row in rows]
    lines += ["", "## What is said on the picture", "", "| architecture | sentence |", "|---|---|"]
    lines += [f"| {name} | {sentence} |" for name, sentence in said]
    return "\n".join(lines) + "\n"


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())
