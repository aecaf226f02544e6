"""The style sheet and the palette of an appearance: flat, calm, on a grid of 4 px.

Must not know the application's widgets by anything but their classes and object names.
"""

from pathlib import Path

from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QDoubleSpinBox, QSpinBox, QWidget

from inspector.gui.theme import SMALL, Theme

# Greys that are readable on both appearances, so that one drawing serves light and dark.
ICONS = Path(__file__).resolve().parent / "icons"


def palette(colours: Theme) -> QPalette:
    """The palette, for everything that a style sheet does not reach."""
    made = QPalette()
    roles = QPalette.ColorRole
    for role, colour in {
        roles.Window: colours.window,
        roles.WindowText: colours.text,
        roles.Base: colours.panel,
        roles.AlternateBase: colours.raised,
        roles.ToolTipBase: colours.card,
        roles.ToolTipText: colours.text,
        roles.Text: colours.text,
        roles.PlaceholderText: colours.faint,
        roles.Button: colours.raised,
        roles.ButtonText: colours.text,
        roles.BrightText: colours.failure,
        roles.Highlight: colours.selection,
        roles.HighlightedText: colours.text,
        roles.Link: colours.accent,
        roles.Light: colours.raised,
        roles.Midlight: colours.raised,
        roles.Mid: colours.border,
        roles.Dark: colours.border,
        roles.Shadow: colours.border,
        roles.Accent: colours.accent,
    }.items():
        made.setColor(role, QColor(colour))
    for role in (roles.WindowText, roles.Text, roles.ButtonText, roles.HighlightedText):
        made.setColor(QPalette.ColorGroup.Disabled, role, QColor(colours.faint))
    return made


def inset_spin_boxes(window: QWidget) -> None:
    """Give the text of spin boxes room on its left: Qt lets their inner field ignore the style sheet's padding."""
    for box in window.findChildren(QSpinBox):
        box.lineEdit().setTextMargins(6, 0, 0, 0)
    for box_of_floats in window.findChildren(QDoubleSpinBox):
        box_of_floats.lineEdit().setTextMargins(6, 0, 0, 0)


def on_accent(colours: Theme) -> str:
    """The colour of text on the accent."""
    return "#0B1420" if colours.dark else "#FFFFFF"


def style_sheet(colours: Theme) -> str:
    """All of it."""
    return "\n".join((_frame(colours), _buttons(colours), _fields(colours), _lists(colours), _bars(colours)))


def _icon(name: str) -> str:
    return f'url("{(ICONS / name).as_posix()}.svg")'


def _frame(c: Theme) -> str:
    return f"""
QMainWindow, QDialog {{ background: {c.window}; }}
QMainWindow::separator {{ background: {c.window}; width: 6px; height: 6px; }}
QMainWindow::separator:hover {{ background: {c.selection}; }}
QDockWidget {{ color: {c.text}; font-size: {SMALL}px; }}
#dock_modules > QWidget, #dock_findings > QWidget, #dock_node > QWidget, #dock_input > QWidget,
#dock_outputs > QWidget, #dock_confusion > QWidget, #dock_measures > QWidget,
#dock_training > QWidget, #dock_comparison > QWidget {{ background: {c.panel}; }}
QDockWidget QScrollArea > QWidget > QWidget {{ background: {c.panel}; }}
QSplitter::handle {{ background: {c.border}; }}
QSplitter::handle:horizontal {{ width: 1px; }}
QSplitter::handle:vertical {{ height: 1px; }}
QToolTip {{ background: {c.card}; color: {c.text}; border: 1px solid {c.border}; padding: 4px 6px; }}
QToolBar {{ background: {c.panel}; border: none; border-bottom: 1px solid {c.border}; padding: 5px 8px; spacing: 4px; }}
QToolBar::separator {{ background: {c.border}; width: 1px; margin: 6px 6px; }}
QStatusBar {{ background: {c.panel}; color: {c.dimmed}; border-top: 1px solid {c.border}; min-height: 26px; }}
QStatusBar::item {{ border: none; }}
QStatusBar QLabel {{ color: {c.dimmed}; font-size: {SMALL}px; }}
QMenuBar {{ background: {c.panel}; color: {c.text}; padding: 2px 6px; }}
QMenuBar::item {{ background: transparent; padding: 4px 8px; border-radius: 4px; }}
QMenuBar::item:selected {{ background: {c.selection}; }}
QMenu {{ background: {c.card}; color: {c.text}; border: 1px solid {c.border}; padding: 4px; }}
QMenu::item {{ padding: 5px 28px 5px 24px; border-radius: 4px; }}
QMenu::item:selected {{ background: {c.selection}; }}
QMenu::item:disabled {{ color: {c.faint}; }}
QMenu::separator {{ height: 1px; background: {c.border}; margin: 4px 8px; }}
QMenu::icon {{ padding-left: 6px; }}
QMenu::indicator {{ width: 12px; height: 12px; margin-left: 8px; }}
QMenu::indicator:checked {{ image: {_icon("check_menu")}; }}
"""


