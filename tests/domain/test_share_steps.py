"""Steps of shares: exact, and none where nothing is counted."""

import pytest

from market.domain.share_steps import ShareStep, step_of
from market.domain.shares import Share


@pytest.mark.parametrize(
    ("numerator", "denominator", "step"),
    [
        (0, 0, ShareStep.NOTHING),
        (0, 9, ShareStep.FIRST),
        (249, 1000, ShareStep.FIRST),
        (1, 4, ShareStep.SECOND),
        (499, 1000, ShareStep.SECOND),
        (1, 2, ShareStep.THIRD),
        (3, 4, ShareStep.FOURTH),
        (8997, 10_000, ShareStep.FOURTH),
        (9, 10, ShareStep.FIFTH),
        (9, 9, ShareStep.FIFTH),
    ],
)
def test_a_share_falls_on_its_step(numerator: int, denominator: int, step: ShareStep) -> None:
    assert step_of(Share(numerator, denominator)) is step


def test_a_step_fills_as_many_blocks_as_it_stands_high() -> None:
    assert [step.rank for step in ShareStep] == [0, 1, 2, 3, 4, 5]
