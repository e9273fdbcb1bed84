"""Each error and warning of a list, at its row, and none beside it."""

import pytest

from market.domain.stall_list.headings import Field
from market.domain.stall_list.records import StallList
from tests.stall_lists import Value, read_row, read_rows, told

HEADER: list[Value] = ["Số sạp", "Họ tên", "SĐT", "Số TK", "Ngân hàng", "Chủ TK", "MST"]
GOOD: dict[str, Value] = {
    "Số sạp": "A1",
    "Họ tên": "Vi Thị Một",
    "SĐT": "0900000001",
    "Số TK": "8800100001",
    "Ngân hàng": "Agribank",
}


def read_with(**changes: Value) -> StallList:
    """A list of one sound row, changed by heading (underscores for spaces)."""
    values = GOOD | {name.replace("_", " "): value for name, value in changes.items()}
    return read_rows([list(values), list(values.values())])


def errors(**changes: Value) -> list[str]:
    return [error.code for error in read_with(**changes).errors]


def test_a_sound_row_has_no_errors_and_no_warnings() -> None:
    stall_list = read_with()

    assert told(stall_list) == []
    assert (stall_list.stalls, stall_list.merchants, stall_list.accounts) == (1, 1, 1)


@pytest.mark.parametrize("code", [None, " ", "-", ","])
def test_a_row_without_a_stall_is_an_error(code: str | None) -> None:
    assert errors(Số_sạp=code) == ["stall_missing"]


@pytest.mark.parametrize("again", ["A1", "a1", " A1 ", "A2, A1"])
def test_a_stall_that_stood_before_is_an_error_at_the_later_row(again: str) -> None:
    stall_list = read_rows([HEADER, ["A1", "Vi Thị Một"], [again, "Vi Thị Hai"]])

    assert told(stall_list) == [(3, "stall_duplicate")]
    assert "dòng 2" in stall_list.errors[0].message


def test_a_stall_that_stood_in_a_row_with_an_error_is_taken_all_the_same() -> None:
    stall_list = read_rows([HEADER, ["A1", "Vi Thị Một", "12345"], ["A1", "Vi Thị Hai"]])

    assert told(stall_list) == [(2, "phone_invalid"), (3, "stall_duplicate")]


@pytest.mark.parametrize("name", [None, "-", "…", "(Trống)"])
def test_a_trading_stall_without_a_name_is_an_error(name: str | None) -> None:
    stall_list = read_rows([["Số sạp", "Họ tên", "Tình trạng"], ["A1", name, "Đang kinh doanh"]])

    assert told(stall_list) == [(2, "merchant_missing")]


@pytest.mark.parametrize(
    "number", [1.234567890123457e18, 1e15, "1.90312E+13", "1,90312E+13", "1.90312e+13", "2E+14"]
)
def test_an_account_that_lost_digits_is_an_error(number: Value) -> None:
    assert errors(Số_TK=number) == ["account_damaged"]


@pytest.mark.parametrize(
    "number",
    ["12345678901234567890", "88001#", "tài khoản", "không có", "-", 88001.5, -8800100001, "9/8/1"],
)
def test_an_account_of_other_signs_is_an_error(number: Value) -> None:
    assert errors(Số_TK=number) == ["account_invalid"]


@pytest.mark.parametrize(
    "number", ["9704366812345678", "9704366812345678901", "9704 3668 1234 5678"]
)
def test_a_card_number_is_an_error(number: str) -> None:
    assert errors(Số_TK=number) == ["account_is_card"]


@pytest.mark.parametrize("number", [" 8800 100.001 ", "8800-100-001", "8800100001"])
def test_an_account_is_freed_from_what_people_put_between(number: str) -> None:
    assert read_row(GOOD | {"Số TK": number}).account == ("970405", "8800100001")


@pytest.mark.parametrize("bank", ["Ngân hàng Hoa Sen", "CIMB", "Mirae Asset", "999999"])
def test_a_bank_nobody_knows_is_an_error(bank: str) -> None:
    assert errors(Ngân_hàng=bank) == ["bank_unknown"]


@pytest.mark.parametrize("bank", ["Agribank", "VBA", "970405", 970405, "NH Nông nghiệp và PTNT"])
def test_a_bank_is_known_by_name_code_or_bin(bank: Value) -> None:
    assert read_row(GOOD | {"Ngân hàng": bank}).bank_bin == "970405"


@pytest.mark.parametrize("bank", [None, "-"])
def test_an_account_without_a_bank_is_an_error(bank: str | None) -> None:
    assert errors(Ngân_hàng=bank) == ["bank_missing"]


def test_a_bank_without_an_account_is_an_error() -> None:
    assert errors(Số_TK=None) == ["account_missing"]


