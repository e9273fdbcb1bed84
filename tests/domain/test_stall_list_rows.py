"""Rows that are stalls are read; titles, totals and signatures are passed over."""

from decimal import Decimal

import pytest

from market.domain.stall_list.row_checks import stall_codes
from market.domain.stalls import Placement, StallState
from tests.stall_lists import Value, read_row, read_rows, told

HEADER: list[Value] = ["STT", "Số sạp", "Họ tên", "SĐT", "Ngành hàng", "Tình trạng"]
FIRST: list[Value] = [1, "A1", "Vi Thị Một", "0900000001", "Rau", None]
SECOND: list[Value] = [2, "A2", "Vi Thị Hai", "0900000002", "Vải", None]


def sections(*rows: list[Value], header: list[Value] | None = None) -> list[str | None]:
    return [record.section for record in read_rows([header or HEADER, *rows]).records]


@pytest.mark.parametrize(
    "title",
    [
        ["I. KHU THỰC PHẨM TƯƠI SỐNG"],
        ["I", "KHU THỰC PHẨM TƯƠI SỐNG"],
        ["I", None, "KHU THỰC PHẨM TƯƠI SỐNG"],
        [None, "KHU THỰC PHẨM TƯƠI SỐNG"],
        ["A/ KHU THỰC PHẨM TƯƠI SỐNG", None, None, None, "18 hộ"],
    ],
)
def test_a_title_gives_the_section_to_what_follows(title: list[Value]) -> None:
    assert sections(FIRST, title, SECOND) == [None, "KHU THỰC PHẨM TƯƠI SỐNG"]


@pytest.mark.parametrize("title", ["Khu A", "Dãy 2", "HÀNG THỊT", "Ngoài trời", "Tầng 2"])
def test_a_title_in_the_column_of_names_is_no_merchant(title: str) -> None:
    stall_list = read_rows([HEADER, [None, None, title], FIRST])

    assert (stall_list.records[0].section, told(stall_list)) == (title, [])


def test_a_text_merged_over_columns_is_a_title_whatever_it_says() -> None:
    stall_list = read_rows([HEADER, [None, None, "Ven sông"], FIRST], [(2, 2, 2, 5)])

    assert (stall_list.records[0].section, told(stall_list)) == ("Ven sông", [])


def test_a_title_may_stand_in_any_first_column() -> None:
    stall_list = read_rows(
        [
            ["Số TK", "Ngân hàng", "Họ tên", "Số sạp"],
            ["II. KHU HÀNG KHÔ"],
            ["8800100001", "BIDV", "Vi Thị Một", "A1"],
            ["Hàng khô"],
            ["8800100002", "BIDV", "Vi Thị Hai", "A2"],
        ]
    )

    assert [record.section for record in stall_list.records] == ["KHU HÀNG KHÔ", "Hàng khô"]
    assert told(stall_list) == []


@pytest.mark.parametrize("title", ["Dãy 2", "HÀNG KHÔ"])
def test_titles_and_totals_may_begin_in_a_private_column(title: str) -> None:
    stall_list = read_rows(
        [
            ["Số CCCD", "Số sạp", "Họ tên"],
            [title],
            ["022078161301", "A1", "Vi Thị Một"],
            ["Tổng cộng", 1],
        ]
    )

    assert [record.section for record in stall_list.records] == [title]
    assert told(stall_list) == [(1, "column_private")]


def test_a_section_column_outranks_the_title() -> None:
    rows: list[list[Value]] = [
        ["Khu", "Số sạp", "Họ tên"],
        ["KHU A"],
        ["Dãy 1", "A1", "Vi Thị Một"],
        [None, "A2", "Vi Thị Hai"],
    ]

    assert [record.section for record in read_rows(rows).records] == ["Dãy 1", "KHU A"]


def test_a_stall_named_like_a_title_stays_a_stall() -> None:
    stall_list = read_rows([["Số sạp", "Họ tên"], ["Khu A ô 5", "Vi Thị Một"]])

    assert stall_list.records[0].stalls == ("Khu A ô 5",)


