"""Memory that runs out while a study trains: its trial is tried again, the study goes on."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from support.launches import TRIALS, board, start, wait_for_epochs, write_space
from support.patience import PATIENCE_S

STEP_BYTES = 128 * 2**20
SHARE = 0.06
"""How much more of the machine's memory than is used now may be used."""


def used() -> float:
    """Return the share of the machine's memory in use, as Ray's memory monitor counts it."""
    lines = dict(line.split(":") for line in Path("/proc/meminfo").read_text().splitlines())
    total, available = (int(lines[key].split()[0]) for key in ("MemTotal", "MemAvailable"))
    return 1 - available / total


@pytest.mark.slow
@pytest.mark.faults
def test_a_worker_that_the_memory_monitor_kills_costs_its_trial_a_try(tmp_path: Path) -> None:
    space = write_space(tmp_path, concurrent=1, epochs=20)
    text = space.read_text().replace(f"{{trials: {TRIALS}}}", "{trials: 1}\n  retries: 9")
    space.write_text(text)
    launch = start(space, tmp_path, RAY_memory_usage_threshold=f"{used() + SHARE:.3f}")
    wait_for_epochs(tmp_path, 2)
    assert launch.stdout
    os.set_blocking(launch.stdout.fileno(), False)
    printed, hog, until = "", [], time.monotonic() + PATIENCE_S
    while "starts again" not in printed and time.monotonic() < until:
        if used() < 0.9:
            hog.append(os.urandom(2**10) * (STEP_BYTES // 2**10))
        time.sleep(0.3)
        printed += launch.stdout.read() or ""
    hog.clear()
    os.set_blocking(launch.stdout.fileno(), True)
    printed += launch.communicate(timeout=PATIENCE_S)[0]
    assert launch.returncode == 0, printed
    reason = r"trial 0: starts again: out of memory: Ray's memory monitor killed its process with [\d.]+GB"
    assert re.search(reason, printed), printed
    assert "Traceback" not in printed
    assert [(trial["state"], trial["epochs"]) for trial in board(tmp_path)] == [("complete", 20)]
