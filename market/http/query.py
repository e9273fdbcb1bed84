"""What the address of a list asks for; whatever is not an answer counts as not asked."""

from enum import StrEnum
from typing import TypeVar

from flask import request

LONGEST_ID = 15

Member = TypeVar("Member", bound=StrEnum)


def find_id(name: str) -> int | None:
    """The id that `?name=` gives."""
    text = request.args.get(name, "")
    is_id = text.isascii() and text.isdigit() and len(text) <= LONGEST_ID
    return int(text) if is_id else None


def find_member(name: str, members: type[Member]) -> Member | None:
    """The member of a closed set that `?name=` gives."""
    asked = request.args.get(name)
    return next((member for member in members if member == asked), None)
