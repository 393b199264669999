"""The contract of views: which rows are perturbed and have labels, and whose poses belong to which."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from trainables.pretext import PuzzlingConfig
from trainables.pretext.views import VIEWS, Views

SHARES = (0.1, 0.25, 0.5, 0.9)
NORMS = ("shared", "split")

each_view = pytest.mark.parametrize("name", sorted(VIEWS))
each_share = pytest.mark.parametrize("share", SHARES)
each_norm = pytest.mark.parametrize("norm", NORMS)


def tagged(batch: int) -> Tensor:
    """Return images [B, 3, 8, 8], no two pixels of a batch alike."""
    return torch.arange(batch * 3 * 64, dtype=torch.float32).view(batch, 3, 8, 8)


def arranged(name: str, share: float, norm: str, batch: int = 12) -> tuple[Views, Tensor]:
    images = tagged(batch)
    view = VIEWS[name].model_validate({"share": share, "norm": norm}).build()
    return view.arrange(PuzzlingConfig().build(), images, torch.Generator().manual_seed(1)), images


@each_view
@each_share
@each_norm
def test_perturbed_rows_come_first_and_have_labels_and_clean_rows_are_as_they_were(
    name: str, share: float, norm: str
) -> None:
    views, images = arranged(name, share, norm)
    assert 1 <= views.perturbed == max(1, round(share * len(images)))
    assert all(labels.shape[0] == views.perturbed for labels in views.labels.values())
    clean = views.images[views.perturbed :]
    assert torch.equal(clean, images[len(images) - len(clean) :])
    assert views.norm_split == (norm == "split")


@each_view
@each_share
@each_norm
def test_every_pose_belongs_to_the_row_that_shows_its_image(name: str, share: float, norm: str) -> None:
    views, images = arranged(name, share, norm)
    rows, poses = views.images[views.pose_from :], images[views.first_pose :]
    assert len(rows) == len(poses) > 0
    for row, image in zip(rows, poses, strict=True):  # a perturbed image keeps its pixels, moved
        assert torch.equal(row.flatten().sort().values, image.flatten().sort().values)


@each_view
@each_share
def test_the_input_stays_and_a_seed_gives_the_same_views(name: str, share: float) -> None:
    first, images = arranged(name, share, "shared")
    second, _ = arranged(name, share, "shared")
    assert torch.equal(images, tagged(len(images)))
    assert torch.equal(first.images, second.images)
    assert all(torch.equal(first.labels[branch], second.labels[branch]) for branch in first.labels)


@each_view
@each_share
def test_the_smallest_batch_has_rows_for_both(name: str, share: float) -> None:
    views, _ = arranged(name, share, "shared", batch=2)
    assert views.perturbed >= 1 and len(views.images) > views.pose_from
