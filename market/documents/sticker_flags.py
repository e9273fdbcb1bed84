"""Texts of stickers that a person must look at before they are printed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from market.documents.sheets import Template
from market.documents.sticker_text import SetText, Sticker, TextFlaw, fields_of, set_texts


@dataclass(frozen=True, slots=True)
class Flag:
    """A text that does not fit or lacks a letter; `fields` are those that stand in it."""

    serial: str
    stall_code: str
    fields: tuple[str, ...]
    flaw: TextFlaw


def list_flags(stickers: Iterable[Sticker], template: Template) -> Iterator[Flag]:
    """What would be flagged, without drawing anything."""
    for sticker in stickers:
        yield from flags_of(sticker, set_texts(template.layout.texts, sticker.printed()))


def flags_of(sticker: Sticker, texts: Iterable[SetText]) -> Iterator[Flag]:
    for text in texts:
        if text.flaw is not None:
            fields = tuple(sorted(fields_of(text.box.text)))
            yield Flag(sticker.serial, sticker.stall_code, fields, text.flaw)
