"""Forms of payment accounts."""

from marshmallow import fields

from market.domain.accounts import AccountProof, HolderRelation
from market.schemas.base import FormSchema
from market.schemas.fields import Choice, Password, Text, Tick


class EnterAccount(FormSchema):
    """An account as the trader tells it; `bank` is a BIN of the directory."""

    bank = Text(longest=6, required=True)
    number = Text(longest=40, required=True)
    holder_name = Text(longest=200, required=True)
    relation = Choice(HolderRelation, required=True)
    opened_with_help = Tick()
    is_additional = Tick()


class ApproveAccount(FormSchema):
    """What an approver adds; the password where the session is no longer fresh."""

    password = Password(required=False)
    proof = Choice(AccountProof)
    number_again = Text(longest=40)
    confirmation = Text(longest=40)


class ApproveMany(FormSchema):
    """The ticked accounts; `all` takes everything that waits."""

    password = Password(required=False)
    account = fields.List(fields.Integer(), load_default=list)
    all = Tick()


class GiveReason(FormSchema):
    """A reason in words."""

    reason = Text(longest=500, required=True)
