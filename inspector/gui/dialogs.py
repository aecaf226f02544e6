"""The dialogs that the user asks for: the system's own for files, and windows of text beside the main one."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QFileDialog, QWidget

from inspector.gui.session import WindowSession
from inspector.gui.text_window import TextWindow
from inspector.gui.trusted_files import TrustedFilesWindow
from inspector.gui.words import TITLE, about_text, sandbox_text

MODEL_FILES = "Models (*.pt *.pth *.pt2 *.bin *.ckpt *.safetensors *.onnx *.py);;All files (*)"
ARRAY_FILES = "Tensors (*.npy *.pt);;All files (*)"
IMAGE_FILES = "Images (*.png *.jpg *.jpeg *.bmp *.webp *.tif *.tiff *.gif);;All files (*)"

if TYPE_CHECKING:
    from inspector.gui.graph_view.export_dialog import Draw


class Dialogs:
    """Asks over `window`, and tells the session what was chosen.

    Args:
        window: the dialogs' parent.
        session: what is told.
        open_paths: opens model files.
        drawing: gives what draws the graph that is exported; asked only when it is.
        compare: compares the open model with that of these files.
    """

    def __init__(
        self,
        window: QWidget,
        session: WindowSession,
        open_paths: Callable[[list[str]], None],
        drawing: "Callable[[], Draw]",
        compare: Callable[[list[str]], None],
    ) -> None:
        self._window, self._session = window, session
        self._open_paths, self._drawing, self._compare = open_paths, drawing, compare

    def open_model(self) -> None:
        """Choose a model file."""
        paths, _ = QFileDialog.getOpenFileNames(self._window, "Open a model", self._last_folder(), MODEL_FILES)
        self._open_paths(paths)

    def compare_with(self) -> None:
        """Choose a model file to compare the open one with, with its `.py` where it needs one."""
        paths, _ = QFileDialog.getOpenFileNames(self._window, "Compare with a model", self._last_folder(), MODEL_FILES)
        if paths:
            self._compare(paths)

    def attach_source(self) -> None:
        """Choose the `.py` that defines the class of the weights."""
        path, _ = QFileDialog.getOpenFileName(
            self._window, "Attach the source of the model", self._last_folder(), "Python (*.py)"
        )
        if path:
            self._session.files.attach_source(path)

    def open_images(self) -> None:
        """Choose pictures to feed."""
        paths, _ = QFileDialog.getOpenFileNames(self._window, "Images as input", self._last_folder(), IMAGE_FILES)
        if paths:
            self._session.use_images(paths)

    def open_array(self) -> None:
        """Choose a file that holds a tensor to feed."""
        path, _ = QFileDialog.getOpenFileName(self._window, "A tensor as input", self._last_folder(), ARRAY_FILES)
        if path:
            self._session.use_array(path)

    def open_folder(self) -> None:
        """Choose a test folder."""
        folder = QFileDialog.getExistingDirectory(self._window, "A folder of labelled images", self._last_folder())
        if folder:
            self._session.folder.choose(folder)

    def export_graph(self, kind: str) -> None:
        """Choose how the graph is written to a file, and where."""
        from inspector.gui.graph_view.export_dialog import GraphExportDialog  # noqa: PLC0415 - most windows need none

        graph = self._session.state.run.graph
        if graph is not None:
            beside = Path(self._last_folder()) / f"{Path(self._session.state.path).stem}_graph"
            GraphExportDialog(self._drawing(), graph, beside, kind, self._window).show()

    def show_log(self) -> None:
        """What the engine and the model printed."""
        log = self._session.link.log or "Nothing was printed so far."
        TextWindow("engine_log", "Engine log", log, fixed=True, parent=self._window).show()

    def show_sandbox(self) -> None:
        """What holds on this machine."""
        text = sandbox_text(self._session.state.engine)
        TextWindow("sandbox_window", "Sandbox", text, fixed=False, parent=self._window).show()

    def show_trusted_files(self) -> None:
        """The files whose code may run whenever they are opened."""
        window = TrustedFilesWindow(self._session.settings.current.trusted, self._window)
        window.forget_requested.connect(self._session.files.forget_trusted)
        window.show()

    def show_about(self) -> None:
        """What this is."""
        text = about_text(self._session.state.engine)
        TextWindow("about_window", f"About {TITLE}", text, fixed=False, parent=self._window).show()

    def show_keys(self) -> None:
        """Every key, and what it does."""
        from inspector.gui.keys_window import KeysWindow  # noqa: PLC0415 - most windows need none

        KeysWindow(self._window).show()

    def _last_folder(self) -> str:
        state = self._session.state
        recent = state.path or (state.recent_files[0] if state.recent_files else "")
        folder = Path(recent).parent if recent else Path.home()
        with contextlib.suppress(OSError):
            return str(folder if folder.is_dir() else Path.home())
        return ""
