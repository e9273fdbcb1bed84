"""What stands where on one label: read from data, lengths in millimetres, sizes in points."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

# Edges nearer than this are one edge: sums of decimal fractions seldom come out even.
TOUCHING = 1e-6


class Face(StrEnum):
    """Weights of the one family that is printed."""

    REGULAR = "regular"
    SEMIBOLD = "semibold"
    BOLD = "bold"


class Ink(StrEnum):
    """Black is black only, so that no colour separation can blur it."""

    BLACK = "black"
    WHITE = "white"
    ACCENT = "accent"


class Align(StrEnum):
    LEFT = "left"
    CENTRE = "centre"
    RIGHT = "right"


class ShapeKind(StrEnum):
    FILL = "fill"
    FRAME = "frame"


class LogoPlace(StrEnum):
    """Whose logo an operator may put there."""

    BANK = "bank"
    PROGRAMME = "programme"


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; `right` and `bottom` are its far edges."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    def times(self, scale: float) -> "Box":
        return Box(self.x * scale, self.y * scale, self.width * scale, self.height * scale)

    def meets(self, other: "Box") -> bool:
        return (
            self.x < other.right - TOUCHING
            and other.x < self.right - TOUCHING
            and self.y < other.bottom - TOUCHING
            and other.y < self.bottom - TOUCHING
        )

    def holds(self, other: "Box") -> bool:
        return (
            self.x <= other.x
            and self.y <= other.y
            and other.right <= self.right + TOUCHING
            and other.bottom <= self.bottom + TOUCHING
        )


@dataclass(frozen=True, slots=True, eq=False)
class TextBox:
    """Where a text stands: the set sizes, largest first, and how many lines it may take.

    `text` holds names of the sticker's fields in braces; it is left out where all are empty.
    """

    text: str
    box: Box
    sizes: tuple[float, ...]
    lines: int = 1
    face: Face = Face.REGULAR
    align: Align = Align.LEFT
    ink: Ink = Ink.BLACK


@dataclass(frozen=True, slots=True)
class Shape:
    """A filled or framed rectangle; `bleed_only` ones touch the edge and need a bleed to do so."""

    kind: ShapeKind
    box: Box
    ink: Ink
    width: float = 0.0
    radius: float = 0.0
    flat_bottom: bool = False
    bleed_only: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """What stands on one label; `qr` includes the quiet zone."""

    width: float
    height: float
    qr: Box
    data_matrix: Box
    texts: tuple[TextBox, ...]
    shapes: tuple[Shape, ...]
    logos: Mapping[LogoPlace, Box]

    def times(self, scale: float) -> "Layout":
        return Layout(
            self.width * scale,
            self.height * scale,
            self.qr.times(scale),
            self.data_matrix.times(scale),
            tuple(
                replace(each, box=each.box.times(scale), sizes=_times(each.sizes, scale))
                for each in self.texts
            ),
            tuple(
                replace(
                    each,
                    box=each.box.times(scale),
                    width=each.width * scale,
                    radius=each.radius * scale,
                )
                for each in self.shapes
            ),
            {place: box.times(scale) for place, box in self.logos.items()},
        )


def read_layout(table: dict[str, Any]) -> Layout:
    return Layout(
        width=table["size"][0],
        height=table["size"][1],
        qr=_square(table["qr"]),
        data_matrix=_square(table["data_matrix"]),
        texts=tuple(_text_box(each) for each in table["texts"]),
        shapes=tuple(_shape(each) for each in table.get("shapes", ())),
        logos={LogoPlace(place): Box(*box) for place, box in table.get("logos", {}).items()},
    )


def _text_box(table: dict[str, Any]) -> TextBox:
    return TextBox(
        text=table["text"],
        box=Box(*table["box"]),
        sizes=tuple(table["sizes"]),
        lines=table.get("lines", 1),
        face=Face(table.get("face", Face.REGULAR)),
        align=Align(table.get("align", Align.LEFT)),
        ink=Ink(table.get("ink", Ink.BLACK)),
    )


def _shape(table: dict[str, Any]) -> Shape:
    typed = {"kind": ShapeKind(table["kind"]), "ink": Ink(table["ink"])}
    return Shape(**(table | typed | {"box": Box(*table["box"])}))


def _square(corner_and_side: list[float]) -> Box:
    x, y, side = corner_and_side
    return Box(x, y, side, side)


def _times(sizes: tuple[float, ...], scale: float) -> tuple[float, ...]:
    return tuple(round(size * scale, 2) for size in sizes)
