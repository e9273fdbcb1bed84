"""The table is found under letterheads, in deep headers and by a mapping made by hand."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market.domain.errors import Invalid
from market.domain.stall_list.headings import Field
from market.domain.stall_list.records import StallList, StallRecord
from market.domain.stall_list.table import Table, find_table, guess_table
from market.domain.stalls import StallState
from market.domain.workbook import Workbook
from tests.stall_lists import read_rows, read_sheets, sheet, told

HEADER = ["Số sạp", "Họ tên"]


def unknown(found: StallList | Table) -> list[str]:
    return [
        column.heading
        for column in found.columns
        if column.field is None and not column.is_private and not column.is_ordinal
    ]


def fields(stall_list: StallList) -> dict[str, Field | None]:
    return {column.heading: column.field for column in stall_list.columns}


def test_letterhead_and_titles_stand_above_the_header() -> None:
    stall_list = read_rows(
        [
            ["UBND XÃ ĐẦM HÀ", None, "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"],
            ["BAN QUẢN LÝ CHỢ", None, "Độc lập - Tự do - Hạnh phúc"],
            [],
            ["DANH SÁCH HỘ KINH DOANH"],
            ["(Tính đến ngày 30/9/2026)"],
            HEADER,
            ["A1", "Vi Thị Một"],
        ]
    )

    assert (stall_list.header_row, stall_list.stalls) == (6, 1)


def test_the_first_sheet_with_a_header_is_read() -> None:
    notes = sheet([["Ghi chú của kế toán"]], name="Ghi chú")
    first = sheet([HEADER, ["A1", "Vi Thị Một"]], name="Tháng 9")
    second = sheet([HEADER, ["B1", "Vi Thị Hai"]], name="Tháng 8")

    assert read_sheets(notes, first, second).sheet == "Tháng 9"


def test_a_hidden_sheet_is_read_only_when_no_other_has_a_header() -> None:
    hidden = replace(sheet([HEADER, ["A1", "Vi Thị Một"]], name="Cũ"), is_hidden=True)
    shown = sheet([HEADER, ["B1", "Vi Thị Hai"]], name="Mới")

    assert read_sheets(hidden, shown).sheet == "Mới"
    assert read_sheets(hidden).sheet == "Cũ"


@pytest.mark.parametrize("header", [["Số sạp", "Ghi chú"], ["Họ tên", "SĐT"], ["Tổng", "Số"], []])
def test_a_list_without_stall_or_merchant_column_is_refused(header: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        read_rows([header, ["A1", "Vi Thị Một"]])

    assert refused.value.problems[0].code == "header_missing"


def test_headings_over_two_rows_are_read_with_their_groups() -> None:
    stall_list = read_rows(
        [
            ["STT", "Hộ kinh doanh", None, None, "Điểm", None, "Tài khoản ngân hàng"],
            [None, "Họ và tên", "CCCD", "SĐT", "Khu", "Số sạp", "Số", "Ngân hàng", "Chủ TK"],
            [1, "Vi Thị Một", "x", "0900000001", "A", "A1", "8800100001", "BIDV", "VI THI MOT"],
        ],
        [(1, 0, 2, 0), (1, 1, 1, 3), (1, 4, 1, 5), (1, 6, 1, 8)],
    )

    assert fields(stall_list) == {
        "STT": None,
        "Họ và tên": Field.MERCHANT,
        "CCCD": None,
        "SĐT": Field.PHONE,
        "Khu": Field.SECTION,
        "Số sạp": Field.STALL,
        "Tài khoản ngân hàng: Số": Field.ACCOUNT,
        "Ngân hàng": Field.BANK,
        "Chủ TK": Field.HOLDER,
    }
    assert stall_list.accounts == 1
    assert told(stall_list) == [(1, "column_private")]


def test_headings_over_two_rows_are_read_in_text_files() -> None:
    stall_list = read_rows(
        [
            ["STT", "Ki ốt số", "Chủ hộ", "", "Tài khoản", ""],
            ["", "", "Họ tên", "SĐT", "Số", "Ngân hàng"],
            ["1", "A1", "Vi Thị Một", "0900000001", "8800100001", "BIDV"],
        ],
        is_text=True,
    )

    assert (stall_list.stalls, stall_list.accounts) == (1, 1)


def test_the_stall_may_stand_above_and_the_merchant_below_in_a_deep_header() -> None:
    stall_list = read_rows(
        [["Ki ốt số", "Thông tin chủ hộ"], [None, "Họ tên", "SĐT"], ["A1", "Vi Thị Một"]],
        [(1, 0, 2, 0), (1, 1, 1, 2)],
    )

    assert (stall_list.header_row, stall_list.merchants) == (1, 1)


def test_a_first_row_merged_with_the_next_is_no_deep_header() -> None:
    stall_list = read_rows(
        [HEADER, ["A1", "Vi Thị Một"], ["A2", None]],
        [(2, 1, 3, 1)],
    )

    assert (stall_list.stalls, stall_list.merchants) == (2, 1)


def test_a_name_in_two_cells_under_one_heading_is_one_name() -> None:
    stall_list = read_rows(
        [["Số sạp", "Họ và tên", None, "SĐT"], ["A1", "Vi Thị", "Một", "0900000001"]],
        [(1, 1, 1, 2)],
    )

    assert stall_list.records[0].merchant_name == "Vi Thị Một"


def test_of_two_columns_for_one_field_the_plainer_is_taken() -> None:
    stall_list = read_rows(
        [["Vị trí", "Tên", "Họ tên chủ hộ"], ["A1", "Quán Một", "Vi Thị Một"]],
    )

    assert stall_list.records[0].merchant_name == "Vi Thị Một"
    assert unknown(stall_list) == ["Tên"]


def test_unknown_columns_are_listed_and_others_are_not() -> None:
    stall_list = read_rows(
        [["STT", "Số sạp", "Họ tên", "CMND", "Địa chỉ", "Năm sinh"], [1, "A1", "Vi Thị Một"]]
    )

    assert unknown(stall_list) == ["Địa chỉ", "Năm sinh"]


def test_an_unknown_column_can_be_mapped_by_hand() -> None:
    rows = [["Số sạp", "Họ tên", "Số máy bàn"], ["A1", "Vi Thị Một", "0900000001"]]

    (record,) = read_rows(rows, mapping={"SỐ MÁY BÀN": "phone"}).records

    assert record.phone == "0900000001"


def test_a_mapping_outranks_what_was_recognised() -> None:
    rows = [["Số sạp", "Họ tên", "Tên biển hiệu"], ["A1", "Vi Thị Một", "Quán Một"]]

    (record,) = read_rows(rows, mapping={"Tên biển hiệu": "merchant"}).records

    assert record.merchant_name == "Quán Một"


def test_a_mapping_can_leave_a_column_out() -> None:
    rows = [["Số sạp", "Họ tên", "Ngân hàng"], ["A1", "Vi Thị Một", "BIDV"]]

    assert told(read_rows(rows)) == [(2, "account_missing")]
    assert told(read_rows(rows, mapping={"Ngân hàng": ""})) == []


def test_a_mapping_makes_a_header_of_headings_nobody_knows() -> None:
    rows = [["Danh sách"], ["Mã", "Bà con"], ["A1", "Vi Thị Một"]]

    stall_list = read_rows(rows, mapping={"Mã": "stall", "Bà con": "merchant"})

    assert (stall_list.header_row, stall_list.merchants) == (2, 1)


def test_a_private_column_cannot_be_mapped() -> None:
    rows = [["Số sạp", "Họ tên", "Số CCCD"], ["A1", "Vi Thị Một", "022078161301"]]

    stall_list = read_rows(rows, mapping={"Số CCCD": "registration_code"})

    assert told(stall_list) == [(1, "column_private")]
    assert stall_list.records[0].registration_code is None


def test_columns_with_one_heading_are_mapped_one_by_one() -> None:
    rows = [["Số sạp", "Họ tên", "Số", "Số"], ["A1", "Vi Thị Một", "x", "0900000001"]]

    (record,) = read_rows(rows, mapping={"Số (2)": "phone"}).records

    assert record.phone == "0900000001"


ANY_HEADINGS = {
    "A1": ["Ki ốt số", "Số ki-ốt", "Quầy số", "Số sạp", "Ô số", "Vị trí", "Mã điểm KD"],
    "Dãy 1": ["Khu", "Dãy", "Khu vực"],
    "Vi Thị Một": ["Họ và tên", "Họ tên chủ hộ", "Chủ hộ", "Tên hộ kinh doanh", "Tên tiểu thương"],
    "0900000001": ["Số điện thoại", "Điện thoại", "SĐT", "Số ĐT"],
    "Rau": ["Ngành hàng", "Ngành hàng kinh doanh", "Mặt hàng", "Mặt hàng kinh doanh", "Ngành nghề"],
    "8800100001": ["Số tài khoản", "Số TK", "STK"],
    "BIDV": ["Ngân hàng", "Tên ngân hàng", "Tên NH", "NH", "Mở tại ngân hàng"],
    "VI THI MOT": ["Chủ tài khoản", "Tên chủ TK"],
    "Tạm nghỉ": ["Tình trạng", "Trạng thái"],
    "6,5": ["Diện tích"],
    "hộ mới": ["Ghi chú"],
    "0101234567": ["Mã số HKD", "MST"],
}


@given(st.data())
def test_columns_may_come_in_any_order_under_any_of_their_headings(data: st.DataObject) -> None:
    values = data.draw(st.permutations(sorted(ANY_HEADINGS)))
    headings = [data.draw(st.sampled_from(ANY_HEADINGS[value])) for value in values]

    stall_list = read_rows([headings, values])

    assert told(stall_list) == []
    assert unknown(stall_list) == []
    assert stall_list.records == (
        StallRecord(
            row=2,
            stalls=("A1",),
            state=StallState.RESTING,
            section="Dãy 1",
            area=Decimal("6.5"),
            note="hộ mới",
            line_code="vegetables",
            line_text="Rau",
            merchant=0,
            merchant_name="Vi Thị Một",
            phone="0900000001",
            registration_code="0101234567",
            bank_bin="970418",
            account_number="8800100001",
            holder="VI THI MOT",
        ),
    )


def test_a_header_is_guessed_for_mapping_by_hand() -> None:
    guessed = guess_table(
        Workbook((sheet([["Danh sách"], ["Mã", "Họ tên", "SĐT"], ["A1", "Vi Thị Một"]]),)), {}
    )

    assert guessed is not None
    assert guessed.header_row == 2
    assert not guessed.is_complete
    assert unknown(guessed) == ["Mã"]


def test_nothing_is_guessed_in_an_empty_workbook() -> None:
    assert guess_table(Workbook((sheet([]),)), {}) is None


def test_a_header_past_all_letterheads_is_not_looked_for() -> None:
    rows = [["Biên bản", str(number)] for number in range(400)]

    with pytest.raises(Invalid):
        find_table(Workbook((sheet([*rows, HEADER]),)), {})
