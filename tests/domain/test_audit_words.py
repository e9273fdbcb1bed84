"""The audit log in words people read; what is personal stays hidden."""

import json
from collections.abc import Mapping

import pytest

from market.domain.audit_words import (
    HIDDEN,
    NOTHING,
    Change,
    action_word,
    authority_words,
    changes_of,
    entity_word,
)


def told(
    old: Mapping[str, object] | None = None,
    new: Mapping[str, object] | None = None,
    *,
    entity: str = "",
) -> list[Change]:
    """The changes of an entry with these values, on a thing of that kind."""
    return list(changes_of(json.dumps({"old": old or {}, "new": new or {}}), entity))


def test_a_change_has_its_name_before_and_after() -> None:
    change = told({"state": "awaiting_approval"}, {"state": "approved"}, entity="payment_accounts")

    assert change == [Change("Tình trạng", "Chờ duyệt", "Đã duyệt")]


def test_what_stands_on_one_side_only_has_one_side() -> None:
    assert told({"on": "2026-09-30"}) == [Change("Từ ngày", "30/09/2026", None)]
    assert told(None, {"on": "2026-09-30"}) == [Change("Từ ngày", None, "30/09/2026")]


def test_a_moment_is_told_as_in_viet_nam() -> None:
    assert told(None, {"revoked_at": "2026-09-30 18:05:09+00:00"})[0].new == "01/10/2026 01:05"


@pytest.mark.parametrize(
    ("name", "text"), [("note", "2026-09-30"), ("name", "2026-09-30"), ("on", "hôm nào đó")]
)
def test_what_only_looks_like_a_day_stays_as_it_was_written(name: str, text: str) -> None:
    assert told(None, {name: text})[0].new == text


def test_a_sealed_value_stays_hidden() -> None:
    assert told(None, {"phone": {"sealed": "c2VhbGVk"}}) == [Change("Điện thoại", None, HIDDEN)]


def test_a_sealed_value_stays_hidden_within_another() -> None:
    number = {"sealed": "c2VhbGVk"}

    shown = [
        told(None, {"payment_accounts": {"bin": "970436", "holder": None, "number": number}}),
        told(None, {"accounts": [number, {"last4": "4567"}]}),
    ]

    assert [changes[0].new for changes in shown] == [
        "Mã BIN: 970436, Chủ tài khoản: –, Số tài khoản: đã che",
        "đã che, Số cuối: 4567",
    ]


def test_a_value_that_tells_of_another_thing_is_called_as_the_thing_is() -> None:
    assert told(None, {"payment_accounts": 3})[0].name == "Tài khoản nhận tiền"


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (None, NOTHING),
        ("", NOTHING),
        ([], NOTHING),
        (True, "Có"),
        (False, "Không"),
        (0, "0"),
        (12, "12"),
        ([1, 2], "1, 2"),
        ({"a": 1}, "a: 1"),
    ],
)
def test_values_of_all_kinds_are_readable(value: object, word: str) -> None:
    assert told(None, {"x": value})[0].new == word


def test_a_long_list_says_how_much_more_there_is() -> None:
    shown = told(None, {"accounts": list(range(25))})[0].new

    assert shown == "0, 1, 2, 3, 4, 5, 6, 7, 8, 9 và 15 mục khác"


def test_words_of_closed_sets_are_translated_where_they_belong_only() -> None:
    assert told(None, {"role": "volunteer"})[0].new == "Tình nguyện viên"
    assert told(None, {"name": "volunteer"})[0].new == "volunteer"


@pytest.mark.parametrize(
    ("entity", "name", "value", "word"),
    [
        ("stalls", "state", "closed", "Đã đóng"),
        ("incidents", "state", "closed", "Đã xử lý"),
        ("stickers", "from", "printed", "Đã in"),
        ("foreign_codes", "kind", "wallet", "Ví điện tử"),
        ("operators", "kind", "cooperative", "Hợp tác xã"),
        ("stickers", "reason", "worn", "Cũ, mờ"),
        ("print_runs", "reason", "worn", "worn"),
    ],
)
def test_a_word_is_told_as_the_kind_of_thing_means_it(
    entity: str, name: str, value: str, word: str
) -> None:
    assert told(None, {name: value}, entity=entity)[0].new == word


def test_a_thing_within_another_is_told_as_its_kind() -> None:
    inner = {"stalls": {"state": "closed"}}

    assert told(None, inner, entity="import_batches")[0].new == "Tình trạng: Đã đóng"


def test_what_has_no_word_is_said_as_it_is() -> None:
    assert (entity_word("comets"), action_word("orbit")) == ("comets", "orbit")
    assert (entity_word("stalls"), action_word("merge")) == ("Điểm kinh doanh", "Gộp")
    assert told(None, {"tail": "long"}) == [Change("tail", None, "long")]


@pytest.mark.parametrize(
    ("authority", "words"),
    [
        ("board_manager@market:7", "Ban quản lý chợ (Chợ 7)"),
        ("administrator@country", "Quản trị hệ thống (Cả nước)"),
        (
            "volunteer@section:3, auditor@province:22",
            "Tình nguyện viên (Khu 3), Kiểm tra, giám sát (Tỉnh 22)",
        ),
        ("system", "system"),
        ("", NOTHING),
    ],
)
def test_the_authority_is_said_in_words(authority: str, words: str) -> None:
    assert authority_words(authority) == words
