"""Who gets in where: every address and method, for every kind of user, is declared here.

The addresses name what is in one section of one market; `board` and `volunteer` work there,
`other_board` runs another market of the same province.
"""

from collections.abc import Iterator
from enum import StrEnum

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from tests import worlds
from tests.worlds import Transaction, World

# The kinds of users, by the name of one in the world of the tests.
PRINCIPALS = {
    "anonymous": "anonymous",
    "administrator": "administrator",
    "officer": "officer",
    "board": "colleague",
    "other_board": "other_manager",
    "volunteer": "volunteer",
    "auditor": "auditor",
    "unassigned": "unassigned",
    "disabled": "disabled",
    "expired": "expired",
}


class Outcome(StrEnum):
    """What a request is answered."""

    IN = "let in"
    SIGN_IN = "sent to sign in"
    REFUSED = "refused"
    MISSING = "told that there is no such thing"


IN, SIGN_IN, REFUSED, MISSING = Outcome
Outcomes = dict[str, Outcome]

EVERYBODY: Outcomes = dict.fromkeys(PRINCIPALS, IN)
SIGNED_IN: Outcomes = {**EVERYBODY, "anonymous": SIGN_IN, "disabled": SIGN_IN}
NOBODY: Outcomes = {**dict.fromkeys(PRINCIPALS, REFUSED), "anonymous": SIGN_IN, "disabled": SIGN_IN}


def only(*allowed: str, missing: tuple[str, ...] = ()) -> Outcomes:
    """These get in; for those in `missing` it does not exist; the others are refused."""
    return NOBODY | dict.fromkeys(allowed, IN) | dict.fromkeys(missing, MISSING)


STRANGERS = ("other_board",)
READERS = only("officer", "board", "volunteer", "auditor", missing=STRANGERS)
WRITERS = only("officer", "board", missing=STRANGERS)
MAKERS = only("board", "volunteer", missing=STRANGERS)
FIELD = only("officer", "board", "volunteer", missing=STRANGERS)
REPORTERS = only("officer", "board", "auditor", missing=STRANGERS)
OFFICERS = only("officer")
ADMINISTRATORS = only("administrator")
# Lists of one's own reach: everybody with the right has some.
ANY_READER = only("officer", "board", "other_board", "volunteer", "auditor")
ANY_REPORTER = only("officer", "board", "other_board", "auditor")
ANY_KEEPER_OF_USERS = only("administrator", "officer", "board", "other_board")
KEEPERS_OF_USERS = only("administrator", "officer", "board", missing=STRANGERS)
# Of one person alone, who is none of these.
SOMEBODY_ELSES = {**SIGNED_IN, **{name: MISSING for name, was in SIGNED_IN.items() if was is IN}}

