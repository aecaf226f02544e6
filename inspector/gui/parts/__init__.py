"""Small widgets that several panels share: segmented buttons, sentences, pictures, icon buttons, number fonts.

Must not know the window's state, nor what any panel is about.
"""

from inspector.gui.parts.buttons import IconButton, PushButton
from inspector.gui.parts.column import ScrolledColumn
from inspector.gui.parts.fold import Fold
from inspector.gui.parts.fonts import number_font, small_font
from inspector.gui.parts.naming import named
from inspector.gui.parts.number_box import NumberBox
from inspector.gui.parts.picture import PictureView, to_image
from inspector.gui.parts.popover import Popover
from inspector.gui.parts.segmented import SegmentedButtons
from inspector.gui.parts.sentence import ElidedLabel, Sentence
from inspector.gui.parts.slider import NumberSlider
from inspector.gui.parts.table import ROW_HEIGHT, PlainTable, cell_side
from inspector.gui.parts.tip import plain_tip

__all__ = [
    "ROW_HEIGHT",
    "ElidedLabel",
    "Fold",
    "IconButton",
    "NumberBox",
    "NumberSlider",
    "PictureView",
    "PlainTable",
    "Popover",
    "PushButton",
    "ScrolledColumn",
    "SegmentedButtons",
    "Sentence",
    "cell_side",
    "named",
    "number_font",
    "plain_tip",
    "small_font",
    "to_image",
]
