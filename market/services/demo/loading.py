"""Loading demonstration data into an empty register."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from random import Random

from sqlalchemy import func, select

from market.domain.errors import Conflict
from market.domain.markets import OperatorKind
from market.domain.roles import Role, ScopeKind
from market.domain.text import fold, sort_key
from market.extensions import db
from market.models.area import Commune
from market.models.job import Counter
from market.models.market import Market, Operator
from market.models.stall import BusinessLine
from market.models.user import User
from market.services import areas, audit, users
from market.services.access import Actor
from market.services.demo import sent_reports
from market.services.demo.aims import set_targets
from market.services.demo.counting import add_counts
from market.services.demo.market_rows import write_market
from market.services.demo.plan import QUANG_NINH, MarketPlan, Scale, plan_nation, plan_province
from market.services.demo.rows import Rows
from market.services.demo.world import People, World
from market.services.demo.writing import finish, is_postgresql, writing
from market.services.user_reach import Scope

VOLUNTEER_DAYS = 365
PASSWORD_BYTES = 12
MARKETS_AN_OPERATOR = 3

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class SignIn:
    """A demonstration user; the password is made for this installation alone."""

    email: str
    password: str
    role: Role
    what_for: str


@dataclass(frozen=True, slots=True)
class LoadedDemo:
    """What was loaded and how to sign in."""

    markets: int
    sign_ins: tuple[SignIn, ...]


def load(
    scale: Scale, *, seed: int, actor: Actor, progress: Progress = lambda *_: None
) -> LoadedDemo:
    """Load demonstration data whose last day is the actor's today.

    The same seed and day give the same data, but for keys and passwords. Raises Conflict
    where the database holds markets already, or is too small for the scale.
    """
    _check_database(scale)
    if not db.session.scalar(select(func.count()).select_from(Commune)):
        areas.load(actor=actor)
    random = Random(seed)
    plans = _plans(scale, actor, random)
    loaded = load_plans(plans, seed=seed, random=random, actor=actor, progress=progress)
    emails = {sign_in.role: sign_in.email for sign_in in loaded.sign_ins}
    sent_reports.send(
        (province for province, _plan in plans),
        officer=emails[Role.PROVINCE_OFFICER],
        volunteer=emails[Role.VOLUNTEER],
        actor=actor,
    )
    return loaded


def load_plans(
    plans: Sequence[tuple[str, MarketPlan]],
    *,
    seed: int,
    random: Random,
    actor: Actor,
    progress: Progress = lambda *_: None,
) -> LoadedDemo:
    """Load these markets, each with the code of its province, and users for the first."""
    session = db.session()
    rows = Rows(session)
    operators = _operators(plans, rows)
    with writing(session) as put:
        put(rows.take())
    sign_ins, people = _users(actor, operators[0])
    session.flush()
    world = World(random, seed, actor.today, _lines(), people, count(1), {})
    with writing(session) as put:
        for done, ((_province, plan), operator_id) in enumerate(zip(plans, operators, strict=True)):
            progress(done, len(plans), plan.name)
            market_id = write_market(plan, operator_id, rows=rows, world=world)
            add_counts(rows, market_id)
            put(rows.take())
            _note(plan, market_id, actor)
    finish(session, rows.last_ids)
    session.add_all(
        Counter(name=f"print_runs:{year}", value=value) for year, value in world.run_numbers.items()
    )
    set_targets(plans, actor=actor)
    progress(len(plans), len(plans), "")
    return LoadedDemo(len(plans), sign_ins)


def _check_database(scale: Scale) -> None:
    if db.session.scalar(select(func.count()).select_from(Market)):
        raise Conflict("Cơ sở dữ liệu đã có chợ. Dữ liệu mẫu chỉ nạp vào sổ còn trống.")
    if scale is Scale.NATION and not is_postgresql(db.session()):
        raise Conflict(
            "Dữ liệu mẫu cả nước chỉ nạp vào PostgreSQL. "
            "Hãy đặt CHO_DATABASE_URL, hoặc nạp --scale province."
        )


def _note(plan: MarketPlan, market_id: int, actor: Actor) -> None:
    audit.record_by_id(
        actor,
        "load_demo",
        Market.__tablename__,
        market_id,
        market_id=market_id,
        new={"points": plan.size.points, "accepting": plan.accepting},
    )


def _plans(scale: Scale, actor: Actor, random: Random) -> list[tuple[str, MarketPlan]]:
    """The markets to make, each with the code of its province."""
    communes: dict[str, list[Commune]] = {}
    for commune in db.session.scalars(
        select(Commune).where(Commune.is_current).order_by(Commune.code)
    ):
        communes.setdefault(commune.province_code, []).append(commune)
    provinces = [QUANG_NINH]
    if scale is Scale.NATION:
        numbers = {code: len(found) for code, found in sorted(communes.items())}
        provinces = plan_nation(numbers, random)
    plans = [
        (province.code, plan)
        for province in provinces
        for plan in plan_province(
            province, communes[province.code], last_day=actor.today, random=random
        )
    ]
    if scale is Scale.MARKET:
        return [next(each for each in plans if each[1].accepting)]
    return plans


def _operators(plans: Sequence[tuple[str, MarketPlan]], rows: Rows) -> list[int]:
    """An operator id for each market; boards of neighbouring markets are one."""
    found: list[int] = []
    province, of_this_one = "", 0
    for province_code, plan in plans:
        if province_code == province and of_this_one % MARKETS_AN_OPERATOR:
            found.append(found[-1])
            of_this_one += 1
            continue
        province, of_this_one = province_code, 1
        name = f"Ban quản lý {plan.name[0].lower()}{plan.name[1:]} ({plan.code})"
        found.append(
            rows.add(
                Operator,
                name=name,
                search=fold(name),
                sort_key=sort_key(name),
                kind=OperatorKind.BOARD,
                province_code=province_code,
                hotline="0900000000",
            )
        )
    return found


def _lines() -> list[str]:
    return list(db.session.scalars(select(BusinessLine.code).order_by(BusinessLine.code)))


def _users(actor: Actor, operator_id: int) -> tuple[tuple[SignIn, ...], People]:
    made: dict[str, User] = {}
    sign_ins = []
    for name, display_name, role, scope, what_for in _wanted(operator_id):
        password = secrets.token_urlsafe(PASSWORD_BYTES)
        user = users.create_user(f"{name}@cho.example", display_name, password, actor=actor)
        ends_on = actor.today + timedelta(days=VOLUNTEER_DAYS) if role is Role.VOLUNTEER else None
        users.grant(user, role, scope, ends_on=ends_on, actor=actor)
        made[name] = user
        sign_ins.append(SignIn(user.email, password, role, what_for))
    people = People(made["banquanly"].id, made["phoban"].id, made["doanvien"].id)
    return tuple(sign_ins), people


def _wanted(operator_id: int) -> Iterator[tuple[str, str, Role, Scope, str]]:
    """Users by the name in their email: who they are, with which right, where and what for."""
    country = Scope(ScopeKind.COUNTRY)
    province = Scope(ScopeKind.PROVINCE, province_code=QUANG_NINH.code)
    board = Scope(ScopeKind.OPERATOR, operator_id=operator_id)
    yield "quantri", "Quản trị mẫu", Role.ADMINISTRATOR, country, "người dùng"
    yield "sct", "Cán bộ Sở mẫu", Role.PROVINCE_OFFICER, province, "số liệu cả tỉnh"
    yield "banquanly", "Trưởng ban mẫu", Role.BOARD_MANAGER, board, "nhập danh sách, in tem"
    yield "phoban", "Phó ban mẫu", Role.BOARD_MANAGER, board, "duyệt tài khoản người khác nhập"
    yield "doanvien", "Đoàn viên mẫu", Role.VOLUNTEER, board, "in tem, kiểm tra tại chợ"
    yield "giamsat", "Giám sát mẫu", Role.AUDITOR, province, "chỉ xem"
    yield "xemcanuoc", "Người xem mẫu", Role.AUDITOR, country, "chỉ xem, cả nước"
