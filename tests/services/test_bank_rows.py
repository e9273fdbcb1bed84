"""Administrators add and correct rows of the bank directory; lists are read with them at once."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.banks import BankKind
from market.domain.errors import Conflict, Invalid, NotFound
from market.models.account import BankEntry
from market.models.audit import AuditEntry
from market.services import banks, directory
from market.services.access import Actor
from market.services.banks import BankValues
from tests.factories import NOW, VIETCOMBANK

ACTOR = Actor.system(NOW)
VALUES = BankValues(
    code="NHM",
    short_name="NganHangMau",
    full_name="Ngân hàng TMCP Mẫu Mực",
    kind=BankKind.BANK,
    aliases=("Mẫu Mực Bank", " ", "NH  Mẫu Mực", "Mẫu Mực Bank"),
)


def values_of(row: BankEntry) -> BankValues:
    """What the form of a row holds."""
    known = {name: getattr(row, name) for name in banks.FIELDS}
    return BankValues(**{**known, "aliases": tuple(row.aliases.splitlines())})


def test_a_new_bank_is_found_by_all_its_names_at_once(session: Session) -> None:
    before = directory.bank_directory().find("Mẫu Mực Bank")

    banks.add_bank("999001", values=VALUES, actor=ACTOR)

    found = directory.bank_directory()
    assert before is None
    for name in ("999001", "nhm", "nganhangmau", "NGAN HANG TMCP MAU MUC", "nh mau muc"):
        bank = found.find(name)
        assert bank is not None, name
        assert bank.bin == "999001"


def test_other_ways_of_writing_are_kept_cleaned_and_once(session: Session) -> None:
    row = banks.add_bank("999001", values=VALUES, actor=ACTOR)

    assert row.aliases == "Mẫu Mực Bank\nNH Mẫu Mực"


@pytest.mark.parametrize("bin", ["", "12345", "1234567", "12345a", "１２３４５６"])
def test_what_is_no_bin_is_refused(bin: str, session: Session) -> None:
    with pytest.raises(Invalid) as refused:
        banks.add_bank(bin, values=VALUES, actor=ACTOR)
    assert refused.value.problems[0].field == "bin"


def test_a_bin_is_there_once(session: Session) -> None:
    with pytest.raises(Invalid) as refused:
        banks.add_bank(VIETCOMBANK, values=VALUES, actor=ACTOR)
    assert refused.value.problems[0].field == "bin"


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (replace(VALUES, code="VCB"), "code"),
        (replace(VALUES, short_name="Vietcombank"), "short_name"),
        (replace(VALUES, aliases=("Ngoại thương",)), "aliases"),
        (replace(VALUES, aliases=("Ngân hàng TMCP Ngoại Thương Việt Nam",)), "aliases"),
    ],
    ids=["code", "short name", "alias", "full name"],
)
def test_a_name_of_another_bank_is_refused(
    wanted: BankValues, field: str, session: Session
) -> None:
    with pytest.raises(Invalid) as refused:
        banks.add_bank("999001", values=wanted, actor=ACTOR)

    assert refused.value.problems[0].field == field
    assert "Vietcombank" in refused.value.problems[0].message


def test_the_names_of_the_release_can_all_be_saved_again(session: Session) -> None:
    for row in session.scalars(select(BankEntry)).all():
        banks.change_bank(row, values=values_of(row), seen=banks.fingerprint(row), actor=ACTOR)

    session.commit()
    assert session.scalars(select(AuditEntry)).all() == []


def test_a_correction_is_used_at_once_and_written_down(session: Session) -> None:
    row = banks.get_bank(VIETCOMBANK)
    wanted = replace(values_of(row), aliases=("VCB Hạ Long",), kind=BankKind.FINANCE)

    banks.change_bank(row, values=wanted, seen=banks.fingerprint(row), actor=ACTOR)

    bank = directory.bank_directory().find("vcb ha long")
    assert bank is not None
    assert (bank.bin, bank.needs_confirmation) == (VIETCOMBANK, True)
    session.commit()
    (entry,) = session.scalars(select(AuditEntry)).all()
    told = json.loads(entry.content)
    assert (entry.entity, entry.entity_id) == ("banks", VIETCOMBANK)
    assert told["new"] == {"aliases": ["VCB Hạ Long"], "kind": "finance"}
    assert told["old"]["kind"] == "bank"


def test_a_correction_of_what_somebody_changed_meanwhile_is_refused(session: Session) -> None:
    row = banks.get_bank(VIETCOMBANK)
    seen = banks.fingerprint(row)
    first = replace(values_of(row), notes="một")
    banks.change_bank(row, values=first, seen=seen, actor=ACTOR)

    with pytest.raises(Conflict):
        banks.change_bank(row, values=replace(first, notes="hai"), seen=seen, actor=ACTOR)


@pytest.mark.parametrize("name", ["code", "short_name", "full_name"])
def test_a_bank_has_its_names(name: str, session: Session) -> None:
    with pytest.raises(Invalid) as refused:
        banks.add_bank("999001", values=replace(VALUES, **{name: " "}), actor=ACTOR)  # type: ignore[arg-type]
    assert {problem.field for problem in refused.value.problems} >= {name}


def test_an_unknown_bank_is_not_found(session: Session) -> None:
    with pytest.raises(NotFound):
        banks.get_bank("000000")


@pytest.mark.parametrize("search", ["ngoai thuong", "VIETCOM", "970436", "vcb"])
def test_the_directory_is_searched_without_accents(search: str, session: Session) -> None:
    assert VIETCOMBANK in [row.bin for row in banks.page_of(1, search=search).items]
    assert banks.page_of(1, search="khong co ngan hang nay").items == []
