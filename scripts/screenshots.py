"""Takes the README's pictures from the real app with a real engine, without a screen: `make screenshots`.

Each picture has a process of its own, as an application has one look and one set of fonts.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QEventLoop, QTimer

from inspector.client.process import ProcessEngine
from inspector.gui.app import make_application
from inspector.gui.appearance import apply_theme
from inspector.gui.main_window import MainWindow
from inspector.gui.settings import SettingsFile, ThemeChoice
from inspector.places import samples

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
SIZE = (1600, 1000)
TIME_LIMIT_S = 120
SETTLE_MS = 1500  # for what comes after the last answer: the layout, thumbnails, animations


@dataclass(frozen=True)
class Picture:
    """What to open, in which look. `sample` is a name from inspector/places.py; "" for the empty window."""

    name: str
    sample: str
    theme: ThemeChoice
    trusted: bool = False


TABLE = (
    Picture("window-light", "digits", "light", trusted=True),
    Picture("window-dark", "digits", "dark", trusted=True),
    Picture("failure-light", "b3", "light", trusted=True),
    Picture("consent-light", "digits_own_class", "light"),
    Picture("empty-light", "", "light"),
    Picture("empty-dark", "", "dark"),
)


def main() -> int:
    """Take those named on the command line, or all."""
    names = sys.argv[1:]
    if len(names) == 2 and names[0] == "--take":
        return take(next(picture for picture in TABLE if picture.name == names[1]))
    PICTURES.mkdir(parents=True, exist_ok=True)
    for picture in TABLE:
        if not names or picture.name in names:
            subprocess.run([sys.executable, __file__, "--take", picture.name], check=True, timeout=2 * TIME_LIMIT_S)
    return 0


def take(picture: Picture) -> int:
    """Open the window, wait until it has done what it was asked for, save what it shows."""
    app = make_application()
    with tempfile.TemporaryDirectory() as folder:
        settings = SettingsFile(Path(folder) / "settings.json")
        apply_theme(app, picture.theme)
        window = MainWindow(ProcessEngine, settings, samples())
        window.resize(*SIZE)
        window.session.start()
        window.show()
        try:
            done = _open(window, picture)
            wait_until(window, done)
            target = PICTURES / f"{picture.name}.png"
            if not window.grab().save(str(target)):
                sys.exit(f"{target} could not be written.")
            print(target.relative_to(ROOT))
        finally:
            window.session.close()
            window.close()
    return 0


def _open(window: MainWindow, picture: Picture) -> Callable[[], bool]:
    """Ask for the sample; gives what tells that all is there."""
    session = window.session
    if not picture.sample:
        return lambda: session.state.engine.phase == "ready"
    sample = next(sample for sample in samples() if sample.name == picture.sample)
    path, source = str(sample.path), str(sample.source or "")
    if sample.test_folder and picture.trusted:
        session.open_and_evaluate(path, source, sample.entry, str(sample.test_folder))
    else:
        session.open_file(path, source, sample.entry)
    if not picture.trusted:
        return lambda: session.state.consent is not None
    asked: list[bool] = []

    def done() -> bool:
        state = session.state
        if state.consent is not None and not asked:
            asked.append(True)
            session.trust(always=False)
        evaluated = sample.test_folder is None or state.evaluation.finished is not None
        return state.run.graph is not None and not state.run.running and evaluated

    return done


def wait_until(window: MainWindow, done: Callable[[], bool]) -> None:
    """Let the window live until it is done, and a little longer; says what it was doing when it never is."""
    loop = QEventLoop()
    look, limit = QTimer(), QTimer()
    look.timeout.connect(lambda: loop.exit(0) if done() else None)
    limit.timeout.connect(lambda: loop.exit(1))
    look.start(50)
    limit.start(TIME_LIMIT_S * 1000)
    if loop.exec():
        sys.exit(f"The window was not done after {TIME_LIMIT_S} s: {window.session.state.problems}")
    look.stop()
    QTimer.singleShot(SETTLE_MS, loop.quit)
    loop.exec()


if __name__ == "__main__":
    sys.exit(main())
