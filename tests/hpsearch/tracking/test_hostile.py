"""Whatever MLflow does, a search goes on and ends, and `hpsearch track` writes later what is missing."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from mlflow import MlflowClient
from support import plausible, studies

from hpsearch.cli.main import main
from hpsearch.study.records import TrialState
from hpsearch.tracking.location import STORE, artifacts_folder, default_uri
from hpsearch.tracking.tracker import Tracker

PATIENCE_S = 0.2


@contextmanager
def server(answer: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that takes every connection and answers as it likes."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()

        def serve() -> None:
            while True:
                try:
                    asked, _ = listening.accept()
                except OSError:
                    return
                threading.Thread(target=answered, args=(asked,), daemon=True).start()

        def answered(asked: socket.socket) -> None:
            with asked:
                try:
                    asked.recv(1 << 16)
                    answer(asked)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


def trickling(asked: socket.socket) -> None:
    asked.sendall(HEAD % 100_000)
    for _ in range(1000):
        asked.sendall(b" ")
        time.sleep(0.1)


def slow(asked: socket.socket) -> None:
    time.sleep(8)
    asked.sendall(HEAD % 2 + b"{}")


def silent(asked: socket.socket) -> None:
    time.sleep(60)


ANSWERS: dict[str, Callable[[socket.socket], None]] = {
    "trickling": trickling,
    "slow": slow,
    "silent": silent,
    "cut": lambda asked: asked.sendall(HEAD % 900 + b"{"),
    "no JSON": lambda asked: asked.sendall(HEAD % 9 + b"{'a': 1}}"),
    "other JSON": lambda asked: asked.sendall(HEAD % 2 + b"[]"),
    "no answer": lambda asked: None,
    "noise": lambda asked: asked.sendall(bytes(range(256))),
    "a page": lambda asked: asked.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>"),
    "not here": lambda asked: asked.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
}


def assert_survived(root: Path, uri: str) -> None:
    """The search is not held up, the end is bounded, and one line says what to do."""
    study, said = plausible.study(root / "studies" / "demo", [TrialState.COMPLETE] * 3), list[str]()
    tracker = Tracker(uri, study.name, study.folder, artifacts_folder(root), said.append)
    for trial in study.trials:
        began_s = time.monotonic()
        tracker.sync(study, trial)
        assert time.monotonic() - began_s < 0.5
    began_s = time.monotonic()
    assert not tracker.close(study, timeout_s=PATIENCE_S)
    assert time.monotonic() - began_s < 20, "3 times its patience, on a loaded machine"
    assert said[-1].endswith(f"To write it later: hpsearch track demo --root {root}")
    assert len(said) <= 2 and all("\n" not in line for line in said)


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_server_that_answers_badly_holds_nothing_up(tmp_path: Path, kind: str) -> None:
    with server(ANSWERS[kind]) as uri:
        assert_survived(tmp_path, uri)


@pytest.mark.parametrize(
    "uri",
    [
        "postgresql://127.0.0.1:9/mlflow",
        "mysql+nothing://127.0.0.1/x",
        'sqlite:////nowhere/x.db?timeout={"bad',
        "http://[::1",
        "http://127.0.0.1:9",
        "databricks",
    ],
)
def test_an_address_that_cannot_work_ends_no_search(tmp_path: Path, uri: str) -> None:
    assert_survived(tmp_path, uri)


def corrupt(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100:200_000] = b"\xa5" * 199_900
    path.write_bytes(content)


def newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'fedcba987654'")
        database.execute(
            "INSERT INTO runs (run_uuid, status, start_time, lifecycle_stage, experiment_id)"
            " VALUES ('0123456789abcdef', 'FINISHED', 1, 'active', 0)"
        )


BROKEN: dict[str, Callable[[Path], object]] = {
    "corrupt": corrupt,
    "cut": lambda path: path.write_bytes(path.read_bytes()[:200_000]),
    "text": lambda path: path.write_text("not a database" * 100),
    "newer": newer,
    "a folder": lambda path: (path.unlink(), path.mkdir()),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_broken_database_ends_no_search_and_is_left_as_it_is(
    tmp_path: Path, empty_store: Path, how: str
) -> None:
    path = tmp_path / STORE
    shutil.copyfile(empty_store, path)
    (tmp_path / "studies").mkdir()
    BROKEN[how](path)
    before = path.read_bytes() if path.is_file() else b""
    assert_survived(tmp_path, default_uri(tmp_path))
    assert (path.read_bytes() if path.is_file() else b"") == before


def test_a_locked_database_ends_no_search(tmp_path: Path, empty_store: Path) -> None:
    shutil.copyfile(empty_store, tmp_path / STORE)
    with closing(sqlite3.connect(tmp_path / STORE)) as holder:
        holder.execute("BEGIN EXCLUSIVE")
        assert_survived(tmp_path, default_uri(tmp_path))


def test_track_writes_from_the_journal_what_is_missing(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "studies" / "demo"
    study = studies.open_in(folder, studies.spec(folder, "{name: demo, pruner: none}"))
    for _ in range(2):
        studies.train(study, study.ask())
    command = ["track", "demo", "--root", str(tmp_path)]
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://[::1")
    assert main(command) == 2
    assert "MLFLOW_TRACKING_URI: must be the address of an MLflow server" in capsys.readouterr().err
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    shutil.copyfile(empty_store, tmp_path / STORE)
    for _ in range(2):  # again, it changes nothing
        assert main(command) == 0
        assert "has all 2 trials of demo" in capsys.readouterr().out
    client = MlflowClient(default_uri(tmp_path))
    experiment = client.get_experiment_by_name("demo")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert sorted(run.data.tags["kind"] for run in runs) == ["study", "trial", "trial"]
    assert {run.info.status for run in runs} == {"FINISHED"}
