"""The way to MLflow: silent, with short time limits, and one error for all that can be in the way."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mlflow import MlflowClient

QUIET = {
    "MLFLOW_LOGGING_LEVEL": "CRITICAL",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",
}
"""MLflow reads these when asked. By its own defaults one call to a lost server blocks for four minutes, and a
retried "create" whose first answer was lost makes a second run."""


class MlflowAwayError(Exception):
    """MLflow could not be written: the server or database is away, locked or refuses."""


def connect(uri: str) -> MlflowClient:
    """Return a client of the MLflow at `uri`. The first use of a database migrates it: seconds.

    Raises `MlflowAwayError`.
    """
    for key, value in QUIET.items():
        os.environ.setdefault(key, value)
    from mlflow import MlflowClient  # takes seconds

    with away():
        _check_database(uri)
        return MlflowClient(tracking_uri=uri)


@contextmanager
def away() -> Iterator[None]:
    """Raise `MlflowAwayError` for whatever MLflow, its database or the network raise."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise MlflowAwayError(lines[0][:300]) from error


def _check_database(uri: str) -> None:
    """Open an SQLite file once: MLflow retries for 100 s where that fails."""
    path = uri.removeprefix("sqlite:///")
    if path != uri:
        with closing(sqlite3.connect(path, timeout=1.0)) as database:
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
