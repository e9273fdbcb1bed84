"""The pages of stickers: choosing what to print, printing it, and what becomes of it."""

import io
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.domain.roles import Role
from market.domain.stickers import RunState, StickerState, VoidReason
from market.domain.vietqr import decode
from market.jobs.kinds import KINDS
from market.jobs.worker import Worker
from market.models.audit import AuditEntry
from market.models.market import Market, Section
from market.models.sticker import PrintRun, Sticker
from market.services import account_decisions, printing, sticker_moves
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.factories import (
    VIETCOMBANK,
    make_market,
    make_section,
    make_trader,
    make_user,
)
from tests.print_shop import SYSTEM, make_ready, paid_by, printed_run, stickers_of

Transaction = Callable[[], AbstractContextManager[Session]]
PAGE = "/markets/QN-DAMHA/stickers"
MANAGER, VOLUNTEER, AUDITOR, STRANGER = (
    f"{name}@example.vn" for name in ("truongban", "doanvien", "giamsat", "nguoila")
)
HTMX = {"HX-Request": "true", "HX-Target": "preview"}


@dataclass
class Shop:
    """A market with ten stalls, nine of them ready for stickers, and the people around it."""

    app: Flask
    transaction: Transaction

    def user(self, email: str = VOLUNTEER) -> SignedIn:
        return SignedIn(self.app, email)

    def make(self, user: SignedIn, **fields: Any) -> str:
        """Press the button of the preview; gives the address of the run's page."""
        asked = {"template": "a4-8", "start": "1", "copies": "1", "order": "walk", **fields}
        answer = user.post(f"{PAGE}/runs", asked, page=PAGE)
        assert answer.status_code == 302, answer.text
        return str(answer.location)

    def printed(self, user: SignedIn, **fields: Any) -> str:
        """A run made and printed from the pages; the address of its page."""
        run = self.make(user, **fields)
        assert user.post(f"{run}/printing", page=run).status_code == 302
        return run

    def file_of(self, user: SignedIn, run: str) -> bytes:
        """The run's PDF."""
        answer = user.get(f"{run}.pdf", buffered=True)
        assert (answer.status_code, answer.mimetype) == (200, "application/pdf")
        assert "no-store" in answer.headers["Cache-Control"]
        return answer.data

    def work(self) -> None:
        """Let the worker do what waits; like the real one, outside of any request's thread."""
        thread = threading.Thread(target=Worker(self.app, KINDS).work_once)
        thread.start()
        thread.join()

    def stickers(self) -> list[Sticker]:
        with self.transaction() as session:
            found = session.scalars(select(Sticker).order_by(Sticker.id)).all()
            session.expunge_all()
            return list(found)

    def actions(self) -> list[str]:
        with self.transaction() as session:
            return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


@pytest.fixture
def shop(app: Flask, transaction: Transaction) -> Shop:
    """The market and its people."""
    with transaction():
        market: Market = make_market("QN-DAMHA", "Chợ Đầm Hà")
        section: Section = make_section(market, "Khu A")
        make_user(Role.BOARD_MANAGER, market=market, email=MANAGER)
        make_user(Role.VOLUNTEER, market=market, email=VOLUNTEER)
        make_user(Role.AUDITOR, market=market, email=AUDITOR)
        make_user(Role.BOARD_MANAGER, market=make_market("QN-KHAC"), email=STRANGER)
        for number in range(1, 10):
            make_ready(
                market,
                f"A{number}",
                f"8800100000{number}",
                section=section if number <= 3 else None,
            )
        make_trader(market, "B1")
    return Shop(app, transaction)


def test_the_page_offers_all_that_need_a_sticker(shop: Shop) -> None:
    page = shop.user().page(PAGE)

    assert "9 tem" in page.one("div", id="preview").text
    assert "1 điểm: chưa có tài khoản đã duyệt (B1)" in page.one("div", id="preview").text
    assert "Khu A (3 cần tem)" in page.html


def test_the_picture_of_the_first_sheet_shows_what_lies_where(shop: Shop) -> None:
    page = shop.user().page(f"{PAGE}?start=7&sheet=a4-8")

    assert [text.text for text in page.all("text")] == ["A1", "A2"]
    assert len(page.all("rect", class_="used")) == 6


