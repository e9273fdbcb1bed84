"""A list of 27,000 stalls: read, previewed, applied, previewed again and taken back on SQLite.

Beside it, in the same run: openpyxl reading the same workbook without checking anything, and
the same rows added as objects one by one, without audit log, undo or counts.
"""

import io
import random
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

import openpyxl
import xlsxwriter
from sqlalchemy import func, select

from market.domain.accounts import AccountKind, AccountSource, AccountState, HolderRelation
from market.domain.markets import MerchantKind
from market.domain.stalls import Placement, StallState
from market.domain.text import fold, natural_key
from market.extensions import db, vault
from market.models.account import PaymentAccount
from market.models.market import Market
from market.models.merchant import Merchant, Tenancy
from market.models.stall import Stall, StallStateSpan
from market.services import import_runs, imports
from market.services.access import Actor
from market.services.bulk import uncollected
from market.services.reading import reading
from tests import factories, running

STALLS = 27_000
LIMIT_SECONDS = 15.0
HEADINGS = (
    "STT",
    "Số ki ốt",
    "Khu",
    "Họ và tên",
    "Số điện thoại",
    "Ngành hàng",
    "Số tài khoản",
    "Ngân hàng",
    "Tình trạng",
)
BANKS = ("Vietcombank", "BIDV", "Agribank", "MB", "VietinBank", "Techcombank")
LINES = ("Thịt lợn", "Rau củ quả", "Tạp hóa", "Quần áo", "Giày dép", "Hàng khô")
FAMILIES = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi")
GIVEN = ("Lan", "Hương", "Mai", "Dũng", "Bình", "Thắm", "Quế", "Đào", "Phượng", "Hằng")


@dataclass
class Times:
    """Seconds by the clock and of the processor, by what was done, in order."""

    seconds: dict[str, float] = field(default_factory=dict)
    processor: dict[str, float] = field(default_factory=dict)

    def take(self, name: str, act: Callable[[], Any]) -> Any:
        """Do it and note how long it took."""
        start, busy = time.perf_counter(), time.process_time()
        given = act()
        self.seconds[name] = time.perf_counter() - start
        self.processor[name] = time.process_time() - busy
        return given


def workbook() -> bytes:
    """A list of invented merchants, one stall each."""
    chosen = random.Random(1)
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    sheet = book.add_worksheet("Danh sách")
    sheet.write_row(0, 0, ["DANH SÁCH HỘ KINH DOANH"])
    sheet.write_row(2, 0, HEADINGS)
    for number in range(STALLS):
        name = f"{chosen.choice(FAMILIES)} Thị {chosen.choice(GIVEN)} {number}"
        values = (
            f"K{number // 500 + 1:02}-{number % 500 + 1:03}",
            f"Khu {number // 500 + 1}",
            name,
            f"09{number:08}",
            chosen.choice(LINES),
            f"88{number:09}",
            chosen.choice(BANKS),
            "Đang kinh doanh",
        )
        sheet.write_number(number + 3, 0, number + 1)
        for column, value in enumerate(values, start=1):
            sheet.write_string(number + 3, column, value)
    book.close()
    return buffer.getvalue()


def market() -> Market:
    """The market, in the session that is open."""
    return db.session.scalars(select(Market).order_by(Market.id)).first() or factories.make_market()


def preview(data: bytes, batch_id: int | None = None) -> int:
    """Upload and preview as the worker does."""
    actor = Actor.system(datetime.now(UTC), "job")
    if batch_id is None:
        batch_id = imports.upload(market(), "danh-sach.xlsx", data, actor=actor).id
        db.session.commit()
    with uncollected(), reading():
        batch = imports.get_batch(market(), batch_id)
        found = imports.work_out_batch(batch, market=market(), actor=actor)
    imports.keep_preview(imports.get_batch(market(), batch_id, lock=True), found)
    db.session.commit()
    return batch_id


def apply(batch_id: int) -> None:
    """Apply as the worker does."""
    actor = Actor.system(datetime.now(UTC), "job")
    with uncollected(), reading():
        batch = imports.get_batch(market(), batch_id)
        wanted = imports.read_batch(batch, market=market(), actor=actor)
    with uncollected():
        import_runs.apply_batch(
            batch_id, market=market(), skip_bad_rows=False, actor=actor, wanted=wanted
        )
        db.session.commit()


