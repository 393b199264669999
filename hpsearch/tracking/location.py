"""Where a study's MLflow is: a server that the space or the environment names, else a file below the root."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from urllib.parse import quote, unquote, urlparse

from hpsearch.study.folders import studies_folder

URI_VARIABLE = "MLFLOW_TRACKING_URI"
"""MLflow's own. A server's user and password stand in `MLFLOW_TRACKING_USERNAME` and `_PASSWORD`."""

STORE = "mlflow.db"
ARTIFACTS = "mlartifacts"


def default_uri(root: Path) -> str:
    """Return the SQLite store below the root; absolute, since trials change their directory."""
    path = str((root / STORE).absolute())
    quoted = path.replace("%", "%25").replace("?", "%3F")  # which SQLAlchemy would take as signs
    # to the driver by its name, since MLflow makes the folder of what it takes for the path otherwise
    return f"sqlite:///{path}" if quoted == path else f"sqlite+pysqlite:///{quoted}"


def sqlite_file(uri: str) -> Path | None:
    """Return the file of an SQLite address, None for another address."""
    scheme, _, path = uri.partition(":///")
    return Path(unquote(path.partition("?")[0])) if scheme.partition("+")[0] == "sqlite" and path else None


def is_ours(store: Path) -> bool:
    """Return whether an SQLite file is the store below a root."""
    return store.name == STORE and studies_folder(store.parent).is_dir()


def tracking_uri(root: Path, wanted: str | None = None) -> str:
    """Return the MLflow of a study: the one that its space wants, the environment's, or the root's."""
    return wanted or os.environ.get(URI_VARIABLE) or default_uri(root)


def artifacts_folder(root: Path) -> Path:
    """Return the folder of files beside the store below the root."""
    return root / ARTIFACTS


def without_password(uri: str) -> str:
    """Return an address as it may be shown: what stands before the host's `@` is left out."""
    try:
        secret, at, _ = urlparse(uri).netloc.rpartition("@")
    except ValueError:  # no address at all
        return uri.rpartition("@")[2]
    return uri.replace(secret + at, "", 1)


def relocate(root: Path) -> bool:
    """Let the store below a root that was moved or copied find its files there; return whether it had to.

    MLflow keeps absolute paths. Experiments whose files lie elsewhere on purpose stay as they are.
    """
    store, here = root / STORE, artifacts_folder(root).absolute()
    if not store.is_file():
        return False
    with closing(sqlite3.connect(store, timeout=10.0)) as database, database:
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
        if not {"experiments", "runs"} <= tables:
            return False
        rows = database.execute("SELECT experiment_id, name, artifact_location FROM experiments").fetchall()
        moved = False
        for number, name, location in rows:
            before = Path(unquote(urlparse(location or "").path))
            if before.name != name or before.parent.name != ARTIFACTS or before.parent == here:
                continue
            old, new = location.removesuffix(f"/{quote(name)}"), here.as_uri()
            database.execute(
                "UPDATE experiments SET artifact_location = ? || substr(artifact_location, ?)"
                " WHERE experiment_id = ?",
                (new, len(old) + 1, number),
            )
            database.execute(
                "UPDATE runs SET artifact_uri = ? || substr(artifact_uri, ?)"
                " WHERE experiment_id = ? AND substr(artifact_uri, 1, ?) = ?",
                (new, len(old) + 1, number, len(old), old),
            )
            moved = True
    return moved
