"""The table as a CSV file."""

import csv
from pathlib import Path

from inspector.gui.outputs_panel.table import COLUMNS, ReadingTable


def write_csv(table: ReadingTable, path: str) -> None:
    """All classes in the order of the output, with all three readings in full precision.

    Raises:
        OSError: the file can't be written.
    """
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["index", "class", *COLUMNS])
        for index in range(len(table.raw)):
            writer.writerow(
                [index, table.name(index), *(repr(float(table.values(column)[index])) for column in COLUMNS)]
            )
