"""Templates rendered without the service: no database, no session of its own."""

from functools import cache
from typing import Any

from flask import Flask, render_template, render_template_string
from flask_babel import Babel, get_locale
from flask_wtf import CSRFProtect

from market.web.filters import FILTERS
from tests.markup import Markup
from tests.sources import ROOT


def make_bare_app() -> Flask:
    """An application that can do nothing but render the service's templates."""
    app = Flask("bare", root_path=str(ROOT), template_folder="templates", static_folder="static")
    app.config.update(SECRET_KEY="bare", BABEL_DEFAULT_LOCALE="vi")
    app.jinja_env.filters.update(FILTERS)
    app.jinja_env.globals["get_locale"] = get_locale
    Babel(app)
    CSRFProtect(app)
    return app


@cache
def bare_app() -> Flask:
    """The one that tests share: what templates import from each other is read once."""
    return make_bare_app()


def render_component(component: str, source: str, path: str = "/list", **context: Any) -> Markup:
    """A template in which `c` is the named file of components, rendered at the path."""
    text = f'{{% import "components/{component}.html" as c %}}{source}'
    with bare_app().test_request_context(path):
        return Markup(render_template_string(text, **context))


def render_page(template: str, **context: Any) -> Markup:
    """A whole page."""
    with bare_app().test_request_context("/"):
        return Markup(render_template(template, **context))


def render_on_layout(layout: str, content: str = "", **context: Any) -> Markup:
    """A page on a layout, with the title "Tên trang"."""
    source = (
        f'{{% extends "layouts/{layout}.html" %}}'
        "{% block title %}Tên trang{% endblock %}"
        f"{{% block content %}}{content}{{% endblock %}}"
    )
    with bare_app().test_request_context("/"):
        return Markup(render_template_string(source, **context))
