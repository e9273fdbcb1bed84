"""What an address asks for.

On lists of the register, whatever is not an answer counts as not asked (`find_…`). Where it
would change figures it is refused (`asked_…`): other figures than those asked for must not be
taken for them.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from flask import request

from market.domain.errors import Invalid, NotFound, Problem

LONGEST_ID = 15
MOST_SHOWN = 20

Member = TypeVar("Member", bound=StrEnum)
Asked = TypeVar("Asked", int, str)


def find_id(name: str) -> int | None:
    """The id that `?name=` gives."""
    text = request.args.get(name, "")
    is_id = text.isascii() and text.isdigit() and len(text) <= LONGEST_ID
    return int(text) if is_id else None


def find_member(name: str, members: type[Member]) -> Member | None:
    """The member of a closed set that `?name=` gives."""
    asked = request.args.get(name)
    return next((member for member in members if member == asked), None)


def asked_id(name: str, words: str, get: Callable[[int], object]) -> int | None:
    """The id that `?name=` gives; raises Invalid for what is none, or where `get` finds nothing."""
    written, found = request.args.get(name, "").strip(), find_id(name)
    if written and found is None:
        raise _unknown(name, words, written)
    return None if found is None else _found(name, words, found, get)


def asked_code(name: str, words: str, get: Callable[[str], object]) -> str | None:
    """The code that `?name=` gives; raises Invalid where `get` finds nothing."""
    written = request.args.get(name, "").strip()
    return _found(name, words, written, get) if written else None


def asked_member(name: str, members: type[Member], words: str) -> Member | None:
    """The member of a closed set that `?name=` gives; raises Invalid for one that is not in it."""
    written = request.args.get(name, "").strip()
    if not written:
        return None
    for member in members:
        if member == written:
            return member
    known = ", ".join(map(_named, members))
    raise refusal(name, f"{words} “{written[:MOST_SHOWN]}” không có. Hãy chọn một trong: {known}.")


def refusal(name: str, message: str) -> Invalid:
    """Of what `?name=` asks; the code of the problem is the name in the address."""
    return Invalid(message, (Problem(message, code=name),))


def _found(name: str, words: str, asked: Asked, get: Callable[[Asked], object]) -> Asked:
    try:
        get(asked)
    except NotFound as missing:
        raise _unknown(name, words, str(asked)) from missing
    return asked


def _unknown(name: str, words: str, written: str) -> Invalid:
    return refusal(name, f"{words} “{written[:MOST_SHOWN]}” không có. Hãy chọn trong danh sách.")


def _named(member: StrEnum) -> str:
    label = getattr(member, "label", None)
    return f"{member} ({label})" if label else str(member)
