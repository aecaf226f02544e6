"""Describes mutated files, and measures what each took: seconds, and megabytes at most.

`make fuzz` runs it: python tests/fuzz/fuzzing.py [--files 20000] [--seed 0] [--loads 400].
"""

import argparse
import random
import signal
import sys
import tempfile
import time
import traceback
import tracemalloc
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from mutations import mutate
from seeds import honest_files

from inspector.engine.errors import EngineError
from inspector.engine.formats import describe_file

HANGS_AFTER_S = 20

SLOWEST_S = 1.0
MOST_MB = 200.0


@dataclass
class Tally:
    """What became of the mutated files of one format."""

    files: int = 0
    refused: int = 0
    described: int = 0
    worst_s: float = 0.0
    worst_mb: float = 0.0
    failures: list[str] = field(default_factory=list)


def _hangs(number, frame):
    raise TimeoutError(f"it took over {HANGS_AFTER_S} s")


def describe_mutations(name, data, rounds, seed, folder, *, memory_every=1):
    """Mutate one honest file again and again. Memory is traced for one in `memory_every`, as that slows all else."""
    tally = Tally()
    signal.signal(signal.SIGALRM, _hangs)
    path = Path(folder) / "mutated"
    for turn in range(rounds):
        chance = random.Random(f"{seed}-{name}-{turn}")
        path.write_bytes(mutate(data, chance))
        traced = turn % memory_every == 0
        tally.files += 1
        _describe(tally, path, traced=traced, told=f"{name}, seed {seed}, turn {turn}")
    return tally


def _describe(tally, path, *, traced, told):
    if traced:
        tracemalloc.start()
    started = time.process_time()
    signal.alarm(HANGS_AFTER_S)
    try:
        description = describe_file(str(path))
        msgspec.msgpack.encode(description)
    except EngineError as error:
        tally.failures.append(f"{told}: an error for a file that is there: {error.message}")
    except BaseException:  # noqa: BLE001 - that there is none is what is looked for
        tally.failures.append(f"{told}: {traceback.format_exc(limit=-3)}")
    else:
        refused = description.summary.startswith("Not opened")
        tally.refused += refused
        tally.described += not refused
        if not description.summary or "Traceback" in description.summary:
            tally.failures.append(f"{told}: {description.summary!r} is no sentence")
    signal.alarm(0)
    took_s = time.process_time() - started
    if traced:
        tally.worst_mb = max(tally.worst_mb, tracemalloc.get_traced_memory()[1] / 2**20)
        tracemalloc.stop()
    else:
        tally.worst_s = max(tally.worst_s, took_s)
    if tally.worst_mb > MOST_MB:
        tally.failures.append(f"{told}: {tally.worst_mb:.0f} MB")
    if not traced and took_s > SLOWEST_S:
        tally.failures.append(f"{told}: {took_s:.2f} s")


def main():
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=20_000)
    options.add_argument("--loads", type=int, default=400)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    honest = honest_files()
    rounds = -(-given.files // len(honest))
    print(f"{'format':24} {'files':>7} {'refused':>8} {'described':>10} {'worst s':>8} {'worst MB':>9}  failures")
    failures, total = [], 0
    with tempfile.TemporaryDirectory() as folder:
        for name, data in honest.items():
            tally = describe_mutations(name, data, rounds, given.seed, folder, memory_every=8)
            total += tally.files
            failures += tally.failures
            print(
                f"{name:24} {tally.files:7,} {tally.refused:8,} {tally.described:10,} {tally.worst_s:8.3f} "
                f"{tally.worst_mb:9.1f}  {len(tally.failures)}",
                flush=True,
            )
        print(f"{total:,} files, {len(failures)} failures")
        if given.loads:
            from loading_mutations import load_mutations

            ends, wrong = load_mutations(honest, given.loads, given.seed, Path(folder))
            print(f"{given.loads:,} loaded in real engines: {', '.join(f'{n:,} {how}' for how, n in ends.items())}")
            failures += wrong
    print("\n".join(failures[:40]))
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
