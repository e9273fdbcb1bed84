"""What a visit shows of stickers: one seen hangs, a void one that was not there is gone."""

from collections.abc import Sequence

from sqlalchemy import bindparam, select
from sqlalchemy.orm import joinedload

from market.domain.calendar import day_of
from market.domain.stickers import StickerState
from market.domain.visits import VisitResult
from market.extensions import db
from market.models.merchant import Tenancy
from market.models.stall import Stall
from market.models.sticker import Sticker
from market.models.visit import Visit
from market.services import sticker_moves
from market.services.access import Actor
from market.services.scans import Scan

CAN_HANG = (StickerState.PRINTED, StickerState.HANDED_OUT)
_AT_STALL = (
    select(Sticker)
    .where(
        Sticker.stall_id == bindparam("stall_id"),
        Sticker.state.in_((*CAN_HANG, StickerState.ON_STALL, StickerState.VOID)),
    )
    .options(joinedload(Sticker.stall), joinedload(Sticker.account))
    .order_by(Sticker.id)
    .with_for_update(of=Sticker)
    .execution_options(populate_existing=True)
)


def follow(
    visit: Visit,
    stall: Stall,
    *,
    scan: Scan | None,
    tenancies: Sequence[Tenancy],
    actor: Actor,
) -> None:
    """Move the stickers of the stall on by what the visit found."""
    if visit.result not in (VisitResult.MATCH, VisitResult.MISSING):
        return
    stickers = _stickers_at(stall)
    if visit.result is VisitResult.MATCH:
        seen = _seen(visit, stickers, scan=scan, tenancies=tenancies)
        if seen is not None:
            # A phone's clock may be behind: nothing hangs before it was on paper.
            on_paper = sticker_moves.noted_hand_out(seen) or seen.printed_at
            at = max(visit.phone_at, on_paper or visit.phone_at)
            sticker_moves.hang(seen, at=at, actor=actor)
    for sticker in _gone(visit, stickers, scan=scan, tenancies=tenancies):
        sticker_moves.mark_gone(sticker, at=visit.phone_at, actor=actor)


def saw_void(visit: Visit) -> bool:
    """Whether the sticker that the visit found must not hang any more."""
    if visit.sticker_id is None:
        return False
    return db.session.get_one(Sticker, visit.sticker_id).state is StickerState.VOID


def _stickers_at(stall: Stall) -> Sequence[Sticker]:
    return db.session.scalars(_AT_STALL, {"stall_id": stall.id}).all()


def _seen(
    visit: Visit,
    stickers: Sequence[Sticker],
    *,
    scan: Scan | None,
    tenancies: Sequence[Tenancy],
) -> Sticker | None:
    """The sticker that was not known to hang, or not yet by then, and evidently did.

    A serial names it; otherwise the first that was handed out for that account, where
    none hangs yet: one code was seen, so one sticker hangs.
    """
    if scan is not None and scan.sticker is not None:
        named = (each for each in stickers if each.id == visit.sticker_id)
        return next((each for each in named if _is_news(each, visit)), None)
    if visit.foreign_code_id is not None:
        return None
    merchants = {row.merchant_id for row in tenancies if row.id == visit.tenancy_id}
    theirs = [
        each
        for each in stickers
        if each.account.merchant_id in merchants
        and (scan is None or each.account.number_hash == scan.payee_hash)
    ]
    if any(each.state is StickerState.ON_STALL for each in theirs):
        return None
    handed_out = (
        each
        for each in theirs
        if each.state is StickerState.HANDED_OUT
        and each.handed_out_at is not None
        and day_of(each.handed_out_at) <= visit.day
    )
    return next(handed_out, None)


def _is_news(sticker: Sticker, visit: Visit) -> bool:
    """Whether that it hangs was unknown: a visit told of late may have seen it earlier."""
    if sticker.state is StickerState.ON_STALL:
        return sticker.hung_at is not None and visit.phone_at < sticker.hung_at
    return sticker.state in CAN_HANG


def _gone(
    visit: Visit,
    stickers: Sequence[Sticker],
    *,
    scan: Scan | None,
    tenancies: Sequence[Tenancy],
) -> list[Sticker]:
    """Void stickers that the visit did not find where it looked.

    Those of another merchant who still shares the stall were not looked for. A payment
    code does not tell two stickers for one account apart.
    """
    others = {row.merchant_id for row in tenancies if row.id != visit.tenancy_id}
    same_account = None if scan is None or scan.sticker is not None else scan.payee_hash
    return [
        each
        for each in stickers
        if each.state is StickerState.VOID
        and each.void_at is not None
        and each.void_at <= visit.phone_at
        and each.id != visit.sticker_id
        and each.account.merchant_id not in others
        and each.account.number_hash != same_account
    ]