@pytest.mark.parametrize(
    "total",
    [
        ["Tổng cộng: 56 hộ"],
        ["Tổng cộng", None, 56],
        [None, "Tổng cộng", "56 hộ"],
        [None, None, "TỔNG SỐ: 56"],
        ["Cộng khu I", 20],
        ["TONG CONG"],
    ],
)
def test_totals_are_passed_over(total: list[Value]) -> None:
    stall_list = read_rows([HEADER, FIRST, total, SECOND])

    assert (stall_list.stalls, told(stall_list)) == (2, [])


def test_a_family_name_like_total_is_no_total() -> None:
    stall_list = read_rows([["Họ tên", "Số sạp"], ["Tống Thị Một", "A1"]])

    assert stall_list.stalls == 1


def test_a_name_that_begins_like_a_total_stays_a_name() -> None:
    stall_list = read_rows([["Họ tên", "Số sạp"], ["Cộng Thị Một", "A1"], ["Cộng khu I", 20]])

    assert [record.merchant_name for record in stall_list.records] == ["Cộng Thị Một"]


@pytest.mark.parametrize(
    "ending",
    [
        [[None, "NGƯỜI LẬP BIỂU", None, None, "TRƯỞNG BAN"]],
        [[None, None, None, "Đầm Hà, ngày 30 tháng 9 năm 2026"]],
        [[None, None, "TM. BAN QUẢN LÝ"], [None, None, "(Ký, ghi rõ họ tên)"]],
        [[None, "KẾ TOÁN", "TRƯỞNG BAN"], [], [], [None, "Vi Văn Ký", "Vi Văn Duyệt"]],
        [["Tổng cộng: 1 hộ"], [None, None, "BỘ PHẬN MỘT CỬA", None, "LÃNH ĐẠO"]],
        [[None, None, "Người lập", "Trưởng ban"], [None, None, "Vi Văn Ký", "Vi Văn Duyệt"]],
    ],
)
def test_signatures_end_the_list(ending: list[list[Value]]) -> None:
    stall_list = read_rows([HEADER, FIRST, *ending])

    assert (stall_list.stalls, told(stall_list)) == (1, [])


def test_a_header_after_signatures_begins_the_list_again() -> None:
    stall_list = read_rows([HEADER, FIRST, [None, "KẾ TOÁN"], HEADER, SECOND])

    assert (stall_list.stalls, told(stall_list)) == (2, [])


@pytest.mark.parametrize(
    "numbers",
    [
        ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)"],
        [1, 2, 3, 4, 5, 6],
        ["A", "B", "1", "2", "3", "4"],
        ["1", "2", "3"],
    ],
)
def test_numbers_of_columns_are_passed_over(numbers: list[Value]) -> None:
    stall_list = read_rows([HEADER, numbers, FIRST])

    assert (stall_list.stalls, told(stall_list)) == (1, [])


def test_numbers_of_columns_are_known_where_a_private_column_is_left_out() -> None:
    rows: list[list[Value]] = [
        ["Số sạp", "Số CCCD", "Họ tên"],
        ["(1)", "(2)", "(3)"],
        ["A1", "x", "Vi"],
    ]

    assert read_rows(rows).stalls == 1


def test_a_header_repeated_on_each_page_is_passed_over() -> None:
    stall_list = read_rows([HEADER, FIRST, HEADER, ["(1)", "(2)", "(3)"], SECOND])

    assert (stall_list.stalls, told(stall_list)) == (2, [])


@pytest.mark.parametrize(
    "row",
    [[], [7], [" ", "  "], [None, None, None, None, None, None, "x"], ["(hết)"], ["* Hộ mới"]],
)
def test_rows_without_anything_of_a_stall_are_passed_over(row: list[Value]) -> None:
    stall_list = read_rows([HEADER, FIRST, row, SECOND])

    assert (stall_list.stalls, told(stall_list)) == (2, [])


@pytest.mark.parametrize(
    "remark", ["* Số liệu do tổ quản lý cung cấp", "Ghi chú: chưa gồm hộ rong"]
)
def test_a_remark_in_the_column_of_stalls_is_no_stall(remark: str) -> None:
    stall_list = read_rows([["Số sạp", "Họ tên"], ["A1", "Nguyễn Thị Mẫu"], [remark]])

    assert (stall_list.stalls, told(stall_list)) == (1, [])


