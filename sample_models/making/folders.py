"""Writes the folders of test images: the held-out digits in three forms, and the cases E4, E5 and E6."""

import csv
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from making.digits import Digits

FEW = 100  # the second and third form hold fewer images, to keep the repository small
KNOWN_MATRIX = ((84, 3, 0), (2, 78, 0), (0, 0, 6))
RARE, COMMON = 9, {1: 32, 3: 34}  # two images of the rare digit: 17 to 1, as 436 to 25 is
CENTRES = (26, 128, 230)  # grey levels that E5's classifier tells apart


def make(folder: Path, digits: Digits) -> None:
    """Write them all, in place of what was there."""
    test = folder / "digits" / "digits_test"
    cases = folder / "cases"
    for stale in (test, cases / "e4_imbalance", cases / "e5_matrix", cases / "e6_labels"):
        shutil.rmtree(stale, ignore_errors=True)
    _by_folder(test / "by_folder", digits)
    _by_name(test / "by_name", digits)
    _by_csv(test / "by_csv", digits)
    _imbalance(cases / "e4_imbalance", digits)
    _known_matrix(cases / "e5_matrix")
    _odd_labels(cases / "e6_labels", digits)


def _save(image: NDArray[np.uint8], path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(image).save(path, optimize=True)


def _by_folder(folder: Path, digits: Digits) -> None:
    for index, (image, label) in enumerate(zip(digits.images, digits.labels, strict=True)):
        _save(image, folder / str(label) / f"scan_{index:03d}.png")


def _by_name(folder: Path, digits: Digits) -> None:
    for index in range(FEW):
        _save(digits.images[index], folder / f"img_C{digits.labels[index]}_{index:02d}.png")


def _by_csv(folder: Path, digits: Digits) -> None:
    rows = [(f"images/{index:03d}.png", int(digits.labels[FEW + index])) for index in range(FEW)]
    for index, (path, _) in enumerate(rows):
        _save(digits.images[FEW + index], folder / path)
    with (folder / "labels.csv").open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("path", "label"))
        writer.writerows(rows)


def _imbalance(folder: Path, digits: Digits) -> None:
    """Of the rare digit, one that the model misreads and one that it reads: a recall of one half."""
    right = digits.predicted == digits.labels
    misread, read = ((digits.labels == RARE) & ~right).nonzero()[0], ((digits.labels == RARE) & right).nonzero()[0]
    if len(misread) == 0:
        raise SystemExit(f"E4 needs a digit {RARE} that the model misreads; choose another rare digit.")
    chosen = [misread[0], read[0]]
    for digit, count in COMMON.items():
        chosen += list((digits.labels == digit).nonzero()[0][:count])
    for index in chosen:
        _save(digits.images[index], folder / str(digits.labels[index]) / f"scan_{index:03d}.png")


def _known_matrix(folder: Path) -> None:
    """Images of one grey level: the class is that of the row, the brightness that of the column."""
    names = ("C1", "C2", "C3")
    for name, row in zip(names, KNOWN_MATRIX, strict=True):
        for answer, count, centre in zip(names, row, CENTRES, strict=True):
            for index in range(count):
                # A few levels lighter or darker, so that no two files of a class need be the same.
                image = np.full((8, 8), centre + index % 9 - 4, np.uint8)
                _save(image, folder / name / f"like_{answer}_{index:02d}.png")


def _odd_labels(folder: Path, digits: Digits) -> None:
    """Eight that are plain, and three that are not: no label, two labels, no image."""
    for index in range(8):
        _save(digits.images[index], folder / f"img_C{digits.labels[index]}_{index:02d}.png")
    _save(digits.images[8], folder / "img_unknown_08.png")
    _save(digits.images[9], folder / "img_C4_or_C9_09.png")
    (folder / "img_C2_10.png").write_text("This is text, not an image.\n")
