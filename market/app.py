"""The application factory: settings, extensions, handlers, then the entrypoints."""

from collections.abc import Callable
from datetime import datetime

import structlog
from flask import Flask, g, request
from flask_babel import get_locale
from werkzeug.middleware.proxy_fix import ProxyFix

from market.cli import commands
from market.config import PROJECT_ROOT, Settings, load_settings
from market.documents.sealing import Vault
from market.domain.rules import Rules
from market.extensions import babel, csrf, db, migrate
from market.http import converters, error_handlers, headers, logs, security
from market.http.security import GuardedFlask
from market.jobs import worker_command
from market.models import everything
from market.services import transaction
from market.web import registration

MAX_UPLOAD = 21 * 1024 * 1024
MAX_FORM_PARTS = 5_000
LANGUAGES = ("vi", "en")


def create_app(
    settings: Settings | None = None, *, clock: Callable[[], datetime] = security.clock
) -> Flask:
    """Build the app from settings (those of the environment by default).

    Raises SettingsError where a setting is missing or wrong.
    """
    settings = settings or load_settings()
    app = GuardedFlask(
        "market",
        root_path=str(PROJECT_ROOT),
        instance_path=str(settings.instance.resolve()),
        static_folder=None,
        template_folder=str(PROJECT_ROOT / "templates"),
    )
    _configure(app, settings, clock)
    _bind(app, settings)
    converters.add_to(app.url_map)
    registration.register(app)
    commands.register(app)
    app.cli.add_command(worker_command.worker)
    return app


def _configure(app: Flask, settings: Settings, clock: Callable[[], datetime]) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS={
            "pool_pre_ping": not settings.is_sqlite,
            "hide_parameters": True,
        },
        SESSION_COOKIE_NAME="__Host-cho" if settings.production else "cho",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SECURE=settings.production,
        SESSION_COOKIE_SAMESITE="Lax",
        WTF_CSRF_TIME_LIMIT=None,
        MAX_CONTENT_LENGTH=MAX_UPLOAD,
        MAX_FORM_PARTS=MAX_FORM_PARTS,
        TRUSTED_HOSTS=list(settings.hosts),
        BABEL_DEFAULT_LOCALE="vi",
        BABEL_DEFAULT_TIMEZONE="Asia/Ho_Chi_Minh",
    )
    app.extensions["cho_settings"] = settings
    app.extensions["cho_clock"] = clock
    app.extensions["cho_vault"] = Vault(settings.data_key)
    app.extensions["cho_rules"] = Rules(settings.stale_days, settings.cool_off_hours)
    if settings.proxy_count:
        hops = settings.proxy_count
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]
            app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops
        )


def _bind(app: Flask, settings: Settings) -> None:
    logs.configure(settings.log_format)
    app.before_request(structlog.contextvars.clear_contextvars)
    app.before_request(security.refuse_nul)
    app.before_request(security.identify)
    db.init_app(app)
    migrate.init_app(app, db, directory=str(PROJECT_ROOT / "market" / "migrations"))
    csrf.init_app(app)
    babel.init_app(app, locale_selector=_language)
    headers.add_to(app, is_https=settings.production)
    error_handlers.register(app)
    app.extensions["cho_metadata"] = everything.metadata
    transaction.listen()
    app.context_processor(lambda: {"get_locale": get_locale})


def _language() -> str:
    """Vietnamese unless the reader switched."""
    chosen = request.cookies.get("language") if request else None
    return chosen if chosen in LANGUAGES else g.get("language", LANGUAGES[0])