def test_a_code_that_begins_like_a_remark_is_a_stall() -> None:
    stall_list = read_rows([["Số sạp", "Họ tên", "Tình trạng"], ["*12", "", ""]])

    assert told(stall_list) == [(2, "merchant_missing")]


def test_a_merged_merchant_holds_for_each_of_its_rows() -> None:
    stall_list = read_rows(
        [HEADER, FIRST, [None, "A2", None, None, "Vải"]], [(2, 2, 3, 2), (2, 3, 3, 3)]
    )

    assert [record.merchant_name for record in stall_list.records] == ["Vi Thị Một"] * 2
    assert [record.phone for record in stall_list.records] == ["0900000001"] * 2
    assert (stall_list.stalls, stall_list.merchants) == (2, 1)


def test_merged_rows_are_one_merchant_even_without_phone_or_account() -> None:
    stall_list = read_rows(
        [["Số sạp", "Họ tên"], ["A1", "Vi Thị Một"], ["A2"], ["A3", "Vi Thị Một"]], [(2, 1, 3, 1)]
    )

    assert stall_list.merchants == 2


def test_merged_cells_hold_for_the_section_and_the_account() -> None:
    stall_list = read_rows(
        [
            ["Dãy", "Số sạp", "Họ tên", "Số TK", "Ngân hàng"],
            ["Dãy 1", "A1", "Vi Thị Một", "8800100001", "BIDV"],
            [None, "A2"],
        ],
        [(2, column, 3, column) for column in (0, 2, 3, 4)],
    )

    assert [record.section for record in stall_list.records] == ["Dãy 1"] * 2
    assert [record.account for record in stall_list.records] == [("970418", "8800100001")] * 2
    assert stall_list.accounts == 1


def test_a_merged_stall_is_one_stall_that_merchants_share() -> None:
    stall_list = read_rows(
        [["Số sạp", "Họ tên"], ["A1", "Vi Thị Một"], [None, "Vi Thị Hai"]], [(2, 0, 3, 0)]
    )

    assert (stall_list.stalls, stall_list.merchants, told(stall_list)) == (1, 2, [])


def test_further_lines_of_one_merged_stall_and_merchant_are_no_rows_of_their_own() -> None:
    stall_list = read_rows(
        [["Số sạp", "Họ tên", "Mặt hàng"], ["A1", "Vi Thị Một", "Rau"], [None, None, "Cá"]],
        [(2, 0, 3, 0), (2, 1, 3, 1)],
    )

    assert [(record.row, record.line_code) for record in stall_list.records] == [(2, "vegetables")]
    assert told(stall_list) == []


@pytest.mark.parametrize(
    ("written", "codes"),
    [
        ("B10, B11", ("B10", "B11")),
        ("B10;B11 + B12", ("B10", "B11", "B12")),
        ("B10 và B11", ("B10", "B11")),
        ("B10/B11", ("B10", "B11")),
        ("B10, B10,", ("B10",)),
        ("B12A", ("B12A",)),
        ("A-01", ("A-01",)),
        ("D-1", ("D-1",)),
        ("B10-B12", ("B10-B12",)),
        ("12/A", ("12/A",)),
        ("Ki ốt 5", ("Ki ốt 5",)),
        ("-", ()),
        ("", ()),
    ],
)
def test_codes_in_one_cell_are_told_apart_and_never_guessed(
    written: str, codes: tuple[str, ...]
) -> None:
    assert stall_codes(written) == codes


@pytest.mark.parametrize(
    ("written", "codes"), [("B10\nB11", ("B10", "B11")), ("Ki ốt\n5", ("Ki ốt 5",))]
)
def test_codes_under_one_another_are_told_apart(written: str, codes: tuple[str, ...]) -> None:
    assert read_row({"Số sạp": written, "Họ tên": "Vi Thị Một"}).stalls == codes


def test_a_stall_number_in_a_number_cell_has_no_decimals() -> None:
    assert read_row({"Số sạp": 12, "Họ tên": "Vi Thị Một"}).stalls == ("12",)


