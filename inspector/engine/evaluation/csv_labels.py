"""Labels from a CSV that names images: its columns found by name, or by what stands in them."""

import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from inspector.engine.errors import EngineError
from inspector.engine.evaluation.csv_table import Table, read_table
from inspector.engine.evaluation.found import Found
from inspector.engine.evaluation.listing import Listing, is_image_name, suffix_of
from inspector.engine.formats.cleaning import clean_text
from inspector.protocol.evaluation import LabelRule, Skipped

# The first that occurs is taken.
_PATH_NAMES = re.compile(r"(file|image|img)?_?(path|file_?name|file|image|img|picture|name|id)|image_file")
_LABEL_NAMES = re.compile(r"(class|label|target)?_?(label|class|target|category|species)(_?(name|id))?|y")
_STEP = 1024
_SHOWN = 12


@dataclass(frozen=True)
class Columns:
    """Which column names the image, and which the label; `one_hot` columns each stand for a class instead."""

    path: int
    label: int = -1
    one_hot: tuple[int, ...] = ()


def csv_files(listing: Listing) -> tuple[str, ...]:
    """The tables at the top of the folder, relative."""
    return tuple(path for path in listing.others if "/" not in path and suffix_of(path) in (".csv", ".tsv"))


def find_csv(listing: Listing) -> str:
    """The first table at the top of the folder that names one of its images; "" when none does."""
    by_name = _ImageFinder(listing, listing.folder)
    for relative in csv_files(listing):
        try:
            table = read_table(listing.path_of(relative))
            columns = find_columns(table)
        except EngineError:
            continue
        if any(by_name.find(row[columns.path]) for row in table.rows[:1000]):
            return listing.path_of(relative)
    return ""


def label_by_csv(listing: Listing, csv_path: str, between_steps: Callable[[], None]) -> Found:
    """Each image under the label that the CSV gives it.

    Raises:
        EngineError: there is no such table, or its columns can't be told.
    """
    chosen = csv_path or find_csv(listing)
    if not chosen:
        raise EngineError("The folder holds no CSV that names its images.", "Choose the CSV file.")
    table = read_table(chosen)
    columns = find_columns(table)
    finder = _ImageFinder(listing, str(Path(chosen).parent))
    labels: dict[str, set[str]] = {}
    skipped: list[Skipped] = []
    written = [_label_of(row, columns, table) for row in table.rows]
    plain = _without_fraction([label for label in written if label])
    for count, (row, label) in enumerate(zip(table.rows, written, strict=True)):
        if count % _STEP == 0:
            between_steps()
        name = row[columns.path]
        path = finder.find(name)
        if not path:
            skipped.append(Skipped(path=name, reason="The CSV names it, but there is no such file."))
        elif not label:
            skipped.append(Skipped(path=path, reason="The CSV gives it no label."))
        else:
            labels.setdefault(path, set()).add(plain.get(label, label))
    return _sorted_out(listing, chosen, labels, skipped)


def find_columns(table: Table) -> Columns:
    """The columns of images and labels, by their names, else by their cells.

    Raises:
        EngineError: they can't be told.
    """
    width = len(table.header or table.rows[0])
    names = [re.sub(r"[\s-]+", "_", cell.lower()) for cell in table.header]
    path = _first_named(names, _PATH_NAMES)
    by_cells = _image_column(table, width)
    if by_cells is not None and (path is None or not _holds_images(table, path)):
        path = by_cells
    if path is None:
        raise EngineError(_which(table, "none names images (path, file, image)"), "Name the column of images: path.")
    label = _first_named(names, _LABEL_NAMES)
    if label is not None and label != path:
        return Columns(path, label)
    if width == 2:
        return Columns(path, 1 - path)
    one_hot = _one_hot_columns(table, path, width)
    if one_hot:
        return Columns(path, one_hot=one_hot)
    raise EngineError(_which(table, "none is named label, class or target"), "Name the column of labels: label.")


