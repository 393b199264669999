"""A rehearsal measures a training, on its images or in place of them on noise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from trainables.training.config import TrainConfig
from trainables.training.rehearsal import rehearse

CONFIG: dict[str, Any] = {
    "data": {"train": {"dataset": "nowhere"}, "image_px": 32, "batch": 4},
    "network": {"backbone": "resnet10"},
    "augmentation": "none",
    "pretext": {"rotation": {"flag": 4}},
}


@pytest.mark.parametrize("labels", [1.0, 0.1])
def test_a_design_without_its_dataset_is_measured_on_noise(tmp_path: Path, labels: float) -> None:
    train = {**CONFIG["data"]["train"], "labels": labels}  # with 0.1 the helper learns from more images
    config = TrainConfig.model_validate({**CONFIG, "data": {**CONFIG["data"], "train": train}})
    found = rehearse(config, tmp_path, torch.device("cpu"), torch.get_num_threads())
    assert found.synthetic
    assert found.train_images_per_s > 0 and found.forwarded_images_per_s > 0
    assert 100 < found.peak_mib < 100_000
