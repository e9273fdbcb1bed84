"""What a page says, as a list of its elements, for tests of templates."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = frozenset({"input", "link", "meta", "br", "hr", "img", "wbr"})


@dataclass
class Element:
    """An element with its attributes (an attribute without value is "") and all its text."""

    tag: str
    attributes: dict[str, str]
    parts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.parts).split())

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    def __contains__(self, name: str) -> bool:
        return name in self.attributes

    @property
    def classes(self) -> list[str]:
        return self.attributes.get("class", "").split()


class Markup(HTMLParser):
    """The elements of a piece of HTML in the order in which they begin.

    Raises ValueError where an element is closed that is not the one last opened.
    """

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        if self._open:
            raise ValueError(f"never closed: {self._open[-1].tag}")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop().tag != tag:
            raise ValueError(f"closed out of turn: {tag}")

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.parts.append(data)

    def all(self, tag: str, **attributes: str) -> list[Element]:
        """Every such element; `class_` asks for one of its classes, `_` in names means `-`."""
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [
            element
            for element in self.elements
            if element.tag == tag
            and all(
                value in element.classes
                if name == "class"
                else element.attributes.get(name) == value
                for name, value in wanted.items()
            )
        ]

    def one(self, tag: str, **attributes: str) -> Element:
        """The only such element; raises ValueError where there is none or more than one."""
        found = self.all(tag, **attributes)
        if len(found) != 1:
            raise ValueError(f"{len(found)} of {tag} {attributes} in {self.html}")
        return found[0]
