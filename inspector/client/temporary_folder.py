"""The folder that an engine may write to: made for it, gone with it, also when the window was killed before it could.

Its maker holds a lock on the folder; one that nobody holds any more is removed by the next window that starts.
"""

import contextlib
import os
import shutil
import tempfile
import time
from pathlib import Path

PREFIX = "model-inspector-"
_LEAST_AGE_S = 60.0  # a folder is made a moment before it is locked


class TemporaryFolder:
    """A folder of one's own, until `remove`."""

    def __init__(self) -> None:
        remove_abandoned()
        self.path = tempfile.mkdtemp(prefix=PREFIX)
        self._lock = _locked(self.path)

    def remove(self) -> None:
        """Remove it with all that is in it; may be called twice."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def remove_abandoned(least_age_s: float = _LEAST_AGE_S) -> None:
    """Remove the folders of windows that are gone; only this user's, and where folders can be locked."""
    if not hasattr(os, "getuid"):
        return
    for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            about = path.lstat()
            if about.st_uid != os.getuid() or time.time() - about.st_mtime < least_age_s:
                continue
            lock = _locked(str(path))
            if lock is not None:
                shutil.rmtree(path, ignore_errors=True)
                os.close(lock)


def _locked(path: str) -> int | None:
    """The folder, open and locked; None where another holds it, or where there are no such locks (Windows)."""
    try:
        import fcntl  # noqa: PLC0415 - only where it exists
    except ImportError:
        return None
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(folder)
        return None
    return folder
