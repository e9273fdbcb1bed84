"""Who may make whom what: administrators everywhere, officers in their province, boards helpers."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.errors import Conflict, Forbidden, Invalid, NotFound
from market.domain.roles import Role, ScopeKind
from market.models.audit import AuditEntry
from market.models.market import Market, Section
from market.models.user import Grant, User, UserSession
from market.services import passwords, sessions, user_lists, user_reach, users, written_scopes
from market.services.access import Actor
from market.services.sessions import Browser
from market.services.user_reach import Scope, may_grant
from market.services.users import GrantValues
from tests.factories import (
    NOW,
    PASSWORD,
    TODAY,
    actor_of,
    make_actor,
    make_commune,
    make_market,
    make_operator,
    make_province,
    make_section,
    make_user,
)

SYSTEM = Actor.system(NOW)
SOON = TODAY + timedelta(days=30)
COUNTRY = Scope(ScopeKind.COUNTRY)


@pytest.fixture
def scopes(session: Session) -> dict[str, Scope]:
    """Scopes in Quảng Ninh ("own …") and outside of it ("other …")."""
    own, other = make_market(operator=(operator := make_operator())), elsewhere()
    section = make_section(own)
    return {
        "country": COUNTRY,
        "own province": Scope(ScopeKind.PROVINCE, province_code="22"),
        "other province": Scope(ScopeKind.PROVINCE, province_code="24"),
        "own operator": Scope(ScopeKind.OPERATOR, operator_id=operator.id),
        "other operator": Scope(
            ScopeKind.OPERATOR, operator_id=make_operator(province_code="24").id
        ),
        "own market": Scope(ScopeKind.MARKET, market_id=own.id),
        "next market": Scope(ScopeKind.MARKET, market_id=make_market().id),
        "other market": Scope(ScopeKind.MARKET, market_id=other.id),
        "own section": Scope(ScopeKind.SECTION, market_id=own.id, section_id=section.id),
    }


def elsewhere() -> Market:
    """A market in another province."""
    province = make_province("24", "Bắc Ninh")
    return make_market(commune_code=make_commune("07210", "Tam Sơn", province).code)


def market_of(scope: Scope, session: Session) -> Market:
    """The market a scope names."""
    return session.get_one(Market, scope.market_id)


def giver(name: str, scopes: dict[str, Scope], session: Session) -> Actor:
    """Somebody of that kind, at the own places."""
    market = market_of(scopes["own market"], session)
    match name:
        case "administrator":
            return make_actor(Role.ADMINISTRATOR)
        case "officer":
            return make_actor(Role.PROVINCE_OFFICER, province=make_province())
        case "board":
            return make_actor(market=market)
        case _:
            return make_actor(Role(name), market=market)


OFFICERS = {"own province", "own operator", "own market", "next market", "own section"}
GIVES = [
    ("administrator", role, where, True)
    for role in Role
    for where in ("country", "other province", "own market")
]
GIVES += [
    ("officer", role, where, where in OFFICERS and role is not Role.ADMINISTRATOR)
    for role in Role
    for where in (
        "country",
        "own province",
        "other province",
        "own operator",
        "other operator",
        "own market",
        "next market",
        "other market",
        "own section",
    )
]
GIVES += [
    ("board", role, where, role is Role.VOLUNTEER and where in {"own market", "own section"})
    for role in Role
    for where in ("country", "own operator", "own market", "next market", "own section")
]
GIVES += [(name, Role.VOLUNTEER, "own market", False) for name in ("volunteer", "auditor")]


@pytest.mark.parametrize("name", ["administrator", "officer", "board", "volunteer", "auditor"])
def test_who_gives_what_where(name: str, scopes: dict[str, Scope], session: Session) -> None:
    actor = giver(name, scopes, session)

    wrong = [
        (role, where)
        for kind, role, where, expected in GIVES
        if kind == name and may_grant(actor, role, scopes[where]) is not expected
    ]

    assert wrong == []


def test_the_keeper_of_a_section_gives_volunteers_of_that_section_only(
    scopes: dict[str, Scope], session: Session
) -> None:
    section = session.get_one(Section, scopes["own section"].section_id)
    keeper = make_actor(section=section)

    assert may_grant(keeper, Role.VOLUNTEER, scopes["own section"])
    assert not may_grant(keeper, Role.VOLUNTEER, scopes["own market"])


def test_an_officer_of_one_market_gives_nothing_in_the_country(
    scopes: dict[str, Scope], session: Session
) -> None:
    odd = make_actor(Role.PROVINCE_OFFICER, market=market_of(scopes["own market"], session))

    assert not may_grant(odd, Role.AUDITOR, COUNTRY)
    assert not may_grant(odd, Role.BOARD_MANAGER, scopes["other market"])


def test_an_ended_grant_gives_nothing(scopes: dict[str, Scope], session: Session) -> None:
    actor = make_actor(
        market=market_of(scopes["own market"], session), ends_on=TODAY - timedelta(days=1)
    )

    assert not may_grant(actor, Role.VOLUNTEER, scopes["own market"])


def test_the_listed_grants_are_those_that_could_be_given(
    scopes: dict[str, Scope], session: Session
) -> None:
    held = {
        where: users.create_user(f"{place}@example.vn", "Ai", None, actor=SYSTEM)
        for place, where in enumerate(scopes)
    }
    for where, user in held.items():
        users.grant(user, Role.VOLUNTEER, scopes[where], ends_on=SOON, actor=SYSTEM)
    session.flush()

    for name in ("administrator", "officer", "board"):
        actor = giver(name, scopes, session)
        listed = set(session.scalars(select(Grant.user_id).where(user_reach.givable(actor))))
        expected = {
            user.id
            for where, user in held.items()
            if may_grant(actor, Role.VOLUNTEER, scopes[where])
        }
        assert listed & {user.id for user in held.values()} == expected


def test_a_user_is_added_with_a_grant_and_a_password_to_be_changed(
    scopes: dict[str, Scope], session: Session
) -> None:
    board = giver("board", scopes, session)
    values = GrantValues(Role.VOLUNTEER, scopes["own market"], SOON)

    user, password = users.add_user(" TNV@Example.vn ", " Đặng  Hà ", values=values, actor=board)

    session.refresh(user, ["grants"])
    assert (user.email, user.display_name) == ("tnv@example.vn", "Đặng Hà")
    assert passwords.is_right(user.password_hash, password)
    assert len(password) >= passwords.SHORTEST
    assert user.must_change_password
    assert [grant.role for grant in user.grants] == [Role.VOLUNTEER]


def test_first_passwords_differ(session: Session) -> None:
    assert passwords.new_password() != passwords.new_password()


def test_a_board_cannot_add_another_board(scopes: dict[str, Scope], session: Session) -> None:
    values = GrantValues(Role.BOARD_MANAGER, scopes["own market"])

    with pytest.raises(Forbidden):
        users.add_user("a@example.vn", "Ai", values=values, actor=giver("board", scopes, session))


@pytest.mark.parametrize("email", ["", "a", "a@", "@b", "a b@c.vn", "x" * 250 + "@c.vn"])
def test_what_is_no_email_is_refused(email: str, session: Session) -> None:
    with pytest.raises(Invalid):
        users.create_user(email, "Ai", None, actor=SYSTEM)


def test_an_email_is_used_once_whatever_its_case(session: Session) -> None:
    users.create_user("a@example.vn", "Ai", None, actor=SYSTEM)

    with pytest.raises(Conflict):
        users.create_user(" A@Example.VN", "Ai khác", None, actor=SYSTEM)


@pytest.mark.parametrize("ends_on", [None, TODAY - timedelta(days=1)])
def test_a_volunteers_role_ends_and_not_before_today(
    ends_on: object, scopes: dict[str, Scope], session: Session
) -> None:
    with pytest.raises(Invalid) as refused:
        users.grant(
            make_user(),
            Role.VOLUNTEER,
            scopes["own market"],
            ends_on=ends_on,  # type: ignore[arg-type]
            actor=giver("board", scopes, session),
        )
    assert refused.value.problems[0].field == "ends_on"


@pytest.mark.parametrize(
    ("role", "where"),
    [
        (Role.PROVINCE_OFFICER, "own market"),
        (Role.BOARD_MANAGER, "own province"),
        (Role.VOLUNTEER, "own province"),
    ],
)
def test_a_scope_that_does_not_fit_the_role_is_refused(
    role: Role, where: str, scopes: dict[str, Scope], session: Session
) -> None:
    with pytest.raises(Invalid) as refused:
        users.grant(
            make_user(),
            role,
            scopes[where],
            ends_on=SOON,
            actor=giver("officer", scopes, session),
        )
    assert refused.value.problems[0].field == "scope"


def test_the_same_role_is_not_given_twice(scopes: dict[str, Scope], session: Session) -> None:
    board, user = giver("board", scopes, session), make_user()
    users.grant(user, Role.VOLUNTEER, scopes["own market"], ends_on=SOON, actor=board)

    with pytest.raises(Conflict):
        users.grant(user, Role.VOLUNTEER, scopes["own market"], ends_on=SOON, actor=board)


def open_sessions(user: User, session: Session) -> int:
    """How many of the user's sessions are open."""
    session.flush()
    rows = select(UserSession).where(UserSession.user_id == user.id, UserSession.ended_at.is_(None))
    return len(session.scalars(rows).all())


