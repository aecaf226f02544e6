"""Opens the app from the repository: the file that was named, or the demo. Without a screen it says how to have one."""

import os
import subprocess
import sys

NO_SCREEN = """\
There is no screen here: neither DISPLAY nor WAYLAND_DISPLAY is set, so no window can open. To see the app:
  - run this on a desktop, or over ssh with a screen forwarded (ssh -X host, then make run);
  - or look at pictures of it: make screenshots writes them to docs/pictures;
  - or use it without a window: .venv/bin/inspector run MODEL, describe FILE, evaluate MODEL FOLDER.
"""


def main() -> int:
    """The app's own exit status, or 1 without a screen."""
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    if sys.platform == "linux" and not any(os.environ.get(name) for name in names):
        sys.stderr.write(NO_SCREEN)
        return 1
    file = os.environ.get("FILE", "")  # make exports what stands on its command line
    return subprocess.run([sys.executable, "-m", "inspector", file or "--demo"], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
