"""The window's own process killed at moments drawn by chance: no process outlives it, and the next start clears up.

Without a screen, as nothing is looked at; `inspector --demo` loads, runs and evaluates by itself.
"""

import os
import random
import select
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from real_window import GONE_WITHIN_S, RealWindow, real_window, until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

# The line of the log behind which the kill comes, and up to how long behind it.
MOMENTS = (("window shown", 2.0), ("running", 0.15), ("evaluating", 0.2))
PREFIX = "model-inspector-"


def test_a_window_killed_at_any_moment_takes_all_with_it_and_the_next_start_removes_what_it_left(
    tmp_path: Path,
) -> None:
    with ThreadPoolExecutor(len(MOMENTS)) as pool:
        killed_ones = [pool.submit(killed, tmp_path, turn) for turn in range(len(MOMENTS))]
        left = [folder for one in killed_ones for folder in one.result()]
    assert left, "a window that is killed can't remove the folder of its engine"
    place = tmp_path / "next"
    place.mkdir()
    for folder in left:
        moved = folder.rename(place / folder.name)
        os.utime(moved, (0, 0))  # what is younger than a minute may belong to a window that is just starting
    with real_window(environment(tmp_path, place)) as window:
        window.wait_for("engine ready")
        (own,) = place.glob(f"{PREFIX}*")
        assert own.name not in {folder.name for folder in left}
    assert list(place.iterdir()) == []


def killed(base: Path, turn: int) -> list[Path]:
    """Start a window, kill it, and give the folders that it left; all of its processes are gone."""
    words, within_s = MOMENTS[turn]
    place = base / f"window {turn}"
    place.mkdir()
    after_s = random.Random(turn).uniform(0, within_s)
    window = RealWindow(environment(base, place), "--demo")
    try:
        window.wait_for(words)
        select.select([], [], [], after_s)
        started = belonging_to(place)
        assert window.process.pid in started
        window.process.send_signal(signal.SIGKILL)
        until(
            lambda: not belonging_to(place),
            f"{len(started)} processes end, {after_s:.2f} s behind {words!r}",
            GONE_WITHIN_S,
        )
    finally:
        window.end()
    assert sorted(path.name for path in place.iterdir() if not path.name.startswith(PREFIX)) == []
    return list(place.iterdir())


def environment(base: Path, place: Path) -> dict[str, str]:
    """No screen; temporary files in `place`, by which the processes are known, and settings of the test's own."""
    return {
        **os.environ,
        "QT_QPA_PLATFORM": "offscreen",
        "TMPDIR": str(place),
        "XDG_CONFIG_HOME": str(base / "config" / place.name),
    }


def belonging_to(place: Path) -> set[int]:
    """The processes whose temporary files are to lie there: the window, its engine, its layout."""
    found = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # ended between the two looks, or another user's
            if f"TMPDIR={place}".encode() in (process / "environ").read_bytes():
                found.add(int(process.name))
    return found
