"""Designs are measured in a process of their own; here on a CPU, where the memory is that of the process."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.forks import forked
from support.toy import CPU, prepared_blobs, toy_config

from trainables.training.config import TrainConfig
from trainables.training.footprint import Footprint, MemoryShape
from trainables.training.footprint_measurement import measure


@pytest.mark.slow
def test_each_design_is_measured_or_its_reason_said(tmp_path: Path) -> None:
    prepared_blobs(tmp_path / "blobs", splits=("train", "train", "validation"), count=24)
    sound, broken = toy_config(batch=4, pretext="puzzling"), toy_config(batch=4, head={"bins": {}}, seed=1)
    data = broken.data.model_copy(update={"validation": None})
    broken = broken.model_copy(update={"data": data})
    with forked("trainables.training.footprint_measurement"):
        first, reason, again = measure([sound, broken, sound], tmp_path, CPU)
    assert isinstance(first, Footprint) and isinstance(again, Footprint)
    assert isinstance(reason, str) and reason
    assert first.other_mib > 50 and 0 <= first.wait_share <= 1


def test_what_changes_no_memory_is_left_out_and_what_does_is_not() -> None:
    shape = MemoryShape.of(toy_config(pretext={"puzzling": {"grid": 2, "flag": 3}}))
    alike = toy_config(pretext={"puzzling": {"grid": 3, "flag": 3, "ssl_weight": 9.0}}, seed=7, dropout=0.5)
    assert MemoryShape.of(alike) == shape
    for other in (
        toy_config(),
        toy_config(pretext={"puzzling": {"flag": 2}}),
        toy_config(pretext={"puzzling": {"flag": 3, "view": "two"}}),
        toy_config(pretext={"puzzling": {"flag": 3, "heads": False}}),
        toy_config(pretext={"puzzling": {"flag": 3}}, batch=8),
        toy_config(pretext={"puzzling": {"flag": 3}}, precision="fp32"),
        toy_config(pretext={"puzzling": {"flag": 3}}, lookahead={}),
        on_the_gpu(alike),
    ):
        assert MemoryShape.of(other) != shape


def on_the_gpu(config: TrainConfig) -> TrainConfig:
    return config.model_copy(update={"data": config.data.model_copy(update={"decode": "mixed"})})


def test_what_older_versions_kept_of_a_design_is_found_again() -> None:
    config = toy_config(pretext="puzzling")
    kept, mixed = str(MemoryShape.of(config)), str(MemoryShape.of(on_the_gpu(config)))
    assert kept.startswith("MemoryShape(backbone=") and "mixed" not in kept
    assert mixed not in (kept, "") and mixed.startswith(kept)
