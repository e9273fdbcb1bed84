"""Who may use which address: each says so, and the public ones are listed here."""

from flask import Flask
from werkzeug.routing import Rule

from market.domain.roles import Permission

# Everybody gets in here, signed in or not.
PUBLIC = {
    "health.healthz",
    "health.readyz",
    "home.language",
    "public_check.show",
    "sign_in.form",
    "sign_in.sign_in",
    "static",
}
READING = {"GET", "HEAD", "OPTIONS"}


def rules(app: Flask) -> list[Rule]:
    """All addresses the app answers."""
    return list(app.url_map.iter_rules())


def test_the_public_addresses_are_the_listed_ones(app: Flask) -> None:
    public = {
        rule.endpoint
        for rule in rules(app)
        if getattr(app.view_functions[rule.endpoint], "permission", None) is None
    }

    assert public == PUBLIC


def test_every_other_address_names_a_permission(app: Flask) -> None:
    unclear = {
        rule.endpoint
        for rule in rules(app)
        if rule.endpoint not in PUBLIC
        and not isinstance(
            getattr(app.view_functions[rule.endpoint], "permission", None), Permission
        )
    }

    assert unclear == set()


def test_looking_and_changing_are_separate_functions(app: Flask) -> None:
    both = {
        rule.endpoint
        for rule in rules(app)
        if rule.methods and "GET" in rule.methods and rule.methods - READING
    }

    assert both == set()
