"""Names stand in journals, in MLflow and in search spaces on users' disks: they never change."""

from __future__ import annotations

import subprocess
import sys

from trainables.pose.angles import ANGLES
from trainables.training import metric_names as names


def test_names_are_those_of_journals_already_written() -> None:
    assert names.mae(names.VALIDATION) == "validation/mae_deg"
    assert names.wrapped_mae(names.VALIDATION) == "validation/wrapped_mae_deg"
    assert names.geodesic(names.VALIDATION) == "validation/geodesic_deg"
    assert names.yaw_band_mae(names.VALIDATION, "30_60") == "validation/mae_deg_yaw_30_60"
    assert [names.angle_mae(names.group_of_test("biwi"), angle) for angle in ANGLES] == [
        "test/biwi/yaw_mae_deg",
        "test/biwi/pitch_mae_deg",
        "test/biwi/roll_mae_deg",
    ]
    assert (names.BEST_MAE, names.BEST_EPOCH) == ("validation/best_mae_deg", "validation/best_epoch")
    assert (names.LOSS, names.loss("puzzle")) == ("train/loss", "train/loss_puzzle")
    assert names.LEARNING_RATE == "train/learning_rate"
    assert names.pretext_accuracy("puzzle") == "pretext/puzzle_accuracy"
    assert names.pretext_chance("puzzle") == "pretext/puzzle_chance"
    assert names.IMAGES == "train/images"
    assert (names.IMAGES_PER_S, names.DATA_WAIT_SHARE) == ("speed/images_per_s", "speed/data_wait_share")
    assert (names.EPOCH_S, names.PEAK_MEMORY_MIB) == ("speed/epoch_s", "memory/peak_mib")


def test_names_load_neither_torch_nor_numpy() -> None:
    code = (
        "import sys, trainables.pose.angles, trainables.training.metric_names\n"
        "print([tool for tool in ('torch', 'numpy') if tool in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
