"""What an XLSX package says beside its sheets: its parts, strings, formats and dates."""

import posixpath
import re

from market.documents.workbook_cells import text_cell
from market.documents.workbook_formats import (
    EPOCH_1900,
    EPOCH_1904,
    NumberFormat,
    number_format,
)
from market.documents.xml_parts import Attributes, XmlReader, local_name
from market.documents.zip_parts import ZipParts
from market.domain.workbook import Cell

_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


def workbook_part(parts: ZipParts) -> str:
    """The name of the part that lists the sheets, whether it is there or not."""
    if "_rels/.rels" in parts:
        return Targets(parts, "").of_type("/officeDocument") or "xl/workbook.xml"
    return "xl/workbook.xml"


class Targets(XmlReader):
    """What a part points to: relation id → (type, part name)."""

    def __init__(self, parts: ZipParts, source: str) -> None:
        super().__init__()
        self._folder, file = posixpath.split(source)
        self._by_id: dict[str, tuple[str, str]] = {}
        part = posixpath.join(self._folder, "_rels", f"{file}.rels")
        if part in parts:
            self.read(parts, part)

    def enter(self, name: str, attributes: Attributes) -> None:
        if local_name(name) == "Relationship" and attributes.get("TargetMode") != "External":
            target = attributes.get("Target", "").replace("\\", "/")
            self._by_id[attributes.get("Id", "")] = (
                attributes.get("Type", ""),
                posixpath.normpath(posixpath.join("/", self._folder, target)).lstrip("/"),
            )

    def of_type(self, ending: str) -> str | None:
        return next((part for kind, part in self._by_id.values() if kind.endswith(ending)), None)

    def worksheet(self, relation: str) -> str | None:
        """None for chart and dialog sheets, which hold no rows."""
        kind, part = self._by_id.get(relation, ("", ""))
        return part if kind.endswith("/worksheet") else None


class WorkbookReader(XmlReader):
    """The sheets in their order: name, relation id, whether hidden; and where days count from."""

    def __init__(self) -> None:
        super().__init__()
        self.sheets: list[tuple[str, str, bool]] = []
        self.epoch = EPOCH_1900

    def enter(self, name: str, attributes: Attributes) -> None:
        name = local_name(name)
        if name == "sheet":
            relation = next((v for key, v in attributes.items() if key.endswith(":id")), "")
            is_hidden = attributes.get("state", "visible") != "visible"
            self.sheets.append((attributes.get("name", ""), relation, is_hidden))
        elif name == "workbookPr" and attributes.get("date1904") in {"1", "true"}:
            self.epoch = EPOCH_1904


class StylesReader(XmlReader):
    """Number formats: which styles show dates, which fill up with zeros."""

    def __init__(self) -> None:
        super().__init__()
        self._codes: dict[str, str] = {}
        self._of_style: list[str] = []
        self._in_cell_styles = False

    def enter(self, name: str, attributes: Attributes) -> None:
        name = local_name(name)
        if name == "numFmt":
            self._codes[attributes.get("numFmtId", "")] = attributes.get("formatCode", "")
        elif name == "cellXfs":
            self._in_cell_styles = True
        elif name == "xf" and self._in_cell_styles:
            self._of_style.append(attributes.get("numFmtId", "0"))

    def leave(self, name: str) -> None:
        if local_name(name) == "cellXfs":
            self._in_cell_styles = False

    def formats(self) -> dict[str, NumberFormat]:
        """Style index → number format, as cells name it."""
        return {
            str(index): number_format(format_id, self._codes.get(format_id))
            for index, format_id in enumerate(self._of_style)
        }


class StringsReader(XmlReader):
    """The texts that cells name by their place in the table."""

    def __init__(self) -> None:
        super().__init__()
        self.cells: list[Cell] = []
        self._runs: list[str] = []
        self._is_phonetic = False

    def enter(self, name: str, attributes: Attributes) -> None:
        name = local_name(name)
        if name == "t" and not self._is_phonetic:
            self.take_text()
        elif name == "rPh":
            self._is_phonetic = True

    def leave(self, name: str) -> None:
        name = local_name(name)
        if name == "t" and not self._is_phonetic:
            self._runs.append(self.taken_text())
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "si":
            self.cells.append(text_cell(unescaped("".join(self._runs))))
            self._runs.clear()


def unescaped(text: str) -> str:
    """Text with _x000D_ and its like turned back (ECMA-376 part 1, 22.9.2.19)."""
    return _ESCAPED.sub(_escaped_character, text) if "_x" in text else text


def _escaped_character(found: re.Match[str]) -> str:
    character = chr(int(found[1], 16))
    # Half a surrogate pair is no text anybody could store.
    return found[0] if "\ud800" <= character <= "\udfff" else character
