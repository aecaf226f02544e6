"""Asks how the graph is to be written, writes it, and says how far it is; stays beside the window."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import cast

from PySide6.QtCore import Qt
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDoubleSpinBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from inspector.core.graph_export import dot_text, json_bytes
from inspector.core.whole_file import write_whole
from inspector.gui.graph_view.drawing import Drawing, Kind, png_size, write_drawing
from inspector.gui.graph_view.export_work import ExportWork, Tick
from inspector.gui.parts import PushButton, SegmentedButtons, Sentence, named
from inspector.gui.style_sheet import inset_spin_boxes
from inspector.gui.theme import DARK, GRID, LIGHT, Theme, theme
from inspector.gui.thin_bar import ThinBar
from inspector.protocol.graph import Graph

KINDS = {
    "svg": "SVG: a drawing that can be edited",
    "png": "PNG: an image",
    "pdf": "PDF: one page to print",
    "dot": "DOT: for Graphviz",
    "json": "JSON: every node and wire, for programs",
}
# makes the drawing of what is shown: what is visible alone or all, and in which colours
Draw = Callable[[bool, Theme, float], Drawing | None]


class GraphExportDialog(QDialog):
    """One file of the graph. The picture has the folds that are seen; DOT and JSON have all of the graph."""

    def __init__(self, draw: Draw, graph: Graph, beside: Path, kind: str, parent: QWidget) -> None:
        super().__init__(parent)
        named(self, "graph_export", "Export the graph")
        self.setWindowTitle("Export the graph")
        self.setModal(False)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._draw, self._graph = draw, graph
        self.kind = named(QComboBox(), "export_kind", "Format")
        for key, text in KINDS.items():
            self.kind.addItem(text, key)
        self.area = SegmentedButtons((("all", "Whole graph"), ("view", "What is in view")), "export_area", "Part")
        self.colours = SegmentedButtons((("light", "Light"), ("dark", "Dark")), "export_colours", "Colours")
        self.colours.choose("dark" if theme().dark else "light")
        self.scale = named(QDoubleSpinBox(), "export_scale", "Scale", "Pixels for each pixel of the graph at 100 %")
        self.scale.setRange(0.05, 8.0)
        self.scale.setSingleStep(0.5)
        self.scale.setValue(2.0)
        self.path = named(QLineEdit(f"{beside}.{kind}"), "export_path", "File")
        self.browse = PushButton("Choose…", "export_browse", "Choose the file")
        self.size_line = Sentence("export_size", "Size of the picture", "dimmed", small=True)
        self.told = Sentence("export_told", "What became of it")
        self.bar = named(ThinBar(), "export_progress", "Progress")
        self.write = PushButton("Export", "export_write", "Write the file", primary=True)
        self.stop = PushButton("Cancel", "export_cancel", "Stop writing, or close")
        self.work = ExportWork(self)
        self._total = 0
        self._writes = self._closes = False
        self._place()
        self._connect()
        self.kind.setCurrentIndex(self.kind.findData(kind))
        self._show_choices()

    def closeEvent(self, event: QCloseEvent) -> None:  # noqa: N802 - Qt's name
        """Nothing is written any more; what is under way still has to stop."""
        if self._writes:
            self._closes = True
            self.work.cancel()
            self.hide()
            event.ignore()
            return
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes, as the cross does."""
        self.close()

    def _place(self) -> None:
        form = QFormLayout()
        form.setSpacing(2 * GRID)
        file_row = QHBoxLayout()
        file_row.addWidget(self.path, 1)
        file_row.addWidget(self.browse)
        for text, field in (("Format", self.kind), ("Part", self.area), ("Colours", self.colours)):
            form.addRow(text, field)
        form.addRow("Scale", self.scale)
        form.addRow("File", file_row)
        buttons = QHBoxLayout()
        buttons.addWidget(self.bar)
        buttons.addStretch(1)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.write)
        column = QVBoxLayout(self)
        column.setContentsMargins(4 * GRID, 4 * GRID, 4 * GRID, 4 * GRID)
        column.setSpacing(2 * GRID)
        column.addLayout(form)
        column.addWidget(self.size_line)
        column.addWidget(self.told)
        column.addStretch(1)
        column.addLayout(buttons)
        self.bar.setVisible(False)
        inset_spin_boxes(self)
        self.resize(480, 280)

    def _connect(self) -> None:
        self.kind.currentIndexChanged.connect(self._change_kind)
        self.area.chosen.connect(self._show_choices)
        self.scale.valueChanged.connect(self._show_choices)
        self.browse.clicked.connect(self._browse)
        self.write.clicked.connect(self._write)
        self.stop.clicked.connect(lambda: self.work.cancel() if self._writes else self.close())
        self.work.progressed.connect(lambda done: self.bar.show_progress(min(done, self._total), self._total))
        self.work.finished.connect(self._finish)
        self.work.failed.connect(self._fail)

    @property
    def _kind(self) -> str:
        return str(self.kind.currentData())

    def _change_kind(self) -> None:
        path = Path(self.path.text())
        if path.suffix.lstrip(".") in KINDS:
            self.path.setText(str(path.with_suffix(f".{self._kind}")))
        self._show_choices()

    def _show_choices(self) -> None:
        """What can be chosen for this format, and how large the picture gets."""
        picture = self._kind in ("svg", "png", "pdf")
        self.area.setEnabled(picture)
        self.colours.setEnabled(picture)
        self.scale.setEnabled(self._kind == "png")
        drawing = self._drawing() if picture else None
        if drawing is None:
            self.size_line.say(f"{len(self._graph.nodes):,} nodes and {len(self._graph.edges):,} wires, folded or not.")
            return
        if self._kind == "png":
            size, _, remark = png_size(drawing.page, drawing.scale)
            self.size_line.say(f"{size.width():,} × {size.height():,} pixels. {remark}".strip())
        else:
            self.size_line.say(f"{drawing.page.width():,.0f} × {drawing.page.height():,.0f} units. Text stays text.")

    def _drawing(self) -> Drawing | None:
        colours = DARK if self.colours.current() == "dark" else LIGHT
        return self._draw(self.area.current() == "view", colours, self.scale.value())

    def _browse(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Export the graph", self.path.text(), f"*.{self._kind}")
        if path:
            self.path.setText(path)

    def _write(self) -> None:
        path, kind, graph = Path(os.path.expanduser(self.path.text())), self._kind, self._graph  # noqa: PTH111 - never raises
        drawing = self._drawing() if kind in ("svg", "png", "pdf") else None
        if kind in ("svg", "png", "pdf") and drawing is None:
            self.told.say("There is no picture to export: run the model first.", "failure")
            return

        def job(tick: Tick) -> str:
            if drawing is not None:
                return write_drawing(drawing, cast("Kind", kind), path, tick)
            write_whole(path, dot_text(graph) if kind == "dot" else json_bytes(graph))
            return ""

        self._total = drawing.steps if drawing is not None else 0
        self.told.say("")
        self.bar.setVisible(True)
        self.bar.show_progress(0, self._total)
        self._writes = True
        self.write.setEnabled(False)
        self.work.start(job)

    def _finish(self, remark: str) -> None:
        self._end()
        self.told.say(f"Written: {self.path.text()}. {remark}".strip(), "good")

    def _fail(self, why: str) -> None:
        self._end()
        if why:
            self.told.say(f"{self.path.text()} could not be written: {why}. Choose another place.", "failure")
        else:
            self.told.say("Cancelled; nothing was written.", "dimmed")

    def _end(self) -> None:
        self._writes = False
        self.bar.setVisible(False)
        self.write.setEnabled(True)
        if self._closes:
            self.close()
