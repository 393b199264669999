"""Names stand in journals, in MLflow and in search spaces on users' disks: they never change."""

from __future__ import annotations

import subprocess
import sys

from trainables.target import HeadPoseConfig
from trainables.training import metric_names as names


def test_names_are_those_of_journals_already_written() -> None:
    pose = ["mae_deg", "wrapped_mae_deg", "yaw_mae_deg", "pitch_mae_deg", "roll_mae_deg", "geodesic_deg"]
    pose += ["mae_deg_yaw_0_30", "mae_deg_yaw_30_60", "mae_deg_yaw_60_up"]
    group = names.group_of_test("biwi")
    assert list(names.catalogue(HeadPoseConfig(), group)) == [f"test/biwi/{name}" for name in pose]
    aims = [pose[0], "best_mae_deg", *pose[1:]]
    assert list(names.objectives(HeadPoseConfig())) == [f"validation/{name}" for name in aims]
    assert names.BEST_EPOCH == "validation/best_epoch"
    assert (names.LOSS, names.loss("puzzle")) == ("train/loss", "train/loss_puzzle")
    assert names.LEARNING_RATE == "train/learning_rate"
    assert names.pretext("puzzle_accuracy") == "pretext/puzzle_accuracy"
    assert names.IMAGES == "train/images"
    assert (names.IMAGES_PER_S, names.DATA_WAIT_SHARE) == ("speed/images_per_s", "speed/data_wait_share")
    assert (names.EPOCH_S, names.PEAK_MEMORY_MIB) == ("speed/epoch_s", "memory/peak_mib")


def test_names_load_neither_torch_nor_numpy() -> None:
    code = (
        "import sys, trainables.target, trainables.training.metric_names\n"
        "print([tool for tool in ('torch', 'numpy') if tool in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
