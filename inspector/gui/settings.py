"""What the window remembers between two starts: recent files, trusted files, the look and the layout; one JSON file."""

import contextlib
from pathlib import Path
from typing import Literal

import msgspec
import platformdirs

ThemeChoice = Literal["system", "light", "dark"]
APP_ID = "model-inspector"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Everything remembered. `trusted` maps the SHA-256 of a file whose code may run to the name it had.

    `geometry` and `layout` are Qt's own, as base64; unknown keys of another version are ignored.
    """

    recent_files: tuple[str, ...] = ()
    trusted: dict[str, str] = {}
    theme: ThemeChoice = "system"
    geometry: str = ""
    layout: str = ""
    run_when_opened: bool = True
    reload_when_changed: bool = False


class SettingsFile:
    """The file that holds them; `current` is what it said, and what was changed since."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_path()
        self.current = read_settings(self.path)

    def change(self, **changes: object) -> None:
        """Change some of them, and write the file; a disk that can't be written costs only the memory of it."""
        changed = msgspec.structs.replace(self.current, **changes)
        if changed == self.current:
            return
        self.current = changed
        with contextlib.suppress(OSError):
            write_settings(self.path, changed)


def default_path() -> Path:
    """Where this user's settings lie."""
    return Path(platformdirs.user_config_dir(APP_ID)) / "settings.json"


def read_settings(path: Path) -> Settings:
    """What the file says; the defaults where there is none, or where it can't be read."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Settings)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return Settings()


def write_settings(path: Path, settings: Settings) -> None:
    """Write the file whole or not at all, readable by this user only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(settings)))
    fresh.chmod(0o600)
    fresh.replace(path)
