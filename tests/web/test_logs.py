"""What is written down when something breaks: where, never whom it was about."""

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import insert, text

from market.extensions import db
from market.http import logs
from market.http.security import public
from market.models.market import Operator

NAME = "Nguyễn Thị Bí Mật"
PHONE = "0900000777"
NUMBER = "88001777001"


@public(writes=True)
def break_a_rule() -> str:
    """A row twice: the database names the values in its complaint."""
    for _ in range(2):
        db.session.execute(
            insert(Operator).values(name=NAME, search=PHONE, kind="board", province_code=NUMBER[:2])
        )
    return ""


@public()
def break_down() -> str:
    """A fault whose words hold what must not be written down."""
    raise ValueError(f"{NAME} {PHONE} {NUMBER}")


@public()
def ask_wrongly() -> str:
    """A statement that the database does not understand."""
    db.session.execute(text("SELECT nothing FROM nowhere WHERE name = :name"), {"name": NAME})
    return ""


FAULTS = (break_a_rule, break_down, ask_wrongly)


@pytest.mark.both_databases
@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_logged_without_the_values_it_was_about(
    app: Flask, capfd: pytest.CaptureFixture[str], fault: Any, log_format: str
) -> None:
    logs.configure(log_format)
    app.add_url_rule("/fault", "fault", fault)

    page = app.test_client().get("/fault")

    said = "".join(capfd.readouterr())
    said += json.dumps(said).encode().decode("unicode_escape")
    assert page.status_code >= 500
    assert fault.__name__ in said
    assert [value for value in (NAME, PHONE, NUMBER) if value in said] == []
    assert [value for value in (NAME, PHONE, NUMBER) if value in page.text] == []


def test_a_page_that_is_not_there_writes_nothing_down(
    app: Flask, capfd: pytest.CaptureFixture[str]
) -> None:
    app.test_client().get("/khong-co", query_string={"q": NAME})

    assert "".join(capfd.readouterr()) == ""
