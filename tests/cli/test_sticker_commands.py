"""`flask stickers print`: a whole file of recorded stickers, or nothing."""

import hashlib
import json
import os
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.domain.accounts import AccountState
from market.domain.roles import Role
from market.domain.stickers import RunState, StickerState
from market.models.account import PaymentAccount
from market.models.audit import AuditEntry
from market.models.market import Market
from market.models.sticker import PrintRun, Sticker
from market.services import account_decisions, printing
from market.services.printing import Drawn
from tests.factories import (
    VIETCOMBANK,
    actor_of,
    make_account,
    make_market,
    make_trader,
    make_user,
)
from tests.paper import LONG_NAME
from tests.print_shop import make_ready, make_run, paid_by

Transaction = Callable[[], AbstractContextManager[Session]]
PRINTS = "tinhnguyen@example.vn"
STRANGER = "nguoila@example.vn"


@pytest.fixture
def pdf(tmp_path: Path, transaction: Transaction) -> Path:
    """Where the file goes; the market has two stalls with accounts, one without."""
    with transaction():
        market = make_market("QN-DAMHA", "Chợ Đầm Hà")
        make_user(Role.VOLUNTEER, market=market, email=PRINTS)
        make_user(Role.BOARD_MANAGER, market=make_market("QN-KHAC"), email=STRANGER)
        make_user(Role.AUDITOR, market=market, email="kiemtra@example.vn")
        make_ready(market, "A1", "88001000001")
        make_ready(market, "A2", "88001000002", name=LONG_NAME)
        make_trader(market, "A3")
    return tmp_path / "tem.pdf"


def run(app: Flask, out: Path, *more: str, email: str = PRINTS) -> Result:
    """What `flask stickers print` does."""
    words = ["--market", "QN-DAMHA", "--template", "a4-8", "--out", str(out), "--as", email]
    return app.test_cli_runner().invoke(args=["stickers", "print", *words, *more])


def told(result: Result) -> dict[str, Any]:
    """The JSON it printed."""
    assert result.exit_code == 0, result.stderr
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def counted(transaction: Transaction) -> tuple[int, int, int]:
    """How many runs, stickers and audit entries there are."""
    with transaction() as session:
        counts = [
            session.scalar(select(func.count()).select_from(entity)) or 0
            for entity in (PrintRun, Sticker, AuditEntry)
        ]
        return counts[0], counts[1], counts[2]


def test_every_code_in_the_file_pays_the_account_of_its_stall(app: Flask, pdf: Path) -> None:
    told(run(app, pdf, "--json"))

    assert paid_by(pdf.read_bytes()) == [
        (VIETCOMBANK, "88001000001"),
        (VIETCOMBANK, "88001000002"),
    ]


def test_accounts_that_were_entered_and_approved_reach_the_paper(
    app: Flask, pdf: Path, transaction: Transaction
) -> None:
    with transaction() as session:
        market = make_market("QN-MOI")
        approver = make_user(Role.BOARD_MANAGER, market=market)
        trader = make_trader(market, "B1")
        session.refresh(trader, ["merchant"])
        account = make_account(
            trader.merchant,
            "88001000009",
            state=AccountState.AWAITING_APPROVAL,
            is_preferred=False,
            in_force_from=None,
        )
        account_decisions.approve(account.id, market=market, actor=actor_of(approver))
        printer = make_user(Role.VOLUNTEER, market=market)
        email = printer.email

    words = ["--market", "QN-MOI", "--template", "a4-4xa6", "--out", str(pdf), "--as", email]
    app.test_cli_runner().invoke(args=["stickers", "print", *words])

    assert paid_by(pdf.read_bytes()) == [(VIETCOMBANK, "88001000009")]


def test_the_json_has_the_agreed_keys(app: Flask, pdf: Path, transaction: Transaction) -> None:
    said = told(run(app, pdf, "--json", "--copies", "2"))

    with transaction() as session:
        serials = session.scalars(select(Sticker.serial).order_by(Sticker.place)).all()
    assert said.pop("seconds") > 0
    assert said == {
        "run": said["run"],
        "stickers": 4,
        "pages": 1,
        "verified": 4,
        "flagged": 0,
        "bytes": pdf.stat().st_size,
        "serials": list(serials),
    }
    assert said["run"].startswith("DT-")


