"""A CSV as rows of cells: the delimiter is told from the rows, the encoding from the bytes."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from inspector.engine.errors import EngineError
from inspector.engine.evaluation.listing import is_image_name
from inspector.engine.formats.reading import read_whole

_MOST_BYTES = 256 * 1024 * 1024
_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_ROWS = 50
# Cells for each character of the file, once short rows are filled up: a table of empty cells has one.
_MOST_CELLS = 4


@dataclass(frozen=True)
class Table:
    """Rows of equal length. `header` is () when the first row holds an image already."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def read_table(path: str) -> Table:
    """Read a CSV of any usual delimiter.

    Raises:
        EngineError: it can't be read, is too large, or holds no table.
    """
    file = Path(path)
    text = _read_text(file)
    delimiter = _delimiter(text)
    try:
        rows = [
            tuple(cell.strip() for cell in row)
            for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
            if any(cell.strip() for cell in row)
        ]
    except csv.Error as error:
        raise EngineError(f"{file.name} is not a CSV that can be read: {error}.", "Save it again as CSV.") from None
    if not rows or len(rows[0]) < 2:
        raise EngineError(f"{file.name} holds no table with a column of images and one of labels.")
    width = len(rows[0])
    if width * len(rows) > _MOST_CELLS * len(text):
        raise EngineError(
            f"{file.name} holds no table: its first row has {width:,} cells, and most others have far fewer.",
            "Save it again as CSV.",
        )
    evened = tuple((row + ("",) * width)[:width] for row in rows)
    if any(is_image_name(cell) for cell in evened[0]):
        return Table((), evened)
    return Table(evened[0], evened[1:])


def _read_text(file: Path) -> str:
    raw = read_whole(str(file), _MOST_BYTES)
    for encoding in ("utf-8-sig", "utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"):
        try:
            return raw.decode(encoding)
        except UnicodeDecodeError:
            continue
    return raw.decode("latin-1")


def _delimiter(text: str) -> str:
    """The one that gives most columns, the same number in (nearly) every row; a comma when none does."""
    lines = [line for line in io.StringIO(text[:65536], newline="") if line.strip()][:_SAMPLE_ROWS]
    best, best_score = ",", 0.0
    for delimiter in _DELIMITERS:
        counts = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        if not counts or counts[0] < 2:
            continue
        share = sum(count == counts[0] for count in counts) / len(counts)
        score = share * (1 + counts[0] / 1000)
        if score > best_score:
            best, best_score = delimiter, score
    return best