DECLARED: dict[str, Outcomes] = {
    "accounts.approve POST": WRITERS,
    "accounts.approve_many POST": WRITERS,
    "accounts.enter POST": MAKERS,
    "accounts.index GET": READERS,
    "accounts.new GET": MAKERS,
    "accounts.prefer POST": MAKERS,
    "accounts.reject POST": WRITERS,
    "accounts.retire POST": WRITERS,
    "accounts.show GET": READERS,
    # Only who entered an account may take it back.
    "accounts.withdraw POST": only(missing=STRANGERS),
    "area_files.commune GET": ANY_REPORTER,
    "area_files.index GET": ANY_REPORTER,
    "area_files.market GET": REPORTERS,
    "area_files.operator GET": REPORTERS,
    "area_files.province GET": ANY_REPORTER,
    "areas.search GET": ANY_READER,
    "audit.index GET": ANY_REPORTER | {"administrator": IN},
    "banks.change POST": ADMINISTRATORS,
    "banks.create POST": ADMINISTRATORS,
    "banks.edit GET": ADMINISTRATORS,
    "banks.index GET": ADMINISTRATORS,
    "banks.new GET": ADMINISTRATORS,
    "branding.change POST": WRITERS,
    "branding.edit GET": WRITERS,
    # No logo was uploaded.
    "branding.logo GET": only(missing=("officer", "board", *STRANGERS)),
    "branding.of_market GET": WRITERS,
    "branding.preview POST": WRITERS,
    # An area is shown as far as one's markets reach.
    "coverage.commune GET": ANY_REPORTER,
    "coverage.index GET": ANY_REPORTER,
    "coverage.market GET": REPORTERS,
    "coverage.operator GET": REPORTERS,
    "coverage.province GET": ANY_REPORTER,
    "foreign_codes.check POST": WRITERS,
    "foreign_codes.index GET": READERS,
    "foreign_codes.register POST": MAKERS,
    "foreign_codes.remove POST": WRITERS,
    "frozen_reports.correct POST": OFFICERS,
    "frozen_reports.create POST": OFFICERS,
    # A frozen report is shown as far as one's markets reach.
    "frozen_report_files.adjustments GET": ANY_REPORTER,
    "frozen_report_files.index GET": ANY_REPORTER,
    "frozen_reports.file GET": ANY_REPORTER,
    "frozen_reports.index GET": ANY_REPORTER,
    "frozen_reports.new GET": OFFICERS,
    "frozen_reports.show GET": ANY_REPORTER,
    "health.healthz GET": EVERYBODY,
    "health.readyz GET": EVERYBODY,
    "home.index GET": SIGNED_IN,
    "home.language GET": EVERYBODY,
    "imports.apply POST": WRITERS,
    # The rows of a list hold full account numbers.
    "imports.bad_rows GET": only("board", missing=STRANGERS),
    "imports.index GET": WRITERS,
    "imports.settle_columns POST": WRITERS,
    "imports.show GET": WRITERS,
    "imports.undo POST": WRITERS,
    "imports.upload POST": WRITERS,
    "incidents.close POST": WRITERS,
    "incidents.index GET": READERS,
    "incidents.show GET": READERS,
    # Of whoever asked, and of those who keep the register of the market it is about.
    "jobs.cancel POST": SOMEBODY_ELSES | {"officer": IN, "board": IN},
    "jobs.show GET": SOMEBODY_ELSES | {"officer": IN, "board": IN},
    "markets.change POST": WRITERS,
    "markets.change_operator POST": OFFICERS,
    "markets.close POST": OFFICERS,
    "markets.create POST": OFFICERS,
    "markets.edit GET": WRITERS,
    "markets.index GET": ANY_READER,
    "markets.new GET": OFFICERS,
    "markets.reopen POST": OFFICERS,
    "markets.show GET": READERS,
    "merchant_merges.choose GET": WRITERS,
    "merchant_merges.confirm GET": WRITERS,
    "merchant_merges.merge POST": WRITERS,
    "merchants.change POST": WRITERS,
    "merchants.create POST": WRITERS,
    "merchants.edit GET": WRITERS,
    "merchants.end_tenancy POST": WRITERS,
    "merchants.index GET": READERS,
    "merchants.new GET": WRITERS,
    "merchants.show GET": READERS,
    "merchants.start_tenancy POST": WRITERS,
    "operators.change POST": OFFICERS,
    "operators.create POST": OFFICERS,
    "operators.edit GET": OFFICERS,
    "operators.index GET": OFFICERS,
    "operators.new GET": OFFICERS,
    "posters.poster GET": REPORTERS,
    "public_check.show GET": EVERYBODY,
    "reports.commune GET": ANY_REPORTER,
    "reports.commune_stalls GET": ANY_REPORTER,
    "reports.communes GET": ANY_REPORTER,
    "reports.index GET": ANY_REPORTER,
    "reports.lines GET": REPORTERS,
    "reports.market GET": REPORTERS,
    "reports.operator GET": REPORTERS,
    "reports.operator_stalls GET": REPORTERS,
    "reports.province GET": ANY_REPORTER,
    "reports.province_stalls GET": ANY_REPORTER,
    "reports.provinces GET": ANY_REPORTER,
    "reports.reasons GET": REPORTERS,
    "reports.sections GET": REPORTERS,
    "reports.stalls GET": REPORTERS,
    "rounds.index GET": FIELD,
    "rounds.new GET": FIELD,
    "rounds.record POST": FIELD,
    "sections.close POST": WRITERS,
    "sections.create POST": WRITERS,
    "sections.index GET": READERS,
    "sections.order POST": WRITERS,
    "sections.rename POST": WRITERS,
    "sections.reopen POST": WRITERS,
    "sign_in.change_password POST": SIGNED_IN,
    "sign_in.confirm POST": SIGNED_IN,
    "sign_in.confirm_form GET": SIGNED_IN,
    "sign_in.end_session POST": SOMEBODY_ELSES,
    "sign_in.form GET": EVERYBODY,
    "sign_in.me GET": SIGNED_IN,
    "sign_in.sign_in POST": EVERYBODY,
    # Signed in or not, one ends at the form.
    "sign_in.sign_out POST": dict.fromkeys(PRINCIPALS, SIGN_IN),
    "stalls.change POST": WRITERS,
    "stalls.change_state POST": WRITERS,
    "stalls.close POST": WRITERS,
    "stalls.create POST": WRITERS,
    "stalls.edit GET": WRITERS,
    "stalls.index GET": READERS,
    "stalls.new GET": WRITERS,
    "stalls.show GET": READERS,
    "static GET": EVERYBODY,
    "stickers.find GET": FIELD,
    "stickers.hanging GET": FIELD,
    "stickers.index GET": FIELD,
    "stickers.make POST": FIELD,
    "stickers.png GET": FIELD,
    "stickers.runs.cancel POST": FIELD,
    "stickers.runs.hand_out POST": FIELD,
    "stickers.runs.index GET": FIELD,
    "stickers.runs.pdf GET": FIELD,
    "stickers.runs.print_run POST": FIELD,
    "stickers.runs.reprint POST": FIELD,
    "stickers.runs.show GET": FIELD,
    "stickers.runs.spoil POST": FIELD,
    "stickers.runs.void POST": FIELD,
    "stickers.sample GET": FIELD,
    "stickers.show GET": FIELD,
    "stickers.svg GET": FIELD,
    "target_files.behind GET": ANY_REPORTER,
    "target_files.province GET": ANY_REPORTER,
    "targets.change POST": OFFICERS,
    "targets.create POST": OFFICERS,
    "targets.end POST": OFFICERS,
    "targets.index GET": ANY_REPORTER,
    "targets.new GET": OFFICERS,
    # The targets of a province are shown as far as one's markets reach.
    "targets.behind GET": ANY_REPORTER,
    "targets.province GET": ANY_REPORTER,
    "targets.show GET": REPORTERS,
    "users.create POST": ANY_KEEPER_OF_USERS,
    "users.disable POST": KEEPERS_OF_USERS,
    "users.enable POST": KEEPERS_OF_USERS,
    "users.give POST": KEEPERS_OF_USERS,
    "users.index GET": ANY_KEEPER_OF_USERS,
    "users.new GET": ANY_KEEPER_OF_USERS,
    "users.rename POST": KEEPERS_OF_USERS,
    "users.reset_password POST": KEEPERS_OF_USERS,
    "users.revoke POST": KEEPERS_OF_USERS,
    "users.show GET": KEEPERS_OF_USERS,
}
AUTOMATIC = {"HEAD", "OPTIONS"}