def _buttons(c: Theme) -> str:
    return f"""
QPushButton {{ background: {c.raised}; color: {c.text}; border: 1px solid {c.border}; border-radius: 5px;
    padding: 5px 12px; }}
QPushButton:hover {{ border-color: {c.accent}; }}
QPushButton:pressed {{ background: {c.selection}; }}
QPushButton:focus {{ border-color: {c.accent}; }}
QPushButton:disabled {{ color: {c.faint}; border-color: {c.border}; }}
QToolButton {{ background: transparent; color: {c.text}; border: 1px solid transparent; border-radius: 5px;
    padding: 3px 6px; }}
QToolButton:hover {{ background: {c.raised}; border-color: {c.border}; }}
QToolButton:pressed {{ background: {c.selection}; }}
QToolButton:checked {{ background: {c.selection}; border-color: transparent; }}
QToolButton:focus {{ border-color: {c.accent}; }}
QToolButton:disabled {{ color: {c.faint}; }}
QToolBar QToolButton {{ min-height: 20px; min-width: 20px; }}
QToolBar QLineEdit QToolButton {{ min-height: 0; min-width: 0; padding: 0; }}
QToolBar QToolButton#qt_toolbar_ext_button {{ min-width: 12px; padding: 0; }}
QToolBar QToolButton#run_button {{ background: {c.accent}; color: {on_accent(c)}; border-color: {c.accent};
    padding: 3px 12px 3px 8px; font-weight: 600; }}
QToolBar QToolButton#run_button:hover {{ border-color: {c.text}; }}
QToolBar QToolButton#run_button:disabled {{ background: {c.raised}; color: {c.faint}; border-color: {c.border}; }}
QCheckBox, QRadioButton {{ spacing: 6px; background: transparent; }}
QCheckBox::indicator, QRadioButton::indicator {{ width: 14px; height: 14px; border: 1px solid {c.faint};
    background: {c.panel}; }}
QCheckBox::indicator {{ border-radius: 4px; }}
QRadioButton::indicator {{ border-radius: 8px; }}
QCheckBox::indicator:hover, QRadioButton::indicator:hover {{ border-color: {c.accent}; }}
QCheckBox::indicator:checked {{ background: {c.accent}; border-color: {c.accent}; image: {_icon("check")}; }}
QRadioButton::indicator:checked {{ background: {c.accent}; border: 4px solid {c.panel}; }}
QCheckBox::indicator:disabled {{ border-color: {c.border}; }}
"""


