"""A driver that is killed leaves no process behind; one that ends in order is left to end its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.patience import PATIENCE_S

DRIVER = """
import os, subprocess, sys, time
from pathlib import Path
from hpsearch.ray.reaper import MARK, reaped

def sleeper(**marks):
    return subprocess.Popen(["sleep", "60"], env=os.environ | marks, start_new_session=True)

folder = Path(sys.argv[1])
with reaped(folder):
    ours, others = sleeper(**{MARK: str(folder)}), sleeper(**{MARK: f"{folder}-of-another"})
    print(ours.pid, others.pid, flush=True)
    sys.stdin.read()
"""


def lives(pid: int) -> bool:
    """Return whether a process is there, and no zombie."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"


@pytest.mark.parametrize("killed", [True, False])
def test_what_a_killed_driver_started_is_ended_and_nothing_else(tmp_path: Path, killed: bool) -> None:
    command = [sys.executable, "-c", DRIVER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as driver:
        assert driver.stdout and driver.stdin
        ours, others = map(int, driver.stdout.readline().split())
        try:
            if killed:
                driver.kill()
            else:
                driver.stdin.close()
            driver.wait(PATIENCE_S)
            until_s = time.monotonic() + (PATIENCE_S if killed else 2)
            while lives(ours) and time.monotonic() < until_s:
                time.sleep(0.1)
            assert lives(ours) is not killed
            assert lives(others)
        finally:
            for pid in (ours, others):
                if lives(pid):
                    os.kill(pid, signal.SIGKILL)
