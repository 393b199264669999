"""What every task keeps besides whose branches classify regions of the image."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.pretext_tasks import TASKS, cases

from hpsearch.testing.pretext import random_images, seeded
from trainables.pretext import PretextTask
from trainables.pretext.branch import Measure
from trainables.pretext.region_config import RegionTaskConfig

REGION_TASKS = {name: row for name, row in TASKS.items() if issubclass(row, RegionTaskConfig)}

each_task = pytest.mark.parametrize(("name", "settings"), list(cases(REGION_TASKS)), ids=str)


def build(name: str, settings: dict[str, Any]) -> PretextTask:
    return REGION_TASKS[name](**settings).build()


@each_task
def test_labels_are_those_of_the_branches(name: str, settings: dict[str, Any]) -> None:
    task, images = build(name, settings), random_images()
    labels = task.perturb(images, seeded()).labels
    assert [*labels] == [branch.name for branch in task.branches]
    for branch in task.branches:
        found = labels[branch.name]
        assert found.shape == (len(images), branch.regions)
        assert found.dtype == torch.int64
        assert 0 <= int(found.min()) <= int(found.max()) < branch.classes


@each_task
def test_chance_is_the_share_of_the_most_frequent_class(name: str, settings: dict[str, Any]) -> None:
    task, images = build(name, settings), torch.zeros(8000, 3, 10, 10)
    labels = task.perturb(images, seeded()).labels
    for branch in task.branches:
        counts = torch.bincount(labels[branch.name].flatten(), minlength=branch.classes)
        most = float(counts.max()) / labels[branch.name].numel()
        assert most == pytest.approx(branch.chance, abs=0.015)
        assert branch.measures == {f"{branch.name}_accuracy": Measure(chance=branch.chance)}


@pytest.mark.parametrize("name", sorted(REGION_TASKS))
def test_settings_of_the_heads_reach_every_branch(name: str) -> None:
    task = build(name, {"dropout": 0.7, "ssl_reduction": "mean"})
    assert {(branch.dropout, branch.reduction) for branch in task.branches} == {(0.7, "mean")}
