"""Commands in surroundings that no tool below can do with."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hpsearch.cli.main import main


def test_a_root_that_is_not_utf_8_and_a_user_without_a_home_are_said_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def no_entry(number: int) -> None:
        raise KeyError(f"getpwuid(): uid not found: {number}")

    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", no_entry)
    root = os.fsdecode(bytes(tmp_path) + b"/r\xff")
    assert main(["list", "--root", root]) == 2
    home, path, _ = capsys.readouterr().err.splitlines()
    assert home.startswith(f"user {os.getuid()} has no home folder") and "set HOME" in home
    assert path.startswith(f"the path of the root must be UTF-8, got {tmp_path}/r\\xff: ")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert main(["list", "--root", str(tmp_path)]) == 0
