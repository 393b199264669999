"""Errors in degrees: the headline, its breakdown, and the numbers to compare with."""

from __future__ import annotations

import json
import math
import pickle
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support.poses import predictions, target

from trainables.pose.angles import ANGLES
from trainables.target.head_pose_metrics import MAE
from trainables.target.head_pose_target import pose_errors
from trainables.training.metric_names import in_group
from trainables.training.metrics import (
    EpochReport,
    TrainingReport,
    mean_prediction,
)


def poses(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-80, 80, (count, 3)).astype(np.float32)


def test_truth_against_itself_is_zero_everywhere() -> None:
    errors = pose_errors(poses(50), poses(50), ANGLES)
    assert errors.mae_deg == 0.0 and errors.wrapped_mae_deg == 0.0
    assert errors.geodesic_deg == pytest.approx(0.0, abs=1e-5)
    assert set(errors.angle_mae_deg.values()) == {0.0}


def test_headline_is_the_mean_of_the_angles_and_is_not_wrapped() -> None:
    true = np.array([[0.0, 0.0, 0.0], [0.0, 0.0, -350.0]])
    errors = pose_errors(np.array([[3.0, 0.0, 0.0], [3.0, 6.0, 0.0]]), true, ANGLES)
    assert errors.angle_mae_deg == {"yaw": 3.0, "pitch": 3.0, "roll": 175.0}
    assert errors.mae_deg == pytest.approx(181 / 3)
    assert errors.wrapped_mae_deg == pytest.approx((3 + 3 + 5) / 3)


def test_bands_of_yaw_partition_the_images() -> None:
    true = np.array([[y, 0.0, 0.0] for y in (0, -30, 30.5, 60, -60.5, 89)])
    off = np.array([1.0, 3, 10, 20, 100, 300])
    errors = pose_errors(true + off[:, None], true, ANGLES)
    assert errors.band_mae_deg == {"0_30": 2.0, "30_60": 15.0, "60_up": 200.0}
    frontal = pose_errors(true[:2], true[:2], ANGLES)
    assert list(frontal.band_mae_deg) == ["0_30"]  # an empty band has no error


@pytest.mark.parametrize("angles", [ANGLES, ANGLES[:2]], ids=len)
def test_every_error_is_the_mean_of_those_of_its_images(angles: tuple[str, ...]) -> None:
    true, predicted = (2.3 * poses(200, seed)[:, : len(angles)] for seed in (1, 2))
    found = predictions(predicted, true, angles)
    of_images = found.image_measures("validation")
    means = {name: float(np.nanmean(errors)) for name, errors in of_images.items()}
    assert means == pytest.approx(in_group("validation", found.measures()), rel=1e-12)
    assert {errors.shape for errors in of_images.values()} == {(200,)}
    assert len({*means.values()}) == len(means)  # no two metrics are the same by chance


def test_without_roll_there_is_no_geodesic_error() -> None:
    errors = pose_errors(poses(9)[:, :2], poses(9, 1)[:, :2], ANGLES[:2])
    assert errors.geodesic_deg is None
    assert "geodesic_deg" not in errors.by_metric()
    assert "roll_mae_deg" not in errors.by_metric()


def test_shapes_that_differ_are_refused() -> None:
    with pytest.raises(ValueError, match="angles"):
        pose_errors(poses(9), poses(9)[:, :2], ANGLES)


def test_floor_of_a_perfect_predictor_clipped_to_the_bins_on_the_whole_of_aflw2000() -> None:
    table = pd.read_csv(Path(__file__).with_name("aflw2000_excluded.csv"))  # labels beyond 99 degrees
    beyond = table[list(ANGLES)].to_numpy()
    true = np.concatenate([beyond, np.zeros((2000 - len(beyond), 3))])
    errors = pose_errors(true.clip(-99, 96), true, ANGLES)
    assert list(errors.angle_mae_deg.values()) == pytest.approx([0.20, 1.29, 1.54], abs=0.006)
    assert errors.mae_deg == pytest.approx(1.01, abs=0.005)


def test_mean_baseline_predicts_the_training_mean() -> None:
    train, true = poses(200), poses(100, 1)
    expected = np.abs(true.astype(float) - train.astype(float).mean(axis=0)).mean(axis=0)
    baseline = mean_prediction(train, true, target()).measures()
    assert [baseline[f"{angle}_mae_deg"] for angle in ANGLES] == pytest.approx(list(expected))


def test_report_names_every_number_and_travels_as_plain_values() -> None:
    report = EpochReport(
        epoch=3,
        training=TrainingReport(
            losses={"total": 5.0, "yaw": 2.0, "puzzle": 1.5},
            weights={"puzzle": 0.5},
            pretext={"puzzle_accuracy": 0.5, "puzzle_chance": 0.25},
            learning_rate=1e-3,
            skipped_steps=2,
            train_s=9.0,
            norms_s=0.5,
            images=1500,
            images_per_s=90.0,
            data_wait_share=0.1,
            peak_memory_mib=800.0,
        ),
        validation=pose_errors(poses(9), poses(9, 1), ANGLES).by_metric(),
        main=MAE,
        best_value=4.0,
        best_epoch=2,
        epoch_s=12.0,
    )
    metrics = report.metrics()
    assert metrics["train/weight_puzzle"] == 0.5
    assert metrics["train/skipped_steps"] == 2.0
    assert metrics["train/loss"] == 5.0 and metrics["train/loss_puzzle"] == 1.5
    assert (metrics["pretext/puzzle_accuracy"], metrics["pretext/puzzle_chance"]) == (0.5, 0.25)
    assert (metrics["validation/best_mae_deg"], metrics["validation/best_epoch"]) == (4.0, 2.0)
    assert metrics["validation/mae_deg"] == report.validation["mae_deg"]
    assert all(type(value) is float and math.isfinite(value) for value in metrics.values())
    assert json.loads(json.dumps(metrics)) == metrics
    assert pickle.loads(pickle.dumps(report)) == report  # noqa: S301 - our own bytes
