"""The class that the number of points suggests, at its edges."""

import pytest

from market.domain.market_classes import class_by_points, is_class_doubtful
from market.domain.markets import MarketClass


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (401, MarketClass.CLASS_1),
        (400, MarketClass.CLASS_2),
        (200, MarketClass.CLASS_2),
        (199, MarketClass.CLASS_3),
        (1, MarketClass.CLASS_3),
    ],
)
def test_the_points_suggest_a_class(points: int, expected: MarketClass) -> None:
    assert class_by_points(points) is expected


def test_a_class_that_disagrees_with_the_points_is_doubtful() -> None:
    assert is_class_doubtful(MarketClass.CLASS_1, 120)
    assert not is_class_doubtful(MarketClass.CLASS_3, 120)


def test_without_points_or_without_class_nothing_is_doubtful() -> None:
    assert not is_class_doubtful(MarketClass.CLASS_1, 0)
    assert not is_class_doubtful(MarketClass.UNCLASSIFIED, 500)