def undo(batch_id: int) -> None:
    """Take it back."""
    actor = Actor.system(datetime.now(UTC), "job")
    import_runs.undo_batch(batch_id, market=market(), actor=actor)
    db.session.commit()


def with_the_service(folder: Path, data: bytes) -> Times:
    """Each step of the main job."""
    times = Times()
    settings = running.make_settings(f"sqlite:///{folder / 'service.sqlite3'}", folder)
    running.migrate(settings)
    with running.running(settings) as app, app.app_context():
        factories.make_market()
        db.session.commit()
        batch_id = times.take("preview", lambda: preview(data))
        times.take("apply", lambda: apply(batch_id))
        assert db.session.scalar(select(func.count()).select_from(Stall)) == STALLS
        again = times.take("preview again", lambda: preview(data))
        times.take("apply again", lambda: apply(again))
        times.take("undo", lambda: undo(batch_id))
    return times


def with_the_peers(folder: Path, data: bytes) -> Times:
    """Only reading, and only adding objects."""
    times = Times()
    times.take("openpyxl: read", lambda: read_plainly(data))
    settings = running.make_settings(f"sqlite:///{folder / 'plain.sqlite3'}", folder)
    running.migrate(settings)
    with running.running(settings) as app, app.app_context():
        place = factories.make_market()
        db.session.commit()
        times.take("objects: add", lambda: add_objects(place))
    return times


def read_plainly(data: bytes) -> int:
    """Every value of the first sheet."""
    sheet = openpyxl.load_workbook(io.BytesIO(data), read_only=True).worksheets[0]
    return sum(1 for row in sheet.iter_rows(values_only=True) for _ in row)


def add_objects(place: Market) -> None:
    """As many rows, an object each, in one flush."""
    for number in range(STALLS):
        name, key = f"Nguyễn Thị {number}", vault().new_key()
        merchant = Merchant(
            market_id=place.id,
            display_name=name,
            name_key=fold(name),
            kind=MerchantKind.HOUSEHOLD_BUSINESS,
            wrapped_key=key,
            phone_sealed=vault().seal_text(key, f"09{number:08}", "phone"),
        )
        stall = Stall(
            market_id=place.id,
            code=f"A{number}",
            code_key=f"a{number}",
            sort_key=natural_key(f"A{number}"),
            placement=Placement.FIXED,
            states=[StallStateSpan(state=StallState.TRADING, from_day=factories.TODAY)],
        )
        account = PaymentAccount(
            merchant=merchant,
            kind=AccountKind.BANK,
            bin=factories.VIETCOMBANK,
            number_sealed=vault().seal_text(key, f"88{number:09}", "account"),
            number_hash=vault().sameness("account", f"88{number:09}"),
            number_last4="0000",
            holder_name=name,
            relation=HolderRelation.SELF,
            source=AccountSource.IMPORTED,
            state=AccountState.AWAITING_APPROVAL,
            entered_at=factories.NOW,
        )
        tenancy = Tenancy(stall=stall, merchant=merchant, from_day=factories.TODAY)
        db.session.add_all((stall, merchant, tenancy, account))
    db.session.commit()


def report() -> None:
    """The table."""
    data = workbook()
    with tempfile.TemporaryDirectory() as folder:
        ours = with_the_service(Path(folder), data)
        peers = with_the_peers(Path(folder), data)
    print(f"A list of {STALLS} stalls ({len(data) // 1024} KiB) on SQLite")
    print(f"{'':16}{'seconds':>9}{'processor':>11}")
    for times in (ours, peers):
        for name, seconds in times.seconds.items():
            print(f"{name:16}{seconds:>9.2f}{times.processor[name]:>11.2f}")
    for name, peer in (("preview", "openpyxl: read"), ("apply", "objects: add")):
        ratio = ours.processor[name] / peers.processor[peer]
        print(f"{name} / {peer}, of the processor: {ratio:.2f}")
    print(f"limit: preview and apply {LIMIT_SECONDS:.0f} s each")


if __name__ == "__main__":
    report()
