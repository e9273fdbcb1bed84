"""The life of an uploaded list: columns settled, previewed, applied once, dropped in the end."""

from datetime import timedelta
from io import BytesIO

import openpyxl
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.calendar import day_of
from market.domain.errors import Conflict, Forbidden, Invalid, NotFound
from market.domain.imports import BatchState
from market.domain.markets import MarketClass
from market.domain.roles import Role
from market.extensions import db
from market.models.audit import AuditEntry
from market.models.import_batch import ImportBatch, ImportChange
from market.models.market import Market
from market.services import audit, import_files, import_runs, imports
from market.services.import_runs import PlanChanged
from tests.factories import (
    NOW,
    TODAY,
    make_actor,
    make_market,
    make_merchant,
    make_province,
    make_section,
    make_stall,
    make_tenancy,
)
from tests.importing import (
    DUNG,
    HEADINGS,
    LAN,
    SYSTEM,
    accounts_of,
    apply_rows,
    changed,
    csv_of,
    kinds_of,
    later,
    merchants_of,
    preview_of,
    problems_of,
    rows_of,
)

LAN_NAME = LAN[1]
STRANGE = ("Chỗ", *HEADINGS[1:])


@pytest.fixture
def market(session: Session) -> Market:
    """An empty market."""
    made: Market = make_market("QN-DAMHA", market_class=MarketClass.UNCLASSIFIED)
    return made


def apply(market: Market, batch: ImportBatch, *, skip: bool = False) -> ImportBatch:
    """Apply a previewed list."""
    return import_runs.apply_batch(batch.id, market=market, skip_bad_rows=skip, actor=SYSTEM)


def settle(batch: ImportBatch, **fields: str) -> None:
    """Say what headings mean; the underscore stands for a space."""
    choices = [(heading.replace("_", " "), field) for heading, field in fields.items()]
    imports.settle_columns(batch, choices, effective_on=TODAY, version=batch.version, actor=SYSTEM)


def test_file_and_preview_are_not_readable_in_the_database(market: Market) -> None:
    batch = preview_of(market, LAN)

    for sealed in (batch.file_sealed, batch.preview_sealed):
        assert sealed
        assert b"0900000001" not in sealed
        assert LAN_NAME.encode() not in sealed


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("danh-sach.xlsx", b"PK\x03\x04 hong"),
        ("danh-sach.xlsx", b"A;B\n1;2"),
        ("danh-sach.pdf", b"%PDF-1.7"),
        ("danh-sach.csv", b""),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_with_nothing_written(
    session: Session, market: Market, name: str, data: bytes
) -> None:
    with pytest.raises(Invalid):
        imports.upload(market, name, data, actor=SYSTEM)

    assert session.scalars(select(ImportBatch)).all() == []


def test_the_same_file_uploaded_twice_by_one_user_is_one_batch(market: Market) -> None:
    actor = make_actor(market=market)

    first = imports.upload(market, "a.csv", csv_of(LAN), actor=actor)

    assert imports.upload(market, "b.csv", csv_of(LAN), actor=actor) is first


def test_a_batch_does_not_exist_in_another_market(session: Session, market: Market) -> None:
    batch = preview_of(market, LAN)

    with pytest.raises(NotFound):
        imports.get_batch(make_market(), batch.id)


def test_whoever_runs_one_section_cannot_import_for_the_market(market: Market) -> None:
    actor = make_actor(Role.BOARD_MANAGER, section=make_section(market))

    with pytest.raises(Forbidden):
        imports.upload(market, "a.csv", csv_of(LAN), actor=actor)


def test_accounts_stay_out_where_an_approver_imports(market: Market) -> None:
    officer = make_actor(Role.PROVINCE_OFFICER, province=make_province())

    batch = apply_rows(market, LAN, changed(DUNG, account="1,9E+13"), actor=officer)

    assert (kinds_of(batch), batch.counts["accounts"]) == ({"new": 2}, 0)
    assert accounts_of(LAN_NAME) == []


def test_a_list_without_a_known_stall_column_waits_for_its_columns(market: Market) -> None:
    batch = preview_of(market, LAN, headings=STRANGE)

    kept = import_files.kept_preview(batch)
    assert kept is not None
    assert batch.state is BatchState.UPLOADED
    assert kept.refusal
    assert [column["heading"] for column in kept.columns] == list(STRANGE)


