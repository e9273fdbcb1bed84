"""Account, phone and registration numbers."""

import pytest

from market.domain.accounts import (
    AccountKind,
    AccountProof,
    AccountSource,
    AccountState,
    HolderRelation,
    check_number,
    check_phone,
    check_registration_code,
    clean_number,
    in_groups,
    is_all_letters,
    kind_at,
    last_four,
    mask,
)
from market.domain.banks import BankKind
from market.domain.errors import Invalid


def code_of_refusal(refused: pytest.ExceptionInfo[Invalid]) -> str:
    return refused.value.problems[0].code


@pytest.mark.parametrize(
    "written",
    [
        "8800100137",
        " 8800 100.137 ",
        "8800-100-137",
        "8800\u2013100\u2011137",
        "8800\u00a0100\u2009137",
        "\ufeff8800100137\u200b\n",
    ],
)
def test_spaces_dots_and_hyphens_are_trimmed(written: str) -> None:
    assert check_number(written) == "8800100137"


@pytest.mark.parametrize("number", ["1", "SAPRAU12", "chobenthanh", "0" * 19, "99MM24011M34875080"])
def test_letters_digits_and_case_are_kept_up_to_nineteen(number: str) -> None:
    assert check_number(number) == number


@pytest.mark.parametrize(
    "written",
    ["", " . - ", "1" * 20, "88001_00137", "88001,00137", "8800đ", "８８００", "٨٨", "8+1"],
)
def test_anything_else_is_invalid(written: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_number(written)

    assert code_of_refusal(refused) == "account_invalid"
    assert "19" in refused.value.message


@pytest.mark.parametrize(
    "written",
    ["1.90312E+13", "1,90312E+13", " 1.9e+13", "1.90312E13", "1E+13", "1 E+ 13", "8800100137.0"],
)
def test_numbers_that_a_spreadsheet_damaged_are_told_apart(written: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_number(written)

    assert code_of_refusal(refused) == "account_damaged"


@pytest.mark.parametrize("number", ["19E13", "1E13A", "8800.137.0"])
def test_numbers_that_only_look_scientific_are_kept(number: str) -> None:
    assert check_number(number) == clean_number(number)


@pytest.mark.parametrize(
    "written", ["9704366812345678901", "9704031101234567", "9704 0311 0123 4567"]
)
def test_card_numbers_are_refused(written: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_number(written)

    assert code_of_refusal(refused) == "account_is_card"


@pytest.mark.parametrize(
    "number", ["970403110123456", "97040311012345678", "9705031101234567", "9704A31101234567"]
)
def test_numbers_of_another_length_or_range_are_no_cards(number: str) -> None:
    assert check_number(number) == number


def test_only_the_last_four_are_shown() -> None:
    assert (last_four("8800100137"), mask("8800100137")) == ("0137", "••••••0137")


@pytest.mark.parametrize(
    ("number", "shown"), [("88001001", "1001"), ("8800100", "100"), ("88", "8"), ("8", "")]
)
def test_of_short_numbers_at_most_half_is_shown(number: str, shown: str) -> None:
    assert last_four(number) == shown
    assert mask(number) == "•" * (len(number) - len(shown)) + shown


@pytest.mark.parametrize(
    ("number", "groups"), [("8800100137", "8800 1001 37"), ("88001001", "8800 1001"), ("88", "88")]
)
def test_numbers_are_printed_in_groups_of_four(number: str, groups: str) -> None:
    assert in_groups(number) == groups


@pytest.mark.parametrize(
    ("number", "expected"), [("SAPRAU", True), ("SAPRAU12", False), ("8800", False), ("", False)]
)
def test_nicknames_are_all_letters(number: str, expected: bool) -> None:
    assert is_all_letters(number) is expected


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (BankKind.BANK, AccountKind.BANK),
        (BankKind.DIGITAL, AccountKind.BANK),
        (BankKind.FINANCE, AccountKind.BANK),
        (BankKind.WALLET, AccountKind.WALLET),
        (BankKind.MOBILE_MONEY, AccountKind.MOBILE_MONEY),
    ],
)
def test_the_house_decides_the_kind_of_account(kind: BankKind, expected: AccountKind) -> None:
    assert kind_at(kind) is expected


def test_words_that_are_stored_stay_as_they_are() -> None:
    assert list(AccountKind) == ["bank", "wallet", "mobile_money"]
    assert list(AccountState) == ["draft", "awaiting_approval", "approved", "retired", "rejected"]
    assert list(AccountSource) == ["typed", "imported", "scanned"]
    assert list(HolderRelation) == ["self", "household_business", "relative", "other"]
    assert list(AccountProof) == ["none", "scan_showed_name", "test_transfer"]


@pytest.mark.parametrize(
    "written",
    [
        "0900000123",
        "+84 900.000.123",
        "(+84) 900 000 123",
        "+84 0900000123",
        "84900000123",
        "0084900000123",
        "0900-000-123",
        "0900\u00a0000\u2013123",
    ],
)
def test_phones_are_taken_as_people_write_them(written: str) -> None:
    assert check_phone(written, restore_zero=False) == "0900000123"


def test_landlines_have_eleven_digits() -> None:
    assert check_phone("(0203) 3822 233", restore_zero=False) == "02033822233"


@pytest.mark.parametrize(
    ("written", "phone"),
    [("900000123", "0900000123"), ("849123456", "0849123456"), ("2033822233", "02033822233")],
)
def test_a_lost_zero_comes_back_when_asked(written: str, phone: str) -> None:
    assert check_phone(written, restore_zero=True) == phone


@pytest.mark.parametrize("written", ["900000123", "2033822233"])
def test_a_lost_zero_stays_lost_when_not_asked(written: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_phone(written, restore_zero=False)

    assert code_of_refusal(refused) == "phone_invalid"


@pytest.mark.parametrize(
    "written",
    ["", "12345", "0100000123", "09000001234", "0203382223", "0900000123/0900000124",
     "+1 2025550123", "+84", "không có", "０９０００００１２３", "090000012a"],
)  # fmt: skip
def test_other_numbers_are_no_vietnamese_phones(written: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_phone(written, restore_zero=True)

    assert code_of_refusal(refused) == "phone_invalid"
    assert refused.value.problems[0].field == "phone"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("22a8000123", "22A8000123"),
        (" 22.D8.000123 ", "22.D8.000123"),
        ("8800100137", "8800100137"),
        ("8800100137–001", "8800100137-001"),
        ("41/GP", "41/GP"),
    ],
)
def test_registration_codes_are_kept_in_upper_case(written: str, code: str) -> None:
    assert check_registration_code(written) == code


@pytest.mark.parametrize(
    "written",
    [
        "022088000123",
        "022 088 000 123",
        "022.088.000.123",
        "022088000123-00001",
        "22088000123",
        "880001234",
    ],
)
def test_personal_numbers_are_not_taken_as_codes(written: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_registration_code(written)

    assert code_of_refusal(refused) == "id_private"


@pytest.mark.parametrize("written", ["", "-", "đăng ký sau", "A" * 31, "<b>"])
def test_what_is_no_code_is_refused(written: str) -> None:
    with pytest.raises(Invalid) as refused:
        check_registration_code(written)

    assert code_of_refusal(refused) == "registration_invalid"
