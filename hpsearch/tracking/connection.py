"""Connects to MLflow: without log output, with short timeouts, and with one exception for every failure."""

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
"""Environment variables for MLflow where the user has not set them. By default one call to a lost server
blocks for four minutes, and a retried "create" whose first answer was lost makes a second run."""


class MlflowUnavailableError(Exception):
    """MLflow cannot be written: its server or database is unreachable, is locked or refuses."""


def connect(uri: str) -> MlflowClient:
    """Return a client of the MLflow at `uri`. The first use of a database migrates it, which takes seconds.

    Raises `MlflowUnavailableError`.
    """
    for key, value in QUIET.items():
        os.environ.setdefault(key, value)
    from mlflow import MlflowClient  # takes seconds

    with mlflow_errors():
        _check_database(uri)
        return MlflowClient(tracking_uri=uri)


@contextmanager
def mlflow_errors() -> Iterator[None]:
    """Turn the exceptions of MLflow, its database and the network into `MlflowUnavailableError`."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise MlflowUnavailableError(lines[0][:300]) from error


def _check_database(uri: str) -> None:
    """Open an SQLite file once, since MLflow retries for 100 s where that fails."""
    path = uri.removeprefix("sqlite:///")
    if path != uri:
        with closing(sqlite3.connect(path, timeout=1.0)) as database:
            database.execute("SELECT count(*) FROM sqlite_master").fetchone()
