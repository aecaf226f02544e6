"""Makes `.venv` with everything that the app and its tests need. Standard library only; quick when nothing changed.

`setup.py run` is for the app, `setup.py test` also sees to Xvfb and the like, `setup.py bench` to the peers of the
benchmarks. What is installed is what constraints.txt pins, so that next year's set-up gives the same.
"""

import hashlib
import platform
import shutil
import subprocess
import sys
import tomllib
import venv
from pathlib import Path

import system_packages

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
STAMP = VENV / "installed.txt"
ZOO_STAMP = VENV / "installed-zoo.txt"
BENCH_STAMP = VENV / "installed-bench.txt"
# Built for CUDA in the registry, or asking for what is: installed without what they ask for.
ALONE = ("torchvision", "timm")
CONSTRAINTS = ROOT / "constraints.txt"
CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def main() -> int:
    """Do what is missing; 0 when all is there."""
    for_tests = "test" in sys.argv[1:]
    key = _key()
    if not (STAMP.is_file() and STAMP.read_text() == key and PYTHON.exists()):
        _make_environment()
        if not (_install_torch() and _install_project()):
            print("The set-up did not finish; pip says why above. The same command goes on from here.")
            return 1
        STAMP.write_text(key)
    if for_tests and not (ZOO_STAMP.is_file() and ZOO_STAMP.read_text() == key):
        if not _install_zoo():
            print("The architectures for `make zoo` could not be installed; the tests that need them are left out.")
        else:
            ZOO_STAMP.write_text(key)
    if "bench" in sys.argv[1:] and not (BENCH_STAMP.is_file() and BENCH_STAMP.read_text() == key):
        if not _install_peers():
            print("The peers could not be installed; their cells in the benchmarks say so.")
        else:
            BENCH_STAMP.write_text(key)
    packages = system_packages.missing(for_tests=for_tests)
    if packages:
        system_packages.install(packages)  # said where it can't; the app and the tests then say what they lack
    return 0


def _key() -> str:
    """Changes whenever something else would be installed."""
    digest = hashlib.sha256(platform.python_version_tuple()[1].encode())
    for name in ("pyproject.toml", "constraints.txt"):
        digest.update((ROOT / name).read_bytes())
    return digest.hexdigest()


def _make_environment() -> None:
    if PYTHON.exists() and _runs([str(PYTHON), "-m", "pip", "--version"]):
        return
    print(f"Making {VENV} with Python {platform.python_version()} …", flush=True)
    try:
        venv.create(VENV, with_pip=True, clear=VENV.exists())
    except subprocess.CalledProcessError:
        raise SystemExit(
            "This Python can't make a virtual environment. On Debian or Ubuntu: sudo apt-get install python3-venv"
        ) from None


def _install_torch() -> bool:
    """Torch first, and small: without an NVIDIA GPU its CPU build is a tenth of the size."""
    if _runs([str(PYTHON), "-c", "import torch"]):
        return True
    version = _pinned("torch")
    plain = ("", [f"torch=={version}"])
    sources = [plain]
    if sys.platform == "linux" and not _has_nvidia_gpu():
        small = f"torch=={version}+cpu"
        sources = [
            (" (CPU build)", [small]),
            (" (CPU build, from PyTorch's own index)", [small, "--index-url", CPU_INDEX]),
            plain,
        ]
    for index, (words, arguments) in enumerate(sources):
        print(f"Installing torch {version}{words} …", flush=True)
        last = index == len(sources) - 1
        if _pip([*arguments, "-c", str(CONSTRAINTS)], quiet=not last):
            return True
    return False


def _install_project() -> bool:
    """The build tool first, pinned like the rest, so that nothing is fetched behind the constraints' back."""
    print("Installing the app and what its tests need …", flush=True)
    return _pip(["-c", str(CONSTRAINTS), *_group("dev")]) and _pip(
        ["-c", str(CONSTRAINTS), "--no-build-isolation", "-e", str(ROOT)]
    )


def _install_peers() -> bool:
    """What the benchmarks measure beside us."""
    print("Installing the peers that the benchmarks measure …", flush=True)
    return _pip(["-c", str(CONSTRAINTS), *_group("bench")])


def _install_zoo() -> bool:
    """The real architectures that the tests capture; torch itself stays as it is."""
    wanted = _group("zoo")
    alone = [text for text in wanted if text.startswith(ALONE)]
    others = [text for text in wanted if text not in alone]
    print("Installing the architectures that the tests capture …", flush=True)
    return _pip(["-c", str(CONSTRAINTS), *others]) and _pip(["-c", str(CONSTRAINTS), "--no-deps", *alone])


def _group(name: str) -> list[str]:
    """The requirements of a dependency group."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        wanted: list[str] = tomllib.load(file)["dependency-groups"][name]
    return wanted


def _pinned(package: str) -> str:
    for line in CONSTRAINTS.read_text().splitlines():
        name, _, version = line.partition("==")
        if name == package:
            return version
    raise SystemExit(f"constraints.txt does not pin {package}.")


def _has_nvidia_gpu() -> bool:
    return shutil.which("nvidia-smi") is not None or Path("/proc/driver/nvidia/version").exists()


def _pip(arguments: list[str], *, quiet: bool = False) -> bool:
    """Install; `quiet` for an attempt that something else follows."""
    command = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *arguments]
    return subprocess.run(command, stderr=subprocess.DEVNULL if quiet else None, check=False).returncode == 0


def _runs(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    sys.exit(main())
