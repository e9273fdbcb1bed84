"""Signing in and out: sessions are rows, so ending one ends it everywhere at once."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from market.domain.errors import Invalid, NotFound
from market.extensions import db, vault
from market.models.user import User, UserSession
from market.services import audit, passwords, throttle
from market.services.access import Actor
from market.services.throttle import Limit

IDLE = timedelta(minutes=30)
ABSOLUTE = timedelta(hours=12)
FRESH_FOR = timedelta(minutes=5)
SEEN_EVERY = timedelta(minutes=1)
TRIES_PER_NAME = Limit(tries=5, window=timedelta(minutes=15))
TRIES_PER_ADDRESS = Limit(tries=50, window=timedelta(minutes=15))
WRONG = "Email hoặc mật khẩu không đúng."


@dataclass(frozen=True, slots=True)
class Browser:
    """Where a sign-in comes from."""

    address: str | None
    user_agent: str | None = None


def count_try(email: str, *, browser: Browser, at: datetime) -> None:
    """Count a sign-in before the password is looked at; the caller commits in any case.

    Raises Throttled, alike for names that exist and names that do not.
    """
    if browser.address:
        key = vault().sameness("sign-in address", browser.address)
        throttle.count(key, at=at, limit=TRIES_PER_ADDRESS)
    throttle.count(_name_key(email), at=at, limit=TRIES_PER_NAME)


def sign_in(email: str, password: str, *, browser: Browser, at: datetime) -> tuple[User, str]:
    """Check the password and open a session; gives the user and the secret token.

    Raises Invalid, in the same words whoever it is. Call `count_try` first.
    """
    user = db.session.scalar(select(User).where(User.email == fold_email(email)))
    is_right = passwords.is_right(user.password_hash if user else None, password)
    if user is None or user.disabled_at is not None or not is_right:
        raise Invalid(WRONG)
    throttle.reset(_name_key(email))
    return user, open_session(user, browser=browser, at=at)


def open_session(user: User, *, browser: Browser, at: datetime) -> str:
    """Open a session and give its token; only the token's hash is kept."""
    token = secrets.token_urlsafe(32)
    row = UserSession(
        token_hash=_hash(token),
        user_id=user.id,
        created_at=at,
        seen_at=at,
        fresh_at=at,
        address=browser.address,
        user_agent=(browser.user_agent or "")[:200] or None,
    )
    db.session.add(row)
    actor = Actor(user.id, user.display_name, at, "web", address=browser.address)
    audit.record(actor, "sign_in", row)
    return token


def find_session(token: str, *, at: datetime) -> UserSession | None:
    """The live session with that token, its user and grants loaded; detached, to be read only."""
    session = db.session.scalar(
        select(UserSession)
        .where(
            UserSession.token_hash == _hash(token),
            UserSession.ended_at.is_(None),
            UserSession.seen_at > at - IDLE,
            UserSession.created_at > at - ABSOLUTE,
        )
        .options(joinedload(UserSession.user).selectinload(User.grants))
    )
    if session is None or session.user.disabled_at is not None:
        return None
    # Who asks is a value: a later rollback must not expire it.
    db.session.expunge_all()
    return session


def is_due(session: UserSession, *, at: datetime) -> bool:
    """Whether the time it was last seen is worth writing again."""
    return session.seen_at <= at - SEEN_EVERY


def mark_seen(session: UserSession, *, at: datetime) -> None:
    """Keep an open session from idling out."""
    db.session.execute(update(UserSession).where(UserSession.id == session.id).values(seen_at=at))


def confirm_password(session: UserSession, password: str, *, at: datetime) -> None:
    """Make the session fresh again; raises Invalid. Call `count_try` first."""
    if not passwords.is_right(session.user.password_hash, password):
        raise Invalid("Mật khẩu không đúng.")
    throttle.reset(_name_key(session.user.email))
    db.session.execute(update(UserSession).where(UserSession.id == session.id).values(fresh_at=at))


def end(session: UserSession, *, actor: Actor) -> None:
    """Sign out."""
    db.session.execute(
        update(UserSession).where(UserSession.id == session.id).values(ended_at=actor.at)
    )
    audit.record_by_id(actor, "sign_out", UserSession.__tablename__, session.id)


def end_all(user_id: int, *, at: datetime, but: int | None = None) -> None:
    """End every session of a user, after a change of password, role or state."""
    statement = update(UserSession).where(
        UserSession.user_id == user_id, UserSession.ended_at.is_(None)
    )
    if but is not None:
        statement = statement.where(UserSession.id != but)
    db.session.execute(statement.values(ended_at=at))


def list_live(actor: Actor) -> list[UserSession]:
    """The actor's own open sessions, newest first."""
    return list(
        db.session.scalars(
            select(UserSession)
            .where(
                UserSession.user_id == actor.user_id,
                UserSession.ended_at.is_(None),
                UserSession.seen_at > actor.at - IDLE,
                UserSession.created_at > actor.at - ABSOLUTE,
            )
            .order_by(UserSession.seen_at.desc())
            .limit(100)
        )
    )


def end_own(session_id: int, *, actor: Actor) -> None:
    """End one of the actor's own sessions; raises NotFound for anybody else's."""
    session = db.session.scalar(
        select(UserSession).where(
            UserSession.id == session_id, UserSession.user_id == actor.user_id
        )
    )
    if session is None or session.ended_at is not None:
        raise NotFound("Không tìm thấy phiên đăng nhập này.")
    end(session, actor=actor)


def fold_email(email: str) -> str:
    """An email as it is kept and compared."""
    return email.strip().casefold()


def _name_key(email: str) -> str:
    return vault().sameness("sign-in name", fold_email(email))


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
