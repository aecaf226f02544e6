"""Puts an appearance in force: style, fonts, palette, style sheet; follows the system where that is the choice."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtGui import QFont, QFontDatabase, QGuiApplication
from PySide6.QtWidgets import QApplication

from inspector.gui.settings import ThemeChoice
from inspector.gui.style_sheet import palette, style_sheet
from inspector.gui.theme import DARK, LIGHT, NORMAL, Theme, theme_source

# The first of these that is there; one with tabular figures and a large x-height reads best at 11 and 13 px.
FAMILIES = (
    "Inter",
    "Inter Variable",
    "SF Pro Text",
    "Segoe UI Variable Text",
    "Segoe UI",
    "Cantarell",
    "Ubuntu Sans",
    "Ubuntu",
    "Noto Sans",
    "Open Sans",
    "Roboto",
    "Liberation Sans",
    "DejaVu Sans",
)
TABULAR = QFont.Tag("tnum")  # figures of one width, so that numbers below each other line up
_STYLED = "inspector_styled"


def load_fonts(folder: Path) -> None:
    """Make the fonts that come with the app known to Qt."""
    for path in sorted(folder.glob("*.[ot]tf")):
        QFontDatabase.addApplicationFont(str(path))


def apply_theme(app: QApplication, choice: ThemeChoice) -> Theme:
    """Put light, dark or the system's choice in force, and tell every widget that paints with the theme's colours."""
    colours = prepare_theme(app, choice)
    app.setStyleSheet(style_sheet(colours))
    theme_source().changed.emit()
    return colours


def prepare_theme(app: QApplication, choice: ThemeChoice) -> Theme:
    """All but the style sheet and the telling: what widgets that are about to be made need.

    Widgets are made and put together before the style sheet is set, as each would be polished anew at every step.
    """
    _ask_system(choice)
    colours = _chosen(choice)
    if app.property(_STYLED) is None:  # to set the style again would polish every widget twice
        app.setProperty(_STYLED, True)
        app.setStyle("Fusion")
        app.setFont(ui_font())
    theme_source().current = colours
    app.setPalette(palette(colours))
    return colours


def ui_font() -> QFont:
    """The one type family, in the normal size, with figures of one width."""
    there = set(QFontDatabase.families())
    font = QFont(QGuiApplication.font())
    chosen = [family for family in FAMILIES if family in there]
    if chosen:
        font.setFamilies(chosen)
    font.setPixelSize(NORMAL)
    font.setFeature(TABULAR, 1)
    return font


def _ask_system(choice: ThemeChoice) -> None:
    """Window frames and native dialogs follow too, where this Qt can say so (6.8)."""
    hints = QGuiApplication.styleHints()
    scheme = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(choice, Qt.ColorScheme.Unknown)
    if hasattr(hints, "setColorScheme"):
        hints.setColorScheme(scheme)


def _chosen(choice: ThemeChoice) -> Theme:
    if choice == "system":
        return DARK if QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark else LIGHT
    return DARK if choice == "dark" else LIGHT
