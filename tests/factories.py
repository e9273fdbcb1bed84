"""Rows for tests: everything a test does not name gets an invented, recognisable value."""

from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from itertools import count
from typing import Any

from market.domain.accounts import AccountKind, AccountSource, AccountState, HolderRelation
from market.domain.coverage import Unit
from market.domain.markets import MarketClass, MarketTrade, MerchantKind, OperatorKind
from market.domain.roles import Role, ScopeKind
from market.domain.stalls import Placement, StallState
from market.domain.text import fold, natural_key
from market.extensions import db, vault
from market.models.account import BankEntry, PaymentAccount
from market.models.area import Commune, Province
from market.models.market import Market, MarketOperator, Operator, Section
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.models.target import Target
from market.models.user import Grant, User
from market.services import passwords
from market.services.access import Actor

NOW = datetime(2026, 9, 30, 3, 0, tzinfo=UTC)
TODAY = date(2026, 9, 30)
LONG_AGO = date(2025, 1, 1)
PASSWORD = "mot cau rat dai"
VIETCOMBANK = "970436"
# All of one length, and none that a test would choose: what is made later sorts later, and no
# name or number stands inside another, however many tests came before.
_numbers = count(100_001)


def make_province(code: str = "22", name: str = "Quảng Ninh") -> Province:
    """A province, made once a test."""
    return _once(Province, code, Province(code=code, name=name, search=fold(name)))


def make_commune(
    code: str = "06895", name: str = "Đầm Hà", province: Province | None = None
) -> Commune:
    """A commune, made once a test."""
    province = province or make_province()
    row = Commune(code=code, province_code=province.code, name=name, search=fold(name))
    return _once(Commune, code, row)


def make_bank(bin: str = VIETCOMBANK, short_name: str = "Vietcombank") -> BankEntry:
    """A row of the bank directory; the seeded one where it is there."""
    row = BankEntry(
        bin=bin, code=short_name, short_name=short_name, full_name=short_name, kind="bank"
    )
    return _once(BankEntry, bin, row)


def make_operator(name: str | None = None, **known: Any) -> Operator:
    """A board that runs markets."""
    name = name or f"Ban quản lý chợ Mẫu {next(_numbers)}"
    row = Operator(
        name=name,
        search=fold(name),
        kind=known.pop("kind", OperatorKind.BOARD),
        province_code=known.pop("province_code", make_province().code),
        **known,
    )
    return _added(row)


def make_market(
    code: str | None = None,
    name: str | None = None,
    *,
    operator: Operator | None = None,
    **known: Any,
) -> Market:
    """An open market in Đầm Hà that runs the programme since 2025."""
    number = next(_numbers)
    name = name or f"Chợ Mẫu {number}"
    row = _added(
        Market(
            code=code or f"QN-MAU-{number}",
            name=name,
            search=fold(name),
            commune_code=known.pop("commune_code", None) or make_commune().code,
            trade=known.pop("trade", MarketTrade.RETAIL),
            market_class=known.pop("market_class", MarketClass.CLASS_3),
            programme_start=known.pop("programme_start", LONG_AGO),
            **known,
        )
    )
    if operator is not None:
        _added(MarketOperator(market_id=row.id, operator_id=operator.id, from_day=LONG_AGO))
    return row


def make_section(market: Market, name: str = "Khu A", walking_order: int = 1) -> Section:
    """A section of the market."""
    return _added(
        Section(market_id=market.id, name=name, name_key=fold(name), walking_order=walking_order)
    )


def make_stall(
    market: Market,
    code: str | None = None,
    *,
    section: Section | None = None,
    state: StallState = StallState.TRADING,
    placement: Placement = Placement.FIXED,
    since: date = LONG_AGO,
) -> Stall:
    """A fixed, trading stall."""
    code = code or f"A{next(_numbers):03}"
    row = _added(
        Stall(
            market_id=market.id,
            section_id=section.id if section else None,
            code=code,
            code_key=fold(code),
            sort_key=natural_key(code),
            placement=placement,
        )
    )
    _added(StallStateSpan(stall_id=row.id, state=state, from_day=since))
    return row


def make_merchant(market: Market, name: str | None = None, *, phone: str | None = None) -> Merchant:
    """A household business; invented name and, where asked, an invented phone."""
    name = name or f"Nguyễn Thị Mẫu {next(_numbers)}"
    key = vault().new_key()
    return _added(
        Merchant(
            market_id=market.id,
            display_name=name,
            name_key=fold(name),
            kind=MerchantKind.HOUSEHOLD_BUSINESS,
            wrapped_key=key,
            phone_sealed=vault().seal_text(key, phone, "phone") if phone else None,
            phone_hash=vault().sameness("phone", phone) if phone else None,
            phone_last3=phone[-3:] if phone else None,
        )
    )


