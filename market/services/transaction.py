"""What every transaction owes before it commits: fresh counts, then its audit entries."""

from sqlalchemy import event
from sqlalchemy.orm import Session, SessionTransaction

from market.services import audit, coverage

MARKS = "entries_owed_at_savepoints"


def keep_promises(session: Session) -> None:
    """Recount touched markets, then chain the audit entries (the chain's lock comes last)."""
    if session.in_nested_transaction():
        return
    coverage.recompute_touched(session)
    audit.chain_pending(session)


def begin_savepoint(session: Session, transaction: SessionTransaction) -> None:
    """Note how many entries were owed where a savepoint begins."""
    if transaction.nested:
        session.info.setdefault(MARKS, {})[transaction] = audit.count_pending(session)


def end_transaction(session: Session, transaction: SessionTransaction) -> None:
    """With the whole transaction its savepoints are over too."""
    if transaction.parent is None:
        session.info.pop(MARKS, None)


def take_back(session: Session, transaction: SessionTransaction) -> None:
    """Owe what was owed at the savepoint rolled back to, or nothing.

    A market touched within the savepoint is counted all the same: that is never wrong.
    """
    if transaction.nested:
        audit.forget_pending(session, after=session.info[MARKS][transaction])
    elif transaction.parent is None:
        audit.forget_pending(session)
        coverage.forget_touched(session)


def listen() -> None:
    """Bind the promises to every session; binding twice changes nothing."""
    for name, act in (
        ("before_commit", keep_promises),
        ("after_transaction_create", begin_savepoint),
        ("after_transaction_end", end_transaction),
        ("after_soft_rollback", take_back),
    ):
        if not event.contains(Session, name, act):
            event.listen(Session, name, act)
