"""Users, what they may do and where, their sessions and failed sign-ins."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, String
from sqlalchemy.engine.default import DefaultExecutionContext
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.domain.roles import Permission, Role, ScopeKind, permissions_of
from market.domain.text import fold
from market.models.area import Province
from market.models.base import NO_KEY, Base, Hash, Id, Name, Search, sort_key_of, text_enum
from market.models.market import Market, Operator, Section


def _words_of(context: DefaultExecutionContext) -> str:
    values = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return fold(f"{values['display_name']} {values['email']}")[:400]


class User(Base):
    """Somebody who signs in; `email` is kept folded to lower case.

    `search` is the folded name, then the email.
    """

    __tablename__ = "users"

    id: Mapped[Id]
    email: Mapped[str] = mapped_column(String(254), unique=True)
    display_name: Mapped[Name]
    search: Mapped[Search] = mapped_column(default=_words_of)
    sort_key: Mapped[str] = sort_key_of("display_name", index=True, server_default=NO_KEY)
    password_hash: Mapped[str | None] = mapped_column(String(200))
    password_changed_at: Mapped[datetime | None]
    must_change_password: Mapped[bool] = mapped_column(default=False)
    disabled_at: Mapped[datetime | None]
    created_at: Mapped[datetime]
    version: Mapped[int] = mapped_column(default=1)

    grants: Mapped[list["Grant"]] = relationship(
        back_populates="user", lazy="raise", foreign_keys="Grant.user_id"
    )

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol


class Grant(Base):
    """A role within a scope, until the end of `ends_on` where it has one."""

    __tablename__ = "grants"
    __table_args__ = (
        CheckConstraint(
            "(scope = 'country' AND province_code IS NULL AND operator_id IS NULL"
            " AND market_id IS NULL AND section_id IS NULL)"
            " OR (scope = 'province' AND province_code IS NOT NULL)"
            " OR (scope = 'operator' AND operator_id IS NOT NULL)"
            " OR (scope = 'market' AND market_id IS NOT NULL)"
            " OR (scope = 'section' AND section_id IS NOT NULL AND market_id IS NOT NULL)",
            name="scope_has_its_key",
        ),
        CheckConstraint("role <> 'volunteer' OR ends_on IS NOT NULL", name="volunteers_end"),
    )

    id: Mapped[Id]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[Role] = mapped_column(text_enum(Role))
    scope: Mapped[ScopeKind] = mapped_column(text_enum(ScopeKind))
    province_code: Mapped[str | None] = mapped_column(ForeignKey("provinces.code"))
    operator_id: Mapped[int | None] = mapped_column(ForeignKey("operators.id"))
    market_id: Mapped[int | None] = mapped_column(ForeignKey("markets.id"))
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"))
    ends_on: Mapped[date | None]
    granted_at: Mapped[datetime]
    granted_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    revoked_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(back_populates="grants", lazy="raise", foreign_keys=[user_id])
    province: Mapped[Province | None] = relationship(lazy="raise")
    operator: Mapped[Operator | None] = relationship(lazy="raise")
    market: Mapped[Market | None] = relationship(lazy="raise")
    section: Mapped[Section | None] = relationship(lazy="raise")

    def is_live(self, today: date) -> bool:
        """Whether it gives anything on that day."""
        return self.revoked_at is None and (self.ends_on is None or self.ends_on >= today)

    def allows(self, permission: Permission) -> bool:
        """Whether the role carries the permission."""
        return permission in permissions_of(self.role)


class UserSession(Base):
    """A signed-in browser; the row decides, the cookie only names it.

    `token_hash` is SHA-256 of the random token in the cookie.
    """

    __tablename__ = "user_sessions"

    id: Mapped[Id]
    token_hash: Mapped[Hash] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    fresh_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str | None] = mapped_column(String(45))
    user_agent: Mapped[str | None] = mapped_column(String(200))

    user: Mapped[User] = relationship(lazy="raise")


class Throttle(Base):
    """How often something was tried within a window; `key` is a keyed hash."""

    __tablename__ = "throttles"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    window_started_at: Mapped[datetime]
    tries: Mapped[int]
