"""Whether the process lives and whether it can serve."""

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Blueprint
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError

from market.config import PROJECT_ROOT
from market.extensions import db
from market.http.security import public

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public()
def healthz() -> ResponseReturnValue:
    """The process answers."""
    return {"status": "ok"}


@bp.get("/readyz")
@public()
def readyz() -> ResponseReturnValue:
    """The database answers and has the schema of this release; 503 otherwise."""
    newest = ScriptDirectory(str(PROJECT_ROOT / "market" / "migrations")).get_current_head()
    try:
        current = MigrationContext.configure(db.session.connection()).get_current_revision()
    except SQLAlchemyError:
        return {"status": "unavailable", "database": "no answer"}, 503
    if current != newest:
        return {"status": "unavailable", "schema": current}, 503
    return {"status": "ok", "schema": current}