def test_the_run_is_recorded_as_printed_with_its_file(
    app: Flask, pdf: Path, transaction: Transaction
) -> None:
    told(run(app, pdf, "--json"))

    with transaction() as session:
        recorded = session.scalars(select(PrintRun)).one()
        assert recorded.sha256 == hashlib.sha256(pdf.read_bytes()).hexdigest()
        assert set(session.scalars(select(Sticker.state))) == {StickerState.PRINTED}


def test_printing_again_finds_nothing_to_print(app: Flask, pdf: Path) -> None:
    told(run(app, pdf, "--json"))

    again = run(app, pdf)

    assert again.exit_code == 1
    assert "2 đã có tem" in again.stderr
    assert again.stderr.count("\n") == 1


def test_all_prints_one_more_for_each_stall(app: Flask, pdf: Path) -> None:
    first = told(run(app, pdf, "--json"))
    second = told(run(app, pdf, "--json", "--all"))

    assert second["stickers"] == 2
    assert set(first["serials"]).isdisjoint(second["serials"])


def test_a_start_on_a_part_used_sheet_leaves_the_labels_before_it(app: Flask, pdf: Path) -> None:
    assert told(run(app, pdf, "--json", "--start", "8"))["pages"] == 2


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("--start", "9"), "từ 1 đến 8"),
        (("--copies", "99"), "từ 1 đến 20"),
        (("--template", "a3"), "Không có mẫu"),
        (("--market", "QN-KHONG-CO"), "Không tìm thấy chợ"),
    ],
)
def test_what_cannot_be_printed_leaves_no_file_and_no_record(
    app: Flask, pdf: Path, transaction: Transaction, more: tuple[str, ...], reason: str
) -> None:
    before = counted(transaction)

    refused = run(app, pdf, *more)

    assert refused.exit_code == 1
    assert reason in refused.stderr
    assert list(pdf.parent.glob("*.pdf*")) == []
    assert counted(transaction) == before


def test_nothing_is_recorded_where_the_folder_does_not_exist(
    app: Flask, pdf: Path, transaction: Transaction
) -> None:
    before = counted(transaction)

    refused = run(app, pdf.parent / "missing" / "tem.pdf")

    assert refused.exit_code == 1
    assert "Không ghi được tệp" in refused.stderr
    assert counted(transaction) == before


