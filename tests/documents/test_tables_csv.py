"""CSV in both styles: separators, numbers, dates, and cells that want to be formulas."""

import csv
import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.documents.tables import (
    Cell,
    Column,
    Digest,
    Kind,
    Row,
    Style,
    TotalRow,
    csv_chunks,
    starts_a_formula,
    write_csv,
)
from market.domain.stalls import StallState
from tests.hostile_cells import HOSTILE

NAME = Column("market", "Tên chợ")
CODE = Column("commune_code", "Mã xã", Kind.CODE)
COUNT = Column("stalls_total", "Tổng số điểm kinh doanh", Kind.INTEGER)
SHARE = Column("stall_share_percent", "Tỷ lệ điểm chấp nhận (%)", Kind.PERCENT)
DAY = Column("as_of", "Ngày chốt số liệu", Kind.DATE)
FEE = Column("fee", "Phí (đồng)", Kind.MONEY)
COLUMNS = (NAME, CODE, COUNT, SHARE, DAY, FEE)
ROW = ("Chợ Đầm Hà", "06895", 486, Decimal("84.77"), date(2026, 9, 30), 1500000)
EMPTY_ROW = (None, None, None, None, None, None)


def written(
    columns: Iterable[Column],
    rows: Iterable[Row],
    style: Style = Style.REPORT,
    total_row: TotalRow = None,
) -> bytes:
    stream = io.BytesIO()
    write_csv(stream, tuple(columns), rows, style=style, total_row=total_row)
    return stream.getvalue()


def read_back(content: bytes, separator: str) -> list[list[str]]:
    text = content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))


def test_report_style_is_what_an_office_opens() -> None:
    content = written(COLUMNS, [ROW], total_row=[None, None, 486, None, None, 1500000])

    assert (
        content
        == (
            "\ufeffTên chợ;Mã xã;Tổng số điểm kinh doanh;Tỷ lệ điểm chấp nhận (%);"
            "Ngày chốt số liệu;Phí (đồng)\r\n"
            "Chợ Đầm Hà;06895;486;84,77;30/09/2026;1500000\r\n"
            "Tổng cộng;;486;;;1500000\r\n"
        ).encode()
    )


def test_a_total_row_may_have_words_of_its_own() -> None:
    content = written([NAME, COUNT], [["A", 1]], total_row=["Tổng cộng (bản trích)", 1])

    assert content.decode().splitlines()[-1] == "Tổng cộng (bản trích);1"


def test_data_style_is_what_a_program_reads() -> None:
    content = written(COLUMNS, [ROW], Style.DATA, total_row=[None, None, 486, None, None, 0])

    assert (
        content
        == (
            "market,commune_code,stalls_total,stall_share_percent,as_of,fee\r\n"
            "Chợ Đầm Hà,06895,486,84.77,2026-09-30,1500000\r\n"
        ).encode()
    )


@pytest.mark.parametrize("style", list(Style))
def test_what_is_unknown_is_blank(style: Style) -> None:
    line = written(COLUMNS, [EMPTY_ROW], style).decode("utf-8-sig").split("\r\n")[1]

    assert set(line) == {";" if style is Style.REPORT else ","}


def test_a_table_without_rows_has_its_heading() -> None:
    assert written([NAME, COUNT], [], Style.DATA) == b"market,stalls_total\r\n"


def test_a_percentage_always_has_two_places() -> None:
    rows = [[Decimal("84.8")], [Decimal("84.80")], [Decimal(100)], [Decimal("-0.5")]]

    lines = written([SHARE], rows).decode("utf-8-sig").splitlines()[1:]

    assert lines == ["84,80", "84,80", "100,00", "-0,50"]


def test_a_choice_is_a_word_for_people_and_a_value_for_programs() -> None:
    rows = [[StallState.RESTING]]

    assert written([NAME], rows).decode("utf-8-sig").splitlines()[1] == "Tạm nghỉ"
    assert written([NAME], rows, Style.DATA).decode().splitlines()[1] == "resting"


def test_yes_and_no_are_words_for_people_and_values_for_programs() -> None:
    rows = [[True], [False]]

    assert written([NAME], rows).decode("utf-8-sig").splitlines()[1:] == ["Có", "Không"]
    assert written([NAME], rows, Style.DATA).decode().splitlines()[1:] == ["true", "false"]


