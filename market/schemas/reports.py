"""Forms of frozen reports."""

from market.domain.coverage import Denominator
from market.schemas.base import FormSchema
from market.schemas.fields import Choice, Day, Text

LONGEST_REASON = 500


class FreezeReport(FormSchema):
    """Which period of which province; without a province the user's only one."""

    province_code = Text(longest=2)
    since = Day(required=True)
    as_of = Day(required=True)
    denominator = Choice(Denominator)


class CorrectReport(FormSchema):
    """Why a period is frozen again."""

    reason = Text(longest=LONGEST_REASON, required=True)
