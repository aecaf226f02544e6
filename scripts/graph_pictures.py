"""Takes the pictures of docs/graphs.md: real architectures, by the real app with a real engine. `make screenshots`.

The architectures lie in `pictured_models`, and are opened as anyone's source is: it asks first, and they are trusted.
"""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtWidgets import QDockWidget
from screenshots import PICTURES, TIME_LIMIT_S, offscreen_window, save, wait_until

from inspector.core.layout import Direction
from inspector.gui.graph_view import GraphView
from inspector.gui.main_window import MainWindow
from inspector.gui.settings import ThemeChoice

MODELS = Path(__file__).resolve().parent / "pictured_models"


@dataclass(frozen=True)
class GraphPicture:
    """A model's graph as it opens, and what is done with it then, when set.

    The `inside` of a module is shown alone, modules are `unfolded`, or `everything` is, it is `fitted` into the window,
    or a module brought to its `centre`, and boxes are coloured by a measure.
    """

    name: str
    model: str
    theme: ThemeChoice = "light"
    direction: Direction = "down"
    inside: str = ""
    unfolded: tuple[str, ...] = ()
    everything: bool = False
    fitted: bool = False
    centre: str = ""
    colour_by: str = ""


TABLE = (
    GraphPicture("graph-resnet50", "resnet50"),
    GraphPicture("graph-resnet50-block", "resnet50", everything=True, centre="layer2.0"),
    GraphPicture("graph-vit", "vit", theme="dark"),
    GraphPicture("graph-vit-block", "vit", theme="dark", inside="blocks.0", everything=True, fitted=True),
    GraphPicture("graph-unet", "unet", fitted=True, colour_by="params"),
    GraphPicture("graph-densenet121", "densenet121", unfolded=("blocks.0",), fitted=True),
    GraphPicture("graph-densenet121-block", "densenet121", inside="blocks.2", fitted=True),
    GraphPicture("graph-lstm-tagger", "lstm_tagger", direction="right"),
    GraphPicture("graph-hub", "hub"),
    GraphPicture("graph-hub-whole", "hub", fitted=True),
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


def take(picture: GraphPicture) -> int:
    """Open the model in a window without its panels, do what the row says, save what is seen."""
    with offscreen_window(picture.theme) as window:
        for step in opened(window, MODELS / f"{picture.model}.py"):
            wait_until(window, step)
        for dock in window.findChildren(QDockWidget):
            dock.hide()
        wait_until(window, lambda: True)
        for change in changes(window, picture):
            change()
            wait_until(window, lambda: True)
        save(window, picture.name)
    return 0


def opened(window: MainWindow, source: Path) -> Iterator[Callable[[], bool]]:
    """Open a source as its user would; each yields what tells that it is done."""
    session = window.session
    yield lambda: session.state.engine.phase == "ready"
    session.files.open(str(source))
    yield lambda: session.state.consent is not None
    session.files.trust(always=False)
    yield lambda: session.state.run.graph is not None and not session.state.run.running


def changes(window: MainWindow, picture: GraphPicture) -> Iterator[Callable[[], None]]:
    """What is done with the picture, one after the other."""
    view = window.panels.graph
    if picture.colour_by:
        yield lambda: window.session.change_colour_by(picture.colour_by)
    if picture.direction != view.direction:
        yield lambda: view.set_direction(picture.direction)
    if picture.inside:
        yield lambda: view.enter(group_of(view, picture.inside))
    for fqn in picture.unfolded:
        yield lambda fqn=fqn: view.toggle(group_of(view, fqn))  # type: ignore[misc]  # bound now
    if picture.everything:
        yield view.unfold_all
    if picture.centre:
        yield lambda: view.centre_on_module(picture.centre)
    if picture.fitted:
        yield view.fit


def group_of(view: GraphView, fqn: str) -> int:
    """The group of a module."""
    if view.hierarchy is None:
        sys.exit("There is no graph.")
    return next(group.id for group in view.hierarchy.graph.groups if group.fqn == fqn)


if __name__ == "__main__":
    sys.exit(main())
