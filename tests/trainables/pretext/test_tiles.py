"""Tiles against a loop over samples and regions, and what the labels of each task mean."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
import torch
from scipy.stats import chisquare
from torch import Tensor

from trainables.pretext import PRETEXT_TASKS, PuzzlingConfig, PuzzlingRotationConfig, RotationConfig
from trainables.pretext.tiles import Tiles

SIZES = [(2, 64), (2, 65), (3, 64), (3, 224), (4, 224), (5, 64), (5, 224)]


def random_images(batch: int, px: int) -> Tensor:
    return torch.rand(batch, 3, px, px, generator=torch.Generator().manual_seed(2))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def by_loop(images: Tensor, order: Tensor, turns: Tensor, tiles: Tiles) -> Tensor:
    """The rule written out: region r of the output is the input's tile order[r], turned by turns[r]."""
    px, grid = images.shape[-1], tiles.grid
    side = px // grid
    rim = (px - side * grid) // 2
    out = images.clone() if tiles.keep_rim else torch.zeros_like(images)
    corners = [(rim + side * (r // grid), rim + side * (r % grid)) for r in range(grid * grid)]
    for b, (y, x) in itertools.product(range(len(images)), corners):
        r = corners.index((y, x))
        from_y, from_x = corners[int(order[b, r])]
        tile = images[b, :, from_y : from_y + side, from_x : from_x + side]
        out[b, :, y : y + side, x : x + side] = torch.rot90(tile, int(turns[b, r]), dims=(1, 2))
    return out


@pytest.mark.parametrize("keep_rim", [False, True])
@pytest.mark.parametrize(("grid", "px"), SIZES)
def test_rearranging_equals_the_rule_written_out(grid: int, px: int, keep_rim: bool) -> None:
    images, tiles = random_images(3, px), Tiles(grid, keep_rim=keep_rim)
    order = torch.stack([torch.randperm(grid * grid, generator=seeded(b)) for b in range(3)])
    turns = torch.randint(4, (3, grid * grid), generator=seeded(9))
    out = tiles.rearrange(images, order=order, turns=turns)
    assert torch.equal(out, by_loop(images, order, turns, tiles))
    kept, upright = torch.arange(grid * grid).expand_as(order), torch.zeros_like(turns)
    assert torch.equal(tiles.rearrange(images, order=order), by_loop(images, order, upright, tiles))
    assert torch.equal(tiles.rearrange(images, turns=turns), by_loop(images, kept, turns, tiles))


@pytest.mark.parametrize(("grid", "px"), SIZES)
def test_identity_leaves_the_image_but_for_a_filled_rim(grid: int, px: int) -> None:
    images = random_images(2, px)
    kept = Tiles(grid, keep_rim=True).rearrange(images)
    filled = Tiles(grid).rearrange(images)
    assert torch.equal(kept, images)
    assert torch.equal(filled, images) == (px % grid == 0)
    rim = (filled != images).any(dim=(0, 1))
    assert int(rim.sum()) == px**2 - (px // grid * grid) ** 2
    assert not filled[:, :, rim].any()


def test_inverse_permutation_and_turns_restore_the_image() -> None:
    images, tiles = random_images(8, 64), Tiles(4)
    order = torch.stack([torch.randperm(16, generator=seeded(b)) for b in range(8)])
    turns = torch.randint(4, (8, 16), generator=seeded(1))
    there = tiles.rearrange(images, order=order, turns=turns)
    back = order.argsort(dim=1)
    assert not torch.equal(there, images)
    assert torch.equal(tiles.rearrange(there, order=back, turns=(-turns % 4).gather(1, back)), images)


def test_images_in_channels_last_are_rearranged_alike() -> None:
    images = random_images(4, 64)
    order, turns = torch.tensor([[3, 1, 0, 2]] * 4), torch.tensor([[0, 1, 2, 3]] * 4)
    out = Tiles(2).rearrange(images.to(memory_format=torch.channels_last), order=order, turns=turns)
    assert torch.equal(out, Tiles(2).rearrange(images, order=order, turns=turns))


def test_images_that_cannot_be_cut_are_refused() -> None:
    with pytest.raises(ValueError, match="square images, got 8x9 px"):
        Tiles(2).rearrange(torch.zeros(1, 3, 8, 9))


ORDERS = [[2, 1, 3, 0], [2, 3, 0, 1], [3, 1, 2, 0], [0, 3, 2, 1]]
FIRST_LABELS = {
    "puzzling": {"puzzle": ORDERS},
    "rotation": {"rotation": [[0, 3, 1, 0], [3, 3, 3, 3], [1, 3, 1, 2], [0, 3, 2, 0]]},
    "puzzling_rotation": {
        "puzzle": ORDERS,
        "rotation": [[0, 3, 0, 0], [0, 0, 2, 0], [0, 0, 0, 0], [0, 1, 0, 1]],
    },
}


@pytest.mark.parametrize("task", FIRST_LABELS)
def test_the_draws_of_a_seed_never_change(task: str) -> None:
    """Studies that are continued with a later version train on the same batches."""
    labels = PRETEXT_TASKS[task]().build().perturb(torch.zeros(4, 1, 16, 16), seeded()).labels
    assert {name: label.tolist() for name, label in labels.items()} == FIRST_LABELS[task]


def numbered_tiles(batch: int, grid: int, side: int) -> Tensor:
    """Images whose tile r has the colour r."""
    numbers = torch.arange(grid * grid).view(grid, grid).float()
    image = numbers.repeat_interleave(side, 0).repeat_interleave(side, 1)
    return image.expand(batch, 3, -1, -1)


@pytest.mark.parametrize("grid", [2, 3, 4, 5])
@pytest.mark.parametrize("task", [PuzzlingConfig, PuzzlingRotationConfig])
def test_puzzle_label_names_the_tile_that_lies_there(task: type[PuzzlingConfig], grid: int) -> None:
    side = 6
    perturbed = task(grid=grid).build().perturb(numbered_tiles(32, grid, side), seeded())
    seen = perturbed.images[:, 0, side // 2 :: side, side // 2 :: side].flatten(1).long()
    assert torch.equal(seen, perturbed.labels["puzzle"])
    assert torch.equal(seen.sort(dim=1).values, torch.arange(grid * grid).expand(32, -1))


@pytest.mark.parametrize("grid", [2, 3])
@pytest.mark.parametrize("task", [RotationConfig, PuzzlingRotationConfig])
def test_rotation_label_is_read_off_the_final_region(task: type[RotationConfig], grid: int) -> None:
    side = 8
    tile = torch.zeros(side, side)
    tile[0, -1] = 1.0  # a mark in the upper right corner
    images = tile.repeat(grid, grid).expand(64, 3, -1, -1)
    perturbed = task(grid=grid).build().perturb(images, seeded())
    corners_after = [(0, -1), (0, 0), (-1, 0), (-1, -1)]  # counter-clockwise by 0, 90, 180 and 270 degrees
    for b, r in itertools.product(range(64), range(grid * grid)):
        y, x = side * (r // grid), side * (r % grid)
        region = perturbed.images[b, 0, y : y + side, x : x + side]
        assert region.sum() == 1.0
        assert region[corners_after[int(perturbed.labels["rotation"][b, r])]] == 1.0


def test_all_permutations_are_equally_likely() -> None:
    labels = PuzzlingConfig().build().perturb(torch.zeros(24_000, 1, 2, 2), seeded()).labels["puzzle"]
    counts = torch.unique(labels, dim=0, return_counts=True)[1]
    assert len(counts) == math.factorial(4)
    assert chisquare(counts.numpy()).pvalue > 1e-3


def test_all_turns_are_equally_likely_in_every_region() -> None:
    labels = RotationConfig().build().perturb(torch.zeros(4_000, 1, 2, 2), seeded()).labels["rotation"]
    for region in labels.T:
        assert chisquare(torch.bincount(region, minlength=4).numpy()).pvalue > 1e-3


def test_puzzling_rotation_turns_at_most_two_pieces() -> None:
    labels = (
        PuzzlingRotationConfig().build().perturb(torch.zeros(20_000, 1, 2, 2), seeded()).labels["rotation"]
    )
    assert (labels > 0).sum(dim=1).unique().tolist() == [0, 1, 2]
    counts = torch.bincount(labels[:, 0], minlength=4).numpy()  # one region: its draws are independent
    assert chisquare(counts, np.array([0.625, 0.125, 0.125, 0.125]) * counts.sum()).pvalue > 1e-3
