"""What holds the engine on this machine and what does not, dropped from the status line."""

from PySide6.QtWidgets import QWidget

from inspector.gui.parts import Sentence
from inspector.gui.parts.heading import Heading
from inspector.gui.parts.popover import Popover
from inspector.gui.state import EngineState

WIDTH = 420


class SandboxPopover(Popover):
    """Two lists, made anew when it is opened."""

    def __init__(self, engine: EngineState, parent: QWidget) -> None:
        super().__init__("sandbox_popover", "The sandbox", parent)
        self.setFixedWidth(WIDTH)
        if not engine.torch_version:
            self._add("sandbox_waiting", "The engine is not ready yet.")
            return
        self._title(
            "sandbox_holds", "Holds the engine on this machine" if engine.sandbox else "Nothing holds the engine"
        )
        for one in engine.sandbox:
            self._add("sandbox_held", f"✓ {one}")
        if engine.sandbox_lacks:
            self._title("sandbox_lacks", "Does not hold")
            for one in engine.sandbox_lacks:
                self._add("sandbox_lack", f"– {one}", warns=True)
        elif engine.sandbox:
            self._add("sandbox_whole", "Nothing that is known to this app is missing.", dimmed=True)
        self.column.activate()
        self.setFixedHeight(self.column.totalHeightForWidth(WIDTH))  # else lines that may wrap take the room of several

    def _title(self, name: str, text: str) -> None:
        title = Heading(name, text)
        title.say(text)
        self.column.addWidget(title)

    def _add(self, name: str, text: str, *, warns: bool = False, dimmed: bool = False) -> None:
        line = Sentence(name, text, "warning" if warns else "dimmed" if dimmed else "text", small=True)
        line.say(text)
        self.column.addWidget(line)