def test_the_choices_made_are_what_the_button_makes(shop: Shop) -> None:
    page = shop.user().page(f"{PAGE}?codes=a2,A5&template=a4-14&copies=2&order=code&ruler=1")

    hidden = {each["name"]: each["value"] for each in page.all("input", type="hidden")}
    assert hidden["codes"] == "a2, A5"
    assert (hidden["template"], hidden["copies"], hidden["order"]) == ("a4-14", "2", "code")
    assert (hidden["ruler"], hidden["test_cell"], hidden["start"]) == ("1", "0", "1")
    assert "Lập đợt in 4 tem" in page.html


def test_the_preview_alone_is_sent_where_script_asks_for_it(shop: Shop) -> None:
    answer = shop.user().get(f"{PAGE}?codes=A1&template=a4-8&sheet=a4-8", headers=HTMX)

    assert answer.status_code == 200
    assert "<html" not in answer.text
    assert 'id="preview"' in answer.text
    assert 'id="start-picker"' not in answer.text


def test_another_sheet_brings_its_own_labels_to_choose_from(shop: Shop) -> None:
    answer = shop.user().get(f"{PAGE}?template=a4-14&sheet=a4-8", headers=HTMX)

    picker = answer.text.split('id="start-picker" hx-swap-oob="true"')[1]
    assert picker.count('type="radio"') == 14


def test_another_sheet_is_begun_where_its_own_last_run_ended(shop: Shop) -> None:
    user = shop.user()
    shop.printed(user, codes="A1, A2")

    fresh = user.page(f"{PAGE}?template=a4-14&sheet=a4-8&start=5")
    left = user.page(f"{PAGE}?template=a4-8&sheet=a4-14&start=5")

    assert fresh.one("input", type="radio", checked="")["value"] == "1"
    assert left.one("input", type="radio", checked="")["value"] == "3"
    with shop.transaction() as session:
        assert session.scalars(select(PrintRun.number)).one() in left.html


def test_a_code_that_is_not_there_is_told_and_leaves_nothing_to_press(shop: Shop) -> None:
    answer = shop.user().get(f"{PAGE}?codes=A1,Z99")

    assert answer.status_code == 422
    assert "Z99" in answer.text
    assert "A1,Z99</textarea>" in answer.text
    assert "Lập đợt in" not in answer.text.split('id="preview"')[1]


def test_what_script_asks_wrongly_is_told_in_the_preview(shop: Shop) -> None:
    answer = shop.user().get(f"{PAGE}?codes=Z99", headers=HTMX)

    assert answer.status_code == 200
    assert "Z99" in answer.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"start": "9"}, "từ 1 đến 8"),
        ({"copies": "0"}, "từ 1 đến 20"),
        ({"codes": "B1"}, "1 chưa có tài khoản đã duyệt"),
        ({"unknown": "1"}, "không thuộc biểu mẫu"),
    ],
)
def test_a_run_that_cannot_be_made_is_refused_on_the_same_page(
    shop: Shop, fields: dict[str, str], words: str
) -> None:
    user = shop.user()
    asked = {"template": "a4-8", "start": "1", "copies": "1", **fields}

    answer = user.post(f"{PAGE}/runs", asked, page=PAGE)

    assert answer.status_code == 422
    assert words in answer.text
    assert shop.stickers() == []


def test_a_volunteer_prints_and_every_code_pays_its_stall(shop: Shop) -> None:
    user = shop.user()

    run = shop.printed(user, section="")

    assert paid_by(shop.file_of(user, run)) == [
        (VIETCOMBANK, f"8800100000{number}") for number in range(1, 10)
    ]


def test_printing_and_each_download_are_in_the_audit_log(shop: Shop) -> None:
    user = shop.user()
    run = shop.printed(user)
    shop.file_of(user, run)
    shop.file_of(user, run)

    actions = shop.actions()
    assert actions.count("print") == 1
    assert actions.count("download") == 2


def test_the_page_of_a_run_shows_its_balance(shop: Shop) -> None:
    user = shop.user()
    run = shop.printed(user)
    two = [sticker.serial for sticker in shop.stickers()[:2]]

    user.post(f"{run}/hand-outs", {"sticker": two}, page=run)
    user.post(f"{run}/spoilage", {"sticker": shop.stickers()[2].serial}, page=run)
    user.post(f"{run}/voids", {"sticker": two[:1], "reason": "lost"}, page=run)

    text = user.get(run).text
    assert "Lên giấy 9 = đang treo 0 + đã giao 1 + còn trong kho 6 + in hỏng 1 + đã hủy 1" in text
    assert "Tải tệp PDF" not in text
    assert f"{PAGE}?run=DT-" in text


