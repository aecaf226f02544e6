"""Where the labels come from: folders, names with a pattern, or a CSV."""

from collections.abc import Sequence

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import QComboBox, QFileDialog, QHBoxLayout, QLineEdit, QWidget

from inspector.core.labels import compile_pattern
from inspector.gui.parts import Popover, PushButton, SegmentedButtons, Sentence, named
from inspector.protocol.evaluation import LabelRule

TYPING_MS = 400


class LabelsPopover(Popover):
    """Changes are asked for at once, so that the panel shows what they find.

    Signals:
        rule_changed: a LabelRule.
    """

    rule_changed = Signal(object)

    def __init__(self, parent: QWidget) -> None:
        super().__init__("confusion_labels_popover", "Where the labels come from", parent)
        self._rule = LabelRule()
        self.source = SegmentedButtons(
            (("auto", "Auto"), ("folders", "Folders"), ("names", "Names"), ("csv", "CSV")),
            "confusion_label_source",
            "Where the labels come from",
            {
                "auto": "A CSV that names the images, else class folders, else file names",
                "folders": "The name of the folder that an image lies in",
                "names": "A part of each file's name",
                "csv": "A table of images and labels",
            },
        )
        self.pattern = named(
            QComboBox(), "confusion_pattern", "Label pattern", "A regular expression; its first group is the label"
        )
        self.pattern.setEditable(True)
        self.pattern.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.pattern.setMinimumWidth(260)
        self.csv_path = named(QLineEdit(), "confusion_csv", "CSV of labels")
        self.csv_path.setPlaceholderText("found in the folder")
        self.choose_csv = PushButton("Choose…", "confusion_choose_csv", "Choose a CSV of labels")
        self.sentence = Sentence("confusion_labels_problem", "What the labels rule means", "dimmed", small=True)
        self._csv_row = named(QWidget(), "confusion_csv_row", "CSV of labels")
        row = QHBoxLayout(self._csv_row)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        row.addWidget(self.csv_path, 1)
        row.addWidget(self.choose_csv)
        for part in (self.source, self.pattern, self._csv_row, self.sentence):
            self.column.addWidget(part)
        self.setFixedWidth(320)
        self._timer = QTimer(self, singleShot=True, interval=TYPING_MS)
        self._timer.timeout.connect(self._read)
        self.source.chosen.connect(self._read)
        self.pattern.editTextChanged.connect(lambda _text: self._timer.start())
        self.csv_path.editingFinished.connect(self._read)
        self.choose_csv.clicked.connect(self._choose_csv)
        self._fit()

    def show_rule(self, rule: LabelRule, patterns: Sequence[str]) -> None:
        """Show the rule in force and the patterns that fit the names."""
        if self._timer.isActive():
            return
        self._rule = rule
        blocked = self.pattern.blockSignals(True)
        wanted = [*dict.fromkeys([*([rule.pattern] if rule.pattern else []), *patterns])]
        if [self.pattern.itemText(place) for place in range(self.pattern.count())] != wanted:
            self.pattern.clear()
            self.pattern.addItems(wanted)
        self.pattern.setEditText(rule.pattern or (wanted[0] if wanted else ""))
        self.pattern.blockSignals(blocked)
        self.csv_path.setText(rule.csv_path)
        self.source.choose(rule.source)
        self._fit()

    def _fit(self) -> None:
        source = self.source.current()
        self.pattern.setVisible(source == "names")
        self._csv_row.setVisible(source == "csv")
        says = {
            "auto": "A CSV that names the images, else class folders, else the file names.",
            "folders": "Each image has the name of its folder.",
            "names": "A regular expression; its first group is the label: img_C1_07 is C1.",
            "csv": "Columns are found by name: path or file, and label or class.",
        }
        self.sentence.say(says[source], "dimmed")
        self.adjustSize()

    def _read(self) -> None:
        self._timer.stop()
        self._fit()
        source = self.source.current()
        pattern = self.pattern.currentText().strip() if source == "names" else ""
        if pattern:
            try:
                compile_pattern(pattern)
            except ValueError as error:
                self.sentence.say(str(error), "warning")
                return
        rule = LabelRule(
            source=source,  # type: ignore[arg-type]  # the choices are LabelSource's own words
            pattern=pattern,
            csv_path=self.csv_path.text().strip() if source == "csv" else "",
        )
        if rule != self._rule:
            self._rule = rule
            self.rule_changed.emit(rule)

    def _choose_csv(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "Labels", "", "Tables (*.csv *.tsv);;All files (*)")
        if path:
            self.csv_path.setText(path)
            self._read()
