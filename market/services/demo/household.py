"""The history of one household at its stalls, from the first account to the last visit."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from random import Random

from market.domain.levels import Level
from market.domain.stickers import VoidReason
from market.domain.visits import NonAcceptReason, VisitResult

DAY = timedelta(days=1)
LONGEST_GAP = 150
# Of those who accept, so many had a code of their bank or wallet before we came.
ON_OWN_CODE = 0.05
# Of the visits to those who accept, so many end with a test transfer that arrived.
TRIED = 0.25


@dataclass(slots=True)
class Code:
    """A sticker's days; `account` counts the household's accounts from 0.

    A code that a bank or wallet issued has none: it was noted on the day `printed`, and
    checked on the day `handed_out`.
    """

    account: int | None
    printed: date
    handed_out: date
    void: date | None = None
    reason: VoidReason | None = None
    hung: date | None = None


@dataclass(slots=True)
class Seen:
    """A visit; `code` counts the household's codes from 0."""

    day: date
    result: VisitResult
    code: int | None = None
    accepts: bool | None = None
    test_transfer: bool | None = None
    use_shown: bool | None = None
    reason: NonAcceptReason | None = None


@dataclass(slots=True)
class History:
    """What happened: days on which accounts took force, codes, visits."""

    accounts: list[date] = field(default_factory=list)
    codes: list[Code] = field(default_factory=list)
    visits: list[Seen] = field(default_factory=list)
    waits_since: date | None = None


def moment(day: date, random: Random) -> datetime:
    """A moment of that day's market hours in Việt Nam."""
    return datetime.combine(day, time(1 + random.randrange(8), random.randrange(60)), UTC)


def live(outcome: Level, start: date, last_day: date, random: Random) -> History:
    """A history that begins on or after `start` and ends on that level on `last_day`."""
    history = History()
    if outcome is Level.NONE:
        _stay_out(history, start, last_day, random)
        return history
    begun = _begin(start, last_day, random)
    accepts = outcome.rank >= Level.ACCEPTS.rank
    if accepts and random.random() < ON_OWN_CODE:
        _note_own_code(history, begun, random)
    else:
        history.accounts.append(begun)
        if outcome is Level.ACCOUNT:
            return history
        _hand_out(history, begun, random)
        if outcome is Level.EQUIPPED:
            return history
    first_seen = history.codes[0].handed_out + DAY * random.randint(1, 9)
    _see(history, first_seen, accepts, random)
    if accepts and history.accounts and random.random() < 0.03:
        _mishap(history, last_day, random)
    _see_again(history, last_day, accepts, random)
    return history


def _begin(start: date, last_day: date, random: Random) -> date:
    """Most join in the first months, some late; all in time to be seen before the end."""
    room = max(1, (last_day - start).days - 25)
    is_late = random.random() < 0.25
    return start + DAY * round(room * (random.random() if is_late else random.betavariate(1.1, 4)))


def _hand_out(history: History, approved: date, random: Random) -> None:
    printed = approved + DAY * random.randint(1, 7)
    handed_out = printed + DAY * random.randint(0, 5)
    history.codes.append(Code(len(history.accounts) - 1, printed, handed_out))


def _note_own_code(history: History, noted: date, random: Random) -> None:
    history.codes.append(Code(None, noted, noted + DAY * random.randint(1, 5)))


def _see(history: History, day: date, accepts: bool, random: Random) -> None:
    code = len(history.codes) - 1
    if history.codes[code].hung is None:
        history.codes[code].hung = day
    tried = True if accepts and random.random() < TRIED else None
    used = True if accepts and random.random() < 0.7 else None
    reason = None if accepts else random.choice(list(NonAcceptReason))
    history.visits.append(
        Seen(
            day,
            VisitResult.MATCH,
            code,
            accepts=accepts,
            test_transfer=tried,
            use_shown=used,
            reason=reason,
        )
    )


def _see_again(history: History, last_day: date, accepts: bool, random: Random) -> None:
    """Visits go on, never so far apart that the level would lapse."""
    day = history.visits[-1].day
    while True:
        day += DAY * random.randint(95, LONGEST_GAP)
        if day > last_day:
            return
        _see(history, day, accepts, random)


def _mishap(history: History, last_day: date, random: Random) -> None:
    """Somebody pasted another code over it, or the account changed: a new sticker follows."""
    day = history.visits[-1].day + DAY * random.randint(20, 60)
    if day > last_day - DAY * 30:
        return
    old = history.codes[-1]
    old.void = day + DAY
    if random.random() < 0.5:
        old.reason = VoidReason.OVERLAID
        history.visits.append(Seen(day, VisitResult.OTHER_ACCOUNT))
    else:
        old.reason = VoidReason.ACCOUNT_CHANGED
        history.accounts.append(old.void)
    _hand_out(history, old.void, random)
    _see(history, history.codes[-1].handed_out + DAY * random.randint(0, 3), True, random)


def _stay_out(history: History, start: date, last_day: date, random: Random) -> None:
    day = start + DAY * random.randint(5, 90)
    if day < last_day and random.random() < 0.6:
        history.visits.append(
            Seen(
                day,
                VisitResult.MISSING,
                accepts=False,
                reason=random.choice(list(NonAcceptReason)),
            )
        )
    if random.random() < 0.08:
        history.waits_since = last_day - DAY * random.randint(0, 12)
