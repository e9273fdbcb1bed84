"""Users and their grants: who gives what to whom, and where it ends."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from market.domain.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from market.domain.roles import Permission, Role, ScopeKind
from market.domain.text import clean, fold
from market.extensions import db
from market.models.area import Commune, Province
from market.models.market import Market, Operator, Section
from market.models.user import Grant, User, UserSession
from market.services import audit, passwords, sessions
from market.services.access import Actor, market_condition


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a grant holds, as rows of the register."""

    kind: ScopeKind
    province_code: str | None = None
    operator_id: int | None = None
    market_id: int | None = None
    section_id: int | None = None


def create_user(email: str, display_name: str, password: str | None, *, actor: Actor) -> User:
    """Add a user; raises Conflict where the email is taken, Invalid for a weak password."""
    folded = sessions.fold_email(email)
    if "@" not in folded or len(folded) < 3:
        message = "Email chưa đúng. Hãy nhập dạng ten@coquan.vn."
        raise Invalid(message, (Problem(message, field="email"),))
    if db.session.scalar(select(User.id).where(User.email == folded)) is not None:
        raise Conflict("Đã có người dùng với email này.")
    user = User(
        email=folded,
        display_name=clean(display_name),
        password_hash=passwords.hash_password(password) if password else None,
        password_changed_at=actor.at if password else None,
        created_at=actor.at,
        grants=[],
    )
    db.session.add(user)
    audit.record(actor, "create", user, new={"email": folded})
    return user


def grant(user: User, role: Role, scope: Scope, *, ends_on: date | None, actor: Actor) -> Grant:
    """Give the user a role within a scope; open sessions end so that it holds at once.

    Raises Forbidden where the actor may not give that role there, Invalid for a
    volunteer without an end date.
    """
    if role is Role.VOLUNTEER and ends_on is None:
        message = "Quyền của tình nguyện viên phải có ngày kết thúc."
        raise Invalid(message, (Problem(message, field="ends_on"),))
    if not may_grant(actor, role, scope):
        raise Forbidden("Bạn không được giao quyền này trong phạm vi này.")
    db.session.flush()
    row = Grant(
        user_id=user.id,
        role=role,
        scope=scope.kind,
        province_code=scope.province_code,
        operator_id=scope.operator_id,
        market_id=scope.market_id,
        section_id=scope.section_id,
        ends_on=ends_on,
        granted_at=actor.at,
        granted_by_id=actor.user_id,
    )
    db.session.add(row)
    sessions.end_all(user.id, at=actor.at)
    audit.record(actor, "grant", row, market_id=scope.market_id, new=_grant_values(row))
    return row


def revoke(grant_id: int, *, actor: Actor) -> Grant:
    """End a grant now, and the user's open sessions with it."""
    row = db.session.get(Grant, grant_id)
    if row is None or not may_grant(actor, row.role, _scope_of(row)):
        raise NotFound("Không tìm thấy quyền này.")
    if row.revoked_at is None:
        row.revoked_at = actor.at
        sessions.end_all(row.user_id, at=actor.at)
        audit.record(actor, "revoke", row, market_id=row.market_id, old=_grant_values(row))
    return row


def disable(user_id: int, *, actor: Actor) -> User:
    """Shut a user out; every session ends at once. Raises NotFound outside the actor's reach."""
    user = get_user(user_id, actor=actor)
    if user.id == actor.user_id:
        raise Conflict("Bạn không thể tự khóa tài khoản của mình.")
    user.disabled_at = actor.at
    sessions.end_all(user.id, at=actor.at)
    audit.record(actor, "disable", user)
    return user


def enable(user_id: int, *, actor: Actor) -> User:
    """Let a disabled user in again."""
    user = get_user(user_id, actor=actor)
    user.disabled_at = None
    audit.record(actor, "enable", user)
    return user


def set_password(user_id: int, password: str, *, actor: Actor) -> User:
    """Give another user a first or new password; their sessions end."""
    user = get_user(user_id, actor=actor)
    _set_password(user, password, actor)
    sessions.end_all(user.id, at=actor.at)
    return user


def change_own_password(session: UserSession, password: str, *, actor: Actor) -> None:
    """Change one's own password; the other sessions end."""
    _set_password(db.session.get_one(User, session.user_id), password, actor)
    sessions.end_all(session.user_id, at=actor.at, but=session.id)


def find_by_email(email: str) -> User | None:
    """The user with that email, grants loaded."""
    return db.session.scalar(
        select(User)
        .where(User.email == sessions.fold_email(email))
        .options(selectinload(User.grants))
    )


