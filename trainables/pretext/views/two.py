"""Two: the task learns from a perturbed copy of a share of the batch, the pose from the batch or both."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from trainables.base.schema import Config
from trainables.pretext.task import PretextTask, Uses
from trainables.pretext.views.sizes import ONE_SIZE, Sizes
from trainables.pretext.views.view import Norm, PoseOn, Share, Views, count_of, task_images

if TYPE_CHECKING:
    from torch import Generator, Tensor


@dataclass(frozen=True)
class TwoViews:
    """The clean batch, and before it a perturbed copy of its first images.

    The copy is forwarded up to the flag alone. With `poses_on_all` the view of it that is for both goes all
    the way, and has the poses of its images.
    """

    share: float = 1.0
    norm_split: bool = False
    poses_on_all: bool = False

    def counts(self, batch: int, uses: Uses) -> tuple[int, int]:
        """Return the share, and the whole batch."""
        return count_of(self.share, batch), batch

    def arrange(
        self, task: PretextTask, images: Tensor, generator: Generator, unlabelled: Tensor | None = None
    ) -> Views:
        """Return a perturbed copy of the first images, then the batch [B, 3, H, W] as it is."""
        import torch

        count, _ = self.counts(len(images), task.uses)
        made = task.perturb(task_images(images[:count], unlabelled), generator)
        together = torch.cat([made.images, images])
        perturbed, copies = len(made.images), len(task.uses)
        again = count if self.poses_on_all and "both" in task.uses else 0
        pose_from = perturbed - again
        return Views(together, perturbed, made.labels, pose_from, 0, self.norm_split, copies, again=again)


class TwoConfig(Config):
    """The pose is learned from the clean batch, the task from a perturbed copy of a share of it."""

    share: Share = 1.0
    """Share of each batch that is copied."""
    pose_on: PoseOn = "clean"
    """What the pose is learned from: the `clean` batch, or `all` images, the perturbed copies too."""
    norm: Norm = "shared"
    """BatchNorm: `shared`: copy and batch are normalised together; `split`: apart, and only the batch counts
    for evaluation."""

    @property
    def poses_are_clean(self) -> bool:
        """Return whether the copies have no pose."""
        return self.pose_on == "clean"

    @property
    def sizes(self) -> Sizes:
        """Return that of the batch."""
        return ONE_SIZE

    def build(self) -> TwoViews:
        """Make the view."""
        return TwoViews(self.share, self.norm == "split", not self.poses_are_clean)

    def passes(self, uses: Uses) -> tuple[float, float]:
        """Return a pass for each image with a pose, and one up to the flag for each other copy."""
        posed = 0 if self.poses_are_clean else uses.count("both")
        return 1.0 + posed * self.share, (len(uses) - posed) * self.share