@pytest.mark.parametrize(
    ("number", "bank"), [(None, None), ("-", "-"), ("chưa có", None), ("Không có", "không")]
)
def test_a_merchant_may_have_no_account(number: str | None, bank: str | None) -> None:
    stall_list = read_with(Số_TK=number, Ngân_hàng=bank)

    assert (told(stall_list), stall_list.merchants, stall_list.accounts) == ([], 1, 0)


@pytest.mark.parametrize(
    "phone", ["12345", "090000000", "900000001", "0900000001/0900000002", "không"]
)
def test_a_phone_that_is_not_vietnamese_is_an_error(phone: str) -> None:
    assert errors(SĐT=phone) == ["phone_invalid"]


@pytest.mark.parametrize(
    "phone", ["0900000001", "0900.000.001", "+84 900 000 001", "84900000001", 900000001]
)
def test_a_phone_is_kept_in_one_form(phone: Value) -> None:
    assert read_row(GOOD | {"SĐT": phone}).phone == "0900000001"


def test_a_phone_gets_its_zero_back_in_text_files() -> None:
    assert read_row(GOOD | {"SĐT": "900000001"}, is_text=True).phone == "0900000001"


@pytest.mark.parametrize("phone", [None, "-", "..."])
def test_a_merchant_may_have_no_phone(phone: str | None) -> None:
    assert read_row(GOOD | {"SĐT": phone}).phone is None


def test_each_thing_wrong_with_a_row_is_told_once() -> None:
    found = errors(Số_sạp=None, SĐT="12345", Số_TK="9704366812345678", Ngân_hàng="Hoa Sen")

    assert sorted(found) == ["account_is_card", "bank_unknown", "phone_invalid", "stall_missing"]


def test_an_account_in_a_number_cell_is_imported_with_a_warning() -> None:
    stall_list = read_with(Số_TK=8800100001)

    assert told(stall_list) == [(2, "account_from_number")]
    assert stall_list.records[0].account_from_number


def test_an_account_in_a_text_file_is_no_number_cell() -> None:
    assert not read_row(GOOD, is_text=True).account_from_number


def test_two_merchants_with_one_account_are_told_at_the_later_row() -> None:
    stall_list = read_rows(
        [HEADER, list(GOOD.values()), ["A2", "Vi Thị Hai", None, "8800100001", "970405"]]
    )

    assert told(stall_list) == [(3, "account_shared")]
    assert (stall_list.merchants, stall_list.accounts) == (2, 2)


def test_one_number_at_two_banks_is_not_one_account() -> None:
    stall_list = read_rows(
        [HEADER, list(GOOD.values()), ["A2", "Vi Thị Hai", None, "8800100001", "BIDV"]]
    )

    assert told(stall_list) == []


def test_an_account_is_not_shared_with_a_row_that_is_not_imported() -> None:
    stall_list = read_rows(
        [
            HEADER,
            ["A1", "Vi Thị Một", "12345", "8800100001", "Agribank"],
            ["A2", "Vi Thị Hai", None, "8800100001", "Agribank"],
        ]
    )

    assert told(stall_list) == [(2, "phone_invalid")]


def test_a_column_of_citizen_ids_is_told_at_the_header_and_not_read() -> None:
    stall_list = read_rows(
        [["Danh sách"], ["Số sạp", "Họ tên", "Số\nCCCD"], ["A1", "Vi Thị Một", "022078161301"]]
    )

    assert [(w.row, w.code, w.column) for w in stall_list.warnings] == [
        (2, "column_private", "Số CCCD")
    ]


@pytest.mark.parametrize("code", ["022078161301", "022 078 161 301", 22078161301, 220781613010])
def test_a_personal_number_is_told_and_not_kept(code: Value) -> None:
    stall_list = read_with(MST=code)

    assert told(stall_list) == [(2, "id_private")]
    assert stall_list.records[0].registration_code is None


@pytest.mark.parametrize("code", ["0101234567", "0101234567-001", "22A8012345"])
def test_a_registration_code_is_kept(code: str) -> None:
    assert read_row(GOOD | {"MST": code}).registration_code == code


def test_what_is_no_registration_code_is_left_out() -> None:
    stall_list = read_with(MST="chưa đăng ký")

    assert (told(stall_list), stall_list.records[0].registration_code) == ([], None)


def test_a_line_nobody_knows_is_told_and_the_stall_imported() -> None:
    stall_list = read_with(Ngành_hàng="Cho thuê phi thuyền")

    assert told(stall_list) == [(2, "line_unknown")]
    assert stall_list.records[0].line_text == "Cho thuê phi thuyền"
    assert stall_list.records[0].line_code is None


def test_a_known_line_is_kept_with_its_code() -> None:
    record = read_row(GOOD | {"Ngành hàng": "Cá, hải sản"})

    assert (record.line_code, record.line_text) == ("seafood", "Cá, hải sản")


