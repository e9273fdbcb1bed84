"""Print runs: what they are called, which stalls they take, and the balance of their paper."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from market.domain.labels import LabelledEnum
from market.domain.stickers import StickerState

MOST_COPIES = 20


class WhichStalls(LabelledEnum):
    """Which stalls of a market a run is made for."""

    ALL = "all", "Cả chợ"
    SECTION = "section", "Một khu"
    CHOSEN = "chosen", "Một số điểm"
    RUN = "run", "Các tem còn hiệu lực của một đợt"


class RunOrder(LabelledEnum):
    """In which order stickers lie on the sheets."""

    WALK = "walk", "Theo đường đi qua các khu"
    CODE = "code", "Theo mã điểm"


class Standing(LabelledEnum):
    """How a stall, or one of its merchants, stands towards the next run."""

    DUE = "due", "Cần tem"
    EQUIPPED = "equipped", "Đã có tem"
    IN_RUN = "in_run", "Nằm trong đợt chưa in"
    NO_ACCOUNT = "no_account", "Chưa có tài khoản đã duyệt"
    NO_TENANT = "no_tenant", "Chưa có hộ kinh doanh"
    NOT_TRADING = "not_trading", "Không kinh doanh"


@dataclass(frozen=True, slots=True)
class Balance:
    """Where the stickers of a run are; each that reached paper counts once, as it stands now.

    `unprinted` never reached paper: still waiting, dropped, or void before the print.
    """

    reached_paper: int
    in_stock: int
    handed_out: int
    on_stall: int
    spoiled: int
    void: int
    unprinted: int = 0

    @classmethod
    def of(cls, printed: Mapping[StickerState, int], *, unprinted: int = 0) -> "Balance":
        """From counts by state of those that reached paper."""
        counts = Counter(printed)
        return cls(
            reached_paper=counts.total(),
            in_stock=counts[StickerState.PRINTED],
            handed_out=counts[StickerState.HANDED_OUT],
            on_stall=counts[StickerState.ON_STALL],
            spoiled=counts[StickerState.SPOILED],
            void=counts[StickerState.VOID],
            unprinted=unprinted,
        )

    @property
    def total(self) -> int:
        """All stickers of the run."""
        return self.reached_paper + self.unprinted

    @property
    def holds(self) -> bool:
        """Whether every sticker that reached paper is somewhere."""
        accounted = self.on_stall + self.handed_out + self.spoiled + self.void + self.in_stock
        return accounted == self.reached_paper

    @property
    def is_whole(self) -> bool:
        """Whether all of the run's paper may still be used: then it can be printed again."""
        return self.reached_paper > 0 and not (self.spoiled or self.void or self.unprinted)


def run_number(day: date, value: int) -> str:
    """`DT-2026-0012`: the year and a running number, more digits when needed."""
    return f"DT-{day.year}-{value:04d}"


def next_slot(start: int, used: int, labels_per_page: int) -> int:
    """The first free slot of the last sheet, from 1; 1 where that sheet is full."""
    return (start - 1 + used) % labels_per_page + 1
