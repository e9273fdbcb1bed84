"""Parts of addresses: numbers of rows within what a database can hold."""

from werkzeug.routing import IntegerConverter, Map, ValidationError

HIGHEST_ID = 2**63 - 1


class RowId(IntegerConverter):
    """A row's number; one that no database can hold is the address of nothing."""

    def to_python(self, value: str) -> int:
        """The number; raises ValidationError (no such address) beyond 64 bits."""
        number = int(value) if len(value) <= len(str(HIGHEST_ID)) else HIGHEST_ID + 1
        if number > HIGHEST_ID:
            raise ValidationError
        return number


def add_to(url_map: Map) -> None:
    """Use it wherever a rule says `<int:…>`."""
    url_map.converters = {**url_map.converters, "int": RowId}
