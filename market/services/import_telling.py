"""What an applied list tells the audit log, row by row."""

from collections.abc import Callable

from market.services.import_ledger import Ledger
from market.services.import_people import People
from market.services.import_plan import MerchantPlan, Plan, StallPlan


def tell_rows(
    plan: Plan, ledger: Ledger, stall_id_of: Callable[[StallPlan], int], people: People
) -> None:
    """An audit entry for each row that changed a stall, else one for whom it changed."""
    told: set[MerchantPlan] = set()
    for stall in plan.stalls:
        for row in dict.fromkeys((stall.row, *(row for row, _ in stall.tenants))):
            changes = stall.changes if row == stall.row else []
            if not changes and row == stall.row:
                continue
            news = [
                person
                for person in stall.people
                if person.row == row and _is_news(person) and person not in told
            ]
            told.update(news)
            keys = [(person, people.key_of(person)) for person in news]
            ledger.tell_stall(row, stall_id_of(stall), changes, keys)
    for person in plan.merchants:
        if _is_news(person) and person not in told:
            ledger.tell_merchant(person, people.key_of(person), people.id_of(person))


def _is_news(person: MerchantPlan) -> bool:
    return person.known is None or bool(person.changes)
