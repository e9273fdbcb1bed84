"""Markets in which anything may happen, through the services that people's pages call."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from typing import Any, TypeVar

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import Session, joinedload

from market.domain import vietqr
from market.domain.account_changes import ChangeConfirmation
from market.domain.accounts import AccountProof, AccountState
from market.domain.errors import DomainError
from market.domain.rules import Rules
from market.domain.stalls import Placement, StallState
from market.domain.stickers import StickerState, VoidReason
from market.models.account import PaymentAccount
from market.models.import_batch import ImportBatch
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall
from market.models.sticker import ForeignCode, Sticker
from market.models.user import User
from market.services import (
    account_decisions,
    account_entries,
    account_switches,
    coverage,
    foreign_codes,
    import_runs,
    market_closures,
    merchant_merges,
    merchants,
    printing,
    run_making,
    stalls,
    sticker_moves,
    tenancies,
    visits,
)
from market.services.access import Actor
from market.services.account_entries import AccountValues
from market.services.account_evidence import Evidence
from market.services.foreign_codes import ForeignCodeValues
from market.services.merchants import MerchantValues
from market.services.run_making import RunValues
from market.services.stalls import StallValues
from market.services.sticker_needs import Selection
from market.services.transaction import keep_promises
from market.services.visits import VisitValues
from tests.factories import VIETCOMBANK, actor_of, make_bank, make_commune, make_market, make_user
from tests.importing import preview_of

MORNING = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
FIRST_DAY = date(2025, 12, 1)
CLOCK_MOST_BACK = 60
EVIDENCE = Evidence(AccountProof.TEST_TRANSFER, confirmation=ChangeConfirmation.IN_PERSON)
_ON_PAPER = (StickerState.PRINTED, StickerState.HANDED_OUT, StickerState.ON_STALL)
_MOVABLE = {"hand_out": _ON_PAPER[:1], "spoil": _ON_PAPER[:1], "void": _ON_PAPER}
NO_PAYMENT_CODE = "WIFI:S:QuanCaPhe;T:WPA;P:12345678;;"

Entity = TypeVar("Entity")


class MarketLife:
    """Three markets of two communes, two people who look after them, and a clock.

    What a service refuses is undone and leaves no trace, as a request's would be.
    """

    def __init__(self, session: Session) -> None:
        self.session = session
        self.now = MORNING
        self.refused: list[str] = []
        here, there = make_commune(), make_commune("06862", "Quảng Hà")
        self.communes = (here.code, there.code)
        self.market_ids = [
            make_market(commune_code=code).id for code in (here.code, *self.communes)
        ]
        make_bank()
        self._people = [make_user().id, make_user().id]
        session.flush()
        session.expunge_all()

    @property
    def today(self) -> date:
        """The day in Việt Nam."""
        return self._system.today

    def actor(self, which: int = 0) -> Actor:
        """One of the two, now, with a password just given."""
        person = self.session.scalars(
            select(User).where(User.id == self._people[which]).options(joinedload(User.grants))
        )
        return actor_of(person.unique().one(), self.now)

    @property
    def _system(self) -> Actor:
        return Actor.system(self.now)

    def day(self, days_ago: int) -> date:
        """So many days ago, no earlier than anything began."""
        return max(FIRST_DAY, self.today - timedelta(days=days_ago))

    def wait(self, hours: int) -> None:
        """Let time pass; the sweeper comes by."""
        self.now += timedelta(hours=hours)
        with self._act():
            account_switches.sweep(self.now)

    def set_stale_days(self, days: int) -> None:
        """Change the setting and count all markets again, as the command does."""
        current_app.extensions["cho_rules"] = Rules(days, 24)
        for market_id in self.market_ids:
            coverage.recompute_market(market_id)

    # Places

    def open_stall(self, which: int, state: StallState, placement: Placement, ago: int) -> None:
        market = self._market(which)
        values = StallValues(
            f"A{len(self._all(Stall)):03}", placement=placement, state=state, since=self.day(ago)
        )
        with self._act():
            stalls.add_stall(market, values=values, actor=self.actor())

    def change_state(self, which: int, state: StallState, ago: int) -> None:
        with self._act(), self._one(Stall, which) as stall:
            stalls.set_state(stall, state, on=self.day(ago), actor=self.actor())

    def change_stall(self, which: int, placement: Placement, *, gets_new_code: bool) -> None:
        with self._act(), self._one(Stall, which) as stall:
            values = StallValues(stall.code + "x" * gets_new_code, placement=placement)
            market = self._market_of(stall)
            self.session.refresh(stall, ["section"])
            stalls.change_stall(
                market, stall, values=values, version=stall.version, actor=self.actor()
            )

    def close_or_reopen(self, which: int, ago: int) -> None:
        """Long ago means on the very day it closed: a mistake put right."""
        market = self._market(which)
        with self._act():
            known: dict[str, Any] = {"version": market.version, "actor": self._system}
            if market.closed_on is None:
                market_closures.close_market(market, on=self.day(ago), **known)
            else:
                on = max(self.day(ago), market.closed_on)
                market_closures.reopen_market(market, on=on, **known)

    # People

    def come(self, which: int, who: int | None, ago: int) -> None:
        """Somebody new, or somebody who is known, begins to trade at a stall."""
        with self._act(), self._one(Stall, which) as stall:
            merchant = self._pick(Merchant, who) if who is not None else None
            if merchant is None:
                merchant = merchants.create_merchant(
                    self._market_of(stall),
                    values=MerchantValues(f"Hộ Mẫu {len(self._all(Merchant))}"),
                    actor=self.actor(),
                )
            tenancies.start_tenancy(stall, merchant, on=self.day(ago), actor=self.actor())

    def leave(self, which: int, ago: int) -> None:
        """Long ago means on the very day they came: a mistake put right."""
        with self._act(), self._one(Tenancy, which, Tenancy.to_day.is_(None)) as tenancy:
            self.session.refresh(tenancy, ["stall"])
            on = max(self.day(ago), tenancy.from_day)
            tenancies.end_tenancy(tenancy, on=on, actor=self.actor())

    def rename(self, which: int) -> None:
        with self._act(), self._one(Merchant, which) as merchant:
            values = MerchantValues(merchant.display_name + " Hai")
            merchants.change_merchant(merchant, values=values, version=None, actor=self.actor())

    def merge(self, which: int, into: int) -> None:
        with self._act(), self._one(Merchant, which) as double, self._one(Merchant, into) as other:
            merchant_merges.merge(double, other, actor=self.actor())

    # Accounts

    def enter_account(self, which: int, number: int, *, becomes_preferred: bool) -> None:
        with self._act(), self._one(Merchant, which) as merchant:
            values = AccountValues(
                VIETCOMBANK,
                self._number(merchant, number),
                merchant.display_name.upper(),
                becomes_preferred=becomes_preferred,
            )
            account_entries.enter_account(merchant, values=values, actor=self.actor(0))

    def decide(self, which: int, how: str) -> None:
        waits = PaymentAccount.state == AccountState.AWAITING_APPROVAL
        with self._act(), self._one(PaymentAccount, which, waits) as account:
            known: dict[str, Any] = {"market": self._home(account), "actor": self.actor(1)}
            if how == "approve":
                account_decisions.approve(account.id, evidence=EVIDENCE, **known)
            else:
                account_decisions.reject(account.id, "Sai tên", **known)

    def retire(self, which: int) -> None:
        is_approved = PaymentAccount.state == AccountState.APPROVED
        with self._act(), self._one(PaymentAccount, which, is_approved) as account:
            account_decisions.retire(
                account.id, "Hộ đóng tài khoản", market=self._home(account), actor=self.actor(1)
            )

    def prefer(self, which: int) -> None:
        is_second = (PaymentAccount.state == AccountState.APPROVED, ~PaymentAccount.is_preferred)
        with self._act(), self._one(PaymentAccount, which, *is_second) as account:
            account_entries.prefer(account.id, market=self._home(account), actor=self.actor(0))

    # Codes

    def print_stickers(self, which: int, copies: int) -> None:
        market = self._market(which)
        with self._act():
            values = RunValues(Selection(copies=copies), "a4-8")
            run = run_making.make_run(market, values=values, actor=self.actor())
            printing.print_run(run, BytesIO(), market=market, actor=self.actor())

    def move_sticker(self, which: int, how: str) -> None:
        can_move = Sticker.state.in_(_MOVABLE[how])
        with self._act(), self._one(Sticker, which, can_move) as sticker:
            market = self._market_of(self.session.get_one(Stall, sticker.stall_id))
            known: dict[str, Any] = {"market": market, "actor": self.actor()}
            if how == "hand_out":
                sticker_moves.hand_out([sticker], **known)
            elif how == "spoil":
                sticker_moves.spoil([sticker], **known)
            else:
                sticker_moves.void([sticker], VoidReason.LOST, **known)

    def note_code(self, which: int, number: int) -> None:
        with self._act(), self._one(Tenancy, which, Tenancy.to_day.is_(None)) as tenancy:
            stall = self.session.get_one(Stall, tenancy.stall_id)
            payload = vietqr.encode(bin=VIETCOMBANK, account=f"99001{number:04}")
            values = ForeignCodeValues(payload, tenancy.id)
            foreign_codes.register(stall, values=values, actor=self.actor())

    def change_code(self, which: int, how: str) -> None:
        with self._act(), self._one(ForeignCode, which) as code:
            stall = self.session.get_one(Stall, code.stall_id)
            act = foreign_codes.check if how == "check" else foreign_codes.remove
            act(code.id, stall=stall, actor=self.actor(1))

    # Visits

    def visit(self, which: int, seen: str, pick: int, hours_ago: int, **answers: Any) -> None:
        """A visit, perhaps told of late, sent twice every other time."""
        with self._act(), self._one(Tenancy, which) as tenancy:
            stall = self.session.get_one(Stall, tenancy.stall_id)
            values = VisitValues(
                uuid=f"00000000-0000-4000-8000-{pick:03}{which:03}{len(self.refused):06}",
                phone_at=self.now - timedelta(hours=hours_ago),
                tenancy_id=tenancy.id,
                **self._seen(seen, tenancy, pick),
                **(answers if seen != "stall_shut" else {}),
            )
            for _ in range(1 + pick % 2):
                visits.record_visit(stall, values=values, actor=self.actor(1))

    def _seen(self, seen: str, tenancy: Tenancy, pick: int) -> dict[str, Any]:
        if seen == "account":
            merchant = self.session.get_one(Merchant, tenancy.merchant_id)
            number = self._number(merchant, pick % 3)
        elif seen == "foreign":
            number = f"99001{pick % 3:04}"
        elif seen == "serial":
            sticker = self._pick(Sticker, pick)
            return {"scanned": sticker.serial if sticker else NO_PAYMENT_CODE}
        elif seen == "unknown":
            return {"scanned": NO_PAYMENT_CODE}
        else:
            return {"result": seen}
        return {"scanned": vietqr.encode(bin=VIETCOMBANK, account=number)}

    # Lists

    def import_list(self, which: int, rows: Sequence[tuple[str, ...]], ago: int) -> None:
        market = self._market(which)
        with self._act():
            batch = preview_of(market, *rows, actor=self.actor(), on=self.day(ago))
            import_runs.apply_batch(batch.id, market=market, skip_bad_rows=True, actor=self.actor())

    def undo_list(self, which: int) -> None:
        with self._act(), self._one(ImportBatch, which) as batch:
            market = self.session.get_one(Market, batch.market_id)
            import_runs.undo_batch(batch.id, market=market, actor=self.actor())

    # How it is done

    @contextmanager
    def _act(self) -> Iterator[None]:
        """One request: all of it, with what is owed before a commit, or nothing."""
        savepoint = self.session.begin_nested()
        try:
            yield
            self.session.flush()
        except DomainError as refusal:
            savepoint.rollback()
            self.refused.append(refusal.message)
        else:
            savepoint.commit()
            keep_promises(self.session)
        self.now += timedelta(minutes=1)
        # The next request knows nothing of this one's objects.
        self.session.expunge_all()

    @contextmanager
    def _one(self, entity: type[Entity], which: int, *conditions: Any) -> Iterator[Entity]:
        """One of the rows there are; what is to be done with it is refused where there is none."""
        found = self._pick(entity, which, *conditions)
        if found is None:
            raise DomainError("Chưa có gì.")
        yield found

    def _pick(self, entity: type[Entity], which: int, *conditions: Any) -> Entity | None:
        rows = self._all(entity, *conditions)
        return rows[which % len(rows)] if rows else None

    def _all(self, entity: type[Entity], *conditions: Any) -> Sequence[Entity]:
        key: Any = entity
        return self.session.scalars(select(entity).where(*conditions).order_by(key.id)).all()

    def _market(self, which: int) -> Market:
        market_id = self.market_ids[which % len(self.market_ids)]
        return self.session.scalars(
            select(Market).where(Market.id == market_id).options(joinedload(Market.commune))
        ).one()

    def _market_of(self, stall: Stall) -> Market:
        return self.session.get_one(Market, stall.market_id)

    def _home(self, account: PaymentAccount) -> Market:
        """Where decisions on the account are taken."""
        merchant = self.session.get_one(Merchant, account.merchant_id)
        return self.session.get_one(Market, merchant.market_id)

    def _number(self, merchant: Merchant, number: int) -> str:
        """Each merchant has two numbers; the third is everybody's."""
        return "8800199999" if number % 3 == 2 else f"88001{merchant.id % 1000:03}{number % 3:02}"
