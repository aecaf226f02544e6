"""Run the benchmarks with their usual settings and write docs/benchmarks.md: goals, what was measured, on what machine.

Run by `make bench`, on a machine that does nothing else: python scripts/write_benchmarks.py [--date 2026-11-21].
"""

import argparse
import datetime
import os
import platform
import re
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
# One that hangs must not keep the others from being written.
LONGEST_S = 400


class Benchmark(NamedTuple):
    """A file of benchmarks/, and what its table says."""

    name: str
    title: str
    says: str


class Goal(NamedTuple):
    """A goal, and the pattern that finds its figures in the benchmark's table; each group is one figure."""

    what: str
    limit: str
    benchmark: str
    pattern: str


BENCHMARKS = (
    Benchmark(
        "capture",
        "Captured forward",
        "Time of an observed forward as a ratio to the plain one, beside torchinfo, torchview, TorchLens and "
        "torchvista; the last two, which wrap torch for good, in processes of their own.",
    ),
    Benchmark(
        "capture_memory",
        "Memory of a captured forward",
        "How much a process grows above where it stood before the forward, and what its living tensors take: captured, "
        "as a ratio to a plain forward. `plain again` is how far two plain processes differ.",
    ),
    Benchmark(
        "evaluation",
        "Evaluation of a folder",
        "Images per second against a hand-tuned torch loop and a DataLoader over the same PNGs; ratios over 1 say that "
        "the engine is faster.",
    ),
    Benchmark(
        "layout",
        "Layout of graphs",
        "Seconds to lay a graph out: here, in the process beside, and once more; then beside other engines.",
    ),
    Benchmark("frames", "Painting of graphs", "From a graph to its picture, and milliseconds a frame."),
    Benchmark("shading", "Colouring by a measure", "Milliseconds to colour every box, and for the table of measures."),
    Benchmark(
        "opening",
        "Opening of files",
        "Time and memory to say what is in a file, beside `torch.load(mmap=True)` and safetensors' own reader, "
        "each in a process of its own; the tensors of the files are holes.",
    ),
    Benchmark(
        "window",
        "Start and stalls of the window",
        "How soon the window stands beside `import torch`, and how long its thread is busy while the engine works.",
    ),
)

GOALS = (
    Goal("ResNet-18, shapes and wires", "≤ 1.15", "capture", r"ResNet-18 .*shapes and wires ([\d.]+)"),
    Goal("ResNet-18, with statistics and histogram", "≤ 1.40", "capture", r"ResNet-18 .*with statistics ([\d.]+)"),
    Goal(
        "shapes and wires ÷ torchinfo, per model", "< 1", "capture", r"shapes and wires ([\d.]+) .*torchinfo ([\d.]+)"
    ),
    Goal(
        "peak memory, captured with statistics ÷ plain, per model",
        "≤ 1.05",
        "capture_memory",
        r"^\S.* \d+ +[\d.]+ +([\d.]+) +[\d.]+ +[\d.]+ +[\d.]+$",
    ),
    Goal("evaluation ÷ plain loop, per size", "≥ 1.0", "evaluation", r"×\d .* ([\d.]+) +[\d.]+$"),
    Goal("a 5 GB file described, ms: torch zip · safetensors", "< 100", "opening", r"^5 GB.*? ([\d.]+) ms"),
    Goal("a 5 GB file described, MB: torch zip · safetensors", "< 100", "opening", r"^5 GB.*? ms +(\d+)"),
    Goal(
        "10,000 nodes in groups laid out, s", "≤ 0.4", "layout", r"^grouped, 10,296 +[\d,]+ +[\d,]+ +[\d.]+ +([\d.]+)"
    ),
    Goal("50,000 nodes in groups laid out, s", "≤ 2", "layout", r"^grouped, 51,480 +[\d,]+ +[\d,]+ +[\d.]+ +([\d.]+)"),
    Goal("hub of 3,000 laid out, s", "≤ 0.2", "layout", r"^hub of 3,000 +[\d,]+ +[\d,]+ +[\d.]+ +([\d.]+)"),
    Goal("50,000 nodes: folded picture, ms", "≤ 500", "frames", r"^ 51,480 +[\d.]+ +(\d+) +\d+ +\d+"),
    Goal("50,000 nodes: one group unfolded, ms", "≤ 100", "frames", r"^ 51,480 +[\d.]+ +\d+ +\d+ +(\d+)"),
    Goal(
        "50,000 nodes: a frame with as many in view as fit, ms",
        "≤ 16",
        "frames",
        r"^ 51,480 +([\d.]+) /.*$",
    ),
    Goal("10,000 nodes: coloured by parameters, ms", "≤ 16", "shading", r"^ 10,296 +[\d.]+ +([\d.]+)"),
    Goal(
        "first painted window ÷ import torch: engine starting beside it · alone",
        "≤ 0.5",
        "window",
        r"^window painted.* ([\d.]+)$",
    ),
)


