"""Rows of one merchant are joined by name and one thing more, never by the name alone."""

import pytest

from market.domain.stall_list.records import StallList
from tests.stall_lists import Value, read_rows, told

HEADER: list[Value] = ["Số sạp", "Họ tên", "SĐT", "Số TK", "Ngân hàng", "MST"]


def read(*rows: list[Value]) -> StallList:
    return read_rows([HEADER, *([f"A{n}", *row] for n, row in enumerate(rows, 1))])


def merchants(*rows: list[Value]) -> list[int | None]:
    return [record.merchant for record in read(*rows).records]


def test_a_name_alone_never_joins() -> None:
    assert merchants(["Vi Thị Một"], ["Vi Thị Một"]) == [0, 1]


@pytest.mark.parametrize("name", ["Vi Thị Một", "VI THỊ MỘT", "vi thi mot", "Vi  Thị Một"])
@pytest.mark.parametrize(
    "shared",
    [
        ["0900000001"],
        [None, "8800100001", "BIDV"],
        [None, None, None, "0101234567"],
    ],
)
def test_a_name_and_a_phone_account_or_code_join(shared: list[Value], name: str) -> None:
    assert merchants(["Vi Thị Một", *shared], [name, *shared]) == [0, 0]


@pytest.mark.parametrize("shared", [["0900000001"], [None, "8800100001", "BIDV"]])
def test_another_name_is_another_merchant(shared: list[Value]) -> None:
    assert merchants(["Vi Thị Một", *shared], ["Vi Thị Hai", *shared]) == [0, 1]


def test_merchants_are_joined_by_a_row_that_knows_both() -> None:
    assert merchants(
        ["Vi Thị Một", "0900000001"],
        ["Vi Thị Một", None, "8800100001", "BIDV"],
        ["Vi Thị Hai", "0900000002"],
        ["Vi Thị Một", "0900000001", "8800100001", "BIDV"],
    ) == [0, 0, 1, 0]


def test_a_merchant_with_two_stalls_has_one_account() -> None:
    stall_list = read(
        ["Vi Thị Một", "0900000001", "8800100001", "BIDV"], ["Vi Thị Một", "0900000001"]
    )

    assert (stall_list.stalls, stall_list.merchants, stall_list.accounts) == (2, 1, 1)


@pytest.mark.parametrize("second", [["8800100002", "BIDV"], ["8800100001", "Agribank"]])
def test_a_second_account_of_a_merchant_is_an_error(second: list[Value]) -> None:
    stall_list = read(
        ["Vi Thị Một", "0900000001", "8800100001", "BIDV"],
        ["Vi Thị Một", "0900000001", *second],
    )

    assert told(stall_list) == [(3, "account_conflict")]
    assert "dòng 2" in stall_list.errors[0].message
    assert (stall_list.stalls, stall_list.merchants, stall_list.accounts) == (1, 1, 1)


def test_a_conflict_is_told_against_the_row_that_gave_the_account() -> None:
    stall_list = read(
        ["Vi Thị Một", "0900000001"],
        ["Vi Thị Một", "0900000001", "8800100001", "BIDV"],
        ["Vi Thị Một", "0900000001", "8800100002", "BIDV"],
    )

    assert told(stall_list) == [(4, "account_conflict")]
    assert "dòng 3" in stall_list.errors[0].message


def test_a_row_that_makes_one_of_two_merchants_with_two_accounts_is_an_error() -> None:
    stall_list = read(
        ["Vi Thị Một", "0900000001", "8800100001", "BIDV"],
        ["Vi Thị Một", None, "8800100002", "BIDV", "0101234567"],
        ["Vi Thị Một", "0900000001", None, None, "0101234567"],
    )

    assert told(stall_list) == [(4, "account_conflict")]
    assert stall_list.merchants == 2


def test_a_row_with_an_error_joins_nobody() -> None:
    stall_list = read_rows(
        [
            HEADER,
            ["A1", "Vi Thị Một", "0900000001", "8800100001", "BIDV"],
            ["A1", "Vi Thị Một", "0900000001", "8800100002", "BIDV"],
            ["A3", "Vi Thị Một", "0900000001", "8800100001", "BIDV"],
        ]
    )

    assert told(stall_list) == [(3, "stall_duplicate")]
    assert (stall_list.merchants, stall_list.accounts) == (1, 1)


def test_after_a_conflict_the_first_account_stays() -> None:
    stall_list = read(
        ["Vi Thị Một", "0900000001", "8800100001", "BIDV"],
        ["Vi Thị Một", "0900000001", "8800100002", "BIDV"],
        ["Vi Thị Một", "0900000001", "8800100002", "BIDV"],
        ["Vi Thị Một", "0900000001", "8800100001", "BIDV"],
    )

    assert told(stall_list) == [(3, "account_conflict"), (4, "account_conflict")]


def test_rows_of_one_merchant_do_not_share_their_account() -> None:
    row: list[Value] = ["Vi Thị Một", "0900000001", "8800100001", "BIDV"]

    stall_list = read(row, row, row)

    assert told(stall_list) == []


def test_stalls_without_merchant_have_no_number() -> None:
    assert (
        read_rows([["Số sạp", "Họ tên", "Tình trạng"], ["A1", None, "Tạm nghỉ"]])
        .records[0]
        .merchant
        is None
    )