def test_a_column_mapped_by_hand_is_read(market: Market) -> None:
    batch = preview_of(market, LAN, headings=STRANGE)

    settle(batch, Chỗ="stall")
    imports.preview_batch(batch, market=market, actor=SYSTEM)

    assert kinds_of(batch) == {"new": 1}


def test_what_a_heading_means_is_remembered_for_the_market(
    session: Session, market: Market
) -> None:
    settle(preview_of(market, LAN, headings=STRANGE), Chỗ="stall")

    here = preview_of(market, DUNG, headings=STRANGE)
    elsewhere = preview_of(make_market(), DUNG, headings=STRANGE)

    assert here.state is BatchState.PREVIEWED
    assert elsewhere.state is BatchState.UPLOADED


def test_a_column_left_out_by_hand_is_not_read(market: Market) -> None:
    batch = preview_of(market, LAN)

    settle(batch, Số_điện_thoại="")
    imports.preview_batch(batch, market=market, actor=SYSTEM)
    apply(market, batch)

    assert [merchant.phone_sealed for merchant in merchants_of(market)] == [None]


def test_a_day_to_come_is_refused(market: Market) -> None:
    batch = preview_of(market, LAN)

    with pytest.raises(Invalid, match="chưa tới"):
        imports.settle_columns(
            batch,
            [],
            effective_on=TODAY + timedelta(days=1),
            version=batch.version,
            actor=SYSTEM,
        )


def test_settling_columns_somebody_else_has_settled_is_a_conflict(market: Market) -> None:
    batch = preview_of(market, LAN)
    seen = batch.version
    settle(batch, Số_điện_thoại="")
    db.session.flush()

    with pytest.raises(Conflict):
        imports.settle_columns(batch, [], effective_on=TODAY, version=seen, actor=SYSTEM)


def test_errors_are_only_left_out_when_asked(session: Session, market: Market) -> None:
    batch = preview_of(market, changed(LAN, phone="12345"), DUNG)

    with pytest.raises(Invalid) as refused:
        apply(market, batch)

    assert [problem.row for problem in refused.value.problems] == [2]
    assert merchants_of(market) == []


def test_a_list_that_was_not_previewed_since_is_not_applied(market: Market) -> None:
    batch = preview_of(market, LAN)
    settle(batch, Số_điện_thoại="")

    with pytest.raises(Conflict):
        apply(market, batch)


def test_applying_twice_has_one_effect(session: Session, market: Market) -> None:
    batch = preview_of(market, LAN)
    apply(market, batch)
    changes = len(session.scalars(select(ImportChange.id)).all())

    assert apply(market, batch) is batch

    assert len(session.scalars(select(ImportChange.id)).all()) == changes


def test_a_register_that_moved_on_since_the_preview_is_a_conflict(
    session: Session, market: Market
) -> None:
    batch = preview_of(market, LAN)
    make_tenancy(make_stall(market, "A01"), make_merchant(market))

    with pytest.raises(PlanChanged):
        apply(market, batch)

    assert [merchant.display_name for merchant in merchants_of(market)] != [LAN_NAME]


def test_the_same_file_applied_meanwhile_is_the_answer(market: Market) -> None:
    first = preview_of(market, LAN, actor=make_actor(market=market))
    second = preview_of(market, LAN, actor=make_actor(market=market))
    apply(market, first)

    assert apply(market, second) is first
    assert second.state is BatchState.DROPPED
    assert len(merchants_of(market)) == 1


def test_the_rows_to_correct_come_as_they_were_with_the_reason(market: Market) -> None:
    bad = changed(LAN, name="=1+1", phone="12345")
    batch = preview_of(market, bad, DUNG)
    stream = BytesIO()

    import_files.write_bad_rows(batch, stream, actor=SYSTEM)

    rows = list(openpyxl.load_workbook(stream).active.iter_rows(values_only=True))
    assert rows[0] == (*HEADINGS, "Lý do")
    assert tuple(value or "" for value in rows[1][:-1]) == bad
    assert "Số điện thoại" in rows[1][-1]
    assert len(rows) == 2


def test_private_columns_are_not_among_the_rows_to_correct(market: Market) -> None:
    headings = (*HEADINGS, "Số CCCD")
    batch = preview_of(market, (*changed(LAN, phone="12345"), "022078161301"), headings=headings)
    stream = BytesIO()

    import_files.write_bad_rows(batch, stream, actor=SYSTEM)

    cells = [cell for row in openpyxl.load_workbook(stream).active.values for cell in row]
    assert "022078161301" not in cells
    assert (1, "column_private") in problems_of(batch)


