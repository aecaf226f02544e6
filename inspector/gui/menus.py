"""The menu bar, filled from the table of actions, and the submenus that are not in it."""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PySide6.QtGui import QAction, QActionGroup
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

from inspector.gui.actions import DEPTHS, EXPORTS, MENUS
from inspector.gui.lessons import Lesson
from inspector.gui.parts import named
from inspector.places import Sample


def fill_menu_bar(bar: QMenuBar, actions: Mapping[str, QAction], submenus: Mapping[str, QMenu]) -> None:
    """All menus of the table."""
    named(bar, "menu_bar", "Menus")
    for title, rows in MENUS.items():
        menu = bar.addMenu(title)
        named(menu, f"menu_{title.replace('&', '').casefold()}", title.replace("&", ""))
        for row in rows:
            if row == "-":
                menu.addSeparator()
            elif row in submenus:
                menu.addMenu(submenus[row])
            else:
                menu.addAction(actions[row])


def samples_menu(parent: QWidget, samples: Sequence[Sample], chosen: Callable[[Sample], None]) -> QMenu:
    """The samples, a submenu a group."""
    menu = named(QMenu("Open Sa&mple", parent), "menu_samples", "Samples")
    menu.setEnabled(bool(samples))
    for group in dict.fromkeys(sample.group for sample in samples):
        inner = menu.addMenu(group or "Samples")
        inner.setToolTipsVisible(True)
        for sample in samples:
            if sample.group == group:
                action = inner.addAction(sample.title.replace("&", "&&"))
                action.setToolTip(sample.sentence)
                action.triggered.connect(lambda _checked=False, sample=sample: chosen(sample))
    return menu


def lesson_menus(
    parent: QWidget, groups: Mapping[str, Sequence[Lesson]], chosen: Callable[[Lesson], None], *, enabled: bool
) -> dict[str, QMenu]:
    """The lessons, a submenu a group, by the names that the table of menus has for them."""
    made: dict[str, QMenu] = {}
    for number, (group, lessons) in enumerate(groups.items()):
        menu = named(QMenu(group.replace("&", "&&"), parent), f"menu_lessons_{number}", group)
        menu.setEnabled(enabled)
        for lesson in lessons:
            action = menu.addAction(lesson.title.replace("&", "&&"))
            action.triggered.connect(lambda _checked=False, lesson=lesson: chosen(lesson))
        made[f"lessons_{number}:"] = menu
    return made


def depths_menu(parent: QWidget, actions: Mapping[str, QAction]) -> QMenu:
    """How deep the graph is unfolded."""
    menu = named(QMenu("Fold to &Depth", parent), "menu_depths", "Fold to depth")
    for row in DEPTHS:
        menu.addAction(actions[row.name])
    return menu


def exports_menu(parent: QWidget, actions: Mapping[str, QAction]) -> QMenu:
    """The graph as a file."""
    menu = named(QMenu("&Export Graph", parent), "menu_exports", "Export graph")
    for row in EXPORTS:
        menu.addAction(actions[row.name])
    return menu


def panels_menu(parent: QWidget, toggles: Sequence[QAction]) -> QMenu:
    """The panels, to be shown and hidden."""
    menu = named(QMenu("&Panels", parent), "menu_panels", "Panels")
    for toggle in toggles:
        menu.addAction(toggle)
    return menu


def fill_recent(menu: QMenu, paths: Sequence[str], chosen: Callable[[str], None], forget: Callable[[], None]) -> None:
    """The recent files; those that are gone are dimmed."""
    menu.clear()
    for path in paths:
        action = menu.addAction(f"{Path(path).name}   {Path(path).parent}".replace("&", "&&"))
        action.setEnabled(os.path.exists(path))  # noqa: PTH110 - never raises, however long the name is
        action.triggered.connect(lambda _checked=False, path=path: chosen(path))
    if paths:
        menu.addSeparator()
        menu.addAction("Clear List").triggered.connect(lambda _checked=False: forget())
    else:
        menu.addAction("No file was opened yet").setEnabled(False)


def choice_menu(
    parent: QWidget, title: str, name: str, choices: Sequence[tuple[str, str]], chosen: Callable[[str], None]
) -> QMenu:
    """Keys with their words, one of which is in force."""
    menu = named(QMenu(title, parent), name, title.replace("&", ""))
    group = QActionGroup(menu)
    for key, text in choices:
        action = menu.addAction(text)
        action.setData(key)
        action.setCheckable(True)
        group.addAction(action)
        action.triggered.connect(lambda _checked=False, key=key: chosen(key))
    return menu


def choose(menu: QMenu, key: str) -> None:
    """Mark the choice in force."""
    for action in menu.actions():
        action.setChecked(action.data() == key)
