"""Forms of payment accounts."""

from marshmallow import fields, validate

from market.domain.account_changes import ChangeConfirmation
from market.domain.accounts import AccountProof, HolderRelation
from market.schemas.base import FormSchema
from market.schemas.fields import Choice, Password, Text, Tick
from market.schemas.keys import Key

MOST_TICKED = 500


class EnterAccount(FormSchema):
    """An account as the trader tells it; `bin` is one of the directory."""

    bin = Text(longest=6, required=True)
    account_number = Text(longest=40, required=True)
    holder_name = Text(longest=200, required=True)
    relation = Choice(HolderRelation, required=True)
    opened_with_help = Tick()
    is_additional = Tick()


class ApproveAccount(FormSchema):
    """What an approver adds; the password where the session is no longer fresh."""

    password = Password(required=False)
    proof = Choice(AccountProof)
    number_again = Text(longest=40)
    confirmation = Choice(ChangeConfirmation)


class ApproveMany(FormSchema):
    """The ticked accounts; `all` takes everything that waits."""

    password = Password(required=False)
    account = fields.List(
        Key(required=True), load_default=list, validate=validate.Length(max=MOST_TICKED)
    )
    all = Tick()


class GiveReason(FormSchema):
    """A reason in words."""

    reason = Text(longest=500, required=True)