def test_all_in_stock_are_handed_out_at_once(shop: Shop) -> None:
    user = shop.user()
    run = shop.printed(user)

    user.post(f"{run}/hand-outs", {"all": "1"}, page=run)

    assert {sticker.state for sticker in shop.stickers()} == {StickerState.HANDED_OUT}


@pytest.mark.parametrize("act", ["hand-outs", "spoilage", "voids"])
def test_acts_need_a_tick(shop: Shop, act: str) -> None:
    user = shop.user()
    run = shop.printed(user)

    answer = user.post(f"{run}/{act}", {"reason": "worn"}, page=run)

    assert answer.status_code == 422
    assert "ít nhất một tem" in answer.text


def test_voiding_needs_a_reason(shop: Shop) -> None:
    user = shop.user()
    run = shop.printed(user)
    fields = {"sticker": shop.stickers()[0].serial, "reason": ""}

    answer = user.post(f"{run}/voids", fields, page=run)

    assert answer.status_code == 422
    assert "Hãy chọn lý do hủy tem." in answer.text


def test_doing_an_act_twice_is_told_apart(shop: Shop) -> None:
    user = shop.user()
    run = shop.printed(user)
    fields = {"sticker": shop.stickers()[0].serial}
    user.post(f"{run}/hand-outs", fields, page=run)

    assert user.post(f"{run}/hand-outs", fields, page=run).status_code == 409


def test_a_sticker_of_another_run_is_not_taken(shop: Shop) -> None:
    user = shop.user()
    shop.printed(user, codes="A1")
    foreign = shop.stickers()[0].serial
    run = shop.printed(user, codes="A2")

    assert user.post(f"{run}/spoilage", {"sticker": foreign}, page=run).status_code == 404


def test_a_run_that_was_not_printed_can_be_given_up(shop: Shop) -> None:
    user = shop.user()
    run = shop.make(user)

    user.post(f"{run}/cancellation", page=run)

    assert "Đã bỏ" in user.get(run).text
    assert "9 tem" in user.page(PAGE).one("div", id="preview").text


def test_stalls_of_a_run_that_nobody_printed_lead_to_it(shop: Shop) -> None:
    user = shop.user()
    shop.make(user, codes="A1")

    assert "1 điểm: nằm trong đợt chưa in (A1)" in user.page(PAGE).one("div", id="preview").text


def test_a_run_is_printed_once(shop: Shop) -> None:
    user = shop.user()
    run = shop.printed(user)

    assert user.post(f"{run}/printing", page=run).status_code == 409


def test_an_account_that_changed_since_stops_the_print_and_is_named(
    shop: Shop, transaction: Transaction
) -> None:
    user = shop.user()
    run = shop.make(user)
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        sticker = session.scalars(select(Sticker).where(Sticker.stall_code == "A4")).one()
        account_decisions.retire(sticker.account_id, "Đổi", market=market, actor=SYSTEM)

    answer = user.post(f"{run}/printing", page=run)

    assert answer.status_code == 409
    assert "A4" in answer.text
    assert StickerState.PRINTED not in {sticker.state for sticker in shop.stickers()}


def test_a_reprint_asks_for_a_reason_and_counts(shop: Shop) -> None:
    user = shop.user()
    run = shop.printed(user)

    refused = user.post(f"{run}/reprints", {"reason": " "}, page=run)
    user.post(f"{run}/reprints", {"reason": "Kẹt giấy"}, page=run)

    assert refused.status_code == 422
    assert "1 lần" in user.get(run).text


def test_texts_that_do_not_fit_must_be_looked_at_before_the_print(
    shop: Shop, transaction: Transaction
) -> None:
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        make_ready(market, "Z1", name="Hợp tác xã " * 15)
    user = shop.user()
    run = shop.make(user, codes="Z1")

    refused = user.post(f"{run}/printing", page=run)
    allowed = user.post(f"{run}/printing", {"flagged": "1"}, page=run)

    assert refused.status_code == 422
    assert "Z1: tên hộ" in refused.text
    assert allowed.status_code == 302


def test_the_printer_s_offset_is_previewed_and_made(shop: Shop, transaction: Transaction) -> None:
    user = shop.user()

    preview = user.get(f"{PAGE}?template=a4-8&right=1%2C5&down=-0.5").text
    shop.make(user, right="1,5", down="-0.5")

    assert 'name="right" value="1.5"' in preview
    assert 'name="down" value="-0.5"' in preview
    with transaction() as session:
        assert session.scalars(select(PrintRun)).one().options["offset"] == [1.5, -0.5]


