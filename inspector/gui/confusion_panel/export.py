"""The matrix and the images as CSV files."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from inspector.core.whole_file import write_whole
from inspector.gui.confusion_panel.counting import Counted
from inspector.gui.confusion_panel.matrix_painting import OTHER
from inspector.protocol.evaluation import LabelledImage


def write_matrix(counted: Counted, path: str) -> None:
    """Counts with the classes' names: a row a true class, a column a predicted one.

    Raises:
        OSError: the file can't be written.
    """
    with_other = bool(counted.outside.any())
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["true \\ predicted", *counted.classes, *([OTHER] if with_other else [])])
    for place, name in enumerate(counted.classes):
        other = [int(counted.outside[place])] if with_other else []
        writer.writerow([name, *counted.matrix[place].tolist(), *other])
    write_whole(Path(path), text.getvalue())


def write_images(counted: Counted, images: Sequence[LabelledImage], path: str) -> None:
    """One row an image, in the order evaluated: path, true and predicted class, output index, probability.

    Raises:
        OSError: the file can't be written.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(["path", "true", "predicted", "output", "probability"])
    rows = zip(
        counted.indices.tolist(),
        counted.true.tolist(),
        counted.claimed.tolist(),
        counted.chosen.tolist(),
        counted.confidence.tolist(),
        strict=True,
    )
    for index, true, claimed, chosen, probability in rows:
        predicted = counted.classes[claimed] if claimed >= 0 else ""
        writer.writerow([images[index].path, counted.classes[true], predicted, chosen, repr(probability)])
    write_whole(Path(path), text.getvalue())
