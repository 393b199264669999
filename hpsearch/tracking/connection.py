"""Connects to MLflow: without log output, with short timeouts, and with one exception for every failure."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from hpsearch.tracking.location import is_ours, relocate, sqlite_file
from hpsearch.tracking.store import StoreError, ready

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
    """MLflow cannot be written: its server or database is unreachable, is locked, is broken or refuses."""


def connect(uri: str) -> MlflowClient:
    """Return a client of the MLflow at `uri`. An SQLite file is made first, which takes seconds.

    The one below a root is brought to MLflow's schema, and to where the root is now. Raises
    `MlflowUnavailableError`.
    """
    for key, value in QUIET.items():
        os.environ.setdefault(key, value)
    from mlflow import MlflowClient  # takes seconds

    with mlflow_errors():
        if (
            path := sqlite_file(uri)
        ) is not None:  # MLflow itself retries for 100 s where it cannot be opened
            ours = is_ours(path)
            ready(path, migrates=ours)
            if ours:
                relocate(path.parent)
        return MlflowClient(tracking_uri=uri)


@contextmanager
def mlflow_errors() -> Iterator[None]:
    """Turn whatever MLflow, its database, drivers and the network raise into `MlflowUnavailableError`."""
    try:
        yield
    except MlflowUnavailableError:
        raise
    except Exception as error:  # a bad answer may end in any: JSON that is none, a key that is missing
        raise MlflowUnavailableError(_said(error)) from error


def _said(error: Exception) -> str:
    """Return an error in one line, with its kind where the words alone would say nothing."""
    lines = str(error).strip().splitlines()
    if type(error) is sqlite3.DatabaseError:  # no kind of its own: the file is damaged, or no database
        lines = [f"{lines[0]}: move this file away, and `hpsearch track` writes a study into a new one"]
    known = isinstance(error, OSError | sqlite3.Error | StoreError) or type(error).__module__.startswith(
        "mlflow"
    )
    return (lines[0] if lines and known else ": ".join([type(error).__name__, *lines[:1]]))[:300]
