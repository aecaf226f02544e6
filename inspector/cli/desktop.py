"""Puts the app into the user's own desktop folders: a menu entry, icons and file types; and takes it out again.

Only folders of the user's own (XDG) are written, so that nothing asks for a password.
"""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from inspector.places import resources_folder

NAME = "model-inspector"
TYPES = (
    "application/x-pytorch-weights",
    "application/x-torchscript",
    "application/x-safetensors",
    "application/x-pytorch-exported",
    "application/x-onnx",
)
ELSEWHERE = {
    "darwin": "Menu entries are for Linux desktops. On macOS run `inspector FILE`, or drop files onto the window; "
    "nothing was installed.",
    "win32": "Menu entries are for Linux desktops. On Windows choose “Open with” on a model file and pick "
    "model-inspector.exe, which lies beside python.exe; nothing was installed.",
}


def install_desktop() -> int:
    """Write the menu entry, icons and file types, and tell the desktop; 0 when done."""
    if not _is_freedesktop():
        return 1
    for source, target in _copies():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, target)
    entry = _entry()
    entry.parent.mkdir(parents=True, exist_ok=True)
    template = (resources_folder() / "desktop" / f"{NAME}.desktop").read_text(encoding="utf-8")
    entry.write_text(template.replace(f"Exec={NAME} %F", f"Exec={_command()} %F"), encoding="utf-8")
    problems = _refresh()
    if shutil.which("xdg-mime"):
        problems += _run("xdg-mime", "default", entry.name, *TYPES)
    _say(
        f"Installed in {_data_home()}: a menu entry, icons, and the file types .pth .pt .safetensors .pt2 .onnx.",
        problems,
    )
    return 0


def remove_desktop() -> int:
    """Undo it; 0 also when nothing was there."""
    if not _is_freedesktop():
        return 1
    for target in [_entry(), *(target for _, target in _copies())]:
        target.unlink(missing_ok=True)
    _forget_defaults()
    _say("Removed the menu entry, icons and file types.", _refresh())
    return 0


def _is_freedesktop() -> bool:
    sentence = ELSEWHERE.get(sys.platform, "")
    if sentence:
        sys.stderr.write(sentence + "\n")
    return not sentence


def _data_home() -> Path:
    """$XDG_DATA_HOME; the specification says to ignore a relative one."""
    given = Path(os.environ.get("XDG_DATA_HOME", ""))
    return given if given.is_absolute() else Path.home() / ".local" / "share"


def _config_home() -> Path:
    given = Path(os.environ.get("XDG_CONFIG_HOME", ""))
    return given if given.is_absolute() else Path.home() / ".config"


def _entry() -> Path:
    return _data_home() / "applications" / f"{NAME}.desktop"


def _copies() -> list[tuple[Path, Path]]:
    """What is copied as it is, and where to."""
    resources, data = resources_folder(), _data_home()
    icons = data / "icons" / "hicolor"
    copies = [
        (resources / "desktop" / f"{NAME}-mime.xml", data / "mime" / "packages" / f"{NAME}.xml"),
        (resources / "icons" / f"{NAME}.svg", icons / "scalable" / "apps" / f"{NAME}.svg"),
    ]
    for path in sorted((resources / "icons").glob(f"{NAME}-*.png")):
        size = path.stem.rpartition("-")[2]
        copies.append((path, icons / f"{size}x{size}" / "apps" / f"{NAME}.png"))
    return copies


def _command() -> str:
    """An absolute command: a desktop knows nothing of the virtual environment that the app may live in."""
    script = Path(sys.executable).with_name(NAME)  # not resolved: the environment's bin, not that of its Python
    if script.is_file():
        return _quoted(str(script))
    return f"{_quoted(sys.executable)} -m inspector"


def _quoted(argument: str) -> str:
    """As the desktop entry specification quotes one argument of Exec, and then a string value."""
    for character in '\\"`$':
        argument = argument.replace(character, "\\" + character)
    return '"' + argument.replace("\\", "\\\\").replace("%", "%%") + '"'


def _refresh() -> list[str]:
    """Have the desktop read its folders again."""
    mime, applications = _data_home() / "mime", _data_home() / "applications"
    problems: list[str] = []
    for program, folder in (("update-mime-database", mime), ("update-desktop-database", applications)):
        if folder.is_dir():
            problems += _run(program, str(folder))
    return problems


def _run(*command: str) -> list[str]:
    """Run it; what went wrong, in sentences."""
    if shutil.which(command[0]) is None:
        return [f"{command[0]} is not installed, so the desktop may see the change only after the next login."]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        return [f"`{shlex.join(command)}` ended with status {done.returncode}: {done.stderr.strip()}"]
    return []


def _forget_defaults() -> None:
    """Take the app out of the user's list of default programs, in which xdg-mime put it."""
    for path in (_config_home() / "mimeapps.list", _data_home() / "applications" / "mimeapps.list"):
        if path.is_file():
            lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
            kept = [_without_app(line) for line in lines]
            if kept != lines:
                path.write_text("".join(kept), encoding="utf-8")


def _without_app(line: str) -> str:
    """`type=a.desktop;ours.desktop;` without ours; "" when nothing is left of it."""
    mime_type, equals, names = line.partition("=")
    if not equals or mime_type.strip() not in TYPES:
        return line
    kept = [name for name in names.strip().split(";") if name and name != f"{NAME}.desktop"]
    return f"{mime_type}={';'.join(kept)};\n" if kept else ""


def _say(sentence: str, problems: list[str]) -> None:
    sys.stdout.write(sentence + "\n")
    for problem in problems:
        sys.stderr.write(problem + "\n")
