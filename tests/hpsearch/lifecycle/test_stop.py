"""Stopping a study from another process."""

from __future__ import annotations

import errno
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.patience import PATIENCE_S

from hpsearch.driver import stop_requests
from hpsearch.driver.stop_requests import stop_obeyed
from hpsearch.lifecycle.stop import Stopping, stop
from hpsearch.study.claim import claimed
from hpsearch.study.lock import LOCK, holder_of
from hpsearch.study.requests import request_stop, stop_requested

HOLD = """
import sys, time
from pathlib import Path
from hpsearch.driver.stop_requests import stop_obeyed
from hpsearch.study.claim import claimed
folder = Path(sys.argv[1])
try:
    with claimed(folder) as claim, {obeyed}:
        print("held", flush=True)
        time.sleep(60)
except KeyboardInterrupt:
    print("interrupted")
"""


def held(folder: Path, obeyed: str, stderr: int | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLD.format(obeyed=obeyed), str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=stderr, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_process_that_runs_a_study_is_interrupted(tmp_path: Path) -> None:
    with held(tmp_path, "stop_obeyed(claim)") as process:
        holder = holder_of(tmp_path)
        assert holder is not None and holder.pid == process.pid
        stopping = stop(tmp_path)
        assert stopping.stopped and "has stopped" in stopping.text
        assert process.communicate(timeout=PATIENCE_S)[0] == "interrupted\n"
    assert holder_of(tmp_path) is None
    assert not stop_requested(tmp_path)


def test_a_disk_that_is_away_for_a_moment_does_not_end_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter([OSError(errno.ESTALE, "Stale file handle"), False, OSError(errno.EIO, "I/O error"), True])

    def look(folder: Path) -> bool:
        found = next(looks)
        if isinstance(found, OSError):
            raise found
        return found

    monkeypatch.setattr(stop_requests, "stop_requested", look)
    monkeypatch.setattr(stop_requests, "LOOKED_EVERY_S", 0.01)
    before = signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a command of another test lets it kill
    try:
        with pytest.raises(KeyboardInterrupt), claimed(tmp_path / "demo") as claim, stop_obeyed(claim):
            time.sleep(20)
    finally:
        signal.signal(signal.SIGINT, before)


def test_a_process_that_does_not_stop_is_named(tmp_path: Path) -> None:
    with held(tmp_path, "open('/dev/null')") as process:
        said = stop(tmp_path, patience_s=0.5)
        process.send_signal(signal.SIGKILL)
    assert not said.stopped and f"kill -9 {process.pid}" in said.text and "has not within" in said.text


def test_what_nobody_runs_needs_no_stop_and_gets_no_request(tmp_path: Path) -> None:
    assert stop(tmp_path) == Stopping(False, f"study {tmp_path.name!r} is not running")
    assert not stop_requested(tmp_path)


def test_a_stop_that_an_earlier_launch_was_asked_for_does_not_stop_this_one(tmp_path: Path) -> None:
    request_stop(tmp_path)
    with held(tmp_path, "stop_obeyed(claim)") as process:
        assert not stop_requested(tmp_path)
        process.send_signal(signal.SIGINT)


@pytest.mark.parametrize("again", [False, True], ids=["removed", "replaced"])
def test_a_launch_whose_folder_is_gone_ends_at_once_in_a_sentence(tmp_path: Path, again: bool) -> None:
    folder = tmp_path / "demo"
    with held(folder, "stop_obeyed(claim)", stderr=subprocess.PIPE) as process:
        folder.rename(tmp_path / "away")
        if again:
            folder.mkdir()
            (folder / LOCK).touch()
        _, said = process.communicate(timeout=20)
    assert process.returncode == 1
    assert said.startswith(f"the folder of study 'demo' was removed or replaced: {folder}. The launch ends; ")
    assert "Traceback" not in said
    assert folder.exists() == again
