"""What the window remembers between two starts: recent files, trusted files, the look and the layout; one JSON file."""

import contextlib
import re
from pathlib import Path
from typing import Literal, NamedTuple

import msgspec
import platformdirs

from inspector.core.whole_file import write_whole

ThemeChoice = Literal["system", "light", "dark"]
APP_ID = "model-inspector"
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")


class Trusted(NamedTuple):
    """A file whose code may run: the name that it had, and since when (a date, "" where that was not noted)."""

    name: str
    since: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything remembered. `trusted` maps the SHA-256 of a file whose code may run to the name it had, and a date.

    `geometry` and `layout` are Qt's own, as base64; unknown keys of another version are ignored.
    """

    recent_files: tuple[str, ...] = ()
    trusted: dict[str, Trusted] = {}
    theme: ThemeChoice = "system"
    geometry: str = ""
    layout: str = ""
    run_when_opened: bool = True
    reload_when_changed: bool = False
    wrap_long_graphs: bool = True


class SettingsFile:
    """The file that holds them; `current` is what it said, and what was changed since."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self.current = read_settings(self.path)
        self._unread = self.path.is_file() and not _is_understood(self.path)

    def change(self, **changes: object) -> None:
        """Change some of them, and write the file; a disk that can't be written costs only the memory of it."""
        changed = msgspec.structs.replace(self.current, **changes)
        if changed == self.current:
            return
        self.current = changed
        with contextlib.suppress(OSError):
            if self._unread:  # damaged, or of a newer version: it is put aside, not lost
                self.path.replace(self.path.with_suffix(".unread.json"))
                self._unread = False
            write_settings(self.path, changed)


def default_path() -> Path:
    """Where this user's settings lie."""
    return Path(platformdirs.user_config_dir(APP_ID)) / "settings.json"


def read_settings(path: Path) -> Settings:
    """What the file says; the defaults where there is none, or where it can't be read.

    Trust is only ever a SHA-256; what else stands there, as after an edit by hand, trusts nothing.
    """
    try:
        return _parsed(path)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return Settings()


def _parsed(path: Path) -> Settings:
    told = msgspec.json.decode(path.read_bytes(), type=dict[str, object])
    trusted = told.get("trusted")
    told["trusted"] = _trusted_in(trusted) if isinstance(trusted, dict) else {}
    return msgspec.convert(told, Settings)


def _is_understood(path: Path) -> bool:
    try:
        _parsed(path)
    except (OSError, msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError):
        return False
    return True


def _trusted_in(told: dict[object, object]) -> dict[str, list[str]]:
    """Hash to name and date; earlier versions wrote the name alone."""
    found = {}
    for digest, said in told.items():
        words = said if isinstance(said, list) else [said]
        if isinstance(digest, str) and _SHA256.fullmatch(digest) and all(isinstance(one, str) for one in words):
            found[digest.lower()] = [str(one) for one in words[:2]]
    return found


def write_settings(path: Path, settings: Settings) -> None:
    """Write the file whole or not at all, readable by this user only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, msgspec.json.format(msgspec.json.encode(settings)), mode=0o600)
