"""An uploaded SVG reduced to what is only drawing: shapes, colours, and references within itself.

What acts, fetches or depends on the machine (scripts, links, pictures, text in a font) refuses
the file, so that a logo never looks other than its owner saw it. What only other programs read
(an editor's own elements, comments, processing instructions) is left out.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from math import isfinite

# Builds and writes only; what is parsed goes through expat, which refuses entities below.
from xml.etree.ElementTree import Element, tostring  # nosec B405
from xml.parsers import expat

from market.domain.errors import Invalid

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
SPACE = " "
STRUCTURE = frozenset(("svg", "g", "defs", "symbol", "use", "switch", "style"))
SHAPES = frozenset(("path", "rect", "circle", "ellipse", "line", "polyline", "polygon"))
PAINTS = frozenset(("linearGradient", "radialGradient", "stop", "clipPath", "mask"))
WRITTEN = frozenset(("text", "tspan", "textPath", "tref"))
PLAYED = frozenset(("animate", "animateMotion", "animateTransform", "set", "audio", "video"))
ACTING = PLAYED | {"script", "foreignObject", "handler", "listener", "iframe"}
UNSEEN = frozenset(("title", "desc", "metadata"))
DRAWN = STRUCTURE | SHAPES | PAINTS | UNSEEN

MOST_ELEMENTS = 5_000
# Elements drawn, each use of one counted: references within references multiply.
MOST_DRAWN = 20_000
DEEPEST = 40
LONGEST_RATIO = 8

_LENGTH = re.compile(r"\s*([0-9.]+(?:e[+-]?[0-9]+)?)\s*(?:px|pt|pc|mm|cm|in)?\s*", re.IGNORECASE)
_TARGET = re.compile(r"url\(\s*['\"]?\s*([^)'\"]*)", re.IGNORECASE)
_INSTEAD = "Hãy xuất lại logo chỉ gồm hình vẽ, hoặc dùng tệp PNG."


@dataclass(frozen=True, slots=True)
class Drawing:
    """A clean SVG document and its width divided by its height."""

    document: str
    ratio: float


def read_drawing(file: bytes) -> Drawing:
    """Raises Invalid, saying what the file holds that a logo may not."""
    root = _Reader().read(file)
    width, height = _size(root)
    if not 1 / LONGEST_RATIO <= width / height <= LONGEST_RATIO:
        raise Invalid(
            f"Logo {width:g} × {height:g} quá dài: cạnh dài nhiều nhất gấp {LONGEST_RATIO} lần"
            " cạnh ngắn."
        )
    _Weights(root).check()
    for name in ("x", "y", "width", "height", "preserveAspectRatio"):
        root.attrib.pop(name, None)
    root.attrib.setdefault("viewBox", f"0 0 {width:g} {height:g}")
    return Drawing(tostring(root, encoding="unicode"), width / height)


class _Reader:
    """Builds the clean tree while the parser goes along, and stops it at the first offence."""

    def __init__(self) -> None:
        self._parser = parser = expat.ParserCreate(namespace_separator=SPACE)
        parser.buffer_text = True
        parser.StartElementHandler = self._enter
        parser.EndElementHandler = self._leave
        parser.CharacterDataHandler = self._take_text
        parser.EntityDeclHandler = _refuse_entity
        self._root: Element | None = None
        self._open: list[Element] = []
        self._left_out = 0
        self._count = 0

    def read(self, file: bytes) -> Element:
        try:
            self._parser.Parse(file, True)
        except (expat.ExpatError, ValueError, LookupError) as error:
            raise Invalid(f"Tệp SVG bị hỏng, không đọc được. {_INSTEAD}") from error
        if self._root is None:
            raise Invalid(f"Tệp này không phải SVG. {_INSTEAD}")
        return self._root

    def _enter(self, qualified: str, attributes: dict[str, str]) -> None:
        self._count += 1
        if self._count > MOST_ELEMENTS or len(self._open) + self._left_out >= DEEPEST:
            raise Invalid(
                f"Tệp SVG quá phức tạp cho một logo (nhiều nhất {MOST_ELEMENTS} hình, lồng nhau"
                f" {DEEPEST} lớp). Hãy dùng tệp PNG."
            )
        namespace, _, name = qualified.rpartition(SPACE)
        if self._left_out or (self._open and namespace != SVG):
            self._left_out += 1
            return
        if namespace != SVG or (name == "svg") == bool(self._open):
            raise Invalid(f"Tệp này không phải một hình SVG. {_INSTEAD}")
        _check_name(name)
        if name in UNSEEN:
            self._left_out += 1
            return
        element = Element(f"{{{SVG}}}{name}", _clean(attributes))
        if self._open:
            self._open[-1].append(element)
        else:
            self._root = element
        self._open.append(element)

    def _leave(self, _: str) -> None:
        if self._left_out:
            self._left_out -= 1
            return
        element = self._open.pop()
        if element.tag == f"{{{SVG}}}style":
            _check_style(element.text or "")

    def _take_text(self, text: str) -> None:
        if not self._left_out and self._open and self._open[-1].tag == f"{{{SVG}}}style":
            self._open[-1].text = (self._open[-1].text or "") + text


def _refuse_entity(*_: object) -> None:
    raise Invalid(f"Tệp SVG khai báo thực thể (ENTITY), logo không được dùng. {_INSTEAD}")


def _check_name(name: str) -> None:
    if name in WRITTEN:
        raise Invalid(
            "Chữ trong logo còn là văn bản, máy khác sẽ vẽ khác. Hãy chuyển chữ thành đường nét"
            " (convert to outlines) rồi xuất lại, hoặc dùng tệp PNG."
        )
    if name in ACTING:
        raise Invalid(f"Tệp SVG có phần chạy được (<{name}>). {_INSTEAD}")
    if name not in DRAWN:
        raise Invalid(f"Tệp SVG dùng <{name}>, logo không được dùng. {_INSTEAD}")


def _clean(attributes: dict[str, str]) -> dict[str, str]:
    """Attributes of SVG itself; editors' own are left out."""
    kept = {}
    for qualified, value in attributes.items():
        namespace, _, name = qualified.rpartition(SPACE)
        if not namespace and name.lower().startswith("on"):
            raise Invalid(f"Tệp SVG có phần chạy được ({name}). {_INSTEAD}")
        if name == "href" and namespace in ("", XLINK):
            if not value.strip().startswith("#"):
                raise _outside(value)
            kept["href"] = value.strip()
        elif not namespace:
            _check_style(value)
            kept[name] = value
    return kept


