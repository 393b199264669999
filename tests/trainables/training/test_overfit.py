"""Sixty-four images are learned by heart: what no wrong loss, label or step would let happen."""

from __future__ import annotations

import pytest
from support.toy import toy_session

from trainables.model.heads import Rot6dConfig
from trainables.optim.optimizers import AdaBeliefConfig
from trainables.optim.schedules import CosineConfig
from trainables.pretext import PuzzlingConfig


@pytest.mark.usefixtures("narrow")
def test_sl_learns_poses_to_a_degree() -> None:
    epochs = 40
    session = toy_session(
        images=64,
        batch=32,
        schedule=CosineConfig(),
        epochs=epochs,
        optimizer=AdaBeliefConfig(lr=2e-3, rectify=False),
    )
    for _ in range(epochs):
        report = session.run_epoch()
    assert report.validation["mae_deg"] < 1.0  # validation is the training set, unperturbed


def test_hmtl_learns_puzzles_and_poses() -> None:
    epochs = 25
    session = toy_session(
        images=64,
        batch=32,
        pretext=PuzzlingConfig(dropout=0.0),
        schedule=CosineConfig(),
        epochs=epochs,
        optimizer=AdaBeliefConfig(lr=2e-3, rectify=False),
    )
    for _ in range(epochs):
        report = session.run_epoch()
    assert report.training.pretext["puzzle_accuracy"] > 0.95
    assert report.validation["mae_deg"] < 10.0


def test_rotations_from_six_numbers_are_learned_to_two_degrees() -> None:
    epochs = 40
    session = toy_session(
        images=8,
        batch=8,
        head=Rot6dConfig(),
        schedule=CosineConfig(),
        epochs=epochs,
        optimizer=AdaBeliefConfig(lr=2e-3, rectify=False),
    )
    for _ in range(epochs):
        report = session.run_epoch()
    assert report.validation["geodesic_deg"] < 2.0
    assert report.training.losses["pose"] == report.training.losses["total"] < 5.0
