"""What every transaction owes before it commits: fresh counts, then its audit entries."""

from sqlalchemy import event
from sqlalchemy.orm import Session

from market.services import audit, coverage


def keep_promises(session: Session) -> None:
    """Recount touched markets, then chain the audit entries (the chain's lock comes last)."""
    if session.in_nested_transaction():
        return
    coverage.recompute_touched(session)
    audit.chain_pending(session)


def forget_promises(session: Session) -> None:
    """A rolled-back transaction owes nothing."""
    coverage.forget_touched(session)
    audit.forget_pending(session)


def listen() -> None:
    """Bind the promises to every session; binding twice changes nothing."""
    for name, act in (("before_commit", keep_promises), ("after_rollback", forget_promises)):
        if not event.contains(Session, name, act):
            event.listen(Session, name, act)
