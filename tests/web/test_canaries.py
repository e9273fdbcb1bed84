"""Nobody is shown what is not theirs: every page and file, asked for by every kind of user."""

import re
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from dataclasses import dataclass
from io import StringIO

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from market.domain.accounts import AccountState
from market.domain.roles import Permission, permissions_of
from market.domain.text import fold
from tests import running, worlds
from tests.answers import words_in, words_of
from tests.databases import SQLITE, Databases
from tests.worlds import PRINCIPALS, ROLES, Transaction, World, Zone

SIGNED_IN = tuple(name for name in PRINCIPALS if name != "anonymous")
# A job of printing shows the number to whoever prints; so do the pictures of one sticker.
PAPER = ("application/pdf", "image/png", "image/svg+xml")
SIGN_IN = "/sign-in"
# These belong to who asked for the work or uploaded the list, whatever others may do.
PERSONAL = {"jobs.show", "imports.bad_rows"}
# Nobody uploaded this one here.
MISSING = {"branding.logo"}
# Anybody who holds a sticker may look up whose it is; its number and phone stay hidden.
FOR_SHOPPERS = {"public_check.show"}
# The token of a form and the number of a visit that is being entered.
RANDOM = re.compile(
    r'(?<=name="csrf_token" value=")[\w.-]{60,}(?=")|(?<=name="uuid" value=")[0-9a-f-]{32,36}(?=")'
)


@dataclass(frozen=True, slots=True)
class Answered:
    """What one user was answered under one address."""

    path: str
    endpoint: str
    asked: Zone
    permission: Permission | None
    status: int
    kind: str | None
    location: str
    words: str
    missing_status: int | None


@dataclass(frozen=True, slots=True)
class Harvest:
    """All that one user is answered, and what was logged meanwhile."""

    world: World
    principal: str
    answers: tuple[Answered, ...]
    logged: str


Gather = Callable[[str], Harvest]


@pytest.fixture(scope="module")
def gather(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gather]:
    """Ask for everything as a user, once."""
    gathered: dict[str, Harvest] = {}
    with databases.migrated(SQLITE) as address:
        settings = running.make_settings(address, tmp_path_factory.mktemp("canaries"))
        with redirect_stderr(StringIO()) as log, running.running(settings) as app:
            with running.writing(app) as session:
                world = worlds.build()
                session.commit()

            def once(principal: str) -> Harvest:
                if principal not in gathered:
                    before = log.tell()
                    answers = tuple(asked(app, world, principal))
                    said = words_in(log.getvalue()[before:])
                    gathered[principal] = Harvest(world, principal, answers, said)
                return gathered[principal]

            yield once


def asked(app: Flask, world: World, principal: str) -> Iterator[Answered]:
    """What the user is answered under every address, filled from each zone."""
    client = worlds.sign_in(app, world, principal)
    own = {zone.market_code for zone in world.seen_by(principal)}
    paths: set[str] = set()
    for zone in world.zones:
        for rule, path in worlds.addresses(app, zone):
            if path in paths:
                continue
            paths.add(path)
            answer = client.get(path, buffered=True)
            missing = None
            if "market_code" in rule.arguments and zone.market_code not in own:
                elsewhere = path.replace(zone.market_code, "QN-KHONGCO")
                missing = client.get(elsewhere).status_code
            yield Answered(
                path,
                rule.endpoint,
                zone,
                getattr(app.view_functions[rule.endpoint], "permission", None),
                answer.status_code,
                answer.mimetype,
                answer.headers.get("Location", ""),
                told_by(answer),
                missing,
            )


def told_by(answer: TestResponse) -> str:
    """The words of an answer without what is random in its forms: that holds any letters."""
    return RANDOM.sub("", words_of(answer))


def traces(zone: Zone, words: str, *, ignored: frozenset[str] = frozenset()) -> set[str]:
    """What of the zone can be found in the words."""
    return {secret for secret in secrets(zone) - ignored if secret in words}


def secrets(zone: Zone) -> set[str]:
    """Everything that tells of the zone."""
    return people(zone) | places(zone) | {*zone.phones, *zone.all_numbers}


def people(zone: Zone) -> set[str]:
    """Who trades there, and where exactly."""
    names = {f"{fold(zone.root)} {fold(place)}" for place in worlds.PLACES}
    return names | {f"{zone.letters.lower()}-0"} | serials(zone)


def serials(zone: Zone) -> set[str]:
    """What stands on the stickers of the zone to tell them apart."""
    return {serial.lower() for serial in zone.serials}


