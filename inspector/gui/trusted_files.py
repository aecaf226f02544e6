"""The files whose code runs without asking, each known by its SHA-256: a list to look at, and to take files from."""

from collections.abc import Mapping

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QHBoxLayout, QHeaderView, QVBoxLayout, QWidget

from inspector.gui.file_panel.contents import CellModel
from inspector.gui.parts import PushButton, Sentence, named
from inspector.gui.parts.fonts import number_font
from inspector.gui.parts.table import PlainTable
from inspector.gui.settings import Trusted
from inspector.gui.theme import GRID, SMALL

_NONE = "No file is trusted: each whose code would run is asked about."
_SOME = "These run their code without asking. A file is known by its SHA-256, so one that was changed is asked about."


class TrustedFilesWindow(QDialog):
    """Beside the main window, never in its way.

    Signals:
        forget_requested: ask again about the files with these SHA-256.
    """

    forget_requested = Signal(object)

    def __init__(self, trusted: Mapping[str, Trusted], parent: QWidget) -> None:
        super().__init__(parent)
        named(self, "trusted_window", "Trusted files")
        self.setWindowTitle("Trusted files")
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._trusted = dict(trusted)
        self._said = Sentence("trusted_sentence", "What this list is", "dimmed")
        self.table = PlainTable("trusted_table", "Trusted files")
        self.forget = PushButton("Forget", "trusted_forget", "Ask about the selected files again")
        self.forget_all = PushButton("Forget all", "trusted_forget_all", "Ask about all files again")
        self.forget.clicked.connect(lambda: self._forget(self._selected()))
        self.forget_all.clicked.connect(lambda: self._forget(list(self._trusted)))
        row = QHBoxLayout()
        row.addStretch(1)
        for button in (self.forget, self.forget_all):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(GRID * 4, GRID * 4, GRID * 4, GRID * 4)
        column.setSpacing(GRID * 3)
        column.addWidget(self._said)
        column.addWidget(self.table, 1)
        column.addLayout(row)
        self.resize(720, 320)
        self._fill()

    def _fill(self) -> None:
        cells = tuple((one.name, digest, one.since or "not noted") for digest, one in self._trusted.items())
        old = self.table.model()
        font = number_font(self.font(), SMALL + 1)
        self.table.setModel(CellModel(("File", "SHA-256", "Since"), cells, font, self.table))
        if old is not None:
            old.deleteLater()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.table.setColumnWidth(0, 200)
        self.table.setColumnWidth(2, 90)
        self._said.say(_SOME if self._trusted else _NONE)
        self.forget_all.setEnabled(bool(self._trusted))
        self.table.selectionModel().selectionChanged.connect(self._enable)
        self._enable()

    def _enable(self) -> None:
        self.forget.setEnabled(bool(self._selected()))

    def _selected(self) -> list[str]:
        digests = list(self._trusted)
        return [digests[row] for row in sorted({index.row() for index in self.table.selectionModel().selectedRows()})]

    def _forget(self, digests: list[str]) -> None:
        self._trusted = {digest: one for digest, one in self._trusted.items() if digest not in digests}
        self.forget_requested.emit(digests)
        self._fill()
