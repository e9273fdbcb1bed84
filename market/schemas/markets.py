"""Forms of markets, their operators and sections."""

from marshmallow import fields

from market.domain.markets import MarketClass, MarketTrade, OperatorKind
from market.schemas.base import FormSchema
from market.schemas.decimals import Fraction
from market.schemas.fields import Choice, Day, Number, Text
from market.schemas.keys import Key, Version


class MarketForm(FormSchema):
    """What both forms of a market ask.

    `commune` is what was typed, `commune_code` the choice made among what was found for
    `commune_asked`; a choice made for other words does not count.
    """

    name = Text(longest=200, required=True)
    commune = Text(longest=200)
    commune_code = Text(longest=5)
    commune_asked = Text(longest=200)
    address = Text(longest=300)
    trade = Choice(MarketTrade, required=True)
    market_class = Choice(MarketClass, required=True)
    class_decision = Text(longest=100)
    class_decided_on = Day()
    opened_on = Day()
    programme_start = Day()
    cashless_fees = Text(longest=200)
    cashless_fees_since = Day()
    latitude = Fraction(least=8, most=24, places=6)
    longitude = Fraction(least=102, most=118, places=6)
    note = Text(longest=2000)


class NewMarket(MarketForm):
    """A market to enter."""

    code = Text(longest=32, required=True)


class ChangeMarket(MarketForm):
    """A market to change; its code stays."""

    version = Version()


class CloseMarket(FormSchema):
    """From which day the market no longer counts."""

    closed_on = Day(required=True)
    version = Version()


class ReopenMarket(FormSchema):
    """From which day the market counts again."""

    reopened_on = Day(required=True)
    version = Version()


class ChangeOperator(FormSchema):
    """Who runs the market, from which day on."""

    operator_id = Key(required=True)
    from_day = Day(required=True)


class OperatorForm(FormSchema):
    """An operator; its province only where it is new."""

    name = Text(longest=200, required=True)
    kind = Choice(OperatorKind, required=True)
    province_code = Text(longest=2)
    hotline = Text(longest=20)


class NameSection(FormSchema):
    """The name of a section, new or other."""

    name = Text(longest=200, required=True)


class OrderSections(FormSchema):
    """Sections and their places in the walk, one place for each section."""

    section = fields.List(Key(required=True), load_default=list)
    place = fields.List(Number(least=1, most=999), load_default=list)
