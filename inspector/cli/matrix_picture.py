"""A confusion matrix drawn with Pillow, for the command line, which has no Qt."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

CELL = 44
MARGIN = 8
MAX_LABEL = 160
LONGEST_SIDE = 4000  # of the cells together, unless there are more classes
# White to a deep blue, so that a grey print reads too.
LIGHT, DEEP = (247, 250, 255), (8, 69, 148)


def matrix_picture(classes: tuple[str, ...], matrix: tuple[tuple[int, ...], ...]) -> Image.Image:
    """Counts in cells coloured by their share of their row; rows are true classes, columns predicted ones."""
    font = ImageFont.load_default(13)
    cell = max(1, min(CELL, LONGEST_SIDE // max(1, len(classes))))
    names = [_elided(name, font) for name in classes]
    labels = max((round(font.getlength(name)) for name in names), default=0) + 2 * MARGIN
    head = labels + 20
    size = len(classes) * cell
    picture = Image.new("RGB", (labels + 24 + size + MARGIN, head + size + MARGIN), "white")
    draw = ImageDraw.Draw(picture)
    left, top = labels + 24, head
    draw.text((left + size / 2, MARGIN), "predicted", fill="black", font=font, anchor="ma")
    picture.paste(_turned("true", font), (MARGIN, top + max(0, size // 2 - 20)))
    shares = _shares(matrix, len(classes))
    picture.paste(_cells(shares).resize((size, size), Image.Resampling.NEAREST), (left, top))
    for i, (name, row) in enumerate(zip(names, matrix, strict=True)):
        if cell >= 14:
            draw.text((left - MARGIN, top + (i + 0.5) * cell), name, fill="black", font=font, anchor="rm")
            turned = _turned(name, font)
            picture.paste(turned, (round(left + (i + 0.5) * cell - turned.width / 2), top - MARGIN - turned.height))
        for j, count in enumerate(row if cell >= 24 else ()):
            if count:
                colour = "white" if shares[i, j] > 0.55 else "black"
                middle = (left + (j + 0.5) * cell - 0.5, top + (i + 0.5) * cell - 0.5)
                draw.text(middle, str(count), fill=colour, font=font, anchor="mm")
    return picture


def _shares(matrix: tuple[tuple[int, ...], ...], num_classes: int) -> NDArray[np.float64]:
    """Of each count in its row, (K, K)."""
    counts = np.array(matrix, np.float64).reshape(num_classes, num_classes)
    shares: NDArray[np.float64] = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return shares


def _cells(shares: NDArray[np.float64]) -> Image.Image:
    """A pixel for each share."""
    light, deep = np.array(LIGHT, np.float32), np.array(DEEP, np.float32)
    return Image.fromarray(np.rint(light + (deep - light) * shares[..., None].astype(np.float32)).astype(np.uint8))


def _elided(name: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    text = name
    while font.getlength(text) > MAX_LABEL:
        text = text.removesuffix("…")[:-1] + "…"
    return text


def _turned(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> Image.Image:
    width = round(font.getlength(text)) + 2
    label = Image.new("RGB", (width, 18), "white")
    ImageDraw.Draw(label).text((0, 0), text, fill="black", font=font)
    return label.rotate(90, expand=True)
