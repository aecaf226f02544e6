"""The appearance."""

import re

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from inspector.gui.appearance import apply_theme
from inspector.gui.style_sheet import ICONS, style_sheet
from inspector.gui.theme import DARK, KIND_COLOURS, LIGHT, Theme, theme, theme_source


def contrast(one: str, other: str) -> float:
    """The contrast of two colours after WCAG."""

    def luminance(name: str) -> float:
        colour = QColor(name)
        parts = [colour.redF(), colour.greenF(), colour.blueF()]
        linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_stands_out_from_what_it_stands_on(colours: Theme):
    for ground in (colours.window, colours.panel, colours.card, colours.raised):
        assert contrast(colours.text, ground) >= 7
        assert contrast(colours.dimmed, ground) >= 4.5
        assert contrast(colours.failure, ground) >= 4.5
        assert contrast(colours.warning, ground) >= 4.5


def test_red_is_for_failures_only():
    for colour in KIND_COLOURS.values():
        hue = QColor(colour).hsvHue()
        saturated = QColor(colour).hsvSaturation() > 120
        assert not (saturated and (hue < 12 or hue > 348)), colour


@pytest.mark.parametrize(("choice", "colours"), [("light", LIGHT), ("dark", DARK)])
def test_a_chosen_appearance_is_in_force_at_once(qapp: QApplication, qtbot, choice, colours):
    with qtbot.waitSignal(theme_source().changed):
        apply_theme(qapp, choice)
    assert theme() is colours
    assert qapp.palette().color(QPalette.ColorRole.Window) == QColor(colours.window)
    apply_theme(qapp, "light")
    qapp.setStyleSheet("")  # windows of later tests are made faster without


def test_every_picture_that_the_style_sheet_names_is_there():
    for name in re.findall(r'url\("([^"]+)"\)', style_sheet(LIGHT)):
        assert name.startswith(ICONS.as_posix())
        assert (ICONS / name.rpartition("/")[2]).is_file(), name
