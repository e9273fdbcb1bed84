"""Why a stall has not come further: one reason for each standing."""

import pytest

from market.domain.hindrances import Hindrance, Standing, hindrance_of
from market.domain.levels import Level
from market.domain.visits import VisitResult

NONE, ACCOUNT, EQUIPPED, DISPLAYED = Level.NONE, Level.ACCOUNT, Level.EQUIPPED, Level.DISPLAYED


@pytest.mark.parametrize(
    ("standing", "expected"),
    [
        (Standing(NONE), Hindrance.NO_TENANT),
        (Standing(NONE, has_tenant=True), Hindrance.NO_ACCOUNT),
        (Standing(NONE, has_tenant=True, account_rejected=True), Hindrance.ACCOUNT_REJECTED),
        (
            Standing(NONE, has_tenant=True, account_rejected=True, account_waits=True),
            Hindrance.ACCOUNT_WAITING,
        ),
        (Standing(ACCOUNT), Hindrance.NO_STICKER),
        (Standing(ACCOUNT, sticker_queued=True), Hindrance.STICKER_QUEUED),
        (
            Standing(ACCOUNT, sticker_queued=True, sticker_in_stock=True),
            Hindrance.STICKER_IN_STOCK,
        ),
        (
            Standing(ACCOUNT, sticker_in_stock=True, found=VisitResult.OLD_ACCOUNT),
            Hindrance.OLD_CODE,
        ),
        (Standing(EQUIPPED), Hindrance.NOT_CHECKED),
        (Standing(EQUIPPED, found=VisitResult.MATCH), Hindrance.NOT_CHECKED),
        (Standing(EQUIPPED, found=VisitResult.MISSING), Hindrance.CODE_MISSING),
        (Standing(EQUIPPED, found=VisitResult.OTHER_ACCOUNT), Hindrance.WRONG_CODE),
        (Standing(EQUIPPED, found=VisitResult.UNKNOWN_CODE), Hindrance.WRONG_CODE),
        (Standing(EQUIPPED, found=VisitResult.OLD_ACCOUNT), Hindrance.OLD_CODE),
        (Standing(DISPLAYED), Hindrance.NOT_CONFIRMED),
        (Standing(DISPLAYED, confirmed=False), Hindrance.DECLINED),
        (Standing(DISPLAYED, confirmed=True), Hindrance.STALE),
        (Standing(Level.ACCEPTS), Hindrance.NOT_USED),
        (Standing(Level.IN_USE), None),
    ],
)
def test_a_standing_has_one_hindrance(standing: Standing, expected: Hindrance | None) -> None:
    assert hindrance_of(standing) is expected
