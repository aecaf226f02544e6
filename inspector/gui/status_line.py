"""The line at the bottom: file, format, device, times, memory, engine and sandbox, and what is under way."""

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QSizePolicy, QStatusBar, QToolButton, QWidget

from inspector.core.formatting import bytes_text, seconds_text
from inspector.gui.file_panel.panel import FORMATS
from inspector.gui.parts import ElidedLabel, IconButton, named, number_font
from inspector.gui.sandbox_popover import SandboxPopover
from inspector.gui.state import EngineState, Progress, WindowState
from inspector.gui.theme import GRID, SMALL, theme, theme_source
from inspector.gui.thin_bar import ThinBar

_PHASES = {"starting": "PyTorch starts", "ready": "ready", "busy": "working", "ended": "engine ended"}


class StatusLine(QStatusBar):
    """What is going on.

    Signals:
        cancel_requested: stop what is under way.
    """

    cancel_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        named(self, "status_line", "Status")
        self.setSizeGripEnabled(False)
        self.setContentsMargins(GRID * 2, 0, GRID * 2, 0)
        self.file = self._line("status_file", "File and format")
        self.run = self._line("status_run", "Device, times and memory")
        self.engine = named(QToolButton(), "status_engine", "Engine and sandbox")
        self.engine.setAutoRaise(True)
        self.engine.setFont(number_font(self.font()))
        self.engine.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.engine.clicked.connect(self.show_sandbox)
        self.dot = named(QLabel("●"), "status_dot", "Whether the engine is well")
        self.what = self._line("status_progress", "What is under way")
        self.bar = named(ThinBar(), "progress_bar", "Progress")
        self.cancel = IconButton("ph.x-circle", "cancel_button", "Stop", "Stop what is under way")
        self.cancel.setFixedSize(22, 22)
        self.cancel.clicked.connect(self.cancel_requested)
        self._work = QWidget()
        row = QHBoxLayout(self._work)
        row.setContentsMargins(0, 0, GRID * 2, 0)
        row.setSpacing(GRID * 2)
        for widget in (self.what, self.bar, self.cancel):
            row.addWidget(widget, 0, Qt.AlignmentFlag.AlignVCenter)
        self._phase = ""
        self._engine = EngineState()
        self.addWidget(self.file)
        self.addWidget(self.run)
        self.addPermanentWidget(self._work)
        self.addPermanentWidget(self.dot)
        self.addPermanentWidget(self.engine)
        self._work.setVisible(False)
        theme_source().changed.connect(self._restyle)

    def draw(self, state: WindowState) -> None:
        """Show it."""
        self.file.say(_file_text(state))
        self.run.say(_run_text(state))
        self._engine = state.engine
        if self.engine.text() != _engine_text(state.engine):
            self.engine.setText(_engine_text(state.engine))
        self.engine.setToolTip(_engine_tip(state.engine))
        if state.engine.phase != self._phase:
            self._phase = state.engine.phase
            self._restyle()
        self._show_progress(state.progress)

    def show_sandbox(self) -> None:
        """Which parts of the sandbox hold on this machine, which don't, and why."""
        popover = SandboxPopover(self._engine, self)
        popover.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        popover.drop_from(self.engine)

    def _line(self, object_name: str, accessible_name: str) -> ElidedLabel:
        """Text that is cut where there is no room: a file's name is as long as it likes, the window is not."""
        line = ElidedLabel(object_name, accessible_name, "dimmed", small=True)
        line.setFont(number_font(self.font(), SMALL))
        line.setContentsMargins(GRID, 0, GRID * 2, 0)
        line.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        return line

    def _show_progress(self, progress: Progress | None) -> None:
        if self._work.isHidden() != (progress is None):
            self._work.setVisible(progress is not None)
        if progress is None:
            return
        counted = f" {progress.done:,} of {progress.total:,}" if progress.total else " …"
        self.what.say(progress.what + counted)
        self.bar.show_progress(progress.done, progress.total)

    def _restyle(self) -> None:
        colours = theme()
        tone = {"ended": colours.failure, "ready": colours.good}.get(self._phase, colours.dimmed)
        self.dot.setStyleSheet(f"color: {tone};")


def _file_text(state: WindowState) -> str:
    if not state.path:
        return "No file"
    kind = f" · {FORMATS[state.description.format]}" if state.description is not None else ""
    return f"{Path(state.path).name}{kind}"


def _run_text(state: WindowState) -> str:
    run, settings = state.run, state.settings
    if run.captured_s is None:
        return ""
    parts = [settings.device, settings.mode, f"run {seconds_text(run.captured_s)} observed"]
    if run.plain_s is not None:
        parts.append(f"{seconds_text(run.plain_s)} plain")
    if run.peak_bytes:
        parts.append(f"peak {bytes_text(run.peak_bytes)}")
    return " · ".join(parts)


def _engine_text(engine: EngineState) -> str:
    version = f"PyTorch {engine.torch_version.partition('+')[0]} · " if engine.torch_version else ""
    how = "no sandbox" if not engine.sandbox else "sandboxed in part" if engine.sandbox_lacks else "sandboxed"
    sandbox = f" · {how}" if engine.phase != "ended" and engine.torch_version else ""
    return f"{version}{_PHASES[engine.phase]}{sandbox}"


def _engine_tip(engine: EngineState) -> str:
    if not engine.torch_version:
        return "The engine runs models in a process of its own."
    return "What holds the engine on this machine, and what does not"