def _sorted_out(listing: Listing, chosen: str, labels: dict[str, set[str]], skipped: list[Skipped]) -> Found:
    labelled: list[tuple[str, str]] = []
    for path, found in labels.items():
        if len(found) == 1:
            labelled.append((path, next(iter(found))))
        else:
            names = _some(sorted(found), " and ")
            skipped.append(Skipped(path=path, reason=f"The CSV gives it more than one label: {names}."))
    named = set(labels) | {skip.path for skip in skipped}
    unnamed = [path for path in map(listing.path_of, listing.images) if path not in named]
    skipped += [Skipped(path=path, reason="The CSV does not name it, so it has no label.") for path in unnamed]
    return Found(
        rule=LabelRule(source="csv", csv_path=chosen),
        how=f"from {Path(chosen).name}",
        labelled=tuple(labelled),
        skipped=tuple(skipped),
    )


def _label_of(row: tuple[str, ...], columns: Columns, table: Table) -> str:
    if not columns.one_hot:
        return row[columns.label]
    marked = [column for column in columns.one_hot if row[column] and float(row[column]) == 1]
    return table.header[marked[0]] if marked else ""


def _without_fraction(labels: list[str]) -> dict[str, str]:
    """`3.0` is class 3 where all labels are whole numbers so written, as pandas writes them next to an empty cell."""
    if all(re.fullmatch(r"-?\d+(\.0+)?", label) for label in labels):
        return {label: label.partition(".")[0] for label in labels}
    return {}


def _first_named(names: list[str], wanted: re.Pattern[str]) -> int | None:
    return next((place for place, name in enumerate(names) if wanted.fullmatch(name)), None)


def _image_column(table: Table, width: int) -> int | None:
    """The column with most image names; None when no cell is one."""
    counts = Counter({column: _image_cells(table, column) for column in range(width)})
    column, count = counts.most_common(1)[0]
    return column if count else None


def _image_cells(table: Table, column: int) -> int:
    return sum(is_image_name(row[column]) for row in table.rows[:200])


def _holds_images(table: Table, column: int) -> bool:
    return _image_cells(table, column) > 0


def _one_hot_columns(table: Table, path: int, width: int) -> tuple[int, ...]:
    """All columns but the image's, when each row marks just one of them with a 1."""
    if not table.header or not table.rows:
        return ()
    columns = tuple(column for column in range(width) if column != path)
    for row in table.rows:
        cells = [row[column] for column in columns]
        if not all(re.fullmatch(r"[01](\.0*)?", cell) for cell in cells) or sum(float(cell) for cell in cells) != 1:
            return ()
    return columns


def _which(table: Table, what: str) -> str:
    columns = _some(table.header, ", ") if table.header else f"{len(table.rows[0])} columns without names"
    return f"The CSV has the columns {columns}: {what}."


def _some(names: Sequence[str], between: str) -> str:
    """The first few, cut to a sentence's measure."""
    shown = between.join(clean_text(name, 80) for name in names[:_SHOWN])
    return shown if len(names) <= _SHOWN else f"{shown} and {len(names) - _SHOWN:,} more"


def _is_file(path: str) -> bool:
    """False also where nobody may look, and for what is too long to be a name."""
    return os.path.isfile(path)  # noqa: PTH113 - Path's own raises there


class _ImageFinder:
    """Finds the file that a cell means: below the CSV's folder or the test folder, by name alone, without suffix."""

    def __init__(self, listing: Listing, csv_folder: str) -> None:
        self._folders = tuple(dict.fromkeys((csv_folder, listing.folder)))
        self._listed = {listing.path_of(path) for path in listing.images}
        self._by_name: dict[str, str] = {}
        for path in listing.images:
            name = path.rpartition("/")[2]
            for key in (name, name.rpartition(".")[0]):
                # Two files of one name can't be told apart by it.
                self._by_name[key] = "" if key in self._by_name else listing.path_of(path)

    def find(self, cell: str) -> str:
        """The whole path, or "" when there is no such file."""
        if not cell:
            return ""
        relative = cell.replace("\\", "/")
        for folder in self._folders:
            candidate = str(Path(folder) / relative)
            if candidate in self._listed or (is_image_name(candidate) and _is_file(candidate)):
                return candidate
        return self._by_name.get(relative.rpartition("/")[2], "")
