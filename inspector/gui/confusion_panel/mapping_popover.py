"""Which output of the model each class of the folder stands for."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHeaderView, QTableWidget, QTableWidgetItem, QWidget

from inspector.gui.parts import Popover, PushButton, Sentence, named, plain_tip


class MappingPopover(Popover):
    """A row a class; its output can be typed. Emptied, the class has none, and all its images count as wrong.

    Signals:
        mapping_changed: a dict of class → output index; empty to go back to the proposal.
    """

    mapping_changed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__("confusion_mapping_popover", "Which output each class stands for", parent)
        self.sentence = Sentence("confusion_mapping_sentence", "What the mapping is", "dimmed", small=True)
        self.table = named(QTableWidget(0, 3), "confusion_mapping", "Class, output index, name of the output")
        self.table.setHorizontalHeaderLabels(["class", "output", "called"])
        self.table.verticalHeader().setVisible(False)
        self.table.setShowGrid(False)
        self.table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.table.horizontalHeader().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.horizontalHeader().setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.table.setColumnWidth(1, 56)
        self.reset = PushButton("As proposed", "confusion_mapping_reset", "Go back to the proposed mapping")
        self.column.addWidget(self.sentence)
        self.column.addWidget(self.table, 1)
        self.column.addWidget(self.reset)
        self.setFixedSize(340, 300)
        self._names: tuple[str, ...] = ()
        self._num_outputs: int | None = None
        self.sentence.say("The output index of each class. Type another to change it; empty for none.")
        self.table.itemChanged.connect(self._edited)
        self.reset.clicked.connect(lambda: self.mapping_changed.emit({}))

    def show_mapping(
        self, classes: Sequence[str], mapping: Mapping[str, int], names: Sequence[str], num_outputs: int | None
    ) -> None:
        """Show the mapping in force; `names` are the outputs' own."""
        self._names, self._num_outputs = tuple(names), num_outputs
        blocked = self.table.blockSignals(True)
        self.table.setRowCount(len(classes))
        for row, name in enumerate(classes):
            output = mapping.get(name, -1)
            called = self._names[output] if 0 <= output < len(self._names) else ""
            for column, text in enumerate((name, str(output) if output >= 0 else "", called)):
                item = QTableWidgetItem(text)
                if column != 1:
                    item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
                    item.setToolTip(plain_tip(text))
                self.table.setItem(row, column, item)
        self.table.blockSignals(blocked)

    def _edited(self, item: QTableWidgetItem) -> None:
        text = item.text().strip()
        beyond = self._num_outputs is not None and text.isdecimal() and int(text[:9]) >= self._num_outputs
        if text and (not text.isdecimal() or len(text) > 9 or beyond):
            last = "" if self._num_outputs is None else f" to {self._num_outputs - 1}"
            self.sentence.say(f"“{text[:20]}” is no output: type a number from 0{last}, or nothing.", "warning")
            return
        self.sentence.say("The output index of each class. Type another to change it; empty for none.", "dimmed")
        mapping: dict[str, int] = {}
        for row in range(self.table.rowCount()):
            name, output = self.table.item(row, 0), self.table.item(row, 1)
            if name is not None and output is not None:
                written = output.text().strip()
                mapping[name.text()] = int(written) if written.isdecimal() else -1
        self.mapping_changed.emit(mapping)