def acts(app: Flask) -> Iterator[tuple[str, Rule, str]]:
    """(name, rule, method) of everything that can be asked, but what Flask answers by itself."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - AUTOMATIC):
            yield f"{rule.endpoint} {method}", rule, method


@pytest.fixture
def world(app: Flask, transaction: Transaction) -> World:
    """Two operators' markets; forms need no token here (another test sees to that)."""
    app.config["WTF_CSRF_ENABLED"] = False
    with transaction():
        return worlds.build()


def outcome_of(answer: TestResponse) -> Outcome:
    """What an answer amounts to."""
    assert answer.status_code < 500, answer.request.path
    if answer.status_code == 302 and answer.location.startswith("/sign-in"):
        return SIGN_IN
    return {403: REFUSED, 404: MISSING}.get(answer.status_code, IN)


def test_every_address_and_method_is_declared(app: Flask) -> None:
    assert {name for name, _, _ in acts(app)} == set(DECLARED)


def test_every_declaration_speaks_of_every_kind_of_user() -> None:
    assert {name for name, told in DECLARED.items() if set(told) != set(PRINCIPALS)} == set()


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_everybody_is_answered_as_declared(app: Flask, world: World, principal: str) -> None:
    found = {}
    for name, rule, method in acts(app):
        # A session of its own for each: some of these acts end it.
        client = worlds.sign_in(app, world, PRINCIPALS[principal])
        answer = client.open(worlds.address(app, rule, world.east), method=method, buffered=True)
        found[name] = outcome_of(answer)

    wrong = {
        name: f"{outcome}, declared: {DECLARED[name][principal]}"
        for name, outcome in found.items()
        if outcome is not DECLARED[name][principal]
    }
    assert wrong == {}


def test_what_is_not_ones_own_answers_like_what_does_not_exist(app: Flask, world: World) -> None:
    client = worlds.sign_in(app, world, PRINCIPALS["other_board"])
    told_apart = []
    for name, rule, method in acts(app):
        if DECLARED[name]["other_board"] is not MISSING or "market_code" not in rule.arguments:
            continue
        path = worlds.address(app, rule, world.east)
        nowhere = path.replace(world.east.market_code, "QN-KHONGCO")
        if said(client, method, path) != said(client, method, nowhere):
            told_apart.append(name)

    assert told_apart == []


def said(client: FlaskClient, method: str, path: str) -> tuple[int, str]:
    """Status and text of an answer, without the address it repeats."""
    answer = client.open(path, method=method, buffered=True)
    return answer.status_code, answer.text.replace(path, "")


@pytest.mark.parametrize("method", sorted(AUTOMATIC))
def test_asking_about_an_address_tells_a_stranger_nothing(
    app: Flask, world: World, method: str
) -> None:
    client = worlds.sign_in(app, world, "anonymous")

    for name, rule, declared_method in acts(app):
        if declared_method != "GET" and method == "HEAD":
            continue
        answer = client.open(worlds.address(app, rule, world.east), method=method, buffered=True)

        assert answer.text == "", name
        if method == "HEAD" and DECLARED[name]["anonymous"] is SIGN_IN:
            assert outcome_of(answer) is SIGN_IN, name
