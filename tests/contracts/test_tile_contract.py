"""What every tile task keeps besides: pixels change places and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.pretext_tasks import TASKS

from hpsearch.testing.pretext import random_images, seeded
from trainables.pretext import PretextTask
from trainables.pretext.tile_config import MIN_TILE_PX, TileConfig

TILE_TASKS = {name: row for name, row in TASKS.items() if issubclass(row, TileConfig)}
GRIDS = (2, 3, 4, 5)

each_tile_task = pytest.mark.parametrize("name", TILE_TASKS)
each_grid = pytest.mark.parametrize("grid", GRIDS)


def build(name: str, **settings: Any) -> PretextTask:
    return TILE_TASKS[name](**settings).build()


@each_tile_task
@each_grid
def test_pixels_are_moved_within_their_own_image_and_never_changed(name: str, grid: int) -> None:
    images = random_images()
    out = build(name, grid=grid).perturb(images, seeded()).images
    torch.testing.assert_close(out.flatten(2).sort().values, images.flatten(2).sort().values, rtol=0, atol=0)


@each_tile_task
@each_grid
def test_colours_of_a_pixel_move_together(name: str, grid: int) -> None:
    images = random_images()
    images[:, 1:] = images[:, :1]
    out = build(name, grid=grid).perturb(images, seeded()).images
    assert torch.equal(out[:, 1], out[:, 0]) and torch.equal(out[:, 2], out[:, 0])


@each_tile_task
def test_every_image_is_perturbed_in_its_own_way_and_seeds_differ(name: str) -> None:
    task, images = build(name, grid=3), random_images(px=45)
    for branch in task.branches:
        first, second = (task.perturb(images, seeded(seed)).labels[branch.name] for seed in (1, 2))
        assert not torch.equal(first, second)
        assert len(torch.unique(first, dim=0)) > len(images) / 2


@each_tile_task
@each_grid
def test_each_branch_has_a_region_per_tile(name: str, grid: int) -> None:
    assert {branch.regions for branch in build(name, grid=grid).branches} == {grid**2}


@each_tile_task
@each_grid
def test_images_are_refused_from_the_size_on_that_makes_tiles_too_small(name: str, grid: int) -> None:
    config = TILE_TASKS[name](grid=grid)
    assert config.incompatibility(grid * MIN_TILE_PX) is None
    reason = config.incompatibility(grid * MIN_TILE_PX - 1)
    assert reason is not None and f"a grid of {grid}" in reason


@each_tile_task
@pytest.mark.parametrize(("border", "changed"), [("keep", False), ("fill", True)])
def test_the_rim_is_kept_or_filled(name: str, border: str, changed: bool) -> None:
    images = random_images(px=33) + 1  # 2x2 tiles of 16 px leave a column and a row
    out = build(name, border=border).perturb(images, seeded()).images
    rim = torch.ones(33, 33, dtype=torch.bool)
    rim[:32, :32] = False
    assert torch.equal(out[..., rim], images[..., rim]) != changed
    assert not changed or not out[..., rim].any()
