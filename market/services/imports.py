"""Uploaded stall lists: taken in, their columns settled, previewed, kept for a month."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import select

from market.documents.workbooks import read_workbook
from market.domain.calendar import format_day
from market.domain.errors import Conflict, Forbidden, Invalid, NotFound, Problem
from market.domain.imports import BatchState
from market.domain.pages import PER_PAGE, Page
from market.domain.roles import Permission, ScopeKind
from market.domain.stall_list.headings import heading_key
from market.extensions import db
from market.models.import_batch import HeadingChoice, ImportBatch
from market.models.job import Job
from market.models.market import Market
from market.models.user import User
from market.services import audit, jobs
from market.services.access import Actor, market_condition
from market.services.import_files import (
    LONGEST_NAME,
    OPEN_STATES,
    WITHOUT_FILES,
    content_hash,
    kept_preview,
    make_batch,
    open_file,
    seal_preview,
)
from market.services.import_preview import (
    KeptPreview,
    Preview,
    pack_columns,
    pack_preview,
    work_out,
)
from market.services.import_reading import (
    Directories,
    WantedList,
    count_rows,
    guess_columns,
    read_wanted,
)
from market.services.paging import entities_page
from market.services.uniqueness import unique_or
from market.services.versions import CHANGED_MEANWHILE, check_version

# A longer list is read and written by the worker, with progress shown.
LONGEST_AT_ONCE = 2_000
PREVIEW_JOB, APPLY_JOB, UNDO_JOB = "preview_import", "apply_import", "undo_import"
JOBS = (PREVIEW_JOB, APPLY_JOB, UNDO_JOB)


def look_at(filename: str, data: bytes) -> int:
    """How many rows the file has; raises Invalid or TooLarge where it cannot be read."""
    return count_rows(read_workbook(data, filename))


def upload(
    market: Market, filename: str, data: bytes, *, actor: Actor, rows: int | None = None
) -> ImportBatch:
    """Take in a list under a key of its own.

    `rows` is what `look_at` gave, where somebody has looked already. A file that cannot be
    read is refused with nothing written; one that the same user has uploaded already and
    not yet imported is given again.
    """
    require_whole_market(actor)
    rows = look_at(filename, data) if rows is None else rows
    same = db.session.scalar(
        select(ImportBatch)
        .where(
            ImportBatch.market_id == market.id,
            ImportBatch.content_hash == content_hash(data),
            ImportBatch.uploaded_by_id == actor.user_id,
            ImportBatch.state.in_(OPEN_STATES),
        )
        .options(*WITHOUT_FILES)
        .order_by(ImportBatch.id)
        .limit(1)
    )
    if same is not None:
        return same
    batch = make_batch(market, filename, data, effective_on=actor.today, actor=actor)
    batch.counts = {"rows": rows}
    audit.record(actor, "upload", batch, market_id=market.id, new={"bytes": len(data)})
    return batch


def get_batch(market: Market, batch_id: int, *, lock: bool = False) -> ImportBatch:
    """A batch of that market; NotFound otherwise.

    With `lock` imports of the market take turns: the market's row is locked first, so that
    whoever waits sees what the one before wrote.
    """
    if lock:
        lock_market(market)
    query = (
        select(ImportBatch)
        .where(ImportBatch.id == batch_id, ImportBatch.market_id == market.id)
        .options(*WITHOUT_FILES)
    )
    if lock:
        query = query.with_for_update().execution_options(populate_existing=True)
    batch = db.session.scalar(query)
    if batch is None:
        raise NotFound("Không tìm thấy lần nhập này.")
    return batch


def lock_market(market: Market) -> None:
    """Let imports of one market take turns; those who only refer to the market go on."""
    db.session.execute(
        select(Market.id).where(Market.id == market.id).with_for_update(key_share=True)
    )


def page_of(market: Market, number: int) -> Page[ImportBatch]:
    """The batches of a market, the newest first."""
    return entities_page(
        select(ImportBatch)
        .where(ImportBatch.market_id == market.id)
        .options(*WITHOUT_FILES)
        .order_by(ImportBatch.id.desc()),
        number,
    )


def names_of(batches: Iterable[ImportBatch]) -> dict[int, str]:
    """The names of those who uploaded, applied or took back these lists, by user id."""
    ids = {
        user_id
        for batch in batches
        for user_id in (batch.uploaded_by_id, batch.applied_by_id, batch.undone_by_id)
        if user_id is not None
    }
    rows = db.session.execute(select(User.id, User.display_name).where(User.id.in_(ids)))
    return {user_id: name for user_id, name in rows}


def find_job(batch: ImportBatch, *, actor: Actor) -> Job | None:
    """What the worker has to do for a batch and has not finished, where this user asked for it."""
    return next(
        (
            job
            for job in jobs.list_pending(JOBS, market_id=batch.market_id, actor=actor)
            if job.arguments.get("batch") == batch.id
        ),
        None,
    )


def is_long(batch: ImportBatch) -> bool:
    """Whether it takes the worker."""
    rows: int = batch.counts.get("rows", 0)
    return rows > LONGEST_AT_ONCE


def settle_columns(
    batch: ImportBatch,
    choices: Sequence[tuple[str, str]],
    *,
    effective_on: date,
    version: int,
    actor: Actor,
) -> None:
    """What each heading means (a value of Field, or "" to leave it out), and from which day.

    What differs from what was recognised is remembered for the market's next lists. The
    preview has to be made anew. Raises Invalid for a day to come, Conflict where somebody
    else changed the batch meanwhile.
    """
    check_version(batch, version)
    kept = require_open(batch)
    if effective_on > actor.today:
        message = f"Ngày {format_day(effective_on)} chưa tới. Hãy chọn hôm nay hoặc ngày đã qua."
        raise Invalid(message, (Problem(message, field="effective_on"),))
    recognised = {
        column["heading"]: column["field"]
        for column in (kept.columns if kept else ())
        if not column["is_private"]
    }
    chosen = {
        heading_key(heading): field
        for heading, field in choices
        if heading in recognised and recognised[heading] != field
    }
    batch.mapping = {**batch.mapping, **chosen}
    batch.effective_on = effective_on
    batch.state = BatchState.UPLOADED
    with unique_or(Conflict(CHANGED_MEANWHILE)):
        _remember(batch.market_id, chosen)
    new = {"mapping": chosen, "effective_on": effective_on}
    audit.record(actor, "settle_columns", batch, market_id=batch.market_id, new=new)


def read_batch(batch: ImportBatch, *, market: Market, actor: Actor) -> WantedList:
    """Read and check the list of a batch; only reads. Raises what `read_wanted` does."""
    return read_wanted(
        open_file(batch),
        batch.filename,
        mapping=batch.mapping,
        directories=Directories.load(),
        without_accounts=not may_enter_accounts(market, actor),
    )


def work_out_batch(batch: ImportBatch, *, market: Market, actor: Actor) -> Preview:
    """What the batch would do now; only reads."""
    return work_out(
        read_batch(batch, market=market, actor=actor),
        market=market,
        effective_on=batch.effective_on,
        directories=Directories.load(),
    )


def keep_preview(batch: ImportBatch, preview: Preview) -> None:
    """Keep the preview under the batch's seal."""
    batch.counts = preview.counts
    batch.state = BatchState.PREVIEWED
    seal_preview(batch, pack_preview(preview))