def page(date: str) -> str:
    """The page as Markdown; runs the benchmarks."""
    tables: dict[str, str] = {}
    for benchmark in BENCHMARKS:
        file = ROOT / "benchmarks" / f"{benchmark.name}.py"
        if file.is_file():
            tables[benchmark.name] = output_of(file)
    lines = ["# Benchmarks", "", f"Measured on {date} by `make bench`; trust the ratios more than the times.", ""]
    lines += [f"- {name}: {value}" for name, value in machine()]
    lines += ["", "## Goals", "", "| goal | limit | measured |", "|---|---|---|"]
    lines += [f"| {goal.what} | {goal.limit} | {figures(goal, tables)} |" for goal in GOALS]
    for benchmark in BENCHMARKS:
        if benchmark.name in tables:
            lines += ["", f"## {benchmark.title}", "", f"{benchmark.says} `benchmarks/{benchmark.name}.py`", ""]
            lines += ["```text", tables[benchmark.name], "```"]
    return "\n".join(lines) + "\n"


def output_of(file: Path) -> str:
    """What the benchmark printed. Ends the program when it fails: half a page would pass for a whole one."""
    print(f"== {file.name}", flush=True)
    started_s = time.monotonic()
    # PySide's platform plugin says a line of its own on the error output, which is left out.
    environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ}
    done = subprocess.run(
        [sys.executable, str(file)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
        timeout=LONGEST_S,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{file.name} failed:\n{done.stdout}{done.stderr}")
    print(f"{done.stdout.rstrip()}\n({time.monotonic() - started_s:.0f} s)\n", flush=True)
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def figures(goal: Goal, tables: dict[str, str]) -> str:
    """The figures that the pattern finds; of two figures a line their ratio."""
    texts: list[str] = []
    for found in re.finditer(goal.pattern, tables.get(goal.benchmark, ""), re.MULTILINE):
        values = [float(text) for text in found.groups()]
        texts.append(f"{values[0] / values[1]:.2f}" if len(values) == 2 else f"{values[0]:.2f}")
    return " · ".join(texts) or "not measured"


def machine() -> list[tuple[str, str]]:
    """What it was measured on."""
    return [
        ("processor", f"{processor()}, {os.cpu_count()} cores"),
        ("system", f"{platform.system()} {platform.release()}"),
        ("Python", platform.python_version()),
        ("torch", version("torch")),
        ("PySide6", version("PySide6-Essentials")),
    ]


def processor() -> str:
    """The processor's name, as the system tells it."""
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.is_file():
        found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo.read_text(encoding="utf-8"), re.MULTILINE)
        if found:
            return found.group(1).strip()
    return platform.processor() or platform.machine()


def main() -> None:
    """Write the page."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--date", default=datetime.datetime.now(tz=datetime.UTC).date().isoformat())
    text = page(options.parse_args().date)
    PAGE.write_text(text, encoding="utf-8")
    print(f"{PAGE.relative_to(ROOT)} written.")


if __name__ == "__main__":
    main()