def test_an_account_holder_who_is_not_the_merchant_is_told() -> None:
    stall_list = read_with(Chủ_TK="LE VAN KHAC")

    assert told(stall_list) == [(2, "name_differs")]
    assert stall_list.records[0].holder == "LE VAN KHAC"


@pytest.mark.parametrize(
    "holder",
    ["VI THI MOT", "Vi Thị Một", "vi  thi mot", "HKD VI THI MOT", "Bà Vi Thị Một", None, "-"],
)
def test_an_account_holder_who_is_the_merchant_is_not_told(holder: str | None) -> None:
    assert told(read_with(Chủ_TK=holder)) == []


def test_a_holder_without_an_account_is_not_told() -> None:
    stall_list = read_with(Số_TK=None, Ngân_hàng=None, Chủ_TK="LE VAN KHAC")

    assert told(stall_list) == []


def test_warnings_are_not_told_of_rows_that_are_not_imported() -> None:
    stall_list = read_with(SĐT="12345", Số_TK=8800100001, Chủ_TK="LE VAN KHAC", MST="022078161301")

    assert told(stall_list) == [(2, "phone_invalid")]


@pytest.mark.parametrize(
    ("changes", "field", "column"),
    [
        ({"Số_sạp": None}, Field.STALL, "Số sạp"),
        ({"Họ_tên": None}, Field.MERCHANT, "Họ tên"),
        ({"SĐT": "12345"}, Field.PHONE, "SĐT"),
        ({"Số_TK": "#"}, Field.ACCOUNT, "Số TK"),
        ({"Ngân_hàng": "Hoa Sen"}, Field.BANK, "Ngân hàng"),
        ({"Ngân_hàng": None}, Field.BANK, "Ngân hàng"),
    ],
)
def test_an_error_names_its_field_and_column(
    changes: dict[str, Value], field: Field, column: str
) -> None:
    (error,) = read_with(**changes).errors

    assert (error.field, error.column) == (field, column)


def test_problems_come_in_the_order_of_the_rows() -> None:
    stall_list = read_rows(
        [
            HEADER,
            ["A1", "Vi Thị Một", None, "8800100001", "Agribank"],
            ["A2", "Vi Thị Một", None, "8800100002", "Agribank", None, None],
            ["A3", None],
            ["A1", "Vi Thị Ba"],
            ["A5", "Vi Thị Năm", "1"],
        ]
    )

    assert [row for row, _ in told(stall_list)] == [4, 5, 6]


def test_bad_rows_are_kept_as_they_stood_with_their_reasons() -> None:
    stall_list = read_rows([HEADER, ["A1", "Vi Thị Một", "12345", 8800100001, "Agribank"]])

    (bad,) = stall_list.bad_rows
    assert bad.number == 2
    assert [cell.text for cell in bad.cells][:5] == [
        "A1",
        "Vi Thị Một",
        "12345",
        "8800100001",
        "Agribank",
    ]
    assert bad.reason == stall_list.errors[0].message


def test_bad_rows_stand_under_the_columns_of_the_list() -> None:
    stall_list = read_rows(
        [[None, "Số sạp", "Địa chỉ", "Họ tên"], [None, None, "Thôn Một", "Vi Thị Một"]]
    )

    headings = [column.heading for column in stall_list.columns]
    texts = [cell.text for cell in stall_list.bad_rows[0].cells]
    assert dict(zip(headings, texts, strict=True)) == {
        "Số sạp": "",
        "Địa chỉ": "Thôn Một",
        "Họ tên": "Vi Thị Một",
    }


def test_bad_rows_keep_no_personal_numbers() -> None:
    stall_list = read_rows(
        [
            ["Số sạp", "Họ tên", "CCCD", "MST", "SĐT"],
            ["A1", "Vi Thị Một", "022078161301", "022078161301", "12345"],
        ]
    )

    assert [cell.text for cell in stall_list.bad_rows[0].cells] == [
        "A1",
        "Vi Thị Một",
        "",
        "",
        "12345",
    ]


def test_bad_rows_keep_the_title_that_gave_their_section_and_merged_names() -> None:
    stall_list = read_rows(
        [
            ["Số sạp", "Họ tên", "SĐT"],
            ["KHU A"],
            ["A1", "Vi Thị Một", "0900000001"],
            ["A2", None, "12345"],
            ["A3", "Vi Thị Ba", "12345"],
        ],
        [(3, 1, 4, 1)],
    )

    assert [(bad.number, bad.cells[0].text, bad.cells[1].text) for bad in stall_list.bad_rows] == [
        (2, "KHU A", ""),
        (4, "A2", "Vi Thị Một"),
        (5, "A3", "Vi Thị Ba"),
    ]
    assert stall_list.bad_rows[0].reason == ""