def _fields(c: Theme) -> str:
    return f"""
QLineEdit, QPlainTextEdit, QTextEdit, QSpinBox, QDoubleSpinBox, QComboBox {{
    background: {c.panel}; color: {c.text}; border: 1px solid {c.border}; border-radius: 5px;
    selection-background-color: {c.selection}; selection-color: {c.text}; }}
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox {{ padding: 3px 7px; min-height: 18px; }}
QAbstractSpinBox QLineEdit, QComboBox QLineEdit {{ border: none; padding: 0 0 0 4px; min-height: 0;
    background: transparent; }}
QComboBox {{ background: {c.raised}; padding-right: 20px; }}
QLineEdit:hover, QSpinBox:hover, QDoubleSpinBox:hover, QComboBox:hover {{ border-color: {c.faint}; }}
QLineEdit:focus, QPlainTextEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {{
    border-color: {c.accent}; }}
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {{
    color: {c.faint}; background: {c.raised}; }}
QComboBox::drop-down {{ border: none; width: 20px; }}
QComboBox::down-arrow {{ image: {_icon("chevron_down")}; width: 12px; height: 12px; }}
QComboBox QAbstractItemView {{ background: {c.card}; color: {c.text}; border: 1px solid {c.border}; padding: 4px;
    outline: none; selection-background-color: {c.selection}; selection-color: {c.text}; }}
QSpinBox::up-button, QDoubleSpinBox::up-button {{ border: none; width: 16px; subcontrol-position: top right; }}
QSpinBox::down-button, QDoubleSpinBox::down-button {{ border: none; width: 16px;
    subcontrol-position: bottom right; }}
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow {{ image: {_icon("chevron_up")}; width: 10px; height: 10px; }}
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow {{ image: {_icon("chevron_down")}; width: 10px; height: 10px; }}
"""


def _lists(c: Theme) -> str:
    return f"""
QAbstractItemView {{ background: {c.panel}; alternate-background-color: {c.raised}; color: {c.text}; border: none;
    outline: none; selection-background-color: {c.selection}; selection-color: {c.text}; }}
QTreeView::item {{ min-height: 24px; padding: 0 4px; border: none; }}
QTreeView::item:hover {{ background: {c.raised}; }}
QTreeView::item:selected {{ background: {c.selection}; color: {c.text}; }}
QTreeView::branch {{ background: transparent; }}
QTreeView::branch:selected {{ background: {c.selection}; }}
QTreeView::branch:has-children:closed {{ image: {_icon("chevron_right")}; }}
QTreeView::branch:has-children:open {{ image: {_icon("chevron_down")}; }}
QHeaderView {{ background: {c.panel}; }}
QHeaderView::section {{ background: {c.panel}; color: {c.dimmed}; font-size: {SMALL}px; border: none;
    border-bottom: 1px solid {c.border}; padding: 4px 6px; }}
QTableView {{ gridline-color: {c.border}; }}
QScrollArea {{ background: transparent; border: none; }}
QTabWidget::pane {{ border: none; }}
QTabBar {{ background: {c.window}; }}
QTabBar::tab {{ background: transparent; color: {c.dimmed}; padding: 5px 12px; border: none;
    border-bottom: 2px solid transparent; font-size: {SMALL + 1}px; }}
QTabBar::tab:hover {{ color: {c.text}; }}
QTabBar::tab:selected {{ color: {c.text}; border-bottom-color: {c.accent}; }}
"""


def _bars(c: Theme) -> str:
    return f"""
QScrollBar {{ background: transparent; border: none; margin: 0; }}
QScrollBar:vertical {{ width: 10px; }}
QScrollBar:horizontal {{ height: 10px; }}
QScrollBar::handle {{ background: {c.border}; border-radius: 3px; margin: 2px; }}
QScrollBar::handle:hover {{ background: {c.faint}; }}
QScrollBar::handle:vertical {{ min-height: 28px; }}
QScrollBar::handle:horizontal {{ min-width: 28px; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; border: none; background: none; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: none; }}
QProgressBar {{ background: {c.border}; border: none; border-radius: 2px; max-height: 4px; min-height: 4px; }}
QProgressBar::chunk {{ background: {c.accent}; border-radius: 2px; }}
QSlider::groove:horizontal {{ height: 4px; background: {c.border}; border-radius: 2px; }}
QSlider::sub-page:horizontal {{ background: {c.accent}; border-radius: 2px; }}
QSlider::handle:horizontal {{ background: {c.panel}; border: 1px solid {c.faint}; width: 12px; height: 12px;
    margin: -5px 0; border-radius: 7px; }}
QSlider::handle:horizontal:hover {{ border-color: {c.accent}; }}
QLabel {{ background: transparent; }}
"""
