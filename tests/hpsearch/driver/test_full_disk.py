"""A launch on a disk that fills up: a small one of its own, mounted where nobody else sees it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support.launches import board
from support.patience import PATIENCE_S

SPACE = """
search:
  name: tiny
  sampler: grid
  pruner: none
  resources: {concurrent: 1}
data:
  train: {dataset: {rendered-heads: {images: 48, subjects: 12, image_px: 32}}}
  image_px: 32
  batch: 8
augmentation: none
network: {backbone: resnet10}
head: regression
pretext: {choice: [none, puzzling: {flag: 3}]}
optimizer: {adamw: {lr: 0.001}}
epochs: 4
"""

LAUNCHES = """
mount -t tmpfs -o size=200m tmpfs "$3"
"$1" -m hpsearch launch "$2" --root "$3" --in-process
echo "refused: $?"
mount -o remount,size=240m "$3"
"$1" -m hpsearch launch "$2" --root "$3"
echo "first: $?"
mount -o remount,size=500m "$3"
"$1" -m hpsearch launch "$2" --root "$3" --in-process
echo "second: $?"
cp -r "$3"/. "$4"
"""
"""Room for no trial, then for one but not for the second beside the weights of the first, then for both.

The disk is full for a worker of Ray; what is before and after that needs none."""


def small_disks_can_be_mounted(folder: Path) -> bool:
    command = ["unshare", "--mount", "--map-root-user", "mount", "-t", "tmpfs", "tmpfs", str(folder)]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.quick
def test_a_full_disk_ends_the_launch_and_the_next_one_goes_on(tmp_path: Path) -> None:
    small, kept = tmp_path / "small", tmp_path / "kept"
    small.mkdir()
    kept.mkdir()
    if not small_disks_can_be_mounted(small):
        pytest.skip("the system lets this user mount no small disk (user namespaces)")
    space = tmp_path / "tiny.yaml"
    space.write_text(SPACE)
    command = ["unshare", "--mount", "--map-root-user", "sh", "-c", LAUNCHES, "sh"]
    words = [sys.executable, str(space), str(small), str(kept)]
    ran = subprocess.run([*command, *words], capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    assert "refused: 2\n" in ran.stdout and "need 224 MiB" in ran.stderr, ran.stdout + ran.stderr
    assert "first: 1\n" in ran.stdout and "second: 0\n" in ran.stdout, ran.stdout + ran.stderr
    assert "Traceback" not in ran.stderr
    told = next(line for line in ran.stderr.splitlines() if line.startswith("the disk is full"))
    assert (
        f"{small}/studies/tiny/trials/0001/" in told
        and "it needs " in told
        and f"{small} (tmpfs) has room for " in told
    )
    assert [trial["state"] for trial in board(kept)] == ["complete", "complete"]