def get_user(user_id: int, *, actor: Actor) -> User:
    """A user all of whose live grants the actor could have given; else NotFound."""
    user = db.session.scalar(
        select(User).where(User.id == user_id).options(selectinload(User.grants))
    )
    if user is None or not _within_reach(actor, user):
        raise NotFound("Không tìm thấy người dùng này.")
    return user


def list_users(actor: Actor) -> list[User]:
    """The users within the actor's reach, by name."""
    users = db.session.scalars(
        select(User).options(selectinload(User.grants)).order_by(User.display_name).limit(5000)
    )
    return [user for user in users if _within_reach(actor, user)]


def resolve_scope(text: str) -> Scope:
    """The scope written as `country`, `province:22`, `operator:7`, `market:CODE` or
    `section:CODE/NAME`.

    Raises Invalid where it is not written so, NotFound where the thing does not exist.
    """
    kind, _, key = text.partition(":")
    match kind:
        case "country" if not key:
            return Scope(ScopeKind.COUNTRY)
        case "province":
            found = db.session.scalar(select(Province.code).where(Province.code == key))
            return Scope(ScopeKind.PROVINCE, province_code=_there(found, "tỉnh"))
        case "operator" if key.isascii() and key.isdigit():
            operator_id = db.session.scalar(select(Operator.id).where(Operator.id == int(key)))
            return Scope(ScopeKind.OPERATOR, operator_id=_there(operator_id, "đơn vị quản lý"))
        case "market":
            market_id = db.session.scalar(select(Market.id).where(Market.code == key))
            return Scope(ScopeKind.MARKET, market_id=_there(market_id, "chợ"))
        case "section":
            return _section_scope(key)
    raise Invalid(
        "Phạm vi phải là country, province:22, operator:ID, market:MÃ hoặc section:MÃ/TÊN."
    )


def may_grant(actor: Actor, role: Role, scope: Scope) -> bool:
    """Administrators give anything; officers within their province; boards volunteers only."""
    if actor.is_system:
        return True
    return any(_gives(grant, role, scope, actor) for grant in actor.grants)


def _gives(grant: Grant, role: Role, scope: Scope, actor: Actor) -> bool:
    if grant.role is Role.ADMINISTRATOR:
        return grant.scope is ScopeKind.COUNTRY
    if grant.allows(Permission.MANAGE_USERS):
        return role is not Role.ADMINISTRATOR and _province_of(scope) == grant.province_code
    if grant.allows(Permission.MANAGE_VOLUNTEERS) and role is Role.VOLUNTEER:
        return scope.market_id is not None and _reaches(actor, scope.market_id)
    return False


def _reaches(actor: Actor, market_id: int) -> bool:
    condition = market_condition(actor, Permission.MANAGE_VOLUNTEERS)
    return db.session.scalar(select(Market.id).where(Market.id == market_id, condition)) is not None


def _province_of(scope: Scope) -> str | None:
    if scope.province_code:
        return scope.province_code
    if scope.operator_id:
        return db.session.scalar(
            select(Operator.province_code).where(Operator.id == scope.operator_id)
        )
    return db.session.scalar(
        select(Commune.province_code)
        .join(Market, Market.commune_code == Commune.code)
        .where(Market.id == scope.market_id)
    )


def _within_reach(actor: Actor, user: User) -> bool:
    live = [row for row in user.grants if row.is_live(actor.today)]
    if not live:
        return (
            actor.is_system
            or any(row.role is Role.ADMINISTRATOR for row in actor.grants)
            or any(may_grant(actor, row.role, _scope_of(row)) for row in user.grants)
        )
    return all(may_grant(actor, row.role, _scope_of(row)) for row in live)


def _scope_of(row: Grant) -> Scope:
    return Scope(row.scope, row.province_code, row.operator_id, row.market_id, row.section_id)


def _set_password(user: User, password: str, actor: Actor) -> None:
    user.password_hash = passwords.hash_password(password)
    user.password_changed_at = actor.at
    audit.record(actor, "change_password", user)


def _section_scope(key: str) -> Scope:
    code, _, name = key.partition("/")
    section = db.session.scalar(
        select(Section)
        .join(Market, Section.market_id == Market.id)
        .where(Market.code == code, Section.name_key == fold(name))
    )
    found = _there(section, "khu")
    return Scope(ScopeKind.SECTION, market_id=found.market_id, section_id=found.id)


def _there(found: Any, what: str) -> Any:
    if found is None:
        raise NotFound(f"Không tìm thấy {what} này.")
    return found


def _grant_values(row: Grant) -> dict[str, Any]:
    return {
        "user_id": row.user_id,
        "role": str(row.role),
        "scope": str(row.scope),
        "province_code": row.province_code,
        "operator_id": row.operator_id,
        "market_id": row.market_id,
        "section_id": row.section_id,
        "ends_on": row.ends_on,
    }
