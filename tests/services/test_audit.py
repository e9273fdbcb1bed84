"""The audit log is a chain: whatever is changed in it, or cut off it, is found and named."""

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from market.extensions import db
from market.models.audit import AuditEntry, AuditHead
from market.models.market import Market
from market.models.merchant import Merchant
from market.services import audit
from market.services.access import Actor
from tests.factories import NOW, make_actor, make_market, make_merchant

LENGTH = 5
MIDDLE = 3
COLUMNS = [column.name for column in AuditEntry.__table__.columns]


@pytest.fixture
def market(session: Session) -> Market:
    """A market with a chain of five entries, committed; the guards are off afterwards."""
    market = make_market()
    actor = make_actor(market=market)
    for place in range(LENGTH):
        audit.record(actor, "change", market, market_id=market.id, new={"name": f"Tên {place}"})
        session.commit()
    return market


def without_guards(session: Session) -> None:
    """Take away the triggers, as somebody with the database in hand could."""
    tables = " ON audit_entries" if db.engine.dialect.name == "postgresql" else ""
    for name in ("audit_entries_never_change", "audit_entries_never_go"):
        session.execute(text(f"DROP TRIGGER {name}{tables}"))


def head(session: Session) -> tuple[int, str]:
    """What an operator notes outside of the database."""
    row = session.scalars(select(AuditHead)).one()
    return row.count, row.hash


def test_an_untouched_chain_holds(session: Session, market: Market) -> None:
    report = audit.verify()

    assert report.broken is None
    assert (report.count, report.hash) == head(session) == (LENGTH, report.hash)


def test_an_empty_chain_holds(session: Session) -> None:
    report = audit.verify()

    assert (report.count, report.hash, report.broken) == (0, audit.FIRST_HASH, None)


TAMPERED = {
    "at": "at = '2020-01-01 00:00:00'",
    "actor_id": "actor_id = NULL",
    "actor": "actor = 'Kẻ khác'",
    "authority": "authority = 'administrator@country'",
    "channel": "channel = 'cli'",
    "address": "address = '10.0.0.1'",
    "action": "action = 'create'",
    "entity": "entity = 'users'",
    "entity_id": "entity_id = '999'",
    "market_id": "market_id = NULL",
    "content": "content = replace(content, 'Tên', 'Tem')",
    "previous_hash": "previous_hash = 'g' || substr(previous_hash, 2)",
    "hash": "hash = 'g' || substr(hash, 2)",
}


def test_every_column_of_an_entry_is_tampered_with_below() -> None:
    assert set(TAMPERED) | {"id"} == set(COLUMNS)


@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED.keys())
def test_a_changed_column_is_named_by_its_entry(
    change: str, session: Session, market: Market
) -> None:
    without_guards(session)
    session.execute(text(f"UPDATE audit_entries SET {change} WHERE id = {MIDDLE}"))

    report = audit.verify()

    assert report.broken is not None
    assert report.broken.entry == MIDDLE


def test_the_hash_of_the_last_entry_is_held_by_the_head(session: Session, market: Market) -> None:
    without_guards(session)
    session.execute(text("UPDATE audit_entries SET content = '{}' WHERE id = 5"))

    report = audit.verify()

    assert report.broken is not None
    assert report.broken.entry == LENGTH


def test_a_changed_entry_with_a_fitting_hash_breaks_the_next_link(
    session: Session, market: Market
) -> None:
    without_guards(session)
    entry = session.get_one(AuditEntry, MIDDLE)
    forged = {name: getattr(entry, name) for name in COLUMNS}
    forged["content"] = '{"new":{},"old":{}}'
    session.execute(
        text("UPDATE audit_entries SET content = :content, hash = :hash WHERE id = :id"),
        {
            "content": forged["content"],
            "hash": audit.hash_of(forged),
            "id": MIDDLE,
        },
    )
    session.expire_all()

    report = audit.verify()

    assert report.broken is not None
    assert (report.broken.entry, report.broken.reason) == (MIDDLE + 1, "không nối với mục trước")


@pytest.mark.parametrize("place", range(1, LENGTH))
def test_a_deleted_entry_is_named(place: int, session: Session, market: Market) -> None:
    without_guards(session)
    session.execute(text(f"DELETE FROM audit_entries WHERE id = {place}"))

    report = audit.verify()

    assert report.broken is not None
    assert report.broken.entry == place