def preview_batch(batch: ImportBatch, *, market: Market, actor: Actor) -> None:
    """Work the preview out and keep it; where no table is found, keep columns to map by hand."""
    require_open(batch)
    try:
        preview = work_out_batch(batch, market=market, actor=actor)
    except Invalid as refused:
        keep_refusal(batch, refused)
    else:
        keep_preview(batch, preview)


def keep_refusal(batch: ImportBatch, refused: Invalid) -> None:
    """Keep why the list could not be read, with its likely columns."""
    columns = guess_columns(open_file(batch), batch.filename, batch.mapping)
    batch.state = BatchState.UPLOADED
    seal_preview(batch, pack_columns(columns, refused.message))


def rows_page(
    kept: KeptPreview, name: str, number: int, per_page: int = PER_PAGE
) -> Page[dict[str, object]]:
    """A page of the rows of one filter."""
    places = kept.places(name)
    start = (number - 1) * per_page
    return Page(kept.rows(places[start : start + per_page]), len(places), number, per_page)


def require_open(batch: ImportBatch) -> KeptPreview | None:
    """Raise Conflict unless the batch can still be mapped and imported."""
    if batch.state not in OPEN_STATES:
        raise Conflict(f"Lần nhập này {batch.state.label.lower()}. Hãy tải lên lại danh sách.")
    return kept_preview(batch)


def require_whole_market(actor: Actor) -> None:
    """Raise Forbidden for whoever may only write in their sections."""
    grants = actor.grants_for(Permission.WRITE_REGISTRY)
    if grants and all(grant.scope is ScopeKind.SECTION for grant in grants):
        raise Forbidden("Danh sách là của cả chợ: người quản lý cả chợ mới nhập được.")


def may_enter_accounts(market: Market, actor: Actor) -> bool:
    """Whether accounts of the list come in: those who approve do not enter."""
    allowed = market_condition(actor, Permission.ENTER_ACCOUNTS)
    return db.session.scalar(select(Market.id).where(Market.id == market.id, allowed)) is not None


def _remember(market_id: int, chosen: dict[str, str]) -> None:
    known = {
        choice.heading_key: choice
        for choice in db.session.scalars(
            select(HeadingChoice).where(HeadingChoice.market_id == market_id)
        )
    }
    for key, field in chosen.items():
        if key in known:
            known[key].field = field
        elif len(key) <= LONGEST_NAME:
            db.session.add(HeadingChoice(market_id=market_id, heading_key=key, field=field))
