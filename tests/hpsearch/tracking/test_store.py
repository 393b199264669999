"""MLflow's database: its first moments, kills while it is made, and those of another MLflow."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from shutil import copyfile

import pytest
from alembic import command
from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.store.db.utils import _get_alembic_config
from mlflow.store.tracking.dbmodels.initial_models import Base
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
from sqlalchemy import create_engine
from sqlalchemy.event import listen
from support import plausible
from support.forks import FORKS
from support.patience import wait_until

from hpsearch.study.records import TrialState
from hpsearch.tracking.connection import connect
from hpsearch.tracking.location import STORE, artifacts_folder, default_uri
from hpsearch.tracking.store import StoreError, _latest, _put, _revision, count_rows, ready
from hpsearch.tracking.tracker import Tracker


def upgraded(path: Path, revision: str) -> None:
    """Make a store as an older MLflow did."""
    engine = create_engine(f"sqlite:///{path}")
    Base.metadata.create_all(engine)
    with engine.begin() as connection:
        config = _get_alembic_config(str(engine.url))
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


@pytest.fixture(scope="module")
def older(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of an older MLflow, with a study and its run."""
    from alembic.script import ScriptDirectory

    folder = tmp_path_factory.mktemp("older")
    scripts = ScriptDirectory.from_config(_get_alembic_config(""))
    below = scripts.get_revision("head").down_revision
    upgraded(folder / STORE, str(below))
    with closing(sqlite3.connect(folder / STORE)) as database, database:
        database.execute(
            "INSERT INTO experiments (experiment_id, name, artifact_location, lifecycle_stage)"
            " VALUES (1, 'demo', 'file:///x/mlartifacts/demo', 'active')"
        )
        database.execute(
            "INSERT INTO runs"
            " (run_uuid, name, user_id, status, start_time, lifecycle_stage, experiment_id, artifact_uri)"
            " VALUES ('0123456789abcdef', 'a', 'u', 'FINISHED', 1, 'active', 1, 'file:///x/0/artifacts')"
        )
    return folder / STORE


def run_names(path: Path) -> list[str]:
    client = MlflowClient(f"sqlite:///{path}")
    return [str(run.info.run_id) for run in client.search_runs(["1"])]


def test_processes_that_find_none_at_the_same_moment_get_one(tmp_path: Path) -> None:
    path = tmp_path / STORE
    with ThreadPoolExecutor(8) as threads:  # a lock is a file's, and shuts threads out as processes
        list(threads.map(lambda _: ready(path, migrates=True), range(8)))
    assert _revision(path) == _latest()
    MlflowClient(f"sqlite:///{path}").search_experiments()
    assert sorted(file.name for file in tmp_path.iterdir()) == [f".{STORE}.lock", STORE]


def test_a_kill_while_it_is_made_breaks_nothing(tmp_path: Path) -> None:
    path, lock = tmp_path / STORE, tmp_path / f".{STORE}.lock"
    missing = 0
    for pause_s in (0.0, 0.02, 0.1):
        maker = FORKS.Process(target=ready, args=(path,), kwargs={"migrates": False})
        maker.start()
        wait_until(lock.exists, "it has not begun")  # MLflow is loaded: this is what a kill meets
        time.sleep(pause_s)
        maker.kill()
        maker.join()
        missing += not path.exists()
        assert not path.exists() or _revision(path) == _latest(), "it is half made"
        path.unlink(missing_ok=True)
        lock.unlink()
    assert missing, "each was killed too late"
    assert connect(default_uri(tmp_path)).search_experiments()


