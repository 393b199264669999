"""An SQLite store of MLflow: made or brought to a newer schema aside, by one process, then renamed.

MLflow itself makes it in place, table by table: a kill on the way breaks it for good, and of two processes
that do so at the same moment one fails.
"""

from __future__ import annotations

import logging
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from trainables.base.atomic import in_one_step
from trainables.base.locks import FileLock

WAIT_S = 120.0
"""How long another process may take to make a store."""

COUNTED_ROWS = 1000
"""Of each index: enough to tell long tables from short ones, in milliseconds."""


class StoreError(Exception):
    """A store that cannot be used; the message says why and what to do."""


def ready(path: Path, *, migrates: bool) -> None:
    """Make the store at `path` where it is missing; where `migrates`, bring an older one to MLflow's schema.

    An older one is kept beside, as `NAME.before-REVISION`. Raises `StoreError` or `sqlite3.Error` where it
    cannot be used, `OSError` where it cannot be written.
    """
    if path.is_dir() or not path.parent.is_dir():
        raise StoreError(f"{path} is a folder" if path.is_dir() else f"there is no folder {path.parent}")
    if _is_there(path) and _revision(path) == _latest():
        return
    with _alone(path):
        if not _is_there(path):
            _make(path)
        elif _revision(path) != _latest() and migrates:
            _migrate(path)


def count_rows(path: Path) -> None:
    """Let SQLite count about how many rows the tables of a store have, which it never does by itself.

    Not knowing it, it looks through the metrics of all runs for each run that a page sorts by a metric: with
    ten thousand runs the first page takes 7 s in place of 0.1.
    """
    # the store may be locked by a writer, or only be read: then its pages are slower
    with suppress(sqlite3.OperationalError), closing(sqlite3.connect(path, timeout=1.0)) as database:
        database.execute(f"PRAGMA analysis_limit = {COUNTED_ROWS}")
        database.execute("ANALYZE")


def _is_there(path: Path) -> bool:
    """Return whether there is a store; a file of no bytes, as a power cut leaves it, is none."""
    return path.is_file() and path.stat().st_size > 0


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Keep other processes from making or migrating the store during the block."""
    file, until_s = path.with_name(f".{path.name}.lock"), time.monotonic() + WAIT_S
    while (lock := FileLock.take(file)) is None:
        if time.monotonic() > until_s:
            raise StoreError(f"another process has been writing {path} for {WAIT_S:.0f} s ({file} is locked)")
        time.sleep(0.1)
    with lock:
        yield


def _make(path: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / path.name
        _new_store(draft, path.with_name("mlartifacts"))
        _put(draft, path)


def _migrate(path: Path) -> None:
    """Bring a store to MLflow's schema; one whose making was cut short, without a run, is created again."""
    revision, runs = _revision(path), _runs(path)
    with tempfile.TemporaryDirectory() as folder:
        draft = Path(folder) / path.name
        with closing(sqlite3.connect(path)) as old, closing(sqlite3.connect(draft)) as new:
            old.backup(new)
        failed = _upgraded(draft) if revision is not None else "it has no version"
        if failed and runs:
            raise StoreError(
                f"{path} has another schema than this MLflow ({revision}) and cannot be migrated to it: "
                f"{failed}. Install the MLflow that wrote it, or move the file away"
            )
        if failed:
            draft.unlink()
            _new_store(draft, path.with_name("mlartifacts"))
        backup = path.with_name(f"{path.name}.before-{revision or 'new'}")
        if not backup.exists():
            shutil.copyfile(path, backup)
        _put(draft, path)


def _put(draft: Path, path: Path) -> None:
    with in_one_step(path, draft.stat().st_size) as whole:
        shutil.copyfile(draft, whole)


def _new_store(path: Path, artifacts: Path) -> None:
    from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore  # takes seconds

    make: Any = SqlAlchemyStore  # untyped
    make(f"sqlite:///{path}", artifacts.absolute().as_uri()).engine.dispose()


def _upgraded(path: Path) -> str:
    """Bring a store to MLflow's schema in place; return why it could not be, empty where it was."""
    from mlflow.db import upgrade  # the command `mlflow db upgrade`

    run: Any = upgrade.callback  # which Click types as one that may be missing
    speaker = logging.getLogger("mlflow.store.db.utils")
    disabled, speaker.disabled = speaker.disabled, True
    try:
        run(f"sqlite:///{path}")
    except Exception as error:  # noqa: BLE001  a step of another's schema may end in any
        return (str(error).strip().splitlines() or [type(error).__name__])[0]
    finally:
        speaker.disabled = disabled
    return "" if _revision(path) == _latest() else "its version stayed as it was"


def _revision(path: Path) -> str | None:
    """Return the version of a store's schema, None where it has none."""
    with closing(sqlite3.connect(path, timeout=1.0)) as database:
        if not _tables(database) >= {"alembic_version"}:
            return None
        found = database.execute("SELECT version_num FROM alembic_version").fetchone()
        return None if found is None else str(found[0])


def _runs(path: Path) -> int:
    with closing(sqlite3.connect(path, timeout=1.0)) as database:
        return (
            database.execute("SELECT count(*) FROM runs").fetchone()[0] if "runs" in _tables(database) else 0
        )


def _tables(database: sqlite3.Connection) -> set[str]:
    return {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def _latest() -> str:
    """Return the version that this MLflow has."""
    import mlflow
    from alembic.script import ScriptDirectory

    scripts = Path(mlflow.__file__).parent / "store" / "db_migrations"
    return str(ScriptDirectory(str(scripts)).get_current_head())
