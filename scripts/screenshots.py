"""Takes the pictures of README and guide from the real app with a real engine, without a screen: `make screenshots`.

Each picture has a process of its own, as an application has one look and one set of fonts.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PySide6.QtCore import QEventLoop, QMessageLogContext, QObject, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QWidget

from inspector.client.process import ProcessEngine
from inspector.gui.app import make_application
from inspector.gui.appearance import apply_theme
from inspector.gui.main_window import MainWindow
from inspector.gui.settings import SettingsFile, ThemeChoice
from inspector.places import samples
from inspector.protocol.inputs import NamedInput, RandomInput

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pictures"
SIZE = (1600, 1000)
TIME_LIMIT_S = 120
SETTLE_MS = 1500  # for what comes after the last answer: the layout, thumbnails, animations


# Qt's offscreen platform has a screen of 800×800 otherwise, to which the window would fit its docks.
SCREEN = {"name": "screen", "x": 0, "y": 0, "width": 1920, "height": 1200}
SCREEN |= {"logicalDpi": 96, "logicalBaseDpi": 96, "dpr": 1}
PLATFORM = {"synchronousWindowSystemEvents": False, "windowFrameMargins": True, "screens": [SCREEN]}
SMALLEST = 0  # of Qt's qualities for PNG, which lose nothing
NOISE = "This plugin does not support propagateSizeHints"


@dataclass(frozen=True)
class Picture:
    """What to open, in which look. `sample` is a name from inspector/places.py; "" for the empty window.

    A `stranger` is opened as if it were not the app's own. Then, when set: `image`, from the test folder, is fed;
    `shape` is fed at random; the node `fqn` is chosen; the cell with most `mistakes` is chosen; the engine is `killed`.
    `panel` takes the picture of one panel alone.
    """

    name: str
    sample: str
    theme: ThemeChoice
    stranger: bool = False
    image: str = ""
    shape: tuple[int, ...] = ()
    fqn: str = ""
    mistakes: bool = False
    killed: bool = False
    panel: str = ""


TABLE = (
    Picture("window-light", "digits", "light", image="3", fqn="block.conv"),
    Picture("window-dark", "digits", "dark", image="3", fqn="block.conv"),
    Picture("failure-light", "b3", "light", shape=(32, 3, 32, 32), fqn="linear"),
    Picture("consent-light", "digits_own_class", "light", stranger=True),
    Picture("outputs-light", "digits", "light", image="3", panel="outputs_panel"),
    Picture("input-light", "digits", "light", image="3", panel="input_panel"),
    Picture("matrix-light", "digits", "light", image="3", mistakes=True, panel="confusion_panel"),
    Picture("ended-light", "digits", "light", image="3", killed=True),
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
    with offscreen_window(picture.theme) as window:
        for step in steps(window, picture):
            wait_until(window, step)
        shown = window.findChild(QWidget, picture.panel) if picture.panel else window
        save(shown, picture.name)
    return 0


@contextmanager
def offscreen_window(theme: ThemeChoice) -> Iterator[MainWindow]:
    """The app's window with a real engine, on a screen that nobody sees; ended afterwards. Once in a process."""
    qInstallMessageHandler(_pass_on)
    with tempfile.TemporaryDirectory() as folder:
        screen = Path(folder) / "screen.json"
        screen.write_text(json.dumps(PLATFORM))
        os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={screen}"
        app = make_application()
        settings = SettingsFile(Path(folder) / "settings.json")
        apply_theme(app, theme)
        window = MainWindow(ProcessEngine, settings, samples())
        window.resize(*SIZE)
        window.session.start()
        window.show()
        try:
            yield window
        finally:
            window.session.close()
            window.close()


def save(shown: QObject | None, name: str) -> None:
    """Write what a widget shows into docs/pictures."""
    target = PICTURES / f"{name}.png"
    if not isinstance(shown, QWidget) or not shown.grab().save(str(target), "PNG", SMALLEST):
        sys.exit(f"{target} could not be written.")
    print(target.relative_to(ROOT))


def steps(window: MainWindow, picture: Picture) -> Iterator[Callable[[], bool]]:
    """Do one thing after the other; each yields what tells that it is done."""
    session = window.session
    yield lambda: session.state.engine.phase == "ready"
    if not picture.sample:
        return
    sample = next(sample for sample in samples() if sample.name == picture.sample)
    folder = str(sample.test_folder or "")
    if picture.stranger:
        session.files.open(str(sample.path), str(sample.source or ""), sample.entry)
        yield lambda: session.state.consent is not None
        return
    session.files.open_sample(sample, evaluate=True)
    yield lambda: _is_done(window, folder)
    if picture.image:
        session.use_images([str(min((Path(folder) / picture.image).glob("*.png")))])
        yield lambda: _is_done(window, folder)
    if picture.shape:
        session.change_inputs((NamedInput(source=RandomInput(shape=picture.shape)),))
        session.run()
        yield lambda: _is_done(window, folder)
    graph = session.state.run.graph
    if picture.fqn and graph is not None:
        chosen = next(node.id for node in graph.nodes if node.fqn == picture.fqn)
        session.select_node(chosen)
        if session.state.run.failure is None:  # a failed node is brought into view by the window itself
            window.panels.graph.centre_on_node(chosen)
        yield lambda: True
    if picture.mistakes:
        choose_mistakes(window)
        yield lambda: bool(session.state.thumbnails)
    if picture.killed:  # in the midst of work: an idle engine comes back by itself
        session.folder.evaluate(session.state.evaluation.mapping)
        kill_engine()
        yield lambda: session.state.engine.phase == "ended"


def choose_mistakes(window: MainWindow) -> None:
    """Choose the cell off the diagonal that has most images."""
    panel = window.panels.confusion
    counted = panel.counted()
    if counted is None:
        sys.exit("There is no matrix to take a picture of.")
    wrong = counted.matrix - np.diag(np.diag(counted.matrix))
    row, column = np.unravel_index(int(wrong.argmax()), wrong.shape)
    panel.body.matrix.set_current((int(row), int(column)))
    panel.body.matrix.cell_chosen.emit(int(row), int(column))


def kill_engine() -> None:
    """End the engine as the system does when memory runs out; it is the child that was given a folder."""
    for path in Path("/proc/self/task").glob("*/children"):
        for pid in path.read_text().split():
            if b"inspector.engine" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(int(pid), signal.SIGKILL)


def _is_done(window: MainWindow, folder: str) -> bool:
    """Run, and evaluated where there is a test folder."""
    state = window.session.state
    evaluated = not folder or state.evaluation.finished is not None
    return state.run.graph is not None and not state.run.running and evaluated


def _pass_on(_kind: QtMsgType, _context: QMessageLogContext, message: str) -> None:
    """Qt's messages, but for the one that the offscreen platform says on every show."""
    if not message.startswith(NOISE):
        sys.stderr.write(message + "\n")


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
