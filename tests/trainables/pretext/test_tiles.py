"""Tiles against a loop over samples and regions, and what the labels of each task mean."""

from __future__ import annotations

import itertools
import math
from typing import get_args

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy.stats import chisquare
from torch import Tensor

from trainables.pretext import PRETEXT_TASKS, PuzzlingConfig, PuzzlingRotationConfig, RotationConfig
from trainables.pretext.border import Border
from trainables.pretext.tiles import Tiles

SIZES = [(2, 64), (2, 65), (3, 64), (3, 224), (4, 224), (5, 64), (5, 224)]


def random_images(batch: int, px: int) -> Tensor:
    return torch.rand(batch, 3, px, px, generator=torch.Generator().manual_seed(2))


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def by_loop(images: Tensor, order: Tensor, turns: Tensor, tiles: Tiles) -> Tensor:
    """The rule written out: region r of the output is the input's tile order[r], turned by turns[r]."""
    px, grid = images.shape[-1], tiles.grid
    if tiles.border == "resample" and px % grid:
        scaled = (F.interpolate(images, (px // grid + 1) * grid, mode="bilinear"), order, turns, tiles)
        return F.interpolate(by_loop(*scaled), px, mode="bilinear")
    side = px // grid
    rim = (px - side * grid) // 2
    out = images.clone() if tiles.border == "keep" else torch.zeros_like(images)
    corners = [(rim + side * (r // grid), rim + side * (r % grid)) for r in range(grid * grid)]
    for b, (y, x) in itertools.product(range(len(images)), corners):
        r = corners.index((y, x))
        from_y, from_x = corners[int(order[b, r])]
        tile = images[b, :, from_y : from_y + side, from_x : from_x + side]
        out[b, :, y : y + side, x : x + side] = torch.rot90(tile, int(turns[b, r]), dims=(1, 2))
    return out


@pytest.mark.parametrize("border", get_args(Border))
@pytest.mark.parametrize(("grid", "px"), SIZES)
def test_rearranging_equals_the_rule_written_out(grid: int, px: int, border: Border) -> None:
    images, tiles = random_images(3, px), Tiles(grid, border)
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
    kept = Tiles(grid, "keep").rearrange(images)
    filled = Tiles(grid).rearrange(images)
    assert torch.equal(kept, images)
    assert torch.equal(filled, images) == (px % grid == 0)
    rim = (filled != images).any(dim=(0, 1))
    assert int(rim.sum()) == px**2 - (px // grid * grid) ** 2
    assert not filled[:, :, rim].any()


def test_resampled_tiles_show_every_pixel_and_leave_no_rim() -> None:
    """In an image of one value each pixel keeps it, wherever its tile comes from; a rim would be blank."""
    images = torch.full((2, 3, 224, 224), 0.7)
    order = torch.stack([torch.randperm(9, generator=seeded(b)) for b in range(2)])
    torch.testing.assert_close(Tiles(3, "resample").rearrange(images, order=order), images)
    ramp = torch.linspace(0, 1, 224).expand(1, 3, 224, 224)
    torch.testing.assert_close(Tiles(3, "resample").rearrange(ramp), ramp, rtol=0, atol=2e-3)
    assert torch.equal(Tiles(2, "resample").rearrange(ramp), ramp)


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


@pytest.mark.parametrize("task", [PuzzlingConfig, RotationConfig, PuzzlingRotationConfig])
def test_a_cutout_is_one_whole_square_of_the_puzzled_image_and_changes_no_other_draw(
    task: type[PuzzlingConfig],
) -> None:
    images = random_images(16, 64) + 1
    plain, cut = (task(cutout=share).build().perturb(images, seeded()) for share in (0.0, 0.25))
    assert all(torch.equal(plain.labels[name], cut.labels[name]) for name in plain.labels)
    blank = cut.images == 0
    assert torch.equal(cut.images[~blank], plain.images[~blank])
    assert blank.sum(dim=(2, 3)).unique().tolist() == [16 * 16]
    lines = [blank[:, 0].any(dim=dim) for dim in (1, 2)]  # [B, 64]: columns, then rows that it reaches
    assert all((line.sum(dim=1) == 16).all() for line in lines)
    lefts = torch.stack([line.int().argmax(dim=1) for line in lines])
    assert len(lefts.T.unique(dim=0)) > 12 and lefts.min() >= 0 and lefts.max() <= 48


@pytest.mark.parametrize(("grid", "turned"), [(3, 4), (2, 25)])
def test_so_many_pieces_are_drawn_to_turn(grid: int, turned: int) -> None:
    task = PuzzlingRotationConfig(grid=grid, turned=turned).build()
    labels = task.perturb(torch.zeros(20_000, 1, 6, 6), seeded()).labels["rotation"]
    turned = min(turned, grid**2)
    assert (labels > 0).sum(dim=1).unique().tolist() == list(range(turned + 1))
    really = 0.75 * turned / grid**2
    expected = np.array([1 - really, *3 * [really / 3]])
    assert chisquare(torch.bincount(labels[:, 0], minlength=4).numpy(), expected * 20_000).pvalue > 1e-3
    chance = task.branches[1].measures["rotation_accuracy"].chance
    assert chance is not None and math.isclose(chance, 1 - really)


def test_puzzling_rotation_turns_at_most_two_pieces() -> None:
    labels = (
        PuzzlingRotationConfig().build().perturb(torch.zeros(20_000, 1, 2, 2), seeded()).labels["rotation"]
    )
    assert (labels > 0).sum(dim=1).unique().tolist() == [0, 1, 2]
    counts = torch.bincount(labels[:, 0], minlength=4).numpy()  # one region: its draws are independent
    assert chisquare(counts, np.array([0.625, 0.125, 0.125, 0.125]) * counts.sum()).pvalue > 1e-3
