"""Forms of users and their grants."""

from market.domain.roles import Role
from market.schemas.base import FormSchema
from market.schemas.fields import Choice, Day, Text
from market.schemas.keys import Version


class GiveGrant(FormSchema):
    """A role within a scope that `written_scopes` reads; `market_code` names one market."""

    role = Choice(Role, required=True)
    scope = Text(longest=300)
    market_code = Text(longest=32)
    ends_on = Day()


class AddUser(GiveGrant):
    """A user with a first grant."""

    email = Text(longest=254, required=True)
    display_name = Text(longest=200, required=True)


class RenameUser(FormSchema):
    """Another name."""

    display_name = Text(longest=200, required=True)
    version = Version()
