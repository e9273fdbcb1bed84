"""Forms of merchants: entering one at a stall, changing, moving, joining."""

from market.domain.accounts import HolderRelation
from market.domain.consent import ConsentChannel
from market.domain.markets import MerchantKind
from market.schemas.base import FormSchema
from market.schemas.fields import Choice, Day, Text, Tick
from market.schemas.keys import Version


class MerchantForm(FormSchema):
    """What both forms of a merchant ask; `agreed` is ticked when the consent was read out."""

    display_name = Text(longest=200, required=True)
    kind = Choice(MerchantKind, required=True)
    phone = Text(longest=40)
    registration_code = Text(longest=40)
    note = Text(longest=2000)
    agreed = Tick()
    consent_channel = Choice(ConsentChannel)


class AddMerchant(MerchantForm):
    """A merchant who comes to a stall, with an account where all of it is given."""

    stall_code = Text(longest=40, required=True)
    on = Day(required=True)
    bin = Text(longest=6)
    account_number = Text(longest=40)
    holder_name = Text(longest=200)
    relation = Choice(HolderRelation)


class ChangeMerchant(MerchantForm):
    """A merchant to change."""

    version = Version()


class StartTenancy(FormSchema):
    """Another stall, from a day on."""

    stall_code = Text(longest=40, required=True)
    on = Day(required=True)


class EndTenancy(FormSchema):
    """The first day on which the merchant is no longer there."""

    on = Day(required=True)
