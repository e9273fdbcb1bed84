"""Rectangles of a symbol: exactly its dark modules, few of them, finder patterns apart."""

import numpy as np
import pytest

from market.documents.qr_blocks import Blocks, blocks, eyes, without_eyes
from market.documents.qr_code import data_matrix
from market.documents.qr_tables import LARGEST_VERSION, Bits, version_tables
from tests.paper import modules


def painted(found: Blocks, shape: tuple[int, ...]) -> Bits:
    paper = np.zeros(shape, dtype=np.int_)
    for left, top, width, height in zip(
        found.left, found.top, found.width, found.height, strict=True
    ):
        paper[top : top + height, left : left + width] += 1
    assert paper.max(initial=0) <= 1, "painted twice"
    return paper == 1


@pytest.mark.parametrize("version", range(1, LARGEST_VERSION + 1))
def test_the_rectangles_and_the_finder_patterns_are_the_symbol(version: int) -> None:
    matrix = modules("x" * version_tables(version).capacity).matrix

    rest = painted(blocks(without_eyes(matrix)), matrix.shape)

    assert not (rest & eyes(len(matrix))).any()
    assert np.array_equal(rest | eyes(len(matrix)), matrix)


def test_a_data_matrix_is_painted_module_by_module() -> None:
    matrix = data_matrix("7K2M9QXR")

    assert np.array_equal(painted(blocks(matrix), matrix.shape), matrix)


def test_equal_runs_below_each_other_are_one_rectangle() -> None:
    matrix = np.zeros((6, 6), dtype=np.bool_)
    matrix[1:5, 2:4] = True
    matrix[5, 2] = True

    found = blocks(matrix)

    assert found.left.tolist() == [2, 2]
    assert found.top.tolist() == [5, 1]
    assert (found.width.tolist(), found.height.tolist()) == ([1, 2], [1, 4])


def test_a_symbol_without_dark_modules_has_no_rectangle() -> None:
    assert len(blocks(np.zeros((5, 5), dtype=np.bool_)).left) == 0
