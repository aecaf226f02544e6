"""A confusion matrix drawn with Pillow, for the command line, which has no Qt."""

from PIL import Image, ImageDraw, ImageFont

CELL = 44
MARGIN = 8
MAX_LABEL = 160
# White to a deep blue, so that a grey print reads too.
LIGHT, DEEP = (247, 250, 255), (8, 69, 148)


def matrix_picture(classes: tuple[str, ...], matrix: tuple[tuple[int, ...], ...]) -> Image.Image:
    """Counts in cells coloured by their share of their row; rows are true classes, columns predicted ones."""
    font = ImageFont.load_default(13)
    cell = max(6, min(CELL, 4000 // max(1, len(classes))))
    names = [_elided(name, font) for name in classes]
    labels = max((round(font.getlength(name)) for name in names), default=0) + 2 * MARGIN
    head = labels + 20
    size = len(classes) * cell
    picture = Image.new("RGB", (labels + 24 + size + MARGIN, head + size + MARGIN), "white")
    draw = ImageDraw.Draw(picture)
    left, top = labels + 24, head
    draw.text((left + size / 2, MARGIN), "predicted", fill="black", font=font, anchor="ma")
    picture.paste(_turned("true", font), (MARGIN, top + max(0, size // 2 - 20)))
    for i, (name, row) in enumerate(zip(names, matrix, strict=True)):
        if cell >= 14:
            draw.text((left - MARGIN, top + (i + 0.5) * cell), name, fill="black", font=font, anchor="rm")
            turned = _turned(name, font)
            picture.paste(turned, (round(left + (i + 0.5) * cell - turned.width / 2), top - MARGIN - turned.height))
        total = max(1, sum(row))
        for j, count in enumerate(row):
            box = (left + j * cell, top + i * cell, left + (j + 1) * cell - 1, top + (i + 1) * cell - 1)
            share = count / total
            draw.rectangle(box, fill=_mixed(share))
            if cell >= 24 and count:
                colour = "white" if share > 0.55 else "black"
                middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
                draw.text(middle, str(count), fill=colour, font=font, anchor="mm")
    return picture


def _mixed(share: float) -> tuple[int, int, int]:
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(LIGHT, DEEP, strict=True))
    return red, green, blue


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