def test_nothing_is_recorded_where_the_disk_is_full(
    app: Flask, pdf: Path, transaction: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = counted(transaction)
    monkeypatch.setattr(os, "fsync", _disk_full)

    refused = run(app, pdf)

    assert refused.exit_code == 1
    assert "No space left" in refused.stderr
    assert list(pdf.parent.iterdir()) == []
    assert counted(transaction) == before
    monkeypatch.undo()
    assert told(run(app, pdf, "--json"))["stickers"] == 2


def test_an_older_file_stays_where_the_print_is_refused(app: Flask, pdf: Path) -> None:
    pdf.write_bytes(b"older")

    run(app, pdf, "--start", "9")

    assert pdf.read_bytes() == b"older"


def test_no_file_is_left_where_the_record_cannot_be_kept(
    app: Flask, pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "commit", _cannot_commit)

    failed = run(app, pdf)

    assert failed.exit_code != 0
    assert not pdf.exists()


@pytest.fixture
def long_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two stickers are many."""
    monkeypatch.setattr(printing, "MOST_AT_ONCE", 1)


@pytest.mark.usefixtures("long_runs")
def test_others_can_write_while_a_long_run_is_drawn(
    app: Flask, pdf: Path, transaction: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = printing.draw

    def draw_beside_a_writer(*arguments: Any, **options: Any) -> Drawn:
        writer = threading.Thread(target=make_another)
        writer.start()
        writer.join()
        return draw(*arguments, **options)

    def make_another() -> None:
        with transaction():
            make_market("QN-KHAC-NUA")

    monkeypatch.setattr(printing, "draw", draw_beside_a_writer)

    assert told(run(app, pdf, "--json"))["stickers"] == 2
    with transaction() as session:
        assert session.scalars(select(PrintRun.state)).one() is RunState.PRINTED
        assert session.scalars(select(Market).where(Market.code == "QN-KHAC-NUA")).one()


@pytest.mark.usefixtures("long_runs")
def test_an_account_replaced_while_a_long_run_is_drawn_stops_it(
    app: Flask, pdf: Path, transaction: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    draw = printing.draw

    def draw_then_replace(*arguments: Any, **options: Any) -> Drawn:
        drawn = draw(*arguments, **options)
        replacer = threading.Thread(target=retire_one)
        replacer.start()
        replacer.join()
        return drawn

    def retire_one() -> None:
        with transaction() as session:
            account = session.scalars(select(PaymentAccount).limit(1)).one()
            account.state, account.is_preferred = AccountState.RETIRED, False
            account.retired_at = account.entered_at

    monkeypatch.setattr(printing, "draw", draw_then_replace)

    refused = run(app, pdf)

    assert refused.exit_code == 1
    assert "đã thay đổi" in refused.stderr
    assert list(pdf.parent.iterdir()) == []
    with transaction() as session:
        assert session.scalars(select(PrintRun.state)).one() is RunState.CANCELLED
        assert set(session.scalars(select(Sticker.printed_at))) == {None}


@pytest.mark.usefixtures("long_runs")
def test_a_long_run_that_cannot_be_written_is_given_up_and_made_again(
    app: Flask, pdf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", _disk_full)

    assert run(app, pdf).exit_code == 1

    monkeypatch.undo()
    assert told(run(app, pdf, "--json"))["stickers"] == 2


def test_a_run_that_was_made_can_be_given_up(
    app: Flask, pdf: Path, transaction: Transaction
) -> None:
    with transaction() as session:
        number = make_run(
            session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        ).number

    words = ["stickers", "cancel", number, "--market", "QN-DAMHA", "--as", PRINTS]
    assert app.test_cli_runner().invoke(args=words).exit_code == 0

    assert told(run(app, pdf, "--json"))["stickers"] == 2
    again = app.test_cli_runner().invoke(args=words)
    assert "chưa in" in again.stderr
    assert again.exit_code == 1


def test_texts_that_need_a_look_are_named_and_counted(
    app: Flask, pdf: Path, transaction: Transaction
) -> None:
    with transaction():
        market = make_market("QN-DAI")
        make_ready(market, "Z1", name="Hợp tác xã " * 15)
        make_user(Role.VOLUNTEER, market=market, email="dai@example.vn")

    result = app.test_cli_runner().invoke(
        args=[
            *("stickers", "print", "--market", "QN-DAI", "--template", "a4-8", "--json"),
            *("--out", str(pdf), "--as", "dai@example.vn"),
        ]
    )

    said = told(result)
    assert (said["stickers"], said["verified"], said["flagged"]) == (1, 1, 1)
    assert "Z1" in result.stderr


def test_a_stranger_finds_no_such_market(app: Flask, pdf: Path) -> None:
    assert run(app, pdf, email=STRANGER).exit_code == 1
    assert not pdf.exists()


def test_a_colleague_without_the_right_may_not_print(app: Flask, pdf: Path) -> None:
    refused = run(app, pdf, email="kiemtra@example.vn")

    assert refused.exit_code == 1
    assert "không có quyền" in refused.stderr


def test_people_read_a_line(app: Flask, pdf: Path) -> None:
    assert "2 tem, 1 trang" in run(app, pdf).stdout


def test_who_prints_must_be_named(app: Flask, pdf: Path) -> None:
    words = ["--market", "QN-DAMHA", "--template", "a4-8", "--out", str(pdf)]

    assert app.test_cli_runner().invoke(args=["stickers", "print", *words]).exit_code == 2


def _disk_full(descriptor: int) -> None:
    raise OSError(28, "No space left on device")


def _cannot_commit(session: Session) -> None:
    raise RuntimeError("the database went away")
