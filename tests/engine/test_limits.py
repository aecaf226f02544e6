"""How much memory a model may take."""

import os
import resource
import subprocess
import sys

import pytest

from inspector.engine.limits import LEAST_BYTES, SHARE, free_bytes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux only")

TAKE_TOO_MUCH = """
from inspector.engine.limits import limit_memory
print(limit_memory(1 << 30))
try:
    bytearray(2 << 30)
except MemoryError:
    print("told")
"""


def test_what_is_free_is_less_than_all_there_is():
    assert 0 < free_bytes() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_too_much_is_a_memory_error_and_not_the_end():
    done = subprocess.run(
        [sys.executable, "-c", TAKE_TOO_MUCH], capture_output=True, text=True, timeout=300, check=True
    )
    holds = limit_words()
    assert done.stdout.splitlines() == ([holds, "told"] if holds else [""])


def test_the_limit_leaves_room_for_the_desktop():
    assert SHARE < 1
    assert LEAST_BYTES >= 1 << 30
    assert resource.getrlimit(resource.RLIMIT_DATA) == (resource.RLIM_INFINITY,) * 2, "only engines are limited"


def limit_words() -> str:
    """What the limit says of itself; "" on a machine with an accelerator, where there is none."""
    code = "from inspector.engine.limits import limit_memory; print(limit_memory(1 << 30))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=True)
    assert done.stdout.strip() in {"", "at most 1.0 GB of memory"}
    return done.stdout.strip()