def make_tenancy(
    stall: Stall, merchant: Merchant, *, since: date = LONG_AGO, until: date | None = None
) -> Tenancy:
    """The merchant at the stall."""
    return _added(Tenancy(stall_id=stall.id, merchant_id=merchant.id, from_day=since, to_day=until))


def make_account(
    merchant: Merchant,
    number: str | None = None,
    *,
    bin: str = VIETCOMBANK,
    state: AccountState = AccountState.APPROVED,
    since: datetime = datetime(2025, 1, 1, tzinfo=UTC),
    **known: Any,
) -> PaymentAccount:
    """An approved account in force, preferred; other states on request."""
    number = number or f"88001{next(_numbers):05}"
    make_bank(bin)
    approved = state is AccountState.APPROVED
    assert merchant.wrapped_key is not None
    return _added(
        PaymentAccount(
            merchant_id=merchant.id,
            kind=AccountKind.BANK,
            bin=bin,
            number_sealed=vault().seal_text(merchant.wrapped_key, number, "account"),
            number_hash=vault().sameness("account", bin, number),
            number_last4=number[-4:],
            holder_name=known.pop("holder_name", merchant.display_name.upper()),
            relation=known.pop("relation", HolderRelation.SELF),
            source=known.pop("source", AccountSource.TYPED),
            state=state,
            is_preferred=known.pop("is_preferred", approved),
            entered_at=since,
            in_force_from=known.pop("in_force_from", since if approved else None),
            decided_at=since if approved else None,
            **known,
        )
    )


def make_trader(market: Market, code: str | None = None, name: str | None = None) -> Tenancy:
    """A stall, a merchant and the tenancy that joins them."""
    return make_tenancy(make_stall(market, code), make_merchant(market, name))


def make_target(
    *,
    market: Market | None = None,
    province: Province | None = None,
    commune: Commune | None = None,
    shares: tuple[str, str] = ("80", "90"),
    unit: Unit = Unit.MERCHANTS,
    **known: Any,
) -> Target:
    """80 to 90 % of households over 2026; of the province where no other place is given."""
    if market is None and commune is None:
        province = province or make_province()
    return _added(
        Target(
            market_id=market.id if market else None,
            commune_code=commune.code if commune else None,
            province_code=province.code if province else None,
            unit=unit,
            from_day=known.pop("from_day", date(2026, 1, 1)),
            from_percent=Decimal(shares[0]),
            to_day=known.pop("to_day", date(2026, 12, 31)),
            to_percent=Decimal(shares[1]),
            set_at=NOW,
            **known,
        )
    )


def make_user(
    role: Role = Role.BOARD_MANAGER,
    *,
    market: Market | None = None,
    province: Province | None = None,
    operator: Operator | None = None,
    section: Section | None = None,
    email: str | None = None,
    ends_on: date | None = None,
) -> User:
    """A user with one grant in the narrowest scope given (the country without any)."""
    number = next(_numbers)
    user = _added(
        User(
            email=email or f"nguoidung{number}@example.vn",
            display_name=f"Người dùng mẫu {number}",
            password_hash=_hash_once(),
            created_at=NOW,
        )
    )
    scope = (
        (ScopeKind.SECTION if section else None)
        or (ScopeKind.MARKET if market else None)
        or (ScopeKind.OPERATOR if operator else None)
        or (ScopeKind.PROVINCE if province else ScopeKind.COUNTRY)
    )
    if role is Role.VOLUNTEER and ends_on is None:
        ends_on = date(2099, 12, 31)
    _added(
        Grant(
            user_id=user.id,
            role=role,
            scope=scope,
            province_code=province.code if province else None,
            operator_id=operator.id if operator else None,
            market_id=market.id if market else (section.market_id if section else None),
            section_id=section.id if section else None,
            ends_on=ends_on,
            granted_at=NOW,
        )
    )
    db.session.refresh(user, ["grants"])
    return user


def actor_of(user: User, at: datetime = NOW, *, fresh: bool = True) -> Actor:
    """The user acting at that moment, with a password just given unless said otherwise."""
    return Actor.of_user(user, at, "web", address="127.0.0.1", fresh_at=at if fresh else None)


def make_actor(role: Role = Role.BOARD_MANAGER, at: datetime = NOW, **scope: Any) -> Actor:
    """A new user acting, see `make_user`."""
    return actor_of(make_user(role, **scope), at)


def _added(row: Any) -> Any:
    db.session.add(row)
    db.session.flush()
    return row


def _once(entity: Any, key: str, row: Any) -> Any:
    found = db.session.get(entity, key)
    return found if found is not None else _added(row)


@cache
def _hash_once() -> str:
    return passwords.hash_password(PASSWORD)