def cut(session: Session, keep: int) -> None:
    """Cut the tail, and put the head back to the last entry that stays."""
    without_guards(session)
    session.execute(text(f"DELETE FROM audit_entries WHERE id > {keep}"))
    session.execute(
        text(
            "UPDATE audit_head SET count = :keep,"
            " hash = (SELECT hash FROM audit_entries WHERE id = :keep)"
        ),
        {"keep": keep},
    )


def test_a_cut_tail_alone_is_found_by_the_head(session: Session, market: Market) -> None:
    without_guards(session)
    session.execute(text("DELETE FROM audit_entries WHERE id = 5"))

    broken = audit.verify().broken

    assert broken is not None
    assert "đuôi chuỗi" in broken.reason


def test_a_tail_cut_with_its_head_is_found_by_what_was_noted_outside(
    session: Session, market: Market
) -> None:
    count, last = head(session)
    cut(session, keep=MIDDLE)

    assert audit.verify().broken is None
    broken = audit.verify(expected_count=count, expected_hash=last).broken
    assert broken is not None
    assert "chuỗi bị cắt" in broken.reason


def test_a_tail_written_anew_is_found_by_what_was_noted_outside(
    session: Session, market: Market
) -> None:
    count, last = head(session)
    cut(session, keep=MIDDLE)
    for place in range(LENGTH - MIDDLE):
        audit.record(Actor.system(NOW), "change", market, new={"name": f"Khác {place}"})
    session.commit()

    assert audit.verify().broken is None
    broken = audit.verify(expected_count=count, expected_hash=last).broken
    assert broken is not None
    assert str(count) in broken.reason


def test_a_chain_that_went_on_still_fits_what_was_noted_before(
    session: Session, market: Market
) -> None:
    count, last = head(session)
    audit.record(Actor.system(NOW), "change", market, new={})
    session.commit()

    assert audit.verify(expected_count=count, expected_hash=last).broken is None


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entries SET actor = 'Kẻ khác'",
        "DELETE FROM audit_entries",
    ],
)
def test_no_statement_changes_or_clears_the_log(
    statement: str, session: Session, market: Market
) -> None:
    with pytest.raises(IntegrityError, match="audit_entries_never"):
        session.execute(text(statement))


@pytest.mark.only_sqlite
def test_replacing_an_entry_is_refused_too(session: Session, market: Market) -> None:
    with pytest.raises(IntegrityError, match="audit_entries_never"):
        session.execute(
            text("INSERT OR REPLACE INTO audit_entries SELECT * FROM audit_entries WHERE id = 2")
        )


def test_what_is_rolled_back_leaves_no_entry(session: Session, market: Market) -> None:
    audit.record(Actor.system(NOW), "change", market, new={})
    session.rollback()
    session.commit()

    assert session.scalar(select(func.count()).select_from(AuditEntry)) == LENGTH


def test_an_entry_says_who_when_from_where_and_on_whose_authority(
    session: Session, market: Market
) -> None:
    entry = session.get_one(AuditEntry, 1)

    assert entry.actor.startswith("Người dùng mẫu")
    assert entry.at == NOW
    assert (entry.channel, entry.address) == ("web", "127.0.0.1")
    assert entry.authority == f"board_manager@market:{market.id}"
    assert (entry.entity, entry.entity_id) == ("markets", str(market.id))


def test_a_personal_value_is_sealed_under_the_merchants_key(session: Session) -> None:
    merchant = make_merchant(make_market())

    sealed = audit.personal(merchant, "0900000123")

    assert sealed is not None
    assert set(sealed) == {"sealed"}
    assert "0900000123" not in str(sealed)


@pytest.mark.parametrize("erase", [True, False])
def test_nothing_personal_is_kept_of_nothing(erase: bool, session: Session) -> None:
    merchant: Merchant = make_merchant(make_market())
    if erase:
        merchant.wrapped_key = None

    assert audit.personal(merchant, "0900000123" if erase else None) is None


def test_entries_come_in_the_order_of_the_acts(session: Session) -> None:
    market = make_market()
    for place in range(3):
        audit.record(Actor.system(NOW), "change", market, new={"place": place})
    session.commit()

    contents = session.scalars(select(AuditEntry.content).order_by(AuditEntry.id)).all()
    assert contents == [f'{{"new":{{"place":{place}}},"old":{{}}}}' for place in range(3)]
