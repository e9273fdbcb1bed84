"""Which page of a list was asked for."""

from flask import request

LONGEST_NUMBER = 6


def page_number() -> int:
    """The page asked for by `?page=`; anything that is not one is the first."""
    text = request.args.get("page", "1")
    is_number = text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER
    return max(1, int(text)) if is_number else 1
