"""What is asked of a poster."""

from market.schemas.base import FormSchema
from market.schemas.fields import Day


class PosterQuery(FormSchema):
    """The day it counts on; today without one."""

    as_of = Day()
