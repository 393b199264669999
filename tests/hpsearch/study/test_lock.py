from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from hpsearch.study.lock import LOCK, holder_of, study_lock
from trainables.base.errors import InputError
from trainables.base.locks import FileLock

HOLD = """\
import sys, time
from pathlib import Path
from hpsearch.study.lock import LOCK, holder_of, study_lock
with study_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(folder: Path) -> subprocess.Popen[str]:
    """Start a process that holds the lock, and wait until it does."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(folder)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_launch_is_refused_and_told_who_holds_the_study(tmp_path: Path) -> None:
    process = holder(tmp_path)
    try:
        with pytest.raises(InputError) as caught, study_lock(tmp_path):
            raise AssertionError("two processes hold one study")
    finally:
        process.kill()
        process.wait()
    text = str(caught.value)
    assert f"process {process.pid} on {socket.gethostname()} since 20" in text
    assert repr(tmp_path.name) in text


def test_the_lock_dies_with_its_holder(tmp_path: Path) -> None:
    process = holder(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.wait()
    with study_lock(tmp_path):
        assert str(os.getpid()) in (tmp_path / "study.lock").read_text()
    with study_lock(tmp_path):  # and it can be taken again
        pass


def test_the_lock_is_dropped_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), study_lock(tmp_path):
        raise RuntimeError
    with study_lock(tmp_path):
        pass


def test_two_studies_run_in_parallel(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    process = holder(tmp_path / "a")
    try:
        with study_lock(tmp_path / "b"):
            assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def test_a_study_that_is_removed_while_it_is_looked_at_is_run_by_nobody(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / LOCK).touch()

    def held_and_removed(path: Path) -> bool:
        path.unlink()
        return True

    monkeypatch.setattr(FileLock, "is_held", held_and_removed)
    assert holder_of(tmp_path) is None