def places(zone: Zone) -> set[str]:
    """What the zone, its market and its board are called."""
    return {fold(zone.root), fold(zone.root).replace(" ", "")}


def open_to(answer: Answered, principal: str, zone: Zone) -> frozenset[str]:
    """What of a zone outside the scope the user may find there all the same."""
    if answer.endpoint in FOR_SHOPPERS:
        return frozenset(people(zone) | places(zone))
    # Administrators hand out grants by market and read the whole log; people stay unseen.
    if principal == "administrator" and answer.endpoint.startswith("users."):
        return frozenset(places(zone))
    if principal == "administrator" and answer.endpoint.startswith("audit."):
        return frozenset(places(zone) | serials(zone))
    return frozenset()


def test_every_address_is_asked_for(app: Flask, transaction: Transaction) -> None:
    with transaction():
        zone = worlds.build().east
    untold = {
        (rule.endpoint, name)
        for rule in app.url_map.iter_rules()
        for name in worlds.unknown_arguments(rule, zone)
    }

    assert untold == set()


@pytest.mark.parametrize("principal", PRINCIPALS)
def test_no_answer_holds_anything_from_outside_the_scope(gather: Gather, principal: str) -> None:
    found = gather(principal)
    leaks = {
        (answer.path, trace)
        for answer in found.answers
        for zone in found.world.zones
        if zone not in found.world.seen_by(principal) and not is_echo(answer, zone)
        for trace in traces(zone, answer.words, ignored=open_to(answer, principal, zone))
    }

    assert leaks == set()


@pytest.mark.parametrize("principal", SIGNED_IN)
def test_what_is_somebody_elses_answers_like_what_does_not_exist(
    gather: Gather, principal: str
) -> None:
    found = gather(principal)
    own = {zone.market_code for zone in found.world.seen_by(principal)}
    told_apart = {
        (answer.path, answer.status, answer.missing_status)
        for answer in found.answers
        if answer.missing_status is not None
        and answer.asked.market_code not in own
        and (answer.status != answer.missing_status or answer.status < 300)
    }

    assert told_apart == set()


@pytest.mark.parametrize("principal", ["anonymous", "disabled"])
def test_who_is_not_signed_in_is_asked_to_sign_in_everywhere(
    gather: Gather, principal: str
) -> None:
    let_in = {
        answer.path
        for answer in gather(principal).answers
        if answer.permission is not None and not answer.location.startswith(SIGN_IN)
    }

    assert let_in == set()


@pytest.mark.parametrize("principal", [*ROLES])
def test_a_page_opens_for_exactly_the_roles_that_carry_its_permission(
    gather: Gather, principal: str
) -> None:
    found = gather(principal)
    own = found.world.seen_by(principal)
    carried = permissions_of(ROLES[principal])
    wrong = {
        (answer.path, answer.status)
        for answer in found.answers
        if answer.permission is not None and answer.endpoint not in PERSONAL | MISSING
        if (answer.permission not in carried and answer.status not in (403, 404))
        or (answer.permission in carried and answer.asked in own and answer.status >= 400)
    }

    assert wrong == set()


@pytest.mark.parametrize("principal", SIGNED_IN)
def test_full_numbers_are_shown_to_those_who_may_see_them_only(
    gather: Gather, principal: str
) -> None:
    found = gather(principal)
    hidden = {number for zone in found.world.zones for number in hidden_from(principal, zone)}
    may_print = principal in ROLES and Permission.PRINT_STICKERS in permissions_of(ROLES[principal])
    shown = {
        (answer.path, number)
        for answer in found.answers
        if not (may_print and answer.kind in PAPER)
        for number in hidden
        if number in answer.words
    }

    assert shown == set()


@pytest.mark.parametrize("principal", ["manager", "officer", "volunteer", "auditor"])
def test_logs_hold_no_name_phone_or_number(gather: Gather, principal: str) -> None:
    found = gather(principal)

    assert [traces(zone, found.logged) for zone in found.world.zones] == [set()] * 3


def is_echo(answer: Answered, zone: Zone) -> bool:
    """A refusal may hold the address that was asked for, to return to."""
    return answer.status >= 300 and zone.market_code == answer.asked.market_code


def hidden_from(principal: str, zone: Zone) -> list[str]:
    """Numbers the user may not read in full, see the table of roles."""
    if principal in {"manager", "other_manager"}:
        return []
    if principal == "officer":
        waiting = zone.numbers[AccountState.AWAITING_APPROVAL]
        return [number for number in zone.all_numbers if number not in waiting]
    return zone.all_numbers
