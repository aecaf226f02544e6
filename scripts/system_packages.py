"""What Qt, and the tests of a real window, need from the system, and what Debian and Ubuntu call it."""

import ctypes
import os
import shutil
import subprocess
import sys

# What PySide6's own libraries and its xcb plugin link to and do not bring along (ldd), less what every system has.
LIBRARIES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libgssapi_krb5.so.2": "libgssapi-krb5-2",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
TEST_PROGRAMS = {
    "Xvfb": "xvfb",
    "xdotool": "xdotool",
    "desktop-file-validate": "desktop-file-utils",
    "update-mime-database": "shared-mime-info",
}


def missing(*, for_tests: bool) -> tuple[str, ...]:
    """The Debian packages of what can't be found; empty on other systems than Linux."""
    if sys.platform != "linux":
        return ()
    packages = [package for name, package in LIBRARIES.items() if not _loads(name)]
    if for_tests:
        packages += [package for program, package in TEST_PROGRAMS.items() if shutil.which(program) is None]
    return tuple(packages)


def install(packages: tuple[str, ...]) -> bool:
    """Install them where that may be done without asking: as root, with apt. Says what it does, or what to run."""
    command = ["apt-get", "install", "-y", "--no-install-recommends", *packages]
    if shutil.which("apt-get") is None:
        print(f"The system lacks what Debian calls {' '.join(packages)}; install your system's packages of that.")
        return False
    if os.geteuid() != 0:
        print(f"The system lacks libraries that Qt needs. Install them with:\n    sudo {' '.join(command)}")
        return False
    print(f"Installing {' '.join(packages)} …", flush=True)
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update", "-qq"], [*command, "-qq"]):
        done = subprocess.run(step, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{' '.join(step[:2])} failed:\n{done.stderr.strip()[-1000:]}")
            return False
    return True


def _loads(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True
