"""The class that a market's number of points suggests, beside the one a decision gave it.

Decree 60/2024/NĐ-CP, article 4, clause 2: over 400 points
class 1, 200 to 400 class 2, under 200 class 3.
"""

from market.domain.markets import MarketClass

MOST_POINTS_OF_CLASS_2 = 400
LEAST_POINTS_OF_CLASS_2 = 200


def class_by_points(points: int) -> MarketClass:
    """The class that fits the number of fixed points."""
    if points > MOST_POINTS_OF_CLASS_2:
        return MarketClass.CLASS_1
    return MarketClass.CLASS_2 if points >= LEAST_POINTS_OF_CLASS_2 else MarketClass.CLASS_3


def is_class_doubtful(market_class: MarketClass, points: int) -> bool:
    """Whether the decided class disagrees with the points; unknown where either is missing."""
    if points == 0 or market_class is MarketClass.UNCLASSIFIED:
        return False
    return market_class is not class_by_points(points)
