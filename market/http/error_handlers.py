"""The one place that knows which status code a refusal has."""

import sqlite3
from collections.abc import Sequence

import structlog
from flask import Flask, g, render_template
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException, InternalServerError, SecurityError

from market.domain.errors import (
    Conflict,
    DomainError,
    Forbidden,
    FreshSignInNeeded,
    Invalid,
    NotFound,
    Problem,
    Throttled,
    TooLarge,
    Unavailable,
)
from market.extensions import db

STATUS: dict[type[DomainError], int] = {
    FreshSignInNeeded: 403,
    Forbidden: 403,
    NotFound: 404,
    Conflict: 409,
    TooLarge: 413,
    Invalid: 422,
    Throttled: 429,
    Unavailable: 503,
}
PAGES = frozenset({400, 403, 404, 409, 413, 422, 429, 500, 503})
CHANGED_MEANWHILE = "Dữ liệu vừa được người khác thay đổi. Hãy tải lại trang, xem lại rồi làm lại."
FORM_EXPIRED = "Biểu mẫu đã hết hạn. Hãy tải lại trang rồi gửi lại."
DATABASE_AWAY = "Cơ sở dữ liệu chưa trả lời. Hãy thử lại sau ít phút; chưa có gì được ghi."
PASSING_TROUBLE = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
    }
)
HOST_NOT_SERVED = "Tên máy chủ này không được phục vụ."

log = structlog.get_logger(__name__)


def status_of(error: DomainError) -> int:
    """The HTTP status of a refusal."""
    return next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)


def register(app: Flask) -> None:
    """Turn refusals and failures into pages."""
    app.register_error_handler(DomainError, _refused)
    app.register_error_handler(StaleDataError, _changed_meanwhile)
    app.register_error_handler(OperationalError, _database_away)
    app.register_error_handler(CSRFError, _form_expired)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def error_page(
    status: int,
    message: str | None = None,
    *,
    problems: Sequence[Problem] = (),
    retry_after: int | None = None,
) -> ResponseReturnValue:
    """The page for a status, with the refusal's own words; needs no database."""
    db.session.rollback()
    g.actor = None
    template = status if status in PAGES else (400 if status < InternalServerError.code else 500)
    page = render_template(
        f"errors/{template}.html",
        message=message,
        status=status,
        problems=problems,
        retry_after=retry_after,
    )
    return page, status


def _refused(error: DomainError) -> ResponseReturnValue:
    status = status_of(error)
    if not isinstance(error, Throttled):
        return error_page(status, error.message, problems=error.problems)
    page = error_page(status, error.message, retry_after=error.retry_after)
    return (*page, {"Retry-After": str(error.retry_after)})  # type: ignore[misc]


def _changed_meanwhile(error: StaleDataError) -> ResponseReturnValue:
    return error_page(409, CHANGED_MEANWHILE)


def _database_away(error: OperationalError) -> ResponseReturnValue:
    if _is_our_mistake(error.orig):
        return _unexpected(error)
    log.error("database_away", error=type(error.orig).__name__)
    return error_page(503, DATABASE_AWAY)


def _is_our_mistake(error: BaseException | None) -> bool:
    """SQLite calls a wrong statement an operational error, too; waiting mends only these."""
    if not isinstance(error, sqlite3.Error):
        return False
    # The low byte of an extended code is the code it belongs to.
    return error.sqlite_errorcode & 0xFF not in PASSING_TROUBLE


def _form_expired(error: CSRFError) -> ResponseReturnValue:
    return error_page(400, FORM_EXPIRED)


def _http(error: HTTPException) -> ResponseReturnValue:
    if isinstance(error, SecurityError):
        # Under a host that is not ours no address of a page can be built.
        return HOST_NOT_SERVED, 400, {"Content-Type": "text/plain; charset=utf-8"}
    if error.code is None or error.code < 400 or error.response is not None:
        return error.get_response()
    page = error_page(error.code)
    allowed = getattr(error, "valid_methods", None)
    return (*page, {"Allow": ", ".join(sorted(allowed))}) if allowed else page  # type: ignore[misc]


def _unexpected(error: Exception) -> ResponseReturnValue:
    log.error("unexpected", error=type(error).__name__, exc_info=error)
    return error_page(500)
