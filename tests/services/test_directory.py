"""The directories that an upgrade brings, and what an operator changes in them."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.banks import packaged_banks
from market.domain.business_lines import packaged_lines
from market.domain.errors import NotFound
from market.domain.text import fold
from market.models.account import BankEntry
from market.models.stall import BusinessLine
from market.services import directory


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

    assert offered == sorted(offered, key=lambda choice: fold(choice[1].split(" – ")[0]))
    assert dict(offered)["970436"].startswith("Vietcombank – ")


def test_a_line_that_the_operator_added_is_found_by_its_name(session: Session) -> None:
    session.add(BusinessLine(code="mau", name="Đồ thờ mẫu", search="do tho mau", mcc="5999"))

    found = directory.business_lines().find("do tho mau")

    assert found is not None
    assert found.code == "mau"