def _check_style(text: str) -> None:
    """Styles may point within the file only; `@` imports, a backslash spells `url` otherwise."""
    for target in _TARGET.findall(text):
        if not target.startswith("#"):
            raise _outside(target)
    if "@" in text or "\\" in text:
        raise Invalid(f"Kiểu dáng trong tệp SVG dùng lệnh không được phép (@ hoặc \\). {_INSTEAD}")


def _outside(target: str) -> Invalid:
    return Invalid(f"Tệp SVG trỏ ra ngoài nó (“{target[:40]}”). {_INSTEAD}")


def _size(root: Element) -> tuple[float, float]:
    box = root.get("viewBox", "").replace(",", " ").split()
    sides = box[2:] if len(box) == 4 else [root.get("width", ""), root.get("height", "")]
    matches = [_LENGTH.fullmatch(side) for side in sides]
    try:
        width, height = (float(match.group(1)) if match else 0.0 for match in matches)
    except ValueError:
        width = height = 0.0
    if not (isfinite(width) and isfinite(height) and width > 0 and height > 0):
        raise Invalid(f"Tệp SVG không ghi kích thước (viewBox, hoặc width và height). {_INSTEAD}")
    return width, height


class _Weights:
    """How many elements are drawn for each, those it refers to counted each time."""

    def __init__(self, root: Element) -> None:
        self._root = root
        self._known: dict[Element, int] = {}
        self._entered: set[Element] = set()

    def check(self) -> None:
        if self._weight(self._root) > MOST_DRAWN:
            raise Invalid(
                f"Tệp SVG vẽ lặp đi lặp lại quá nhiều hình (quá {MOST_DRAWN}). Hãy dùng tệp PNG."
            )

    @cached_property
    def _named(self) -> dict[str, Element]:
        return {name: each for each in self._root.iter() if (name := each.get("id"))}

    def _weight(self, element: Element) -> int:
        if element not in self._known:
            if element in self._entered or len(self._entered) > DEEPEST:
                raise Invalid(f"Tệp SVG có hình trỏ vòng vào chính nó. {_INSTEAD}")
            self._entered.add(element)
            drawn = (*element, *self._referred(element))
            self._known[element] = min(MOST_DRAWN + 1, 1 + sum(map(self._weight, drawn)))
            self._entered.discard(element)
        return self._known[element]

    def _referred(self, element: Element) -> Iterator[Element]:
        for name, value in element.items():
            targets = [value] if name == "href" else _TARGET.findall(value)
            for target in targets:
                if (found := self._named.get(target[1:].strip())) is not None:
                    yield found
