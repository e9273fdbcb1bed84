"""What is kept of uploaded lists: file and preview, under the batch's own key, for a month."""

import hashlib
from datetime import date, datetime, timedelta
from pathlib import PurePath
from typing import BinaryIO

from sqlalchemy import select
from sqlalchemy.orm import defer

from market.documents.spreadsheets import write_rows_xlsx
from market.domain.errors import Forbidden, NotFound
from market.domain.imports import BatchState
from market.domain.roles import Permission
from market.domain.text import clean
from market.extensions import db, vault
from market.models.import_batch import HeadingChoice, ImportBatch
from market.models.market import Market
from market.services import audit
from market.services.access import Actor
from market.services.import_preview import BAD, KeptPreview

KEEP_FOR = timedelta(days=30)
LONGEST_NAME = 200
FILE_PURPOSE, PREVIEW_PURPOSE = "file", "preview"
OPEN_STATES = (BatchState.UPLOADED, BatchState.PREVIEWED)
# Up to 20 MB each: read only where they are opened.
WITHOUT_FILES = (defer(ImportBatch.file_sealed), defer(ImportBatch.preview_sealed))
GONE = "Tệp của lần nhập này đã được xóa sau 30 ngày. Hãy tải lên lại."


def make_batch(
    market: Market, filename: str, data: bytes, *, effective_on: date, actor: Actor
) -> ImportBatch:
    """A batch with its file under seal, and what the market's headings were said to mean."""
    key = vault().new_key()
    batch = ImportBatch(
        market_id=market.id,
        filename=_short_name(filename),
        content_hash=content_hash(data),
        wrapped_key=key,
        file_sealed=vault().seal(key, data, FILE_PURPOSE),
        mapping=remembered_mapping(market),
        counts={},
        effective_on=effective_on,
        state=BatchState.UPLOADED,
        uploaded_at=actor.at,
        uploaded_by_id=actor.user_id,
        keep_until=actor.today + KEEP_FOR,
    )
    db.session.add(batch)
    db.session.flush()
    return batch


def open_file(batch: ImportBatch) -> bytes:
    """The file as it was uploaded; NotFound once it is destroyed."""
    if batch.wrapped_key is None or batch.file_sealed is None:
        raise NotFound(GONE)
    return vault().open(batch.wrapped_key, batch.file_sealed, FILE_PURPOSE)


def seal_preview(batch: ImportBatch, packed: bytes) -> None:
    """Put a preview under the batch's seal."""
    if batch.wrapped_key is None:
        raise NotFound(GONE)
    batch.preview_sealed = vault().seal(batch.wrapped_key, packed, PREVIEW_PURPOSE)


def content_hash(data: bytes) -> str:
    """A keyed hash that tells equal files."""
    return vault().sameness("file", hashlib.sha256(data).hexdigest())


def kept_preview(batch: ImportBatch) -> KeptPreview | None:
    """The preview as it was kept; None where there is none (any more)."""
    if batch.wrapped_key is None or batch.preview_sealed is None:
        return None
    return KeptPreview(vault().open(batch.wrapped_key, batch.preview_sealed, PREVIEW_PURPOSE))


def write_bad_rows(batch: ImportBatch, stream: BinaryIO, *, actor: Actor) -> None:
    """The rows to correct as a workbook, each with its reason; the download is an audit entry.

    The rows hold full account numbers: Forbidden for whoever neither uploaded the list nor
    may read them.
    """
    if actor.user_id != batch.uploaded_by_id and not actor.may(Permission.READ_FULL_NUMBERS):
        raise Forbidden("Tệp dòng lỗi có số tài khoản đầy đủ: chỉ người đã tải lên lấy được.")
    kept = kept_preview(batch)
    if kept is None:
        raise NotFound(GONE)
    rows = [
        (row["cells"], " ".join(error["message"] for error in row.get("errors", ())))
        for row in kept.rows(kept.places(BAD))
    ]
    headings = [column["heading"] for column in kept.columns]
    write_rows_xlsx(stream, headings, rows, made_at=actor.at)
    audit.record(actor, "download_bad_rows", batch, market_id=batch.market_id)


def purge(at: datetime) -> int:
    """Destroy files and previews past their day, and the keys that seal them; gives how many."""
    actor = Actor.system(at, channel="job")
    due = db.session.scalars(
        select(ImportBatch)
        .where(ImportBatch.keep_until < actor.today, ImportBatch.wrapped_key.is_not(None))
        .options(*WITHOUT_FILES)
        .order_by(ImportBatch.id)
        .limit(100)
        .with_for_update(skip_locked=True)
    ).all()
    for batch in due:
        batch.file_sealed = batch.preview_sealed = batch.wrapped_key = None
        if batch.state in OPEN_STATES:
            batch.state = BatchState.DROPPED
        audit.record(actor, "purge", batch, market_id=batch.market_id)
    return len(due)


def remembered_mapping(market: Market) -> dict[str, str]:
    """What the market's board said its headings mean."""
    rows = db.session.execute(
        select(HeadingChoice.heading_key, HeadingChoice.field).where(
            HeadingChoice.market_id == market.id
        )
    )
    return {key: field for key, field in rows}


def _short_name(filename: str) -> str:
    """The file's name without its folders; its ending says what it is, so that stays."""
    name = clean(PurePath(filename.replace("\\", "/")).name)
    return name[-LONGEST_NAME:]
