"""The appearance."""

import re

import pytest
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from inspector.gui.appearance import apply_theme
from inspector.gui.confusion_panel.matrix_painting import number_ink
from inspector.gui.graph_view import painting
from inspector.gui.outputs_panel.answer import line_ink
from inspector.gui.outputs_panel.delegate import bar_ink
from inspector.gui.plots import colour_table
from inspector.gui.plots.colour_map import lightness
from inspector.gui.style_sheet import ICONS, on_accent, style_sheet
from inspector.gui.theme import DARK, KIND_COLOURS, LIGHT, Theme, mixed, theme, theme_source

READABLE = 4.5  # WCAG AA for small text


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
    grounds = (colours.window, colours.panel, colours.card, colours.raised, colours.canvas, colours.group)
    for ground in grounds:
        assert contrast(colours.text, ground) >= 7
        for ink in ("dimmed", "faint", "failure", "warning", "good", "accent"):
            assert contrast(getattr(colours, ink), ground) >= READABLE, (ink, ground)
    assert contrast(colours.text, colours.selection) >= 7
    assert contrast(colours.dimmed, colours.selection) >= READABLE
    assert contrast(on_accent(colours), colours.accent) >= READABLE


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_numbers_and_names_are_read_on_the_bars_behind_them(colours: Theme):
    assert contrast(colours.text, bar_ink(colours, fits=True)) >= READABLE
    assert contrast(colours.dimmed, bar_ink(colours, fits=False)) >= READABLE
    assert contrast(colours.text, line_ink(colours, first=True)) >= READABLE
    assert contrast(colours.dimmed, line_ink(colours, first=False)) >= READABLE


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_text_is_read_on_the_tinted_grounds_of_the_graph(colours: Theme):
    assert contrast(colours.failure, mixed(colours.card, colours.failure, painting.ALARM)) >= READABLE
    assert contrast(colours.accent, mixed(colours.card, colours.accent, painting.BADGE)) >= READABLE
    for kind in ("input", "output", "parameter"):  # the kinds that stand on pills and chips
        assert contrast(colours.faint, mixed(colours.card, KIND_COLOURS[kind], painting.PILL)) >= READABLE, kind


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_every_number_in_the_matrix_is_read_on_its_cell(dark: bool):
    table = colour_table(dark=dark)
    for tint, light in zip(table.tolist(), lightness(table).tolist(), strict=True):
        assert contrast(number_ink(light), QColor(*tint).name()) >= READABLE


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


def test_every_picture_that_the_style_sheet_names_is_there():
    for name in re.findall(r'url\("([^"]+)"\)', style_sheet(LIGHT)):
        assert name.startswith(ICONS.as_posix())
        assert (ICONS / name.rpartition("/")[2]).is_file(), name
