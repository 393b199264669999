from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hpsearch.ray.scratch import LOCK, LONGEST_PARENT, scratch_folder

HOLD = """
import time
from hpsearch.ray.scratch import scratch_folder
with scratch_folder() as folder:
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def parent(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The system's temporary folder: short, as the path of a socket has to be."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as folder:
        monkeypatch.setattr(tempfile, "tempdir", folder)
        yield Path(folder)


def held(parent: Path) -> tuple[subprocess.Popen[str], Path]:
    """Return a process that holds a scratch folder, and the folder."""
    command = [sys.executable, "-c", HOLD]
    environment = os.environ | {"TMPDIR": str(parent)}
    holder = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert holder.stdout
    return holder, Path(holder.stdout.readline().strip())


def test_a_folder_is_private_and_gone_at_the_end(parent: Path) -> None:
    with scratch_folder() as folder:
        assert folder.parent == parent and folder.stat().st_mode & 0o777 == 0o700
        (folder / "r").mkdir()
    assert list(parent.iterdir()) == []


def test_what_a_killed_launch_left_is_removed_by_the_next_and_nothing_else(parent: Path) -> None:
    killed, abandoned = held(parent)
    alive, kept = held(parent)
    (parent / "hpsearch-of-another-program").mkdir()
    (parent / "hpsearch-link").symlink_to(kept)
    (abandoned / "r").mkdir()
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert (abandoned / LOCK).is_file()
    with scratch_folder() as folder:
        names = {path.name for path in parent.iterdir()}
    alive.kill()
    alive.wait()
    assert names == {folder.name, kept.name, "hpsearch-of-another-program", "hpsearch-link"}


def test_where_the_temporary_folder_is_too_deep_for_sockets_it_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    assert len(str(tmp_path)) > LONGEST_PARENT
    with scratch_folder() as folder:
        socket_file = folder / "r" / "session_2026-11-25_19-28-07_702210_4194304" / "sockets" / "plasma_store"
        assert len(str(socket_file)) <= 107
