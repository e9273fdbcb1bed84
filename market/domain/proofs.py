"""How well it is proved that a stall accepts: what was scanned lately, and what was tried."""

from collections.abc import Mapping
from dataclasses import dataclass

from market.domain.labels import LabelledEnum
from market.domain.shares import Share

# Half of the days after which a scan no longer carries `accepts` at all; as there, a scan so
# many days old still holds, and one day older no longer does.
PROOF_DAYS = 90


class Proof(LabelledEnum):
    """The best proof of the last days for one that accepts, the strongest first.

    TRANSFER: the code that hangs was scanned and a test transfer arrived. CONFIRMED: our
    sticker was scanned, that they take payments is the trader's word. FOREIGN: the same,
    but the code was issued elsewhere: whom it pays was read off it, not printed by us.
    AGED: the last right scan is older, though not yet too old to count.
    """

    TRANSFER = "transfer", "Có chuyển thử"
    CONFIRMED = "confirmed", "Quét đúng tem, hộ xác nhận"
    FOREIGN = "foreign", "Quét đúng mã nơi khác cấp"
    AGED = "aged", "Lâu chưa quét lại"

    @property
    def strength(self) -> int:
        """From 0 (aged) to 3 (a test transfer)."""
        return len(Proof) - 1 - tuple(Proof).index(self)


BY_STRENGTH = tuple(reversed(Proof))


@dataclass(frozen=True, slots=True)
class ProofCounts:
    """How many of those that accept stand on which proof."""

    counts: Mapping[Proof, int]

    @property
    def accepting(self) -> int:
        """All that accept."""
        return sum(self.counts.values())

    def share(self, proof: Proof) -> Share:
        """So many of those that accept."""
        return Share(self.counts.get(proof, 0), self.accepting)

    @property
    def recent(self) -> Share:
        """Those whose code was found right within the last days, of those that accept."""
        return Share(self.accepting - self.counts.get(Proof.AGED, 0), self.accepting)
