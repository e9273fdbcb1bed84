"""The directories that an upgrade brings, and what an operator changes in them."""

import icu
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.banks import packaged_banks
from market.domain.business_lines import packaged_lines
from market.domain.errors import NotFound
from market.models.account import BankEntry
from market.models.stall import BusinessLine
from market.services import directory


def in_order(names: list[str]) -> list[str]:
    return sorted(names, key=icu.Collator.createInstance(icu.Locale("vi")).getSortKey)


def test_an_upgrade_brings_all_banks_of_the_release(session: Session) -> None:
    banks = tuple(directory.bank_directory())

    assert banks == tuple(sorted(packaged_banks(), key=lambda bank: bank.bin))


def test_an_upgrade_brings_all_business_lines_of_the_release(session: Session) -> None:
    lines = {line.code: line for line in directory.business_lines()}

    assert lines == {line.code: line for line in packaged_lines()}


def test_a_bank_is_found_by_a_name_that_the_operator_added(session: Session) -> None:
    row = session.scalars(select(BankEntry).where(BankEntry.bin == "970436")).one()
    row.aliases += "\nNgân hàng Mẫu Đầm Hà"

    found = directory.bank_directory().find("NGAN HANG MAU DAM HA")

    assert found is not None
    assert found.bin == "970436"


def test_a_bank_that_the_operator_took_out_is_not_found(session: Session) -> None:
    session.delete(session.get_one(BankEntry, "970436"))

    with pytest.raises(NotFound):
        directory.bank_directory().get("970436")


def test_banks_are_offered_by_name(session: Session) -> None:
    offered = directory.list_banks()

    names = [words.split(" – ")[0] for _bin, words in offered]
    assert names == in_order(names)
    assert dict(offered)["970436"].startswith("Vietcombank – ")


def test_lines_are_offered_in_the_order_of_the_alphabet(session: Session) -> None:
    session.add(BusinessLine(code="mau", name="Đồ thờ mẫu", search="do tho mau", mcc="5999"))

    names = [line.name for line in directory.business_lines()]

    assert names == in_order(names)


def test_a_line_that_the_operator_added_is_found_by_its_name(session: Session) -> None:
    session.add(BusinessLine(code="mau", name="Đồ thờ mẫu", search="do tho mau", mcc="5999"))

    found = directory.business_lines().find("do tho mau")

    assert found is not None
    assert found.code == "mau"