@pytest.mark.parametrize(
    ("written", "state"),
    [
        (None, StallState.TRADING),
        ("Đang kinh doanh", StallState.TRADING),
        ("lạ", StallState.TRADING),
        ("trong chợ", StallState.TRADING),
        ("Tạm nghỉ", StallState.RESTING),
        ("TẠM NGHỈ (ốm)", StallState.RESTING),
        ("Trống", StallState.VACANT),
        ("Bo trong", StallState.VACANT),
        ("Chưa có\nngười thuê", StallState.VACANT),
        ("Trống từ 1/2026", StallState.VACANT),
        ("Đang sửa chữa", StallState.REPAIR),
        ("Đã đóng cửa", StallState.CLOSED),
    ],
)
def test_a_state_is_read_as_people_write_it(written: str | None, state: StallState) -> None:
    record = read_row({"Số sạp": "A1", "Họ tên": "Vi Thị Một", "Tình trạng": written})

    assert record.state is state


def test_a_vacant_stall_has_no_merchant_and_no_account() -> None:
    stall_list = read_rows(
        [
            ["Số sạp", "Họ tên", "SĐT", "Số TK", "Ngân hàng", "Tình trạng", "Ngành hàng"],
            ["A1, A2", "Vi Thị Một", "12345", "#", "?", "Trống", "Rau"],
        ]
    )

    assert (stall_list.stalls, stall_list.vacant, stall_list.merchants) == (2, 2, 0)
    assert stall_list.records[0].line_code == "vegetables"
    assert told(stall_list) == []


@pytest.mark.parametrize("values", [{"Họ tên": "(Bỏ trống)"}, {"Họ tên": None, "Ghi chú": "Trống"}])
def test_without_a_state_the_name_or_the_remark_may_say_vacant(values: dict[str, Value]) -> None:
    assert read_row({"Số sạp": "A1", **values}).state is StallState.VACANT


@pytest.mark.parametrize("state", ["Tạm nghỉ", "Đang sửa chữa", "Đã đóng cửa"])
def test_a_stall_that_does_not_trade_needs_no_merchant(state: str) -> None:
    stall_list = read_rows([HEADER, [1, "A1", None, None, None, state]])

    assert (stall_list.stalls, stall_list.merchants, told(stall_list)) == (1, 0, [])


@pytest.mark.parametrize(
    ("values", "placement"),
    [
        ({}, Placement.FIXED),
        ({"Loại điểm": "Cố định"}, Placement.FIXED),
        ({"Loại điểm": "Không cố định"}, Placement.MOBILE),
        ({"Loại điểm": "Lưu động"}, Placement.MOBILE),
        ({"Khu": "Khu bán hàng không cố định"}, Placement.MOBILE),
    ],
)
def test_placement_is_fixed_unless_the_list_says_otherwise(
    values: dict[str, Value], placement: Placement
) -> None:
    record = read_row({"Số sạp": "A1", "Họ tên": "Vi Thị Một", **values})

    assert record.placement is placement


@pytest.mark.parametrize(
    ("written", "area"),
    [
        (6, Decimal(6)),
        (6.5, Decimal("6.5")),
        ("6,5", Decimal("6.5")),
        ("12 m2", Decimal(12)),
        ("3 x 4", None),
        ("0", None),
        (None, None),
    ],
)
def test_an_area_is_one_plain_number(written: Value, area: Decimal | None) -> None:
    record = read_row({"Số sạp": "A1", "Họ tên": "Vi Thị Một", "Diện tích (m2)": written})

    assert record.area == area


def test_invisible_characters_go_and_markup_and_formulas_stay() -> None:
    record = read_row({"Số sạp": "A1\u200b", "Họ tên": "=HYPERLINK(1)\u202e <b>Một\x07</b>"})

    assert (record.stalls, record.merchant_name) == (("A1",), "=HYPERLINK(1) <b>Một</b>")


def test_letters_are_composed() -> None:
    assert read_row({"Số sạp": "A1", "Họ tên": "Vi Thi\u0323 Một"}).merchant_name == "Vi Thị Một"
