"""What every pretext task keeps, whatever it does to a picture."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from trainables.pretext import PRETEXT_TASKS, PretextTask

TILE_TASKS = sorted(set(PRETEXT_TASKS) - {"none"})
GRIDS = (2, 3, 4, 5)

EVERY_TASK = [("none", {})] + [(name, {"grid": grid}) for name in TILE_TASKS for grid in GRIDS]
each_task = pytest.mark.parametrize(("name", "settings"), EVERY_TASK, ids=str)


def build(name: str, settings: dict[str, object]) -> PretextTask:
    return PRETEXT_TASKS[name](**settings).build()


def pictures(batch: int = 16, px: int = 60) -> Tensor:
    """No two pixels alike, so that a moved pixel is seen."""
    return (
        torch.randperm(batch * 3 * px * px, generator=torch.Generator().manual_seed(5))
        .float()
        .view(batch, 3, px, px)
    )


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@each_task
def test_labels_are_those_of_the_branches(name: str, settings: dict[str, object]) -> None:
    task, images = build(name, settings), pictures()
    labels = task.perturb(images, seeded()).labels
    assert list(labels) == list(task.branches)
    for branch, spec in task.branches.items():
        assert labels[branch].shape == (len(images), spec.regions)
        assert labels[branch].dtype == torch.int64
        assert 0 <= int(labels[branch].min()) <= int(labels[branch].max()) < spec.classes


@each_task
def test_pixels_are_moved_within_their_own_picture_and_never_changed(
    name: str, settings: dict[str, object]
) -> None:
    images = pictures()
    out = build(name, settings).perturb(images, seeded()).images
    assert out.shape == images.shape and out.dtype == images.dtype
    torch.testing.assert_close(out.flatten(2).sort().values, images.flatten(2).sort().values, rtol=0, atol=0)


@each_task
def test_colours_of_a_pixel_move_together(name: str, settings: dict[str, object]) -> None:
    images = pictures()
    images[:, 1:] = images[:, :1]
    out = build(name, settings).perturb(images, seeded()).images
    assert torch.equal(out[:, 1], out[:, 0]) and torch.equal(out[:, 2], out[:, 0])


@each_task
def test_input_is_left_as_it_was(name: str, settings: dict[str, object]) -> None:
    images = pictures()
    before = images.clone()
    build(name, settings).perturb(images, seeded())
    assert torch.equal(images, before)


@each_task
def test_a_seed_gives_the_same_batch_and_the_global_generator_is_not_used(
    name: str, settings: dict[str, object]
) -> None:
    task, images = build(name, settings), pictures()
    state = torch.get_rng_state()
    first, second = task.perturb(images, seeded(7)), task.perturb(images, seeded(7))
    assert torch.equal(first.images, second.images)
    assert all(torch.equal(first.labels[branch], second.labels[branch]) for branch in task.branches)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("name", TILE_TASKS)
def test_every_sample_is_perturbed_in_its_own_way_and_seeds_differ(name: str) -> None:
    task, images = build(name, {"grid": 3}), pictures(px=45)
    for branch in task.branches:
        first, second = (task.perturb(images, seeded(seed)).labels[branch] for seed in (1, 2))
        assert not torch.equal(first, second)
        assert len(torch.unique(first, dim=0)) > len(images) / 2


@each_task
def test_chance_is_the_share_of_the_most_frequent_class(name: str, settings: dict[str, object]) -> None:
    task, images = build(name, settings), torch.zeros(8000, 1, 20, 20)
    labels = task.perturb(images, seeded()).labels
    for branch, spec in task.branches.items():
        counts = torch.bincount(labels[branch].flatten(), minlength=spec.classes)
        assert float(counts.max()) / labels[branch].numel() == pytest.approx(spec.chance, abs=0.01)


@pytest.mark.parametrize("name", TILE_TASKS)
def test_without_heads_pictures_are_perturbed_all_the_same(name: str) -> None:
    with_heads, without = (PRETEXT_TASKS[name](heads=heads) for heads in (True, False))
    assert with_heads.ssl_heads() is not None and without.ssl_heads() is None
    images = pictures()
    ours, theirs = (build(name, {"heads": heads}).perturb(images, seeded()) for heads in (True, False))
    assert torch.equal(ours.images, theirs.images) and not torch.equal(ours.images, images)


def test_none_leaves_pictures_alone_and_asks_nothing() -> None:
    task, images = build("none", {}), pictures()
    assert torch.equal(task.perturb(images, seeded()).images, images)
    assert not task.branches and PRETEXT_TASKS["none"]().ssl_heads() is None
