"""Applying a previewed list, once; and taking it back."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, exists, func, select

from market.domain.accounts import AccountState
from market.domain.errors import Conflict, Invalid
from market.domain.imports import BatchState
from market.extensions import db
from market.models.account import PaymentAccount
from market.models.import_batch import ImportBatch
from market.models.market import Market
from market.services import audit, import_files, imports
from market.services.access import Actor
from market.services.import_apply import write_plan
from market.services.import_preview import Preview, pack_preview, problem_json, work_out
from market.services.import_reading import Directories, WantedList
from market.services.import_undo import Undo
from market.services.jobs import Progress, silent
from market.services.uniqueness import unique_or
from market.services.versions import CHANGED_MEANWHILE

MOST_TOLD = 20


class PlanChanged(Conflict):
    """The register moved on since the preview: it has to be looked at again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a list does or did, as commands tell it."""

    applied: bool
    counts: dict[str, Any]
    errors: list[dict[str, Any]]
    warnings: list[dict[str, Any]]

    @classmethod
    def of_preview(cls, preview: Preview, *, applied: bool) -> "Outcome":
        """Of a list that was just worked out."""
        return cls(
            applied,
            preview.counts,
            [problem_json(problem) for problem in preview.errors()],
            [problem_json(problem) for problem in preview.warnings()],
        )

    @classmethod
    def of_batch(cls, batch: ImportBatch) -> "Outcome":
        """Of a list that was applied before."""
        kept = import_files.kept_preview(batch)
        problems = (kept.problems("errors"), kept.problems("warnings")) if kept else ([], [])
        return cls(batch.state is BatchState.APPLIED, batch.counts, *problems)


def apply_batch(
    batch_id: int,
    *,
    market: Market,
    skip_bad_rows: bool,
    actor: Actor,
    progress: Progress = silent,
    wanted: WantedList | None = None,
) -> ImportBatch:
    """Do what the preview said; gives the batch that did it.

    Applied twice it changes nothing more. Where the same file was applied by another batch
    meanwhile, that one is given. Raises PlanChanged where the register moved on since the
    preview, Invalid where rows have errors and are not to be skipped.
    """
    batch = imports.get_batch(market, batch_id, lock=True)
    if batch.state is BatchState.APPLIED:
        return batch
    kept = imports.require_open(batch)
    if kept is None or kept.digest is None or batch.state is not BatchState.PREVIEWED:
        raise Conflict("Danh sách này chưa xem trước. Hãy xem lại các cột rồi bấm “Xem trước”.")
    preview = work_out(
        wanted or imports.read_batch(batch, market=market, actor=actor),
        market=market,
        effective_on=batch.effective_on,
        directories=Directories.load(),
    )
    if preview.plan.digest != kept.digest:
        twin = _find_twin(market, batch.content_hash, ImportBatch.applied_at >= batch.uploaded_at)
        if twin is None:
            raise PlanChanged(
                "Sổ của chợ đã thay đổi từ lúc xem trước nên chưa nhập gì. Hãy xem lại rồi nhập."
            )
        batch.state = BatchState.DROPPED
        audit.record(actor, "drop", batch, market_id=market.id, new={"same_as": twin.id})
        return twin
    _refuse_errors(preview, skip_bad_rows=skip_bad_rows)
    _write(batch, preview, market=market, actor=actor, progress=progress)
    return batch


def last_batch_id(market: Market) -> int:
    """The newest batch of a market; tells later what came in meanwhile."""
    newest = select(func.max(ImportBatch.id)).where(ImportBatch.market_id == market.id)
    return db.session.scalar(newest) or 0


def apply_file(
    wanted: WantedList,
    file: tuple[str, bytes],
    *,
    market: Market,
    skip_bad_rows: bool,
    since: int,
    actor: Actor,
    progress: Progress = silent,
) -> Outcome:
    """Compare a list and apply it in one go; nothing is written where rows have errors.

    `file` is its name and bytes; `since` is what `last_batch_id` gave before: where the
    same file was applied after that, this run has nothing left to do and says the same.
    """
    imports.lock_market(market)
    filename, data = file
    hash_ = import_files.content_hash(data)
    twin = _find_twin(market, hash_, ImportBatch.id > since)
    if twin is not None:
        return Outcome.of_batch(twin)
    preview = work_out(
        wanted, market=market, effective_on=actor.today, directories=Directories.load()
    )
    if preview.errors() and not skip_bad_rows:
        return Outcome.of_preview(preview, applied=False)
    batch = import_files.make_batch(market, filename, data, effective_on=actor.today, actor=actor)
    import_files.seal_preview(batch, pack_preview(preview))
    _write(batch, preview, market=market, actor=actor, progress=progress)
    return Outcome.of_preview(preview, applied=True)


def undo_batch(batch_id: int, *, market: Market, actor: Actor) -> ImportBatch:
    """Close what came in and reopen what it replaced, dated today.

    Undone twice it changes nothing more. Raises Conflict that names the rows something
    else has touched since.
    """
    batch = imports.get_batch(market, batch_id, lock=True)
    if batch.state is BatchState.UNDONE:
        return batch
    if batch.state is not BatchState.APPLIED:
        raise Conflict("Lần nhập này chưa nhập gì nên không có gì để hoàn tác.")
    Undo(batch, market, actor).write()
    batch.state = BatchState.UNDONE
    batch.undone_at, batch.undone_by_id = actor.at, actor.user_id
    audit.record(actor, "undo_import", batch, market_id=market.id)
    return batch


def can_be_undone(batch: ImportBatch) -> bool:
    """Whether undoing is worth offering; whatever else moved on is told when it is tried."""
    if batch.state is not BatchState.APPLIED:
        return False
    decided = exists().where(
        PaymentAccount.import_batch_id == batch.id,
        PaymentAccount.state != AccountState.AWAITING_APPROVAL,
    )
    return not db.session.scalar(select(decided))


def _refuse_errors(preview: Preview, *, skip_bad_rows: bool) -> None:
    errors = preview.errors()
    if errors and not skip_bad_rows:
        raise Invalid(
            f"Danh sách còn {preview.counts['error']} dòng lỗi nên chưa nhập gì. Hãy sửa các dòng"
            " này, hoặc chọn bỏ qua dòng lỗi.",
            tuple(errors[:MOST_TOLD]),
        )


def _write(
    batch: ImportBatch, preview: Preview, *, market: Market, actor: Actor, progress: Progress
) -> None:
    with unique_or(Conflict(CHANGED_MEANWHILE)):
        write_plan(preview.plan, batch, market=market, actor=actor, progress=progress)
    batch.counts = preview.counts
    batch.state = BatchState.APPLIED
    batch.applied_at, batch.applied_by_id = actor.at, actor.user_id
    new = {**batch.counts, "effective_on": batch.effective_on}
    audit.record(actor, "apply_import", batch, market_id=market.id, new=new)


def _find_twin(
    market: Market, content_hash: str, meanwhile: ColumnElement[bool]
) -> ImportBatch | None:
    return db.session.scalar(
        select(ImportBatch)
        .where(
            ImportBatch.market_id == market.id,
            ImportBatch.content_hash == content_hash,
            ImportBatch.state == BatchState.APPLIED,
            meanwhile,
        )
        .options(*import_files.WITHOUT_FILES)
        .order_by(ImportBatch.id.desc())
        .limit(1)
    )