@pytest.mark.parametrize("typed", ["11", "-10.01", "một", "1e1", "nan", "٣"])
def test_an_offset_that_no_printer_has_is_refused_with_the_numbers(shop: Shop, typed: str) -> None:
    answer = shop.user().get(f"{PAGE}?{urlencode({'template': 'a4-8', 'right': typed})}")

    assert answer.status_code == 422
    assert "từ -10 đến 10" in answer.text
    assert shop.stickers() == []


def test_a_long_run_is_printed_in_the_background(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "MOST_AT_ONCE", 5)
    user = shop.user()
    run = shop.make(user)

    asked = user.post(f"{run}/printing", page=run)
    shown = user.get(str(asked.location))
    shop.work()

    assert str(asked.location).startswith("/jobs/")
    assert shown.status_code == 200
    assert user.get(str(asked.location)).location == run
    assert {sticker.state for sticker in shop.stickers()} == {StickerState.PRINTED}
    assert len(paid_by(shop.file_of(user, run))) == 9


def test_a_long_run_that_cannot_be_printed_says_why_and_stays_as_it_was(
    shop: Shop, transaction: Transaction, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "MOST_AT_ONCE", 5)
    user = shop.user()
    run = shop.make(user)
    asked = user.post(f"{run}/printing", page=run)
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        sticker = session.scalars(select(Sticker).where(Sticker.stall_code == "A4")).one()
        account_decisions.retire(sticker.account_id, "Đổi", market=market, actor=SYSTEM)

    shop.work()

    assert "A4" in user.get(str(asked.location)).text
    with transaction() as session:
        assert session.scalars(select(PrintRun.state)).one() is RunState.MADE


def test_a_long_run_that_is_stopped_stays_as_it_was_made_and_can_be_printed(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(printing, "MOST_AT_ONCE", 5)
    user = shop.user()
    run = shop.make(user)
    asked = str(user.post(f"{run}/printing", page=run).location)
    waiting = user.get(run).text

    user.post(f"{asked}/cancellation", page=asked)
    shop.work()

    assert "Đợt này đang được in" in waiting
    assert asked in waiting
    assert "/printing" not in waiting
    assert "đã dừng" in user.get(asked).text
    assert {sticker.state for sticker in shop.stickers()} == {StickerState.QUEUED}
    user.post(f"{run}/printing", page=run)
    shop.work()
    assert {sticker.state for sticker in shop.stickers()} == {StickerState.PRINTED}


def test_a_serial_typed_in_any_way_opens_the_sticker(shop: Shop) -> None:
    user = shop.user()
    shop.printed(user)
    serial = shop.stickers()[0].serial

    answer = user.get(f"{PAGE}/find?serial={serial[:4].lower()}%20-{serial[4:]}")

    assert answer.location == f"{PAGE}/{serial}"
    assert "A1" in user.get(str(answer.location)).text


def test_a_mistyped_serial_is_told_and_not_guessed(shop: Shop) -> None:
    user = shop.user()
    shop.printed(user)
    serial = shop.stickers()[0].serial
    wrong = serial[:-1] + ("0" if serial[-1] != "0" else "1")

    answer = user.get(f"{PAGE}/find?serial={wrong}")

    assert answer.status_code == 422
    assert "ký tự sai hoặc đổi chỗ" in answer.text


def test_a_serial_of_another_market_is_not_found(shop: Shop, transaction: Transaction) -> None:
    with transaction():
        market = make_market("QN-BA")
        make_ready(market, "C1")
        serial = stickers_of(printed_run(market))[0].serial

    assert shop.user().get(f"{PAGE}/find?serial={serial}").status_code == 404
    assert shop.user().get(f"{PAGE}/{serial}").status_code == 404


def test_the_picture_of_one_sticker_pays_its_stall_and_is_noted(shop: Shop) -> None:
    user = shop.user()
    shop.printed(user)
    serial = shop.stickers()[1].serial

    answer = user.get(f"{PAGE}/{serial}.png")

    picture = Image.open(io.BytesIO(answer.data))
    codes = zxingcpp.read_barcodes(
        picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)
    )
    (text,) = [code.text for code in codes]
    assert decode(text).pays.account == "88001000002"
    assert answer.mimetype == "image/png"
    assert "no-store" in answer.headers["Cache-Control"]
    assert "picture" in shop.actions()


def test_the_drawing_of_one_sticker_carries_its_words(shop: Shop) -> None:
    user = shop.user()
    shop.printed(user)

    answer = user.get(f"{PAGE}/{shop.stickers()[0].serial}.svg")

    assert answer.mimetype == "image/svg+xml"
    assert "Chợ Đầm Hà" in answer.text


