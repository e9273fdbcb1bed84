"""What a market's day begins with: its share, what waits, and what to do next."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Label, Select, func, select

from market.domain.accounts import AccountState
from market.domain.coverage import Denominator, Unit
from market.domain.imports import BatchState
from market.domain.labels import LabelledEnum
from market.domain.market_classes import is_class_doubtful
from market.domain.roles import Permission
from market.domain.shares import Share, change_in_points
from market.domain.targets import Standing
from market.domain.visits import IncidentState
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.import_batch import ImportBatch
from market.models.market import Market
from market.models.stall import Stall
from market.models.sticker import Sticker
from market.models.visit import Incident
from market.services import accounts, area_targets, coverage
from market.services.access import Actor, stall_condition
from market.services.market_lists import is_point
from market.services.stall_lists import Missing, lacks
from market.services.sticker_moves import still_hangs


class Task(LabelledEnum):
    """What waits to be done, the most urgent first."""

    APPROVE_ACCOUNTS = "approve_accounts", "Duyệt tài khoản"
    CLOSE_INCIDENTS = "close_incidents", "Xử lý sự cố"
    TAKE_DOWN_VOID = "take_down_void", "Gỡ tem đã hủy"
    FINISH_IMPORTS = "finish_imports", "Nhập tiếp danh sách"
    PRINT_STICKERS = "print_stickers", "In tem"
    CHECK_STALLS = "check_stalls", "Kiểm tra"
    ENTER_ACCOUNTS = "enter_accounts", "Nhập tài khoản"
    PLACE_MERCHANTS = "place_merchants", "Bố trí hộ"
    REVIEW_CLASS = "review_class", "Xem lại hạng chợ"


NEEDED = {
    Task.APPROVE_ACCOUNTS: Permission.APPROVE_ACCOUNTS,
    Task.CLOSE_INCIDENTS: Permission.WRITE_REGISTRY,
    Task.TAKE_DOWN_VOID: Permission.PRINT_STICKERS,
    Task.FINISH_IMPORTS: Permission.WRITE_REGISTRY,
    Task.PRINT_STICKERS: Permission.PRINT_STICKERS,
    Task.CHECK_STALLS: Permission.RECORD_VISITS,
    Task.ENTER_ACCOUNTS: Permission.ENTER_ACCOUNTS,
    Task.PLACE_MERCHANTS: Permission.WRITE_REGISTRY,
    Task.REVIEW_CLASS: Permission.WRITE_REGISTRY,
}


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do next, and how many it is about."""

    task: Task
    count: int


@dataclass(frozen=True, slots=True)
class ShareNow:
    """The household share today and how it moved since the end of last month."""

    share: Share
    change: Decimal | None
    since: date

    @property
    def percent(self) -> Decimal | None:
        """Rounded as screens show it."""
        return self.share.percent()


@dataclass(frozen=True, slots=True)
class Today:
    """The figures of the page; `share` and `standing` only for who may read reports."""

    share: ShareNow | None
    standing: Standing | None
    stalls: int
    points: int
    accounts_waiting: int
    oldest_waiting: datetime | None
    incidents_open: int
    without_sticker: int
    steps: tuple[Step, ...]


def gather(market: Market, *, actor: Actor) -> Today:
    """Everything the page shows, narrowed to the actor's stalls; six queries."""
    figures = db.session.execute(_figures(market, actor)).one()
    counts = {
        Task.APPROVE_ACCOUNTS: figures.accounts_waiting,
        Task.CLOSE_INCIDENTS: figures.incidents_open,
        Task.TAKE_DOWN_VOID: figures.void_hanging,
        Task.FINISH_IMPORTS: figures.imports_waiting,
        Task.PRINT_STICKERS: figures.without_sticker,
        Task.CHECK_STALLS: figures.without_check,
        Task.ENTER_ACCOUNTS: figures.without_account,
        Task.PLACE_MERCHANTS: figures.without_tenant,
        Task.REVIEW_CLASS: int(is_class_doubtful(market.market_class, figures.points)),
    }
    steps = [Step(task, counts[task]) for task in Task if counts[task] and actor.may(NEEDED[task])]
    reads = actor.may(Permission.READ_REPORTS)
    return Today(
        share=_share(market, actor.today) if reads else None,
        standing=area_targets.of_market(market, actor.today).standing if reads else None,
        stalls=figures.stalls,
        points=figures.points,
        accounts_waiting=figures.accounts_waiting,
        oldest_waiting=figures.oldest_waiting,
        incidents_open=figures.incidents_open,
        without_sticker=figures.without_sticker,
        steps=tuple(steps),
    )


def _share(market: Market, today: date) -> ShareNow:
    end_of_last_month = today.replace(day=1) - timedelta(days=1)
    days, here = [end_of_last_month, today], Market.id == market.id
    ladders = coverage.ladders_of_days(days, Denominator.A, Unit.MERCHANTS, markets=here)
    before, now = (ladders[day].share() for day in days)
    return ShareNow(now, change_in_points(now, before), end_of_last_month)


def _figures(market: Market, actor: Actor) -> Select[Any]:
    """All counts in one row."""
    waiting = (
        PaymentAccount.state == AccountState.AWAITING_APPROVAL,
        accounts.of_market(market, actor=actor, permission=Permission.READ_REGISTRY),
    )
    oldest = select(func.min(PaymentAccount.entered_at)).where(*waiting).scalar_subquery()
    uploaded = (
        ImportBatch.market_id == market.id,
        ImportBatch.state == BatchState.PREVIEWED,
        ImportBatch.keep_until >= actor.today,
    )
    void = (Sticker.stall_id == Stall.id, still_hangs())
    open_incident = (Incident.stall_id == Stall.id, Incident.state == IncidentState.OPEN)
    return select(
        _number("stalls", _stalls(market, actor)),
        _number("points", _stalls(market, actor, is_point(actor.today))),
        _number("accounts_waiting", select(PaymentAccount.id).where(*waiting)),
        oldest.label("oldest_waiting"),
        _number("incidents_open", _stalls(market, actor, *open_incident)),
        _number("void_hanging", _stalls(market, actor, *void).distinct()),
        _number("imports_waiting", select(ImportBatch.id).where(*uploaded)),
        _number("without_sticker", _stalls(market, actor, lacks(Missing.STICKER, actor))),
        _number("without_check", _stalls(market, actor, lacks(Missing.CHECK, actor))),
        _number("without_account", _stalls(market, actor, lacks(Missing.ACCOUNT, actor))),
        _number("without_tenant", _stalls(market, actor, lacks(Missing.TENANT, actor))),
    )


def _stalls(market: Market, actor: Actor, *conditions: ColumnElement[bool]) -> Select[tuple[int]]:
    return (
        select(Stall.id)
        .join(Market, Market.id == Stall.market_id)
        .where(
            Stall.market_id == market.id,
            stall_condition(actor, Permission.READ_REGISTRY),
            *conditions,
        )
    )


def _number(name: str, query: Select[tuple[int]]) -> Label[int]:
    return select(func.count()).select_from(query.subquery()).scalar_subquery().label(name)
