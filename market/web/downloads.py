"""Files that pages offer: in which form they are asked for, made whole before they are sent."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from os import SEEK_END
from tempfile import SpooledTemporaryFile
from typing import IO, BinaryIO, cast

from flask import Response, request

from market.documents.tables import Style
from market.extensions import db
from market.http.query import asked_member
from market.http.security import current_actor
from market.models.market import Market
from market.services import report_files
from market.services.extents import Extent
from market.services.reading import reading
from market.services.report_files import FileFormat, Form, Table
from market.web.coverage_questions import BASIS, FILTERS, MISSING_FILTERS

# Longer files wait on the disk, so that memory does not grow with them.
MOST_IN_MEMORY = 4 * 1024 * 1024
PIECE = 64 * 1024
LONGEST_TOLD = 40


def asked_form() -> Form:
    """How the file is asked for; raises Invalid for a form that is not made."""
    return Form(
        asked_member("format", FileFormat, "Loại tệp") or FileFormat.CSV,
        asked_member("style", Style, "Kiểu tệp") or Style.REPORT,
    )


def told(**known: str) -> dict[str, str]:
    """What was chosen on the page, for the audit log."""
    names = (*BASIS, *FILTERS, *MISSING_FILTERS)
    chosen = {name: request.args[name][:LONGEST_TOLD] for name in names if request.args.get(name)}
    return {**chosen, **known}


def apart(market: Market) -> Market:
    """The market as it was loaded: a file is read in a transaction that forgets what was."""
    db.session.expunge(market)
    return market


def download(
    make_table: Callable[[], Table], note: Callable[[Form], None], stem: str, extent: Extent
) -> Response:
    """The table as a file, and an entry in the audit log that it was taken.

    What is a part only, or counted otherwise than usual, says so in its name and inside.
    The whole file is made before its first byte is sent: a failure leaves no half of it,
    and no entry.
    """
    form = asked_form()
    with reading():
        file = _written(extent.marked(make_table()), form)
    note(form)
    db.session.commit()
    answer = Response(_pieces(file), mimetype=form.content_type)
    answer.content_length = file.seek(0, SEEK_END)
    name = f"{extent.file_name(stem)}.{form.format}"
    answer.headers.set("Content-Disposition", "attachment", filename=name)
    # Asked for its head alone, the file is never read.
    answer.call_on_close(file.close)
    answer.headers["Cache-Control"] = "no-store"
    return answer


def _written(table: Table, form: Form) -> IO[bytes]:
    with ExitStack() as opened:
        file = opened.enter_context(SpooledTemporaryFile(max_size=MOST_IN_MEMORY))
        report_files.write(cast(BinaryIO, file), table, form, actor=current_actor())
        opened.pop_all()
    return file


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(PIECE):
            yield piece
