"""The contract of views: which rows are the task's, and whose labels belong to which."""

from __future__ import annotations

import pytest
import torch
from torch import Generator, Tensor

from hpsearch.testing.configs import changed, fields_of
from trainables.pretext.branch import BranchPlan
from trainables.pretext.task import Perturbed, Uses
from trainables.pretext.views import ViewConfig, Views

USES: tuple[Uses, ...] = (("both",), ("helper", "both"), ("helper", "helper"))
STEP = 1 / 8
"""How far a view's pixels are from those of the view before; images differ by whole numbers."""

each_share = pytest.mark.parametrize("share", (0.1, 0.25, 0.5, 0.9))
each_use = pytest.mark.parametrize("uses", USES, ids="+".join)


class Marking:
    """Marks view after view, and each image with a number drawn for it."""

    branches: tuple[BranchPlan, ...] = ()

    def __init__(self, uses: Uses) -> None:
        self.uses = uses

    def perturb(self, images: Tensor, generator: Generator) -> Perturbed:
        """Return the views of images [B, 3, H, W], one after the other."""
        drawn = torch.rand(len(images), generator=generator)
        views = [images + STEP * (number + 1) for number in range(len(self.uses))]
        return Perturbed(torch.cat(views), {"mark": drawn})


def tagged(batch: int) -> Tensor:
    """Return images [B, 3, 8, 8], each of one value that is its place in the batch."""
    return torch.arange(batch, dtype=torch.float32).view(batch, 1, 1, 1).repeat(1, 3, 8, 8)


def arranged(config: ViewConfig, uses: Uses, batch: int = 12, unlabelled: int = 0) -> Views:
    """Return what a step forwards of a tagged batch; the tags of images without labels begin at 100."""
    beside = 100 + tagged(unlabelled) if unlabelled else None
    return config.build().arrange(Marking(uses), tagged(batch), Generator().manual_seed(1), beside)


def values(images: Tensor) -> list[float]:
    """Return the value of each image."""
    found: list[float] = images[:, 0, 0, 0].tolist()
    return found


class ViewContract:
    """What every view keeps; parametrise a subclass with `config`, which has the setting `share`."""

    @each_share
    @each_use
    def test_the_task_s_views_come_first_one_after_the_other_and_clean_rows_are_as_they_were(
        self, config: ViewConfig, share: float, uses: Uses
    ) -> None:
        views = arranged(changed(config, share=share), uses)
        count, copies = max(1, round(share * 12)), len(uses)
        perturbed = [each for each in views.each if each.perturbed]
        assert perturbed
        for each in perturbed:
            assert (each.perturbed, each.copies) == (copies * count, copies)
            assert values(each.images[: each.perturbed]) == pytest.approx(
                [image + STEP * (number + 1) for number in range(copies) for image in range(count)]
            )
            assert len(each.labels["mark"]) == count
        rest = len(views.images) - views.perturbed
        assert changed(config, share=share).build().counts(12, uses) == (count, rest)
        clean = values(views.images[views.perturbed :])
        assert clean == list(range(12 - len(clean), 12))

    @each_share
    @each_use
    def test_images_without_labels_are_the_task_s_alone(
        self, config: ViewConfig, share: float, uses: Uses
    ) -> None:
        """They come first in each of its views; rows with a pose, and their poses, are as without them."""
        given, copies = changed(config, share=share), len(uses)
        sizes = zip(arranged(given, uses).each, arranged(given, uses, unlabelled=5).each, strict=True)
        for alone, views in sizes:
            if not alone.perturbed:
                assert torch.equal(views.images, alone.images)
                continue
            count = alone.perturbed // copies
            assert views.perturbed == alone.perturbed + copies * 5
            made = torch.tensor(values(views.images[: views.perturbed])).view(copies, 5 + count)
            steps = STEP * torch.arange(1, copies + 1)[:, None]
            torch.testing.assert_close(made[:, :5], 100 + torch.arange(5) + steps)
            assert made[:, 5:].flatten().tolist() == values(alone.images[: alone.perturbed])
            assert len(views.labels["mark"]) == 5 + count
            assert views.pose_from == alone.pose_from + copies * 5
            assert torch.equal(views.images[views.pose_from :], alone.images[alone.pose_from :])
            assert (views.first_pose, views.copies) == (alone.first_pose, copies)

    @each_use
    def test_where_it_can_the_task_s_rows_are_normalised_apart(self, config: ViewConfig, uses: Uses) -> None:
        if "norm" in fields_of(config):
            for norm in ("shared", "split"):
                assert arranged(changed(config, norm=norm, share=0.5), uses).norm_split == (norm == "split")

    @each_share
    @each_use
    def test_every_pose_belongs_to_the_row_that_shows_its_image(
        self, config: ViewConfig, share: float, uses: Uses
    ) -> None:
        views = arranged(changed(config, share=share), uses)
        assert any(each.has_pose for each in views.each)
        for each in views.each:
            shown, poses = each.images[each.pose_from :], each.poses(tagged(12))
            assert len(shown) == len(poses) and bool(len(shown)) == each.has_pose
            assert [int(value + STEP / 2) for value in values(shown)] == values(poses)
            if "both" not in uses or config.poses_are_clean:
                assert values(shown) == values(poses)

    @each_share
    @each_use
    def test_what_it_says_to_forward_is_what_it_forwards(
        self, config: ViewConfig, share: float, uses: Uses
    ) -> None:
        batch = 40  # every share is a whole number of images
        given = changed(config, share=share)
        views, (whole, to_flag) = arranged(given, uses, batch), given.passes(uses)
        areas = [(each.images.shape[-1] / tagged(1).shape[-1]) ** 2 for each in views.each]
        sizes = list(zip(views.each, areas, strict=True))
        posed = sum((len(each.images) - each.pose_from) * area for each, area in sizes)
        assert whole * batch == pytest.approx(posed)
        assert to_flag * batch == pytest.approx(sum(each.pose_from * area for each, area in sizes))

    @each_share
    def test_the_input_stays_and_a_seed_gives_the_same_views(self, config: ViewConfig, share: float) -> None:
        images, view = tagged(12), changed(config, share=share).build()
        first, second = (
            view.arrange(Marking(("both",)), images, Generator().manual_seed(1)) for _ in range(2)
        )
        assert torch.equal(images, tagged(12))
        for one, other in zip(first.each, second.each, strict=True):
            assert torch.equal(one.images, other.images)
            assert [*one.labels] == [*other.labels]
            assert all(torch.equal(one.labels[name], other.labels[name]) for name in one.labels)

    @each_share
    @each_use
    def test_the_smallest_batch_has_rows_for_both(self, config: ViewConfig, share: float, uses: Uses) -> None:
        views = arranged(changed(config, share=share), uses, batch=2)
        assert any(each.perturbed for each in views.each) and any(each.has_pose for each in views.each)
