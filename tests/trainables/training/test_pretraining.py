"""A pretraining run: from images alone, and it learns its task."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from support.toy import CPU, blobs
from torch import Tensor, nn

from trainables.data.memory_loader import MemoryLoader
from trainables.data.sources import TrainSource
from trainables.model.backbones import ResNet10Config
from trainables.model.heads import BinsConfig
from trainables.model.inits import Pretraining, SslConfig
from trainables.model.network import build_network
from trainables.optim.optimizers import AdamWConfig
from trainables.optim.schedules import ConstantConfig
from trainables.pose.angles import ANGLES
from trainables.pretext.region_branch import RegionBranch
from trainables.training.pretraining import Pretrainer, build_pretrainer

SETTINGS: dict[str, Any] = {"epochs": 3, "batch": 8, "augmentation": {"none": {}}}


def ssl(**settings: Any) -> SslConfig:
    return SslConfig.model_validate({**SETTINGS, **settings})


def pretrainer(settings: SslConfig, *, images: int = 16, labels: float | None = None) -> Pretrainer:
    pixels, pose_deg = blobs(images, 32)
    if labels is not None:
        pose_deg = torch.full_like(pose_deg, labels)
    loader = MemoryLoader(pixels, pose_deg, batch=settings.batch, shuffle=True)
    source = TrainSource(dataset="blobs")
    pretraining = Pretraining(settings, source, "5c0ffee", ResNet10Config(), image_px=32)
    return build_pretrainer(pretraining, train=loader, device=CPU)


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("task", ["puzzling", "rotation", "puzzling_rotation"])
def test_labels_are_never_read(task: str) -> None:
    known, unknown = (pretrainer(ssl(pretext=task), labels=labels) for labels in (None, float("nan")))
    for _ in range(2):
        seen, blind = known.run_epoch(), unknown.run_epoch()
        assert seen.losses == blind.losses and seen.pretext == blind.pretext
        assert np.isfinite(list(blind.losses.values())).all()
    assert_same(known.trunk(), unknown.trunk())


def test_the_network_is_the_supervised_trunk_with_a_linear_head_a_region() -> None:
    run = pretrainer(ssl(pretext={"puzzling": {"grid": 3}}, seed=4))
    heads = run._trainer.network.branches
    assert [type(head) for head in heads.children()] == [RegionBranch]
    assert {name: tuple(value.shape) for name, value in heads.state_dict().items()} == {
        "puzzle.linear.weight": (9 * 9, 512),
        "puzzle.linear.bias": (9 * 9,),
    }
    supervised = build_network(ResNet10Config(), BinsConfig(), ANGLES, dropout=0.0, seed=4)
    assert_same(run.trunk(), supervised.trunk.state_dict())  # of one seed, both start alike
    assert not any(isinstance(module, nn.Linear) for module in run._trainer.network.trunk.modules())


@pytest.mark.usefixtures("narrow")
def test_it_learns_its_task_and_says_so_beside_chance() -> None:
    settings = ssl(
        pretext={"rotation": {"dropout": 0.0}},
        optimizer=AdamWConfig(lr=0.002),
        schedule=ConstantConfig(),
        seed=1,
    )
    run = pretrainer(settings)
    first = run.run_epoch().metrics()
    for _ in range(29):
        last = run.run_epoch().metrics()
    assert set(first) >= {
        "train/loss",
        "train/loss_rotation",
        "pretext/rotation_accuracy",
        "train/learning_rate",
    }
    assert not any(name.startswith("validation") for name in first)
    assert last["pretext/rotation_chance"] == 0.25
    assert last["pretext/rotation_accuracy"] > 0.6
    assert last["train/loss"] < 0.7 * first["train/loss"]