@pytest.mark.parametrize("how", ["no bytes", "no tables", "some tables", "old tables", "half way"])
def test_one_that_was_cut_short_while_it_was_made_is_made_anew(
    tmp_path: Path, how: str, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hpsearch.tracking.store._new_store", lambda path, _: copyfile(empty_store, path))
    path = tmp_path / STORE
    path.touch()
    if how == "no tables":
        with closing(sqlite3.connect(path)) as database:
            database.execute("VACUUM")
    elif how == "some tables":
        engine = create_engine(f"sqlite:///{path}")
        Base.metadata.tables["experiments"].create(engine)
        engine.dispose()
    elif how == "old tables":
        engine = create_engine(f"sqlite:///{path}")
        Base.metadata.create_all(engine)
        engine.dispose()
    elif how == "half way":
        upgraded(path, "0584bdc529eb")
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(
                "UPDATE alembic_version SET version_num = '181f10493468'"
            )  # killed between the two
    ready(path, migrates=True)
    assert _revision(path) == _latest()
    MlflowClient(f"sqlite:///{path}").search_experiments()


def test_one_of_an_older_mlflow_is_migrated_and_kept_beside(
    tmp_path: Path, older: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / STORE

    def put(draft: Path, path: Path) -> None:
        assert path.read_bytes() == older.read_bytes(), "a kill before the last step would show"
        _put(draft, path)

    monkeypatch.setattr("hpsearch.tracking.store._put", put)
    copyfile(older, path)
    before = _revision(path)
    assert before is not None and before != _latest()
    ready(path, migrates=False)
    assert _revision(path) == before, "another's is theirs to migrate"
    capsys.readouterr()
    ready(path, migrates=True)
    assert capsys.readouterr() == ("", ""), "MLflow speaks of its tables"
    assert _revision(path) == _latest()
    assert run_names(path) == ["0123456789abcdef"]
    kept = path.with_name(f"{STORE}.before-{before}")
    assert kept.read_bytes() == older.read_bytes()


def test_a_migration_that_fails_leaves_all_as_it_was(tmp_path: Path, older: Path) -> None:
    path = tmp_path / STORE
    copyfile(older, path)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'fedcba987654'")  # of a newer MLflow
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"another schema than this MLflow \(fedcba987654\).*Install"):
        ready(path, migrates=True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("name", ["a?b", "a%20b", "a%3Fb", "a#b", "a b", "50%", "a&uri=true"])
def test_the_database_lies_below_the_root_whatever_that_is_called(
    tmp_path: Path, empty_store: Path, name: str
) -> None:
    root = tmp_path / name
    study = plausible.study(root / "studies" / "demo", [TrialState.COMPLETE])
    if name != "a?b":  # one is made, the others are there
        root.mkdir(exist_ok=True)
        copyfile(empty_store, root / STORE)
    tracker = Tracker(default_uri(root), study.name, study.folder, artifacts_folder(root), pytest.fail)
    tracker.sync(study, study.trials[0])
    assert tracker.close(study)
    assert [file.name for file in tmp_path.iterdir()] == [name]
    with closing(sqlite3.connect(root / STORE)) as database:
        assert database.execute("SELECT count(*) FROM runs").fetchone() == (2,)
    assert list((root / "mlartifacts").rglob("config.yaml"))


def test_a_page_sorted_by_a_metric_finds_that_of_each_run_by_an_index(
    empty_store: Path, tmp_path: Path
) -> None:
    """Else SQLite looks through the metrics of all runs for each of them."""
    path = tmp_path / STORE
    copyfile(empty_store, path)
    with closing(sqlite3.connect(path)) as database, database:
        for number in range(2000):
            run = f"{number:032x}"
            database.execute(
                "INSERT INTO runs (run_uuid, user_id, status, lifecycle_stage, experiment_id, start_time,"
                " artifact_uri) VALUES (?, 'me', 'FINISHED', 'active', 0, ?, '')",
                (run, number),
            )
            database.execute("INSERT INTO tags (key, value, run_uuid) VALUES ('kind', 'trial', ?)", (run,))
            database.execute(
                "INSERT INTO latest_metrics (key, value, timestamp, step, is_nan, run_uuid)"
                " VALUES ('error', ?, 0, 0, 0, ?)",
                (1.0 / (1 + number), run),
            )
    assert any(step.startswith("SCAN anon") for step in steps_of_a_sorted_page(path))
    count_rows(path)
    assert not any(step.startswith("SCAN anon") for step in steps_of_a_sorted_page(path))


def steps_of_a_sorted_page(path: Path) -> list[str]:
    """Return how SQLite finds the runs of MLflow's first page, as it explains it."""
    store = SqlAlchemyStore(f"sqlite:///{path}", str(path.parent))
    asked: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, values: object, *_more: object) -> None:
        asked.append((statement, values))

    listen(store.engine, "before_cursor_execute", note)
    store.search_runs(["0"], "tags.kind = 'trial'", ViewType.ACTIVE_ONLY, 100, ["metrics.error ASC"])
    store.engine.dispose()
    statement, values = next(each for each in asked if "latest_metrics" in each[0] and "LIMIT" in each[0])
    with closing(sqlite3.connect(path)) as database:
        return [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {statement}", values)]