@pytest.mark.parametrize("style", list(Style))
@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_is_a_formula_and_no_character_is_lost(text: str, style: Style) -> None:
    separator = ";" if style is Style.REPORT else ","

    cell = read_back(written([NAME], [[text]], style), separator)[1][0]

    assert cell.removeprefix("'") == text
    assert not starts_a_formula(cell)


@pytest.mark.parametrize("style", list(Style))
@pytest.mark.parametrize("text", HOSTILE)
def test_no_cell_falls_apart_at_another_separator(text: str, style: Style) -> None:
    content = written([NAME], [[text]], style)

    for separator in (",", ";", "\t"):
        for line in read_back(content, separator)[1:]:
            assert not any(starts_a_formula(cell) for cell in line)


@pytest.mark.parametrize("text", ["Chợ Đầm Hà", "06895", "A-12", "a=b", "1.5", "", "'=x"])
def test_a_harmless_cell_stays_as_it_is(text: str) -> None:
    content = written([NAME, COUNT], [[text, 1]])

    assert read_back(content, ";")[1] == [text, "1"]


def test_a_negative_number_stays_a_number() -> None:
    content = written([COUNT, SHARE], [[-3, Decimal("-1.25")]], Style.DATA)

    assert content.splitlines()[1] == b"-3,-1.25"


def test_a_heading_is_made_harmless_too() -> None:
    assert written([Column("x", "=1+1")], []).decode("utf-8-sig") == "'=1+1\r\n"


@pytest.mark.parametrize(
    ("column", "value"),
    [
        (COUNT, "=1+1"),
        (COUNT, True),
        (COUNT, 1.5),
        (FEE, Decimal(1)),
        (SHARE, "84,8"),
        (SHARE, 84.8),
        (DAY, "2026-09-30"),
        (DAY, datetime(2026, 9, 30)),
        (NAME, 5),
        (CODE, 6895),
        (CODE, StallState.CLOSED),
    ],
)
def test_a_value_that_does_not_fit_its_column_is_refused(column: Column, value: Cell) -> None:
    with pytest.raises(TypeError, match=column.name):
        written([column], [[value]])


@pytest.mark.parametrize("row", [["a"], ["a", 1, 2]])
def test_a_row_of_another_length_is_refused(row: Row) -> None:
    with pytest.raises(ValueError, match="2 cells"):
        written([NAME, COUNT], [["b", 1], row])


def test_the_total_can_be_asked_for_after_the_last_row() -> None:
    seen: list[int] = []

    def rows() -> Iterator[Row]:
        for count in range(2500):
            seen.append(count)
            yield ["Chợ", count]

    content = written([NAME, COUNT], rows(), total_row=lambda: [None, sum(seen)])

    assert content.decode().splitlines()[-1] == f"Tổng cộng;{sum(range(2500))}"


def test_rows_are_not_read_before_they_are_needed() -> None:
    taken = 0

    def rows() -> Iterator[Row]:
        nonlocal taken
        while True:
            taken += 1
            yield ["Chợ", taken]

    chunks = csv_chunks([NAME, COUNT], rows(), style=Style.DATA)
    for _ in range(4):
        next(chunks)

    assert taken <= 4000


def test_the_digest_is_that_of_the_data_style_file() -> None:
    rows: list[Row] = [[f"Chợ {number}", number] for number in range(1234)]
    digest = Digest([NAME, COUNT])

    passed = list(digest.passing(rows))

    assert passed == rows
    assert digest.row_count == 1234
    assert digest.hexdigest == sha256(written([NAME, COUNT], rows, Style.DATA)).hexdigest()


@given(
    rows=st.lists(st.tuples(st.text(), st.text(), st.integers()), max_size=20),
    style=st.sampled_from(list(Style)),
)
def test_every_text_comes_back_as_it_went(rows: list[tuple[str, str, int]], style: Style) -> None:
    content = written([NAME, CODE, COUNT], rows, style)

    back = read_back(content, ";" if style is Style.REPORT else ",")[1:]

    plain = [
        [name.removeprefix("'"), code.removeprefix("'"), number] for name, code, number in back
    ]
    assert plain == [
        [name.removeprefix("'"), code.removeprefix("'"), str(number)] for name, code, number in rows
    ]
