"""In which form a command writes its file: as asked, or by the ending of the file's name."""

from pathlib import Path

from market.documents.tables import Style
from market.domain.errors import Invalid
from market.services.report_files import FileFormat, Form

ENDINGS = {f".{each}": each for each in FileFormat}


def form_of(path: Path, file_format: str | None, style: str) -> Form:
    """The form of the file; CSV where neither its name nor anybody says otherwise.

    Raises Invalid for an ending that is not of that form, or of none that is made.
    """
    ending = path.suffix.lower()
    by_name = ENDINGS.get(ending)
    if ending and by_name is None:
        raise Invalid(
            f"Không lập được tệp {path.name}: chỉ có tệp .csv và .xlsx. "
            "Hãy đặt tên tệp có một trong hai đuôi đó."
        )
    form = Form(FileFormat(file_format or by_name or FileFormat.CSV), Style(style))
    if by_name not in (None, form.format):
        raise Invalid(
            f"Tên tệp {path.name} không hợp với --format {form.format}. "
            f"Hãy đặt đuôi .{form.format}, hoặc bỏ --format."
        )
    return form
