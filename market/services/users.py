"""Users and their grants: who gives what to whom, and where it ends."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from market.domain.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from market.domain.roles import Role, ScopeKind
from market.domain.text import clean, fold, sort_key
from market.extensions import db
from market.models.user import Grant, User, UserSession
from market.services import audit, passwords, sessions
from market.services.access import Actor
from market.services.uniqueness import unique_or
from market.services.user_reach import FITTING, Scope, givable, may_grant
from market.services.versions import check_version

LONGEST_EMAIL = 254


@dataclass(frozen=True, slots=True)
class GrantValues:
    """A role within a scope, until the end of a day where it has one."""

    role: Role
    scope: Scope
    ends_on: date | None = None


def create_user(email: str, display_name: str, password: str | None, *, actor: Actor) -> User:
    """Add a user; raises Conflict where the email is taken, Invalid for a weak password."""
    folded = _checked_email(email)
    name = clean(display_name)
    taken = Conflict("Đã có người dùng với email này. Hãy dùng email khác.")
    if db.session.scalar(select(User.id).where(User.email == folded)) is not None:
        raise taken
    user = User(
        email=folded,
        display_name=name,
        password_hash=passwords.hash_password(password) if password else None,
        password_changed_at=actor.at if password else None,
        created_at=actor.at,
        grants=[],
    )
    with unique_or(taken):
        db.session.add(user)
    audit.record(actor, "create", user, new={"email": folded})
    return user


def add_user(
    email: str, display_name: str, *, values: GrantValues, actor: Actor
) -> tuple[User, str]:
    """Add a user with one grant; gives the first password, which has to be changed.

    Raises as `create_user` and `grant` do.
    """
    password = passwords.new_password()
    user = create_user(email, display_name, password, actor=actor)
    user.must_change_password = True
    grant(user, values.role, values.scope, ends_on=values.ends_on, actor=actor)
    return user, password


def rename(user_id: int, display_name: str, *, version: int, actor: Actor) -> User:
    """Correct a user's name.

    Raises as `get_managed` does, Conflict where somebody changed the user meanwhile.
    """
    user = get_managed(user_id, actor=actor)
    check_version(user, version)
    old, name = user.display_name, clean(display_name)
    if not name:
        raise _invalid("display_name", "Hãy nhập họ tên.")
    user.display_name, user.sort_key = name, sort_key(name)
    user.search = fold(f"{name} {user.email}")[:400]
    _note(user, "change", actor, old={"name": old}, new={"name": name})
    return user


def grant(user: User, role: Role, scope: Scope, *, ends_on: date | None, actor: Actor) -> Grant:
    """Give the user a role within a scope; open sessions end so that it holds at once.

    Raises Invalid for a volunteer without an end date, an end in the past or a scope that
    does not fit the role (commands may give it), Forbidden where the actor may not give
    that role there, Conflict where the user has it.
    """
    if role is Role.VOLUNTEER and ends_on is None:
        raise _invalid("ends_on", "Quyền của tình nguyện viên phải có ngày kết thúc.")
    if ends_on is not None and ends_on < actor.today:
        raise _invalid("ends_on", "Ngày kết thúc đã qua. Hãy chọn hôm nay hoặc một ngày sau.")
    if scope.kind not in FITTING[role] and not actor.is_system:
        raise _invalid("scope", f"Quyền “{role.label}” không giao cho phạm vi này. Hãy chọn lại.")
    if not may_grant(actor, role, scope):
        raise Forbidden("Bạn không được giao quyền này trong phạm vi này.")
    db.session.flush()
    _refuse_twice(user, role, scope, actor)
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


def revoke(grant_id: int, *, user_id: int, actor: Actor) -> Grant:
    """End a grant of that user now, and the user's open sessions with it.

    Raises NotFound for one the actor could not have given, Conflict for one's own.
    """
    row = db.session.scalar(
        select(Grant)
        .where(Grant.id == grant_id, Grant.user_id == user_id, givable(actor))
        .with_for_update(of=Grant)
    )
    if row is None:
        raise NotFound("Không tìm thấy quyền này.")
    if row.user_id == actor.user_id:
        raise Conflict("Bạn không thể tự thu hồi quyền của mình. Hãy nhờ người khác.")
    if row.revoked_at is None:
        row.revoked_at = actor.at
        sessions.end_all(row.user_id, at=actor.at)
        old, new = _grant_values(row), {"revoked_at": actor.at}
        audit.record(actor, "revoke", row, market_id=row.market_id, old=old, new=new)
    return row


def disable(user_id: int, *, actor: Actor) -> User:
    """Shut a user out; every session ends at once. Raises as `get_managed` does."""
    user = get_managed(user_id, actor=actor)
    if user.id == actor.user_id:
        raise Conflict("Bạn không thể tự khóa tài khoản của mình.")
    if user.disabled_at is None:
        user.disabled_at = actor.at
        sessions.end_all(user.id, at=actor.at)
        _note(user, "disable", actor, old={"disabled": False}, new={"disabled": True})
    return user


def enable(user_id: int, *, actor: Actor) -> User:
    """Let a disabled user in again. Raises as `get_managed` does."""
    user = get_managed(user_id, actor=actor)
    if user.disabled_at is not None:
        user.disabled_at = None
        _note(user, "enable", actor, old={"disabled": True}, new={"disabled": False})
    return user


def reset_password(user_id: int, *, actor: Actor) -> tuple[User, str]:
    """Give another user a new password, which has to be changed; their sessions end.

    Raises as `get_managed` does, and Conflict for one's own.
    """
    user = get_managed(user_id, actor=actor)
    if user.id == actor.user_id:
        raise Conflict("Hãy đổi mật khẩu của mình ở trang “Tài khoản của tôi”.")
    password = passwords.new_password()
    _set_password(user, password, actor)
    user.must_change_password = True
    sessions.end_all(user.id, at=actor.at)
    return user, password


def change_own_password(session: UserSession, password: str, *, actor: Actor) -> None:
    """Change one's own password; the other sessions end."""
    user = db.session.get_one(User, session.user_id, options=[selectinload(User.grants)])
    if passwords.is_right(user.password_hash, password):
        raise _invalid("new_password", "Mật khẩu mới phải khác mật khẩu đang dùng.")
    _set_password(user, password, actor)
    user.must_change_password = False
    sessions.end_all(session.user_id, at=actor.at, but=session.id)


