"""A long search of tiny trials: what the launch holds, and a trial's time, stay what they were."""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

import pytest
from support.launches import board, start
from support.processes import processes_of, scratch_folders

TRIALS = 150
WARM = 30
"""Trials after which everything that is kept once is there."""

SPACE = f"""
search:
  {{name: tiny, sampler: random, pruner: none, budget: {{trials: {TRIALS}}}, resources: {{concurrent: 1}}}}
data:
  train: {{dataset: {{rendered-heads: {{images: 48, subjects: 12, image_px: 32}}}}}}
  image_px: 32
  batch: 16
augmentation: none
network: {{backbone: resnet10, dropout: {{float: [0.0, 0.5]}}}}
head: regression
epochs: 1
"""


@dataclass(frozen=True)
class Held:
    """What a launch holds once so many trials have ended: all its processes, and its scratch folder."""

    ended: int
    memory_mib: float
    handles: int
    temporary_mib: float
    at_s: float


def held(driver: int, scratch: Path, ended: int) -> Held:
    pids = [driver, *processes_of(scratch)]
    memory = handles = 0
    for pid in pids:
        try:
            found = re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
            memory += int(found[1]) if found else 0
            handles += len(list(Path(f"/proc/{pid}/fd").iterdir()))
        except OSError:  # it has just ended
            continue
    files = (path.lstat().st_blocks for path in scratch.rglob("*"))
    return Held(ended, memory / 1024, handles, sum(files) / 2048, time.monotonic())


@pytest.mark.slow
@pytest.mark.faults
def test_a_hundred_and_fifty_trials_leave_memory_handles_temporary_files_and_time_flat(
    tmp_path: Path,
) -> None:
    space, temporary = tmp_path / "tiny.yaml", Path(f"/tmp/soak{time.time_ns() % 10**6}")  # noqa: S108
    space.write_text(SPACE)
    temporary.mkdir()  # Ray's own paths are short
    journal, seen = tmp_path / "studies" / "tiny" / "study.journal", [Held(0, 0, 0, 0, time.monotonic())]
    with start(space, tmp_path, TMPDIR=str(temporary)) as launch:
        while launch.poll() is None:
            time.sleep(0.5)
            ended = journal.read_text().count('"datetime_complete"') if journal.is_file() else 0
            if ended >= seen[-1].ended + 5 and (scratch := scratch_folders(temporary)):
                seen.append(held(launch.pid, scratch[0], ended))
        printed = launch.stdout.read() if launch.stdout else ""
    assert launch.returncode == 0, printed
    assert len(board(tmp_path)) == TRIALS
    assert scratch_folders(temporary) == []
    shutil.rmtree(temporary)  # torch leaves an empty folder of its own
    warm, last = next(each for each in seen if each.ended >= WARM), seen[-1]
    assert last.ended > TRIALS - WARM
    assert last.memory_mib < 1.15 * warm.memory_mib + 50, seen
    assert last.handles < warm.handles + 20, seen
    assert last.temporary_mib < warm.temporary_mib + 20, seen
    paces_s = [(after.at_s - each.at_s) / (after.ended - each.ended) for each, after in pairwise(seen[1:])]
    third = len(paces_s) // 3
    assert median(paces_s[-third:]) < 3 * median(paces_s[:third]), seen
    print(*seen, sep="\n")
