"""A file lock: one holder, and free as soon as that is gone."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

from trainables.base.errors import InputError
from trainables.base.locks import FileLock

HOLD = """
import sys, time
from pathlib import Path
from trainables.base.locks import FileLock
lock = FileLock.take(Path(sys.argv[1]))
print(lock is not None, flush=True)
time.sleep(60)
"""


def test_one_holds_it_at_a_time(tmp_path: Path) -> None:
    first = FileLock.take(tmp_path / "below" / "a.lock")
    assert first is not None
    assert FileLock.take(tmp_path / "below" / "a.lock") is None
    first.release()
    again = FileLock.take(tmp_path / "below" / "a.lock")
    assert again is not None
    again.release()


def test_it_dies_with_a_killed_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "a.lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "True\n"
        assert FileLock.take(tmp_path / "a.lock") is None
        holder.kill()
        holder.wait()
    lock = FileLock.take(tmp_path / "a.lock")
    assert lock is not None
    lock.release()


def test_its_file_is_written_without_another_handle(tmp_path: Path) -> None:
    path = tmp_path / "a.lock"
    path.write_text("a longer text of an earlier holder")
    with FileLock.wait(path) as lock:
        lock.write("mine")
        assert path.read_text() == "mine"


def test_a_file_system_without_locks_is_said_in_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without(*_: object) -> None:  # as NFS with a dead lock daemon answers
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    (tmp_path / "a.lock").touch()
    monkeypatch.setattr(fcntl, "flock", without)
    for use in (FileLock.take, FileLock.wait, FileLock.is_held):
        with pytest.raises(InputError, match=r"has no locks .*put the root on one that has"):
            use(tmp_path / "a.lock")