def find_by_email(email: str) -> User | None:
    """The user with that email, grants loaded."""
    return db.session.scalar(
        select(User)
        .where(User.email == sessions.fold_email(email))
        .options(selectinload(User.grants))
    )


def get_user(user_id: int, *, actor: Actor) -> User:
    """A user with a grant, live or ended, that the actor could give; else NotFound.

    The user's grants are loaded.
    """
    user = db.session.scalar(
        select(User)
        .where(User.id == user_id, in_sight(actor))
        .options(selectinload(User.grants))
        .execution_options(populate_existing=True)
    )
    if user is None:
        raise NotFound("Không tìm thấy người dùng này.")
    return user


def get_managed(user_id: int, *, actor: Actor) -> User:
    """A user all of whose live grants the actor could have given.

    Raises NotFound for one out of sight, Forbidden for one who has grants elsewhere.
    """
    user = get_user(user_id, actor=actor)
    if not is_managed(user, actor=actor):
        raise Forbidden(
            "Người này còn quyền ngoài phạm vi của bạn."
            " Hãy thu hồi quyền trong phạm vi của bạn, hoặc nhờ quản trị hệ thống."
        )
    return user


def is_managed(user: User, *, actor: Actor) -> bool:
    """Whether the actor could have given all live grants of the user, whose grants are loaded."""
    live = {row.id for row in user.grants if row.is_live(actor.today)}
    own = db.session.scalars(select(Grant.id).where(Grant.user_id == user.id, givable(actor)))
    return live <= set(own)


def in_sight(actor: Actor) -> Any:
    """Users who have or had a grant that the actor could give; administrators see everybody."""
    if may_grant(actor, Role.ADMINISTRATOR, Scope(ScopeKind.COUNTRY)):
        return True
    return User.id.in_(select(Grant.user_id).where(givable(actor)))


def _checked_email(email: str) -> str:
    folded = sessions.fold_email(email)
    name, _, host = folded.partition("@")
    is_plain = not any(char.isspace() for char in folded)
    if not (name and host) or not is_plain or len(folded) > LONGEST_EMAIL:
        raise _invalid("email", "Email chưa đúng. Hãy nhập dạng ten@coquan.vn.")
    return folded


def _refuse_twice(user: User, role: Role, scope: Scope, actor: Actor) -> None:
    same = db.session.scalars(
        select(Grant).where(
            Grant.user_id == user.id,
            Grant.role == role,
            Grant.scope == scope.kind,
            Grant.province_code.is_not_distinct_from(scope.province_code),
            Grant.operator_id.is_not_distinct_from(scope.operator_id),
            Grant.market_id.is_not_distinct_from(scope.market_id),
            Grant.section_id.is_not_distinct_from(scope.section_id),
        )
    )
    if any(row.is_live(actor.today) for row in same):
        raise Conflict("Người này đã có quyền này. Hãy thu hồi quyền cũ nếu cần đổi thời hạn.")


def _set_password(user: User, password: str, actor: Actor) -> None:
    user.password_hash = passwords.hash_password(password)
    user.password_changed_at = actor.at
    _note(user, "change_password", actor)


def _note(
    user: User,
    action: str,
    actor: Actor,
    *,
    old: dict[str, Any] | None = None,
    new: dict[str, Any] | None = None,
) -> None:
    """An act on a user stands in the log of the market where the user works."""
    places = [row.market_id for row in user.grants if row.market_id and row.is_live(actor.today)]
    place = places[0] if places else None
    audit.record(actor, action, user, market_id=place, old=old, new=new)


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


def _invalid(name: str, message: str) -> Invalid:
    return Invalid(message, (Problem(message, field=name),))
