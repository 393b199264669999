"""What every pretext task keeps: those of the table, the documentation's, and some without tiles."""

from __future__ import annotations

import pytest
import torch
from support.pretext_tasks import TASKS, cases

from hpsearch.testing import BranchContract, PerturbContract, SettingsContract, rows
from hpsearch.testing.pretext import random_images, seeded
from trainables.pretext import PRETEXT_TASKS

pytestmark = pytest.mark.usefixtures("narrow_throughout")

HELPERS = {name: row for name, row in TASKS.items() if name != "none"}
CASES = [pytest.param(TASKS[name](**given), id=f"{name} {given}") for name, given in cases(TASKS)]


SEVERAL = pytest.param(PRETEXT_TASKS["several"](puzzling={}, rotation={}), id="several")


@pytest.mark.parametrize("config", [*rows(TASKS), SEVERAL])
class TestSettings(SettingsContract):
    pass


@pytest.mark.parametrize("config", CASES)
class TestPerturbing(PerturbContract):
    pass


@pytest.mark.parametrize("config", rows(HELPERS))
class TestBranches(BranchContract):
    pass


def test_none_leaves_images_alone_and_has_no_branch() -> None:
    config, images = PRETEXT_TASKS["none"](), random_images()
    task = config.build()
    assert torch.equal(task.perturb(images, seeded()).images, images)
    assert not task.branches and config.attachment() is None
    assert config.cost(0, 1).forwards == 1.0