def test_downloading_the_rows_to_correct_is_an_entry(session: Session, market: Market) -> None:
    batch = preview_of(market, changed(LAN, phone="12345"))

    import_files.write_bad_rows(batch, BytesIO(), actor=SYSTEM)
    session.commit()

    assert "download_bad_rows" in session.scalars(select(AuditEntry.action)).all()


def test_files_are_destroyed_after_thirty_days_with_their_key(market: Market) -> None:
    applied, waiting = apply_rows(market, LAN), preview_of(market, DUNG)

    assert import_files.purge(NOW + timedelta(days=30)) == 0
    assert import_files.purge(NOW + timedelta(days=31)) == 2

    for batch in (applied, waiting):
        assert (batch.file_sealed, batch.preview_sealed, batch.wrapped_key) == (None, None, None)
    assert (applied.state, waiting.state) == (BatchState.APPLIED, BatchState.DROPPED)


def test_a_dropped_list_cannot_be_applied(market: Market) -> None:
    batch = preview_of(market, LAN)
    import_files.purge(NOW + timedelta(days=31))

    with pytest.raises(Conflict):
        apply(market, batch)


def test_an_applied_list_can_still_be_taken_back_without_its_file(market: Market) -> None:
    batch = apply_rows(market, LAN)
    import_files.purge(NOW + timedelta(days=31))

    import_runs.undo_batch(batch.id, market=market, actor=later(31))

    assert batch.state is BatchState.UNDONE


def test_each_changed_row_is_one_entry_and_the_batch_another(
    session: Session, market: Market
) -> None:
    apply_rows(market, LAN, DUNG)
    session.commit()

    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in entries] == ["upload", "import", "import", "apply_import"]
    assert audit.verify().broken is None


def test_a_row_that_only_changes_who_trades_is_an_entry_too(
    session: Session, market: Market
) -> None:
    apply_rows(market, LAN, DUNG)
    apply_rows(market, LAN, changed(DUNG, phone="0900000009"), actor=later())
    session.commit()

    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id.desc()).limit(2)).all()
    assert [(entry.action, entry.entity) for entry in entries] == [
        ("apply_import", "import_batches"),
        ("import", "merchants"),
    ]


def test_a_list_that_changes_nothing_is_one_entry(session: Session, market: Market) -> None:
    apply_rows(market, LAN)
    session.commit()
    before = len(session.scalars(select(AuditEntry.id)).all())

    apply_rows(market, LAN, actor=later())
    session.commit()

    assert len(session.scalars(select(AuditEntry.id)).all()) == before + 2


def test_nothing_personal_stands_in_clear_beside_the_register(
    session: Session, market: Market
) -> None:
    apply_rows(market, LAN)
    row = changed(LAN, name="Nguyễn Thị Lân", phone="0900000009", account="8800100009")
    batch = apply_rows(market, row, actor=later())
    import_runs.undo_batch(batch.id, market=market, actor=later(2))
    session.commit()

    clear = [
        *session.scalars(select(AuditEntry.content)),
        *(str(before) for before in session.scalars(select(ImportChange.before))),
        *(str(counts) for counts in session.scalars(select(ImportBatch.counts))),
    ]
    for secret in (LAN_NAME, "Lân", "NGUYEN", "0900000001", "0900000009", "88001000"):
        assert not any(secret in text for text in clear), secret


def test_the_keeper_of_a_batch_outlives_a_month_end(market: Market) -> None:
    batch = preview_of(market, LAN)

    assert batch.keep_until == day_of(NOW + timedelta(days=30))


def test_a_decided_account_takes_undoing_off_the_page(market: Market) -> None:
    batch = apply_rows(market, LAN)
    assert import_runs.can_be_undone(batch)

    (account,) = accounts_of(LAN_NAME)
    account.state = AccountState.REJECTED
    db.session.flush()

    assert not import_runs.can_be_undone(batch)


def test_pages_of_rows_follow_the_filter(market: Market) -> None:
    batch = preview_of(market, changed(LAN, phone="12345"), DUNG)

    kept = import_files.kept_preview(batch)
    assert kept is not None
    page = imports.rows_page(kept, "error", 1)
    assert (page.total, [row["row"] for row in page.items]) == (1, [2])
    assert imports.rows_page(kept, "all", 2, per_page=1).items[0]["row"] == 3
    assert len(rows_of(batch)) == 2