def test_there_is_no_picture_of_a_sticker_that_is_not_on_paper(shop: Shop) -> None:
    user = shop.user()
    shop.make(user)

    assert user.get(f"{PAGE}/{shop.stickers()[0].serial}.png").status_code == 409


def test_a_sticker_is_voided_from_its_own_page(shop: Shop) -> None:
    user = shop.user()
    run = shop.printed(user)
    serial = shop.stickers()[0].serial
    here = f"{PAGE}/{serial}"

    fields = {"sticker": serial, "reason": "worn", "next": here}
    answer = user.post(f"{run}/voids", fields, page=here)

    assert answer.location == here
    assert "Cũ, mờ" in user.get(here).text


def test_void_stickers_that_may_still_hang_are_listed(shop: Shop, transaction: Transaction) -> None:
    user = shop.user()
    run = shop.printed(user)
    serial = shop.stickers()[0].serial
    user.post(f"{run}/hand-outs", {"all": "1"}, page=run)
    user.post(f"{run}/voids", {"sticker": serial, "reason": "overlaid"}, page=run)

    page = user.page(f"{PAGE}/hanging")

    assert [row.text for row in page.all("a", class_="row-link")] == ["A1"]
    assert "Bị dán đè" in page.html


def test_a_sample_shows_how_a_sheet_looks_and_pays_nobody(shop: Shop) -> None:
    answer = shop.user().get(f"{PAGE}/samples/a4-8.svg")

    assert answer.mimetype == "image/svg+xml"
    assert "Tên hộ kinh doanh" in answer.text


def test_account_numbers_stand_in_files_only(shop: Shop) -> None:
    user = shop.user()
    run = shop.printed(user)
    serial = shop.stickers()[0].serial

    pages = [PAGE, f"{PAGE}/runs", run, f"{PAGE}/{serial}", f"{PAGE}/hanging"]

    assert all("8800100000" not in user.get(path).text for path in pages)


@pytest.mark.parametrize("path", [PAGE, f"{PAGE}/runs", f"{PAGE}/hanging"])
def test_a_colleague_without_the_right_may_not_print(shop: Shop, path: str) -> None:
    assert shop.user(AUDITOR).get(path).status_code == 403


def test_for_a_stranger_nothing_of_it_exists(shop: Shop) -> None:
    user = shop.user(MANAGER)
    run = shop.printed(user)
    serial = shop.stickers()[0].serial
    stranger = shop.user(STRANGER)

    paths = [PAGE, f"{PAGE}/runs", run, f"{run}.pdf", f"{PAGE}/{serial}", f"{PAGE}/{serial}.png"]
    acts = ["printing", "hand-outs", "spoilage", "voids", "reprints", "cancellation"]

    assert {stranger.get(path).status_code for path in paths} == {404}
    assert {stranger.post(f"{run}/{act}").status_code for act in acts} == {404}
    assert stranger.post(f"{PAGE}/runs", {"template": "a4-8"}).status_code == 404


def test_a_volunteer_of_a_section_prints_that_section_only(
    shop: Shop, transaction: Transaction
) -> None:
    with transaction() as session:
        section = session.scalars(select(Section)).one()
        make_user(Role.VOLUNTEER, section=section, email="khua@example.vn")
    whole = shop.make(shop.user(), codes="A9")
    volunteer = shop.user("khua@example.vn")

    assert "3 tem" in volunteer.page(PAGE).one("div", id="preview").text
    assert volunteer.get(whole).status_code == 404


def test_pages_ask_few_questions_however_much_there_is(
    shop: Shop, transaction: Transaction
) -> None:
    user = shop.user()
    run = shop.printed(user)
    serial = shop.stickers()[0].serial
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        for number in range(30):
            make_ready(market, f"D{number}")
        for number in range(4):
            printed_run(market, copies=number + 1, with_equipped=True)
        hung = stickers_of(session.scalars(select(PrintRun).limit(1)).one())
        sticker_moves.hand_out(hung, market=market, actor=SYSTEM)
        for sticker in hung:
            session.refresh(sticker, ["stall"])
        sticker_moves.void(hung, VoidReason.WORN, market=market, actor=SYSTEM)

    for path in (PAGE, f"{PAGE}/runs", run, f"{PAGE}/{serial}", f"{PAGE}/hanging"):
        with counting_queries() as asked:
            assert user.get(path).status_code == 200
        assert len(asked) <= MOST_QUERIES, path