def signed_in(user: User, session: Session) -> User:
    """The user with an open session."""
    sessions.open_session(user, browser=Browser("127.0.0.1"), at=NOW)
    session.flush()
    return user


def test_every_change_of_power_ends_the_open_sessions(
    scopes: dict[str, Scope], session: Session
) -> None:
    admin = giver("administrator", scopes, session)
    given, taken, shut, reset = (signed_in(make_user(), session) for _ in range(4))

    users.grant(given, Role.AUDITOR, COUNTRY, ends_on=None, actor=admin)
    users.revoke(taken.grants[0].id, user_id=taken.id, actor=admin)
    users.disable(shut.id, actor=admin)
    users.reset_password(reset.id, actor=admin)

    assert [open_sessions(user, session) for user in (given, taken, shut, reset)] == [0] * 4


def test_ones_own_new_password_ends_the_other_sessions(session: Session) -> None:
    user = signed_in(signed_in(make_user(), session), session)
    mine = session.scalars(select(UserSession).order_by(UserSession.id)).first()
    assert mine is not None
    user.must_change_password = True

    users.change_own_password(mine, "mot cau khac rat dai", actor=actor_of(user))

    assert open_sessions(user, session) == 1
    assert not user.must_change_password


def test_the_same_password_again_is_no_change(session: Session) -> None:
    user = signed_in(make_user(), session)
    mine = session.scalars(select(UserSession)).one()

    with pytest.raises(Invalid):
        users.change_own_password(mine, PASSWORD, actor=actor_of(user))


