"""What every PDF of this project says of itself: language, title, date, and how to print it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from market.documents.pdf_file import text_string

LANGUAGE = b"vi-VN"
CREATOR = "Chợ 4.0"


@dataclass(frozen=True, slots=True)
class About:
    """A file's title and subject; `made_on` is the only date it tells. `more` are own entries."""

    title: str
    subject: str
    made_on: date
    more: Mapping[str, str] = field(default_factory=dict)


def catalog(tree: int) -> bytes:
    """The root object: viewers are asked not to scale, and to show the title."""
    return (
        b"<</Type/Catalog/Pages %d 0 R/Lang(%b)/PageLayout/SinglePage"
        b"/ViewerPreferences<</PrintScaling/None/Duplex/Simplex/DisplayDocTitle true>>>>"
        % (tree, LANGUAGE)
    )


def information(about: About) -> bytes:
    """The information dictionary (ISO 32000-1, 14.3.3)."""
    made = b"(D:%b000000+07'00')" % f"{about.made_on:%Y%m%d}".encode()
    more = b"".join(
        b"/%b%b" % (name.encode(), text_string(text)) for name, text in about.more.items()
    )
    return b"<</Title%b/Subject%b/Creator%b%b/CreationDate%b/ModDate%b>>" % (
        text_string(about.title),
        text_string(about.subject),
        text_string(CREATOR),
        more,
        made,
        made,
    )
