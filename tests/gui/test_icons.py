"""Icons from a font."""

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage

from inspector.gui.actions import ACTIONS
from inspector.gui.parts.icons import IconColours, draw_icon

RED_AND_BLUE = IconColours("#FF0000", "#0000FF")


def picture_of(icon: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal) -> QImage:
    return icon.pixmap(QSize(18, 18), 1.0, mode).toImage()


def strongest(picture: QImage) -> QColor:
    colours = [picture.pixelColor(x, y) for x in range(picture.width()) for y in range(picture.height())]
    return max(colours, key=QColor.alpha)


@pytest.mark.parametrize("name", sorted({row.icon for row in ACTIONS if row.icon} | {"ph.x", "mdi6.content-copy"}))
def test_every_icon_has_a_drawing_in_the_colour_of_its_mode(qapp, name):
    icon = draw_icon(name, RED_AND_BLUE)
    shown = strongest(picture_of(icon))
    assert shown.alpha() > 128
    assert shown.red() > shown.blue()
    greyed = strongest(picture_of(icon, QIcon.Mode.Disabled))
    assert greyed.blue() > greyed.red()


def test_icons_differ(qapp):
    names = sorted({row.icon for row in ACTIONS if row.icon})
    pictures = [bytes(picture_of(draw_icon(name, RED_AND_BLUE)).constBits()) for name in names]
    assert len(set(pictures)) == len(names)


def test_a_name_that_is_not_there_is_told(qapp):
    with pytest.raises(KeyError):
        draw_icon("ph.no-such-icon", RED_AND_BLUE)
