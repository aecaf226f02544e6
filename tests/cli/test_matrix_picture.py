"""The picture of a confusion matrix: each cell has the colour of its share, however many classes there are."""

import pytest

from inspector.cli.matrix_picture import DEEP, LIGHT, LONGEST_SIDE, matrix_picture


@pytest.mark.parametrize(("num_classes", "cell"), [(3, 44), (1500, 2)])
def test_cells_on_the_diagonal_are_deep_and_others_light(num_classes: int, cell: int) -> None:
    names = tuple(str(index) for index in range(num_classes))
    matrix = tuple(tuple(7 * (row == column) for column in range(num_classes)) for row in range(num_classes))
    picture = matrix_picture(names, matrix)
    right, bottom = picture.width - 8, picture.height - 8
    assert picture.getpixel((right - 1, bottom - 1)) == DEEP
    assert picture.getpixel((right - 1, bottom - cell - 1)) == LIGHT
    assert picture.getpixel((right - cell - 1, bottom - cell - 1)) == DEEP
    assert picture.width < LONGEST_SIDE + 300