def test_what_is_revoked_stays_on_record(scopes: dict[str, Scope], session: Session) -> None:
    user = make_user(market=market_of(scopes["own market"], session))
    row = user.grants[0]

    users.revoke(row.id, user_id=user.id, actor=giver("officer", scopes, session))

    assert row.revoked_at == NOW
    assert not row.is_live(TODAY)


def test_a_grant_out_of_reach_or_of_somebody_else_is_not_found(
    scopes: dict[str, Scope], session: Session
) -> None:
    user = make_user(market=market_of(scopes["own market"], session))
    row = user.grants[0]

    with pytest.raises(NotFound):
        users.revoke(row.id, user_id=user.id, actor=giver("board", scopes, session))
    with pytest.raises(NotFound):
        users.revoke(row.id, user_id=make_user().id, actor=giver("administrator", scopes, session))


def test_nobody_shuts_or_strips_themselves(session: Session) -> None:
    admin = make_user(Role.ADMINISTRATOR)

    with pytest.raises(Conflict):
        users.disable(admin.id, actor=actor_of(admin))
    with pytest.raises(Conflict):
        users.revoke(admin.grants[0].id, user_id=admin.id, actor=actor_of(admin))
    with pytest.raises(Conflict):
        users.reset_password(admin.id, actor=actor_of(admin))


def test_a_stranger_does_not_exist(scopes: dict[str, Scope], session: Session) -> None:
    user = make_user(Role.VOLUNTEER, market=market_of(scopes["next market"], session))

    for act in (users.disable, users.enable, users.reset_password, users.get_user):
        with pytest.raises(NotFound):
            act(user.id, actor=giver("board", scopes, session))


