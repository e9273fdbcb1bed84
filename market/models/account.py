"""Payment accounts of merchants, and the directory of banks they are held at."""

from datetime import date, datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from market.domain.accounts import (
    AccountKind,
    AccountProof,
    AccountSource,
    AccountState,
    HolderRelation,
)
from market.domain.banks import BankKind
from market.models.base import Base, Hash, Id, LongText, Name, Sealed, text_enum
from market.models.merchant import Merchant
from market.models.user import User


class BankEntry(Base):
    """A row of the bank directory; the operator may add or correct rows.

    `aliases` holds one written form a line.
    """

    __tablename__ = "banks"

    bin: Mapped[str] = mapped_column(String(6), primary_key=True)
    code: Mapped[str] = mapped_column(String(32))
    short_name: Mapped[str] = mapped_column(String(60))
    full_name: Mapped[Name]
    kind: Mapped[BankKind] = mapped_column(text_enum(BankKind))
    aliases: Mapped[LongText] = mapped_column(default="")
    payer_app_can_scan: Mapped[bool | None]
    name_lookup: Mapped[bool | None]
    notes: Mapped[LongText] = mapped_column(default="")

    @property
    def needs_confirmation(self) -> bool:
        """Whether an account there needs a decision of its own: finance, or a disputed BIN."""
        return self.kind is BankKind.FINANCE or "CONFLICT" in self.notes


class PaymentAccount(Base):
    """An account a merchant is paid on.

    BIN, number and holder never change once the row has left `draft` (a trigger holds
    that in the database); a change is a new row. `number_hash` is a keyed hash of BIN
    and number. The account reaches paper from `in_force_from` until `retired_at`.
    `needs_own_decision` keeps it out of bulk approval: the number came from a number
    cell, or its bank's directory row is doubtful. `becomes_preferred` says that it goes
    onto the stickers once it is in force, in place of the account that is there.
    """

    __tablename__ = "payment_accounts"
    __table_args__ = (
        Index(
            "uq_payment_accounts_preferred",
            "merchant_id",
            unique=True,
            sqlite_where=text("is_preferred"),
            postgresql_where=text("is_preferred"),
        ),
        Index(
            "uq_payment_accounts_waiting",
            "merchant_id",
            "number_hash",
            unique=True,
            sqlite_where=text("state = 'awaiting_approval'"),
            postgresql_where=text("state = 'awaiting_approval'"),
        ),
        Index(
            "ix_payment_accounts_waits_to_replace",
            "in_force_from",
            sqlite_where=text("becomes_preferred AND NOT is_preferred AND retired_at IS NULL"),
            postgresql_where=text("becomes_preferred AND NOT is_preferred AND retired_at IS NULL"),
        ),
        CheckConstraint("state <> 'approved' OR in_force_from IS NOT NULL", name="approved_dated"),
        CheckConstraint("(state = 'retired') = (retired_at IS NOT NULL)", name="retired_dated"),
        CheckConstraint("NOT is_preferred OR state = 'approved'", name="preferred_is_approved"),
        CheckConstraint(
            "decided_by_id IS NULL OR changed_by_id IS NULL OR decided_by_id <> changed_by_id",
            name="four_eyes",
        ),
    )

    id: Mapped[Id]
    merchant_id: Mapped[int] = mapped_column(ForeignKey("merchants.id"), index=True)
    kind: Mapped[AccountKind] = mapped_column(text_enum(AccountKind))
    bin: Mapped[str] = mapped_column(ForeignKey("banks.bin"), index=True)
    number_sealed: Mapped[Sealed | None]
    number_hash: Mapped[Hash] = mapped_column(index=True)
    number_last4: Mapped[str] = mapped_column(String(4))
    kept_payload_sealed: Mapped[Sealed | None]
    holder_name: Mapped[Name]
    relation: Mapped[HolderRelation] = mapped_column(text_enum(HolderRelation))
    source: Mapped[AccountSource] = mapped_column(text_enum(AccountSource))
    opened_with_help: Mapped[bool] = mapped_column(default=False)
    came_from_number_cell: Mapped[bool] = mapped_column(default=False)
    needs_own_decision: Mapped[bool] = mapped_column(default=False)
    state: Mapped[AccountState] = mapped_column(text_enum(AccountState))
    is_preferred: Mapped[bool] = mapped_column(default=False)
    becomes_preferred: Mapped[bool] = mapped_column(default=True)
    proof: Mapped[AccountProof] = mapped_column(text_enum(AccountProof), default=AccountProof.NONE)
    proof_on: Mapped[date | None]
    proof_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    change_confirmed_how: Mapped[str | None] = mapped_column(String(40))
    change_confirmed_at: Mapped[datetime | None]
    change_confirmed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    entered_at: Mapped[datetime]
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    changed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    import_batch_id: Mapped[int | None] = mapped_column(ForeignKey("import_batches.id"), index=True)
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    decision_reason: Mapped[LongText | None]
    in_force_from: Mapped[datetime | None]
    retired_at: Mapped[datetime | None]
    retire_reason: Mapped[LongText | None]
    version: Mapped[int] = mapped_column(default=1)

    merchant: Mapped[Merchant] = relationship(lazy="raise")
    bank: Mapped[BankEntry] = relationship(lazy="raise")
    entered_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[entered_by_id])
    decided_by: Mapped[User | None] = relationship(lazy="raise", foreign_keys=[decided_by_id])

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 - SQLAlchemy's own protocol

    def is_in_force(self, at: datetime) -> bool:
        """Whether stickers may pay it at that moment."""
        return (
            self.state is AccountState.APPROVED
            and self.in_force_from is not None
            and self.in_force_from <= at
        )
