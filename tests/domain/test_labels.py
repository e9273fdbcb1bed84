"""Closed sets keep their stored values and have a Vietnamese word each."""

import copy
import pickle

import pytest

from market.domain.coverage import Denominator
from market.domain.labels import LabelledEnum
from market.domain.levels import Level
from market.domain.markets import MarketClass, MarketState, MarketTrade, MerchantKind, OperatorKind
from market.domain.stalls import Placement, StallState
from market.domain.stickers import StickerState, VoidReason
from market.domain.visits import NonAcceptReason, VisitResult

VALUES: dict[type[LabelledEnum], str] = {
    Denominator: "A B C",
    Level: "none account equipped displayed accepts in_use",
    MarketClass: "1 2 3 unclassified",
    MarketState: "open closed",
    MarketTrade: "retail wholesale",
    MerchantKind: "household_business individual enterprise cooperative",
    NonAcceptReason: (
        "no_phone no_account no_papers fear_of_tax fear_of_fraud customers_do_not_ask no_signal "
        "fees_or_limits relative_account age_or_illness seasonal other"
    ),
    OperatorKind: "board enterprise cooperative commune other",
    Placement: "fixed mobile",
    StallState: "trading resting vacant repair closed",
    StickerState: "queued printed handed_out on_stall void spoiled",
    VisitResult: ("match other_account old_account unknown_code missing unreadable stall_shut"),
    VoidReason: "account_changed name_changed stall_moved worn lost overlaid misprinted",
}


@pytest.mark.parametrize("words", VALUES)
def test_stored_values_stay(words: type[LabelledEnum]) -> None:
    assert [member.value for member in words] == VALUES[words].split()


@pytest.mark.parametrize("words", VALUES)
def test_every_member_has_a_word_of_its_own(words: type[LabelledEnum]) -> None:
    labels = [member.label for member in words]

    assert all(labels)
    assert len(set(labels)) == len(labels)


def test_a_member_is_its_value_wherever_text_is_wanted() -> None:
    assert StallState("resting") is StallState.RESTING
    assert f"{StallState.RESTING}" == "resting"
    assert {"resting": 1}[StallState.RESTING] == 1


def test_a_member_survives_copying_and_pickling() -> None:
    assert copy.deepcopy(StallState.RESTING) is StallState.RESTING
    assert pickle.loads(pickle.dumps(StallState.RESTING)) is StallState.RESTING


def test_an_unknown_value_is_refused() -> None:
    with pytest.raises(ValueError, match="not a valid StallState"):
        StallState("Tạm nghỉ")
