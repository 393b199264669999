"""Disks that are full, read-only or without inodes: small ones, mounted where nobody else sees them."""

from __future__ import annotations

import errno
import os
import pickle
import subprocess
import sys
from pathlib import Path

import pytest
from support.mounts import may_unshare

from trainables.base.atomic import write_text
from trainables.base.disk import DiskFault, FileSystem, describe_disk_fault, is_disk_fault

WRITES = """
import os, sys
from pathlib import Path
from hpsearch.ray.scratch import scratch_folder
from trainables.base.atomic import write_text
from trainables.base.disk import describe_disk_fault
from trainables.base.errors import InputError
small, state = Path(sys.argv[1]), []
file = small / "kept"
write_text("before", file)
def run(*words):
    os.spawnlp(os.P_WAIT, words[0], *words)
def attempt(text):
    try:
        write_text(text, file)
    except OSError as error:
        print(describe_disk_fault(error, Path("/")))
    state.append(f"{file.read_text()} {sorted(path.name for path in small.iterdir())}")
os.environ["TMPDIR"] = str(small)
def begin():
    try:
        with scratch_folder(): print("begun")
    except InputError as error:
        print(error)
attempt("x" * 2**21)
begin()
run("mount", "-o", "remount,size=900m,nr_inodes=2", small)
attempt("more")
begin()
run("mount", "-o", "remount,ro,nr_inodes=9999", small)
attempt("more")
print(*state, sep="\\n")
"""


def file_system(path: Path) -> str:
    """Return how a message names it, without the room, which others take meanwhile."""
    return str(FileSystem.of(path)).partition(" has ")[0]


@pytest.mark.skipif(not may_unshare(), reason="this user may not mount")
def test_a_small_a_filled_and_a_closed_disk_are_named_and_what_was_there_is_whole() -> None:
    small = Path("/tmp") / f"hd{os.getpid()}"  # noqa: S108  Ray's own paths are short
    small.mkdir()
    try:
        script = f'mount -t tmpfs -o size=1m tmpfs {small} && "$0" -c "$1" {small}'
        command = ["unshare", "--mount", "--map-root-user", "sh", "-c", script, sys.executable, WRITES]
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    finally:
        small.rmdir()
    assert ran.returncode == 0, ran.stderr
    full, small_for_ray, no_files, no_files_for_ray, closed, *whole = ran.stdout.splitlines()
    mounted = f"{small} (tmpfs) has room for "
    assert full.startswith(f"the disk is full: {small}/kept was not written (it needs 2.0 MiB; {mounted}0")
    assert whole == ["before ['kept']"] * 3
    assert small_for_ray.startswith(f"{mounted}0 MiB") and "with TMPDIR" in small_for_ray
    assert no_files.startswith("the disk is full: ") and f"{mounted}899 MiB and 0 files" in no_files
    assert no_files_for_ray.startswith(f"{mounted}899 MiB and 0 files, and Ray needs ")
    assert closed.startswith(f"the file system is read-only: {small}/kept was not written (")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS])
def test_whatever_a_disk_answers_is_said_with_the_file_and_its_own_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    write_text("before", tmp_path / "kept")

    def answer(descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("os.fsync", answer)
    with pytest.raises(DiskFault) as caught:
        write_text("after", tmp_path / "kept")
    assert (tmp_path / "kept").read_text() == "before" and [*tmp_path.iterdir()] == [tmp_path / "kept"]
    for error in (caught.value, pickle.loads(pickle.dumps(caught.value))):  # noqa: S301  our own
        assert is_disk_fault(error) and error.errno == number
        said = describe_disk_fault(error, Path("/nowhere"))
        assert f": {tmp_path}/kept was not written (" in said and file_system(tmp_path) in said


def test_where_no_file_is_known_both_disks_that_are_written_are_named(tmp_path: Path) -> None:
    said = describe_disk_fault(OSError(errno.ENOSPC, "No space left on device"), tmp_path / "not" / "there")
    assert "a file was not written" in said and file_system(tmp_path) in said
