"""Two operators' markets with everything in them, every kind of user, and an address for each rule.

Whatever belongs to a zone carries its root in its text ("Hoàng Oanh", "Sơn Ca"), so an answer
that shows what it must not is found by looking for the root, the phones and the numbers.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload
from werkzeug.routing import Rule

from market.domain.accounts import AccountState
from market.domain.calendar import day_of
from market.domain.jobs import JobState
from market.domain.roles import Role
from market.domain.serials import new_serial
from market.domain.stickers import ForeignCodeKind, RunState, StickerState
from market.domain.visits import IncidentState, VisitResult
from market.extensions import db, vault
from market.models.job import Job
from market.models.market import Market, Operator, Section
from market.models.stall import Stall
from market.models.sticker import ForeignCode, PrintRun, Sticker
from market.models.user import Grant, User, UserSession
from market.models.visit import Incident, Visit
from market.services import coverage, frozen_reports, imports, sessions
from market.services.reports import Period
from market.services.sessions import Browser
from tests import factories, running, stall_lists

Transaction = Callable[[], AbstractContextManager[Session]]
PLACES = ("Mai", "Lan", "Cúc", "Trúc")


@dataclass
class Zone:
    """A section of a market: what it is called, what in it is secret, what its rows are."""

    root: str
    letters: str
    digit: int
    market_code: str = ""
    phones: list[str] = field(default_factory=list)
    numbers: dict[AccountState, list[str]] = field(default_factory=dict)
    serials: list[str] = field(default_factory=list)
    ids: dict[str, Any] = field(default_factory=dict)

    @property
    def all_numbers(self) -> list[str]:
        """Every account number of the zone, whatever its state."""
        return [number for numbers in self.numbers.values() for number in numbers]


@dataclass
class World:
    """Three zones (two in one market, one in another operator's) and who uses them."""

    at: datetime
    east: Zone
    west: Zone
    other: Zone
    users: dict[str, int] = field(default_factory=dict)

    @property
    def zones(self) -> tuple[Zone, ...]:
        """All zones."""
        return self.east, self.west, self.other

    def seen_by(self, principal: str) -> tuple[Zone, ...]:
        """What exists for that user."""
        return {
            "officer": self.zones,
            "auditor": self.zones,
            "manager": (self.east, self.west),
            "colleague": (self.east, self.west),
            "volunteer": (self.east,),
            "other_manager": (self.other,),
            "other_volunteer": (self.other,),
        }.get(principal, ())


PRINCIPALS = (
    "anonymous",
    "administrator",
    "officer",
    "other_officer",
    "manager",
    "other_manager",
    "volunteer",
    "other_volunteer",
    "auditor",
    "unassigned",
    "disabled",
    "expired",
)

# The roles of those whose grants are live.
ROLES = {
    "administrator": Role.ADMINISTRATOR,
    "officer": Role.PROVINCE_OFFICER,
    "manager": Role.BOARD_MANAGER,
    "other_manager": Role.BOARD_MANAGER,
    "volunteer": Role.VOLUNTEER,
    "other_volunteer": Role.VOLUNTEER,
    "auditor": Role.AUDITOR,
}


def build(at: datetime = factories.NOW, *, crowd: int = 0) -> World:
    """Put the world into the open session; its latest events are hours before `at`.

    `crowd` more traders, runs, visits and incidents make the lists of the first zone long.
    """
    world = World(
        at,
        east=Zone("Hoàng Oanh", "HO", 1),
        west=Zone("Chích Chòe", "CC", 2),
        other=Zone("Sơn Ca", "SC", 3),
    )
    here, there = _operator("Hoàng Oanh"), _operator("Sơn Ca")
    markets = (
        factories.make_market("QN-HOANGOANH", "Chợ Hoàng Oanh", operator=here),
        factories.make_market("QN-SONCA", "Chợ Sơn Ca", operator=there),
    )
    sections = [
        factories.make_section(market, f"Khu {zone.root}")
        for market, zone in zip((markets[0], *markets), world.zones, strict=True)
    ]
    _users(world, here, there, sections)
    for zone, section, operator in zip(world.zones, sections, (here, here, there), strict=True):
        zone.ids["operator_id"] = operator.id
        _fill(zone, db.session.get_one(Market, section.market_id), section, world)
    for place in range(crowd):
        _join(world.east, markets[0], sections[0], place, at)
    _sent(world, markets)
    return world


def sign_in(app: Flask, world: World, principal: str) -> FlaskClient:
    """A browser of that user, signed in a moment ago; without a session for `anonymous`."""
    app.extensions["cho_clock"] = lambda: world.at
    client = app.test_client()
    if principal != "anonymous":
        with running.writing(app) as session:
            user = session.get_one(User, world.users[principal])
            token = sessions.open_session(user, browser=Browser("127.0.0.1"), at=world.at)
            session.commit()
        with client.session_transaction() as cookie:
            cookie["token"] = token
    return client


def addresses(app: Flask, zone: Zone, *, method: str = "GET") -> Iterator[tuple[Rule, str]]:
    """Every rule that takes the method, its arguments filled with what is in the zone."""
    for rule in app.url_map.iter_rules():
        if rule.methods and method in rule.methods and not unknown_arguments(rule, zone):
            yield rule, address(app, rule, zone)


def address(app: Flask, rule: Rule, zone: Zone) -> str:
    """The rule's path for what is in the zone."""
    values = {name: _argument(rule.endpoint, name, zone) for name in rule.arguments}
    values |= {name: zone.ids[key] for name, key in QUERIES.get(rule.endpoint, {}).items()}
    with app.test_request_context():
        built = app.url_map.bind("localhost").build(rule.endpoint, values)
    return built


def unknown_arguments(rule: Rule, zone: Zone) -> set[str]:
    """Arguments of a rule that nobody told this module about."""
    return {
        name
        for name in rule.arguments
        if name not in zone.ids and (rule.endpoint, name) not in ARGUMENTS
    }


ARGUMENTS: Mapping[tuple[str, str], Any] = {
    ("area_files.commune", "shown"): "trend",
    ("area_files.index", "shown"): "proofs",
    ("area_files.market", "shown"): "trend",
    ("area_files.operator", "shown"): "proofs",
    ("area_files.province", "shown"): "proofs",
    ("banks.change", "bin"): "970436",
    ("banks.edit", "bin"): "970436",
    ("branding.logo", "place"): "bank",
    ("home.language", "code"): "en",
    ("static", "filename"): "css/app.css",
    ("stickers.sample", "template"): "a4-8",
}


# What a page that answers a question is asked.
QUERIES: Mapping[str, Mapping[str, str]] = {"stickers.find": {"serial": "serial"}}


def _argument(endpoint: str, name: str, zone: Zone) -> Any:
    if (endpoint, name) in ARGUMENTS:
        return ARGUMENTS[endpoint, name]
    return zone.ids[name]


def _operator(root: str) -> Operator:
    return factories.make_operator(f"Ban quản lý {root}")


def _users(world: World, here: Operator, there: Operator, sections: Iterable[Section]) -> None:
    east, _west, other = sections
    province = factories.make_province()
    elsewhere = factories.make_province("24", "Bắc Ninh")
    yesterday = day_of(world.at) - timedelta(days=1)
    made = {
        "administrator": factories.make_user(Role.ADMINISTRATOR),
        "officer": factories.make_user(Role.PROVINCE_OFFICER, province=province),
        "other_officer": factories.make_user(Role.PROVINCE_OFFICER, province=elsewhere),
        "manager": factories.make_user(operator=here),
        "colleague": factories.make_user(operator=here),
        "other_manager": factories.make_user(operator=there),
        "volunteer": factories.make_user(Role.VOLUNTEER, section=east),
        "other_volunteer": factories.make_user(Role.VOLUNTEER, section=other),
        "auditor": factories.make_user(Role.AUDITOR, province=province),
        "unassigned": factories.make_user(Role.VOLUNTEER, section=east),
        "disabled": factories.make_user(operator=here),
        "expired": factories.make_user(Role.VOLUNTEER, section=east, ends_on=yesterday),
    }
    made["unassigned"].grants[0].revoked_at = world.at - timedelta(days=2)
    made["disabled"].disabled_at = world.at - timedelta(days=2)
    for principal, user in made.items():
        user.email = f"{principal}@example.vn"
    db.session.flush()
    world.users = {principal: user.id for principal, user in made.items()}


def _fill(zone: Zone, market: Market, section: Section, world: World) -> None:
    zone.market_code = market.code
    board = "other_manager" if zone is world.other else "manager"
    helper = "other_volunteer" if zone is world.other else "volunteer"
    grants = select(Grant.id).where(Grant.user_id == world.users[helper])
    zone.ids |= {
        "grant_id": db.session.scalars(grants).one(),
        "market_code": market.code,
        "market_id": market.id,
        "section_id": section.id,
        "province_code": "22",
        "commune_code": market.commune_code,
        "user_id": world.users[helper],
    }
    for place, state in enumerate(
        (
            AccountState.APPROVED,
            AccountState.AWAITING_APPROVAL,
            AccountState.RETIRED,
            AccountState.REJECTED,
        )
    ):
        stall = factories.make_stall(market, f"{zone.letters}-{place + 1:02}", section=section)
        _trader(zone, stall, place, state, entered_by=world.users[board], at=world.at)
    target = factories.make_target(
        market=market,
        from_day=date(2026, zone.digit, 1),
        decision=f"Kế hoạch {zone.root}",
    )
    zone.ids["target_id"] = target.id
    _paper(zone, market, section, world.at)
    _seen(zone, world)
    _work(zone, market, world.users[board], world.at)


def _trader(
    zone: Zone, stall: Stall, place: int, state: AccountState, *, entered_by: int, at: datetime
) -> None:
    phone = f"09000007{zone.digit}{place}"
    number = f"88001{zone.digit}7700{place}{zone.digit}"
    merchant = factories.make_merchant(
        db.session.get_one(Market, stall.market_id), f"{zone.root} {PLACES[place]}", phone=phone
    )
    tenancy = factories.make_tenancy(stall, merchant)
    waits = state is AccountState.AWAITING_APPROVAL
    account = factories.make_account(
        merchant,
        number,
        state=state,
        since=at - timedelta(days=90),
        entered_by_id=entered_by,
        changed_by_id=entered_by,
        retired_at=at - timedelta(days=1) if state is AccountState.RETIRED else None,
        decision_reason=None if waits else "Đã gọi điện hỏi lại",
    )
    zone.phones.append(phone)
    zone.numbers.setdefault(state, []).append(number)
    if place == 0:
        zone.ids |= {"stall_id": stall.id, "merchant_id": merchant.id, "tenancy_id": tenancy.id}
        zone.ids |= {"approved_account_id": account.id}
    if waits:
        zone.ids |= {"account_id": account.id, "double_id": merchant.id}


def _paper(zone: Zone, market: Market, section: Section, at: datetime) -> None:
    run = PrintRun(
        number=f"DT-2026-900{zone.digit}",
        market_id=market.id,
        section_id=section.id,
        template="a4-8",
        state=RunState.PRINTED,
        made_at=at - timedelta(days=60),
        printed_at=at - timedelta(days=60),
        printed_on=day_of(at - timedelta(days=60)),
        pages=1,
        release="test",
    )
    db.session.add(run)
    db.session.flush()
    zone.ids |= {"number": run.number, "run_id": run.id, "run_number": run.number}
    for place, state in enumerate((StickerState.ON_STALL, StickerState.QUEUED), start=1):
        paper = state is StickerState.ON_STALL
        sticker = Sticker(
            serial=new_serial(zone.digit * 1000 + place),
            stall_id=zone.ids["stall_id"],
            account_id=zone.ids["approved_account_id"],
            run_id=run.id if paper else None,
            place=place if paper else None,
            market_name=market.name,
            stall_code=f"{zone.letters}-01",
            merchant_name=f"{zone.root} Mai",
            state=state,
            queued_at=at - timedelta(days=61),
            printed_at=at - timedelta(days=60) if paper else None,
            handed_out_at=at - timedelta(days=59) if paper else None,
            hung_at=at - timedelta(days=58) if paper else None,
        )
        db.session.add(sticker)
        db.session.flush()
        zone.serials.append(sticker.serial)
        if paper:
            zone.ids |= {"serial": sticker.serial, "sticker_id": sticker.id}


def _seen(zone: Zone, world: World) -> None:
    for days, result in ((50, VisitResult.MATCH), (5, VisitResult.OTHER_ACCOUNT)):
        seen_at = world.at - timedelta(days=days)
        visit = Visit(
            uuid=str(UUID(int=zone.digit * 1000 + days)),
            stall_id=zone.ids["stall_id"],
            tenancy_id=zone.ids["tenancy_id"],
            sticker_id=zone.ids["sticker_id"],
            visited_by_id=zone.ids["user_id"],
            phone_at=seen_at,
            received_at=seen_at,
            day=day_of(seen_at),
            result=result,
            accepts=True,
            note=f"Hỏi {zone.root}",
        )
        db.session.add(visit)
        db.session.flush()
    zone.ids["visit_id"] = visit.id
    incident = Incident(
        stall_id=zone.ids["stall_id"],
        visit_id=visit.id,
        state=IncidentState.OPEN,
        opened_at=seen_at,
        opened_on=day_of(seen_at),
    )
    code = ForeignCode(
        stall_id=zone.ids["stall_id"],
        tenancy_id=zone.ids["tenancy_id"],
        kind=ForeignCodeKind.TRANSFER,
        payee_hash=vault().sameness("account", "970436", f"88001{zone.digit}0099"),
        bin="970436",
        number_last4="0099",
        registered_at=seen_at,
        note=f"Mã của {zone.root}",
    )
    db.session.add_all((incident, code))
    db.session.flush()
    zone.ids |= {"incident_id": incident.id, "foreign_code_id": code.id}


def _sent(world: World, markets: tuple[Market, Market]) -> None:
    """A frozen report on both operators' markets, and one that corrects it."""
    chosen = [selectinload(User.grants)]
    user = db.session.get_one(User, world.users["officer"], options=chosen)
    officer = factories.actor_of(user, world.at)
    last_month = day_of(world.at).replace(day=1) - timedelta(days=1)
    coverage.recompute_market(markets[0].id)
    period = Period(last_month.replace(day=1), last_month)
    sent = frozen_reports.freeze("22", period, actor=officer).report
    coverage.recompute_market(markets[1].id)
    reason = f"{markets[0].name} và {markets[1].name} ghi bổ sung"
    corrected = frozen_reports.correct(sent.number, reason, actor=officer)
    for zone in world.zones:
        zone.ids["report_number"] = sent.number if zone is world.east else corrected.number


def _join(zone: Zone, market: Market, section: Section, place: int, at: datetime) -> None:
    """One more trader with an account, a waiting one, a sticker, a visit and an incident."""
    stall = factories.make_stall(market, f"{zone.letters}-1{place:02}", section=section)
    merchant = factories.make_merchant(market, f"{zone.root} thứ {place}")
    tenancy = factories.make_tenancy(stall, merchant)
    account = factories.make_account(merchant)
    factories.make_account(merchant, state=AccountState.AWAITING_APPROVAL)
    sticker = Sticker(
        serial=new_serial(zone.digit * 100_000 + place),
        stall_id=stall.id,
        account_id=account.id,
        market_name=market.name,
        stall_code=stall.code,
        merchant_name=merchant.display_name,
        state=StickerState.QUEUED,
        queued_at=at,
    )
    visit = Visit(
        uuid=str(UUID(int=zone.digit * 100_000 + place)),
        stall_id=stall.id,
        tenancy_id=tenancy.id,
        visited_by_id=zone.ids["user_id"],
        phone_at=at,
        received_at=at,
        day=day_of(at),
        result=VisitResult.UNKNOWN_CODE,
    )
    run = PrintRun(
        number=f"DT-2025-{place:04}",
        market_id=market.id,
        template="a4-8",
        state=RunState.MADE,
        made_at=at,
        printed_on=day_of(at),
        release="test",
    )
    db.session.add_all((sticker, visit, run))
    db.session.flush()
    incident = Incident(
        stall_id=stall.id,
        visit_id=visit.id,
        state=IncidentState.OPEN,
        opened_at=at,
        opened_on=day_of(at),
    )
    db.session.add(incident)
    factories.make_user(market=market)
    factories.make_section(market, f"Dãy {zone.root} {place}", walking_order=place)
    factories.make_market(operator=db.session.get_one(Operator, zone.ids["operator_id"]))


def _work(zone: Zone, market: Market, board: int, at: datetime) -> None:
    job = Job(
        kind="count",
        market_id=market.id,
        state=JobState.FINISHED,
        done=1,
        total=1,
        step=f"Đếm {zone.root}",
        asked_at=at - timedelta(hours=3),
        asked_by_id=board,
        finished_at=at - timedelta(hours=2),
    )
    user = db.session.get_one(User, board, options=[selectinload(User.grants)])
    actor = factories.actor_of(user, at)
    batch = imports.upload(market, f"{zone.root}.xlsx", _list_of(zone), actor=actor)
    imports.preview_batch(batch, market=market, actor=actor)
    db.session.add(job)
    open_elsewhere = UserSession(
        token_hash=f"{zone.digit}" * 64, user_id=board, created_at=at, seen_at=at, fresh_at=at
    )
    db.session.add(open_elsewhere)
    db.session.flush()
    zone.ids |= {"job_id": job.id, "batch_id": batch.id, "session_id": open_elsewhere.id}


def _list_of(zone: Zone) -> bytes:
    """A list of the zone's own with a good row and a bad one."""
    phone, number = f"09000008{zone.digit}0", f"88001{zone.digit}880055"
    zone.phones.append(phone)
    zone.numbers.setdefault(AccountState.DRAFT, []).append(number)
    heading = ["Mã điểm", "Khu", "Tên hộ", "Điện thoại", "Ngân hàng", "Số tài khoản"]
    good = [f"{zone.letters}-09", f"Khu {zone.root}", f"{zone.root} Đào", phone]
    bad = [f"{zone.letters}-08", f"Khu {zone.root}", f"{zone.root} Sen", phone]
    rows = [heading, [*good, "Vietcombank", number], [*bad, "Ngân hàng lạ", number]]
    return stall_lists.xlsx(rows)
