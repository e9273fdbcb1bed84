"""The project speaks of itself: no machine it was written on, nothing left for later."""

import re

from tests.sources import own_texts

FORBIDDEN = {
    "a path of one machine": re.compile(r"(?<![\w.:*-])/(?:home|work|Users|root)/\w"),
    "something left for later": re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X)\b"),
    "a conflict left by a merge": re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE),
}


def test_no_text_of_the_project_says_what_does_not_belong_there() -> None:
    found = [
        f"{path}: {what}"
        for path, text in own_texts()
        for what, pattern in FORBIDDEN.items()
        if pattern.search(text)
    ]

    assert found == []
