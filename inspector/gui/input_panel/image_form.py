"""Pictures from files, and how they are prepared."""

from collections.abc import Sequence
from pathlib import PurePath

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from inspector.core.presets import PRESETS, apply_preset, preset_of
from inspector.gui.input_panel.fields import choice
from inspector.gui.input_panel.in_force import preprocess_text
from inspector.gui.input_panel.preprocess_form import PreprocessForm
from inspector.gui.parts import ElidedLabel, Fold, IconButton, PushButton, Sentence, named, plain_tip
from inspector.gui.theme import SMALL, theme, theme_source
from inspector.protocol.inputs import Preprocess

_OWN = "own steps"
_ROW = 20
_MAX_ROWS = 3


class ImageForm(QWidget):
    """The files, the preset, what is in force, and every step of it behind a fold.

    Signals:
        paths_changed: a tuple of paths, after one was taken off the list.
        preprocess_changed: a Preprocess.
        open_requested: the user wants to choose files.
    """

    paths_changed = Signal(object)
    preprocess_changed = Signal(object)
    open_requested = Signal()

    def __init__(self) -> None:
        super().__init__()
        named(self, "input_images", "Images")
        self._paths: tuple[str, ...] = ()
        self._preprocess = Preprocess()
        self._make_fields()
        self._place_fields()
        self.open_button.clicked.connect(self.open_requested)
        self.clear_button.clicked.connect(lambda: self._take_off(range(len(self._paths))))
        self.preset.activated.connect(self._choose_preset)
        self.steps.changed.connect(self._change)
        self.files.removed.connect(self._take_off)
        self._say_preprocess()
        self._restyle()
        theme_source().changed.connect(self._restyle)

    def show_paths(self, paths: Sequence[str]) -> None:
        """Show the files in their order."""
        if tuple(paths) == self._paths and self.files.count() == len(paths):
            return
        self._paths = tuple(paths)
        self.files.clear()
        for path in self._paths:
            item = QListWidgetItem(PurePath(path).name)
            item.setToolTip(plain_tip(path))
            item.setSizeHint(QSize(40, _ROW))
            self.files.addItem(item)
        self.files.setVisible(bool(self._paths))
        self.files.setFixedHeight(min(len(self._paths), _MAX_ROWS) * _ROW + 4)
        self.clear_button.setVisible(bool(self._paths))
        self.hint.say("" if self._paths else "Drop images here, or choose some. Several make one batch.")

    def paths(self) -> tuple[str, ...]:
        """The files that are listed."""
        return self._paths

    def show_preprocess(self, preprocess: Preprocess) -> None:
        """Show the steps in force."""
        if preprocess != self._preprocess:
            self._preprocess = preprocess
            self.steps.show_preprocess(preprocess)
            self._say_preprocess()

    def _make_fields(self) -> None:
        self.open_button = PushButton("Choose images…", "input_open_images", "Choose images")
        self.preset = choice("input_preset", "Preset", (*PRESETS, _OWN), "Known ways to scale and normalise")
        self.preset.setMinimumContentsLength(len(next(iter(PRESETS))))
        self.clear_button = IconButton("mdi6.close", "input_clear_images", "Take all images off", "Take all images off")
        self.files = _FileList()
        self.hint = Sentence("input_images_hint", "How to choose images", "dimmed", small=True)
        self.in_force = ElidedLabel("input_in_force", "Preprocessing in force", "dimmed", small=True)
        self.in_force.set_elide_mode(Qt.TextElideMode.ElideRight)
        self.steps = PreprocessForm()
        self.fold = Fold("Steps", self.steps, "input_steps", "Every step of the preprocessing")

    def _place_fields(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        row = QHBoxLayout()
        row.setSpacing(4)
        row.addWidget(self.open_button)
        row.addWidget(self.preset, 1)
        row.addWidget(self.clear_button)
        column.addLayout(row)
        column.addWidget(self.hint)
        column.addWidget(self.files)
        column.addWidget(self.in_force)
        column.addWidget(self.fold)
        self.files.setVisible(False)
        self.clear_button.setVisible(False)
        self.hint.say("Drop images here, or choose some. Several make one batch.")

    def _say_preprocess(self) -> None:
        self.preset.setCurrentText(preset_of(self._preprocess) or _OWN)
        self.in_force.say(preprocess_text(self._preprocess))

    def _choose_preset(self) -> None:
        name = self.preset.currentText()
        if name == _OWN:
            self.fold.set_open(True)
            return
        self._change(apply_preset(self._preprocess, name))
        self.steps.show_preprocess(self._preprocess)

    def _change(self, preprocess: Preprocess) -> None:
        if preprocess == self._preprocess:
            return
        self._preprocess = preprocess
        self._say_preprocess()
        self.preprocess_changed.emit(preprocess)

    def _take_off(self, rows: Sequence[int]) -> None:
        gone = set(rows)
        paths = tuple(path for place, path in enumerate(self._paths) if place not in gone)
        self.show_paths(paths)
        self.paths_changed.emit(paths)

    def _restyle(self) -> None:
        colours = theme()
        self.files.setStyleSheet(
            f"QListWidget {{ background: {colours.raised}; border: 1px solid {colours.border}; border-radius: 4px;"
            f" font-size: {SMALL}px; padding: 1px; }}"
        )


class _FileList(QListWidget):
    """The names of the files; Delete takes the chosen ones off.

    Signals:
        removed: a list of rows.
    """

    removed = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        named(self, "input_files", "Images, one a row; Delete takes one off")
        self.setSelectionMode(QListWidget.SelectionMode.ExtendedSelection)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)

    def keyPressEvent(self, event: QKeyEvent) -> None:  # noqa: N802 - Qt's name
        """Delete takes off."""
        rows = sorted({index.row() for index in self.selectedIndexes()})
        if event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace) and rows:
            self.removed.emit(rows)
        else:
            super().keyPressEvent(event)
