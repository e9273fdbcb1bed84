"""The steps in which a grid of areas is coloured: few enough to be told apart on paper."""

from fractions import Fraction

from market.domain.labels import LabelledEnum
from market.domain.shares import Share


class ShareStep(LabelledEnum):
    """How far a share has come; without anybody to count there is none, never 0 %."""

    NOTHING = "nothing", "Chưa có số liệu"
    FIRST = "first", "Dưới 25 %"
    SECOND = "second", "Từ 25 đến dưới 50 %"
    THIRD = "third", "Từ 50 đến dưới 75 %"
    FOURTH = "fourth", "Từ 75 đến dưới 90 %"
    FIFTH = "fifth", "Từ 90 % trở lên"

    @property
    def rank(self) -> int:
        """From 0 (nothing to count) to 5."""
        return tuple(ShareStep).index(self)


_STARTS = {
    ShareStep.FIFTH: 90,
    ShareStep.FOURTH: 75,
    ShareStep.THIRD: 50,
    ShareStep.SECOND: 25,
    ShareStep.FIRST: 0,
}


def step_of(share: Share) -> ShareStep:
    """The step of a share, compared exactly: 89,97 % is written 90,0 % and has not come there."""
    return next(
        (step for step, percent in _STARTS.items() if share.is_at_least(Fraction(percent))),
        ShareStep.NOTHING,
    )
