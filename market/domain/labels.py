"""Closed sets whose members carry the Vietnamese word people read."""

from enum import StrEnum
from typing import Any, Self


class LabelledEnum(StrEnum):
    """A StrEnum of which each member is written `NAME = "value", "Vietnamese word"`."""

    _value_: str
    _label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member._label = label
        return member

    @property
    def label(self) -> str:
        return self._label


def worded(value: str, label: str) -> LabelledEnum:
    """A word for programs with the word for people, where no closed set has them."""
    made: Any = LabelledEnum
    member: LabelledEnum = made("Worded", {"MEMBER": (value, label)}).MEMBER
    return member
