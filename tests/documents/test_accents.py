"""The accent colour: read, and refused where white letters on it could not be read."""

import pytest

from market.documents.accents import ACCENT, read_accent
from market.domain.errors import Invalid


def test_a_colour_is_read_as_red_green_and_blue() -> None:
    assert read_accent("#0033CC") == (0, 0.2, 0.8)


def test_the_accent_of_the_project_can_be_read() -> None:
    assert len(read_accent(ACCENT)) == 3


def test_the_palest_grey_that_will_do_and_the_next() -> None:
    read_accent("#767676")

    with pytest.raises(Invalid, match="tương phản 4,4, cần ít nhất 4,5") as refused:
        read_accent("#777777")
    assert [problem.field for problem in refused.value.problems] == ["accent"]


@pytest.mark.parametrize("text", ["", "red", "#fff", "0b5d51", "#0b5d5g", "#0b5d51\n", '"#0b5d51'])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Invalid, match="#rrggbb"):
        read_accent(text)
