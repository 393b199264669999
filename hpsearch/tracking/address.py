"""Finds out before anything starts whether an address of MLflow can work at all; it connects to nothing."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlparse

from hpsearch.tracking.location import URI_VARIABLE, default_uri, sqlite_file, tracking_uri, without_password
from trainables.base.errors import Fault

SERVERS = ("http", "https")
DATABASES = ("sqlite", "postgresql", "mysql", "mssql")

RULE = (
    "must be the address of an MLflow server, http://HOST:5000, or of its database, sqlite:////PATH/mlflow.db"
)


def address_faults(root: Path, wanted: str | None) -> list[Fault]:
    """Return why the MLflow of a study, as `tracking_uri` has it, can never be written; none where it may."""
    uri = tracking_uri(root, wanted)
    if uri == default_uri(root) or (reason := _reason(uri)) is None:
        return []
    where = "search.tracking" if wanted else URI_VARIABLE
    return [Fault(f"{reason}, got {without_password(uri)!r}", where=where)]


def _reason(uri: str) -> str | None:
    try:
        parts = urlparse(uri)
        _ = parts.port
    except ValueError as error:
        return f"{RULE} ({error})"
    if parts.scheme in SERVERS:
        return None if parts.hostname else RULE
    if parts.scheme.partition("+")[0] not in DATABASES:
        return RULE
    return _database_reason(uri)


def _database_reason(uri: str) -> str | None:
    from sqlalchemy.engine import make_url  # takes a moment
    from sqlalchemy.exc import SQLAlchemyError

    try:
        make_url(uri).get_dialect().import_dbapi()
    except ModuleNotFoundError as error:
        return f"needs the Python package {error.name!r}, which is not installed here"
    except (SQLAlchemyError, ValueError, TypeError) as error:
        return f"must be an address that SQLAlchemy takes ({str(error).splitlines()[0]})"
    if (file := sqlite_file(uri)) is None:
        return "must name a file" if uri.startswith("sqlite") else None
    if not file.is_absolute():
        return "must name a file by its whole path, with four slashes"
    return None if file.parent.is_dir() else f"must name a file in a folder that is there ({file.parent})"
