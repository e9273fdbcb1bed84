"""ID, LEN, VALUE: the structure of a payment code (EMVCo MPM v1.0, 4.1)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TWO_DIGITS = re.compile(r"[0-9]{2}")


class BrokenTlv(ValueError):
    """The text cannot be taken apart; `position` counts its characters from 0."""

    def __init__(self, reason: str, position: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.position = position


@dataclass(frozen=True, slots=True)
class DataObject:
    """One object: its header stands at `at`, its value from `start` to before `end`."""

    id: str
    value: str
    at: int
    start: int
    end: int


def write_object(object_id: str, value: str) -> str:
    return f"{object_id}{len(value):02d}{value}"


def read_level(text: str, start: int, end: int) -> tuple[DataObject, ...]:
    """The objects between two positions; raises BrokenTlv, for an id met twice too."""
    level = tuple(walk(text, start, end))
    seen: set[str] = set()
    for item in level:
        if item.id in seen:
            raise BrokenTlv(f"trường {item.id} có hai lần trong cùng một cấp.", item.at)
        seen.add(item.id)
    return level


def walk(text: str, start: int, end: int) -> Iterator[DataObject]:
    """The objects between two positions, one by one; raises BrokenTlv where they break.

    LEN counts characters, from 01 to 99.
    """
    at = start
    while at < end:
        object_id, length = text[at : min(at + 2, end)], text[at + 2 : min(at + 4, end)]
        if not (_TWO_DIGITS.fullmatch(object_id) and _TWO_DIGITS.fullmatch(length)):
            raise BrokenTlv("cần 2 chữ số mã trường và 2 chữ số độ dài.", at)
        value_at, value_end = at + 4, at + 4 + int(length)
        if value_at == value_end:
            raise BrokenTlv(f"trường {object_id} có độ dài 0.", at)
        if value_end > end:
            raise BrokenTlv(f"trường {object_id} dài quá chỗ chứa nó.", at)
        yield DataObject(object_id, text[value_at:value_end], at, value_at, value_end)
        at = value_end