def test_who_has_power_elsewhere_keeps_it_out_of_a_boards_reach(
    scopes: dict[str, Scope], session: Session
) -> None:
    user = make_user(Role.PROVINCE_OFFICER, province=make_province())
    board = giver("board", scopes, session)
    users.grant(user, Role.VOLUNTEER, scopes["own market"], ends_on=SOON, actor=board)
    session.flush()

    assert users.get_user(user.id, actor=board)
    for act in (users.disable, users.reset_password):
        with pytest.raises(Forbidden):
            act(user.id, actor=board)
    with pytest.raises(Forbidden):
        users.rename(user.id, "Khác", version=user.version, actor=board)


def test_a_disabled_user_is_let_in_again(scopes: dict[str, Scope], session: Session) -> None:
    user = make_user(Role.VOLUNTEER, market=market_of(scopes["own market"], session))
    board = giver("board", scopes, session)

    users.disable(user.id, actor=board)
    assert user.disabled_at == NOW
    users.enable(user.id, actor=board)
    assert user.disabled_at is None


def test_each_act_on_a_user_is_one_entry_at_the_users_market(
    scopes: dict[str, Scope], session: Session
) -> None:
    user = make_user(Role.VOLUNTEER, market=market_of(scopes["own market"], session))
    board = giver("board", scopes, session)

    users.rename(user.id, "Tên Mới", version=user.version, actor=board)
    users.disable(user.id, actor=board)
    users.disable(user.id, actor=board)
    users.enable(user.id, actor=board)
    users.reset_password(user.id, actor=board)
    users.revoke(user.grants[0].id, user_id=user.id, actor=board)
    session.commit()

    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [entry.action for entry in entries] == [
        "change",
        "disable",
        "enable",
        "change_password",
        "revoke",
    ]
    assert {entry.market_id for entry in entries} == {scopes["own market"].market_id}
    assert json.loads(entries[1].content) == {
        "old": {"disabled": False},
        "new": {"disabled": True},
    }
    assert "argon2" not in "".join(entry.content for entry in entries)


def test_users_are_listed_by_name_without_accents(
    scopes: dict[str, Scope], session: Session
) -> None:
    board = giver("board", scopes, session)
    for place, name in enumerate(("Đặng Hà", "An Bình", "Trần Cảnh")):
        values = GrantValues(Role.VOLUNTEER, scopes["own market"], SOON)
        users.add_user(f"tnv{place}@example.vn", name, values=values, actor=board)
    make_user(Role.VOLUNTEER, market=market_of(scopes["next market"], session))

    listed = user_lists.page_of(1, actor=board)
    found = user_lists.page_of(1, actor=board, search="dang ha")

    assert [user.display_name for user in listed.items] == ["An Bình", "Đặng Hà", "Trần Cảnh"]
    assert [user.display_name for user in found.items] == ["Đặng Hà"]


def test_grants_outside_ones_reach_are_not_listed(
    scopes: dict[str, Scope], session: Session
) -> None:
    user = make_user(Role.PROVINCE_OFFICER, province=make_province())
    board = giver("board", scopes, session)
    users.grant(user, Role.VOLUNTEER, scopes["own market"], ends_on=SOON, actor=board)
    session.flush()

    held = user_lists.grants_of([user], actor=board)[user.id]

    assert [grant.role for grant in held] == [Role.VOLUNTEER]
    assert held[0].market is not None


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("administrator", ["Cả nước", "Tỉnh", "Đơn vị quản lý", "Chợ", "Khu"]),
        ("officer", ["Tỉnh", "Đơn vị quản lý", "Chợ", "Khu"]),
        ("board", ["Chợ", "Khu"]),
    ],
)
def test_the_scopes_offered_can_all_be_given(
    name: str, kinds: list[str], scopes: dict[str, Scope], session: Session
) -> None:
    actor = giver(name, scopes, session)
    role = {"board": Role.VOLUNTEER}.get(name, Role.AUDITOR)

    offered = user_lists.scope_choices(actor)

    assert [kind for kind, _ in offered] == kinds
    for _, choices in offered:
        for written, _label in choices:
            assert may_grant(actor, role, written_scopes.resolve_scope(written)), written


@pytest.mark.parametrize("written", ["", "country:1", "market", "operator:x", "operator:²", "x:1"])
def test_a_scope_written_otherwise_is_refused(written: str, session: Session) -> None:
    with pytest.raises((Invalid, NotFound)):
        written_scopes.resolve_scope(written)
