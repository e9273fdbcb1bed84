"""Pages of rounds, incidents and codes of banks: what a volunteer and a board do with them."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload

from market.domain.roles import Role
from market.domain.stickers import StickerState, VoidReason
from market.domain.vietqr import encode
from market.domain.visits import IncidentState, NonAcceptReason, VisitResult
from market.models.account import PaymentAccount
from market.models.audit import AuditEntry
from market.models.market import Market
from market.models.merchant import Tenancy
from market.models.stall import Stall
from market.models.sticker import ForeignCode
from market.models.visit import Incident, Visit
from market.services import coverage
from tests.browsing import MOST_QUERIES, SignedIn, counting_queries
from tests.factories import (
    VIETCOMBANK,
    make_account,
    make_market,
    make_merchant,
    make_section,
    make_stall,
    make_tenancy,
    make_user,
)
from tests.trading import hang_sticker

Transaction = Callable[[], AbstractContextManager[Session]]
BOARD, STRANGER, READER = "ban@example.vn", "khac@example.vn", "giamsat@example.vn"
VOLUNTEER, NARROW = "doanvien@example.vn", "khub@example.vn"
ROUNDS = "/markets/QN-DAMHA/visits"
INCIDENTS = "/markets/QN-DAMHA/incidents"
NUMBER = "88001000001"
RIGHT = encode(bin=VIETCOMBANK, account=NUMBER)
STRANGER_NUMBER = "88001999999"
WRONG = encode(bin=VIETCOMBANK, account=STRANGER_NUMBER)


@pytest.fixture
def register(app: Flask, transaction: Transaction) -> Flask:
    """Chợ Đầm Hà: A1 with a trader, A2 shared by two, B1 in a section of its own."""
    with transaction() as session:
        market = make_market("QN-DAMHA", "Chợ Đầm Hà")
        hall, yard = make_section(market, "Khu A", 1), make_section(market, "Khu B", 2)
        first = make_merchant(market, "Đỗ Thị Mẫu")
        make_tenancy(make_stall(market, "A1", section=hall), first)
        make_account(first, NUMBER)
        shared = make_stall(market, "A2", section=hall)
        make_tenancy(shared, make_merchant(market, "Lê Văn Mẫu"))
        make_tenancy(shared, make_merchant(market, "Phạm Thị Mẫu"))
        make_tenancy(make_stall(market, "B1", section=yard), make_merchant(market))
        coverage.touch(market.id)
        make_user(Role.BOARD_MANAGER, market=market, email=BOARD)
        make_user(Role.AUDITOR, market=market, email=READER)
        make_user(Role.VOLUNTEER, market=market, email=VOLUNTEER)
        make_user(Role.VOLUNTEER, section=yard, email=NARROW)
        make_user(Role.BOARD_MANAGER, market=make_market("QN-KHAC"), email=STRANGER)
        session.flush()
    return app


def stall_id(transaction: Transaction, code: str) -> int:
    with transaction() as session:
        return session.scalars(select(Stall.id).where(Stall.code == code)).one()


def form(**fields: str) -> dict[str, str]:
    """A visit, filled in."""
    return {"uuid": str(uuid4()), "scanned": "", "result": "", "day": "", **fields}


def send(browser: SignedIn, stall: int, **fields: str) -> tuple[int, str]:
    """Send the form of a visit: the status, and the page that comes of it."""
    answer = browser.post(f"/markets/QN-DAMHA/stalls/{stall}/visits", form(**fields))
    if answer.status_code == 302:
        return 302, browser.get(answer.location).text
    return answer.status_code, answer.text


def kept(transaction: Transaction) -> list[Visit]:
    with transaction() as session:
        return list(session.scalars(select(Visit).order_by(Visit.id)))


def due(browser: SignedIn, query: str = "") -> list[str]:
    """Codes of the stalls that are due."""
    return [link.text for link in browser.page(ROUNDS + query).all("a", class_="row-link")]


def test_the_list_shows_sections_and_who_was_not_seen(register: Flask) -> None:
    page = SignedIn(register, VOLUNTEER).page(ROUNDS)

    assert "Đã xem 0/3 điểm đang kinh doanh" in page.html
    rows = [row.text for row in page.all("tr")]
    assert rows[1] == "Khu A 0/2"
    assert rows[2] == "Khu B 0/1"
    assert any("Lê Văn Mẫu, Phạm Thị Mẫu" in row for row in rows)


def test_a_stall_that_was_seen_is_due_no_more(register: Flask, transaction: Transaction) -> None:
    volunteer = SignedIn(register, VOLUNTEER)
    send(volunteer, stall_id(transaction, "A1"), result="missing")

    assert due(volunteer) == ["Khu A", "Khu B", "A2", "B1"]
    assert "Đã xem 1/3" in volunteer.page(ROUNDS).html


def test_a_stall_found_shut_stays_due(register: Flask, transaction: Transaction) -> None:
    volunteer = SignedIn(register, VOLUNTEER)
    send(volunteer, stall_id(transaction, "A1"), result="stall_shut")

    assert "A1" in due(volunteer)


def test_one_section_at_a_time(register: Flask, transaction: Transaction) -> None:
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        section = session.scalars(
            select(Stall.section_id).where(Stall.code == "B1", Stall.market_id == market.id)
        ).one()

    assert due(SignedIn(register, VOLUNTEER), f"?section={section}") == ["Khu A", "Khu B", "B1"]


def test_a_volunteer_of_a_section_sees_its_stalls_only(
    register: Flask, transaction: Transaction
) -> None:
    narrow = SignedIn(register, NARROW)

    assert due(narrow) == ["Khu B", "B1"]
    outside = stall_id(transaction, "A1")
    assert narrow.get(f"/markets/QN-DAMHA/stalls/{outside}/visits/new").status_code == 404
    assert send(narrow, outside, result="match")[0] == 404
    assert kept(transaction) == []


@pytest.mark.parametrize(("email", "status"), [(READER, 403), (STRANGER, 404)])
def test_who_may_not_visit_gets_nowhere(
    register: Flask, transaction: Transaction, email: str, status: int
) -> None:
    browser = SignedIn(register, email)
    stall = stall_id(transaction, "A1")

    assert browser.get(ROUNDS).status_code == status
    assert browser.get(f"/markets/QN-DAMHA/stalls/{stall}/visits/new").status_code == status
    assert send(browser, stall, result="match")[0] == status
    assert kept(transaction) == []


def test_a_visit_by_hand_keeps_all_its_answers(register: Flask, transaction: Transaction) -> None:
    status, page = send(
        SignedIn(register, VOLUNTEER),
        stall_id(transaction, "A1"),
        result="match",
        accepts="no",
        reason="fear_of_tax",
        note="Hỏi lại sau Tết",
    )

    assert status == 302
    assert "Đã ghi: đúng mã của hộ." in page
    (visit,) = kept(transaction)
    assert (visit.result, visit.accepts) == (VisitResult.MATCH, False)
    assert visit.test_transfer_acknowledged is None
    assert visit.reason is NonAcceptReason.FEAR_OF_TAX
    assert visit.note == "Hỏi lại sau Tết"


def test_the_form_sent_twice_keeps_one_visit(register: Flask, transaction: Transaction) -> None:
    volunteer, stall = SignedIn(register, VOLUNTEER), stall_id(transaction, "A1")
    page = volunteer.page(f"/markets/QN-DAMHA/stalls/{stall}/visits/new")
    uuid = page.one("input", name="uuid")["value"]

    for _ in range(2):
        assert send(volunteer, stall, uuid=uuid, scanned=WRONG)[0] == 302

    assert len(kept(transaction)) == 1


def test_a_strangers_code_leads_to_the_incidents(register: Flask, transaction: Transaction) -> None:
    status, page = send(SignedIn(register, VOLUNTEER), stall_id(transaction, "A1"), scanned=WRONG)

    assert status == 302
    assert "Đã mở sự cố." in page
    assert "Mã của tài khoản khác" in page
    assert "9999" in page
    assert STRANGER_NUMBER not in page


def test_a_void_sticker_that_still_hangs_is_to_be_taken_down(
    register: Flask, transaction: Transaction
) -> None:
    with transaction() as session:
        account = session.scalars(select(PaymentAccount)).one()
        loaded = (
            joinedload(Tenancy.merchant),
            joinedload(Tenancy.stall).joinedload(Stall.market),
        )
        held = select(Tenancy).where(Tenancy.merchant_id == account.merchant_id).options(*loaded)
        tenancy = session.scalars(held).one()
        serials: list[str] = []
        for state in (StickerState.ON_STALL, StickerState.VOID):
            sticker = hang_sticker(tenancy, account, copy=len(serials) + 1)
            serials.append(sticker.serial)
            if state is StickerState.VOID:
                sticker.state, sticker.void_reason = state, VoidReason.WORN
                sticker.void_at = sticker.hung_at
        stall = tenancy.stall_id
    browser = SignedIn(register, VOLUNTEER)

    pages = [send(browser, stall, scanned=serial)[1] for serial in serials]

    assert "Đã ghi: đúng mã của hộ." in pages[0]
    assert "tem này đã hủy. Hãy gỡ xuống." in pages[1]
    assert "Đã ghi: đúng mã của hộ." not in pages[1]


def test_a_payload_with_blanks_is_taken_as_it_is(register: Flask, transaction: Transaction) -> None:
    send(SignedIn(register, VOLUNTEER), stall_id(transaction, "A1"), scanned=f"  {RIGHT}\r\n")

    assert [visit.result for visit in kept(transaction)] == [VisitResult.MATCH]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "result"),
        ({"result": "other_account"}, "result"),
        ({"result": "đúng"}, "result"),
        ({"scanned": "12345678"}, "scanned"),
        ({"scanned": "0" * 8000}, "scanned"),
        ({"result": "match", "accepts": "maybe"}, "accepts"),
        ({"result": "match", "day": "2099-01-01"}, "day"),
        ({"result": "match", "day": "hôm kia"}, "day"),
        ({"result": "match", "day": "01/01/1999"}, "day"),
        ({"result": "match", "reason": "không thích"}, "reason"),
        ({"result": "match", "uuid": "không phải uuid"}, "uuid"),
    ],
)
def test_a_refused_visit_shows_the_form_again_with_what_was_written(
    register: Flask, transaction: Transaction, fields: dict[str, str], field: str
) -> None:
    status, page = send(
        SignedIn(register, VOLUNTEER), stall_id(transaction, "A1"), note="giữ lại", **fields
    )

    assert status == 422
    assert "giữ lại" in page
    assert f'href="#f-{field}"' in page
    assert kept(transaction) == []


def test_at_a_shared_stall_the_form_asks_for_the_merchant(
    register: Flask, transaction: Transaction
) -> None:
    volunteer, stall = SignedIn(register, VOLUNTEER), stall_id(transaction, "A2")
    choices = volunteer.page(f"/markets/QN-DAMHA/stalls/{stall}/visits/new").all(
        "input", name="tenancy_id"
    )

    status, page = send(volunteer, stall, result="missing")
    assert status == 422
    assert "Hãy chọn hộ đã kiểm tra." in page
    assert send(volunteer, stall, result="missing", tenancy_id=choices[1]["value"])[0] == 302


def test_the_board_closes_an_incident_and_a_volunteer_cannot(
    register: Flask, transaction: Transaction
) -> None:
    volunteer, board = SignedIn(register, VOLUNTEER), SignedIn(register, BOARD)
    send(volunteer, stall_id(transaction, "A1"), scanned=WRONG)
    with transaction() as session:
        incident = session.scalars(select(Incident.id)).one()
    path = f"{INCIDENTS}/{incident}/closure"

    assert volunteer.post(path, {"resolution": "Đã gỡ"}).status_code == 403
    assert SignedIn(register, STRANGER).post(path, {"resolution": "Đã gỡ"}).status_code == 404
    refused = board.post(path, {"resolution": " "})
    assert refused.status_code == 422
    assert "Hãy điền ô này." in refused.text
    assert board.post(path, {"resolution": "Đã gỡ mã lạ"}).status_code == 302
    assert board.post(path, {"resolution": "Lần nữa"}).status_code == 409
    assert "Đã gỡ mã lạ" in board.page(f"{INCIDENTS}?state=closed").html
    with transaction() as session:
        assert session.scalars(select(Incident.state)).one() is IncidentState.CLOSED


def test_a_reader_sees_incidents_without_a_form(register: Flask, transaction: Transaction) -> None:
    send(SignedIn(register, VOLUNTEER), stall_id(transaction, "A1"), scanned=WRONG)

    reader = SignedIn(register, READER)
    page = reader.page(INCIDENTS)
    incident = page.one("a", class_="row-link")["href"]

    assert "Mã của tài khoản khác" in page.html
    assert reader.page(incident).all("textarea") == []
    assert len(SignedIn(register, BOARD).page(incident).all("textarea")) == 1
    for path in (INCIDENTS, incident):
        assert SignedIn(register, STRANGER).get(path).status_code == 404


def test_a_code_is_noted_by_a_volunteer_and_confirmed_by_the_board(
    register: Flask, transaction: Transaction
) -> None:
    volunteer, board = SignedIn(register, VOLUNTEER), SignedIn(register, BOARD)
    codes = f"/markets/QN-DAMHA/stalls/{stall_id(transaction, 'A1')}/codes"

    assert volunteer.post(codes, {"payload": WRONG}).status_code == 302
    assert STRANGER_NUMBER not in volunteer.get(codes).text
    with transaction() as session:
        code = session.scalars(select(ForeignCode.id)).one()
    assert volunteer.post(f"{codes}/{code}/check").status_code == 403
    assert [each.text for each in board.page(codes).all("span", class_="account")] == [
        STRANGER_NUMBER
    ]
    assert board.post(f"{codes}/{code}/check").status_code == 302
    assert "Đã xác nhận" in board.get(codes).text
    assert board.post(f"{codes}/{code}/removal").status_code == 302
    with transaction() as session:
        assert session.scalars(select(ForeignCode.removed_at)).one() is not None


def test_looking_at_a_waiting_code_in_full_is_an_entry(
    register: Flask, transaction: Transaction
) -> None:
    codes = f"/markets/QN-DAMHA/stalls/{stall_id(transaction, 'A1')}/codes"
    SignedIn(register, VOLUNTEER).post(codes, {"payload": WRONG})

    SignedIn(register, BOARD).get(codes)
    SignedIn(register, READER).get(codes)

    with transaction() as session:
        looks = session.scalar(
            select(func.count()).select_from(AuditEntry).where(AuditEntry.action == "read_numbers")
        )
    assert looks == 1


def test_a_broken_code_is_refused_with_the_place_of_the_fault(
    register: Flask, transaction: Transaction
) -> None:
    codes = f"/markets/QN-DAMHA/stalls/{stall_id(transaction, 'A1')}/codes"

    refused = SignedIn(register, VOLUNTEER).post(codes, {"payload": WRONG[:-4] + "0000"})

    assert refused.status_code == 422
    assert "mã kiểm tra (CRC)" in refused.text
    assert WRONG[:-4] in refused.text


def test_strangers_find_no_codes(register: Flask, transaction: Transaction) -> None:
    codes = f"/markets/QN-DAMHA/stalls/{stall_id(transaction, 'A1')}/codes"
    stranger = SignedIn(register, STRANGER)

    assert stranger.get(codes).status_code == 404
    assert stranger.post(codes, {"payload": WRONG}).status_code == 404


@pytest.mark.parametrize("path", [ROUNDS, INCIDENTS])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    register: Flask, transaction: Transaction, path: str
) -> None:
    board = SignedIn(register, BOARD)
    for code in ("A1", "B1"):
        send(board, stall_id(transaction, code), scanned=WRONG)
    with counting_queries() as few:
        board.get(path)
    with transaction() as session:
        market = session.scalars(select(Market).where(Market.code == "QN-DAMHA")).one()
        made = [make_stall(market) for _ in range(12)]
        for stall in made:
            make_tenancy(stall, make_merchant(market))
        ids = [stall.id for stall in made]
    for each in ids[:6]:
        send(board, each, scanned=WRONG)

    with counting_queries() as many:
        board.get(path)

    assert len(many) == len(few) <= MOST_QUERIES
