"""Multi-scale: the task learns from copies at several sizes, the pose from the clean batch or from all."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, Strict, field_validator

from trainables.base.schema import Config
from trainables.pretext.task import PretextTask, Uses
from trainables.pretext.views.sizes import Sizes
from trainables.pretext.views.view import Mean, PoseOn, Share, Views, count_of, task_images

if TYPE_CHECKING:
    from torch import Generator, Tensor

Scale = Annotated[float, Field(ge=0.25, le=2.0)]


@dataclass(frozen=True)
class MultiScaleView:
    """The clean batch, and of its first images perturbed copies of each of the `sizes`.

    With `poses_on_all` the view of each copy that is for both has the poses of its images.
    """

    share: float
    sizes: Sizes
    poses_on_all: bool
    pose_mean: Mean
    norm_split = True

    def counts(self, batch: int, uses: Uses) -> tuple[int, int]:
        """Return the share, of each size, and the whole batch."""
        return count_of(self.share, batch), batch

    def arrange(
        self, task: PretextTask, images: Tensor, generator: Generator, unlabelled: Tensor | None = None
    ) -> Views:
        """Return the batch [B, 3, H, W] as it is, and further perturbed copies of its first images."""
        count, batch = self.counts(len(images), task.uses)
        again = count if self.poses_on_all and "both" in task.uses else 0
        own, further = task_images(images[:count], unlabelled), []
        for side in self._sides(images.shape[-1], generator):
            made = task.perturb(_resized(own, side), generator)
            perturbed = len(made.images)
            pose_from = perturbed - again
            further.append(
                Views(
                    made.images, perturbed, made.labels, pose_from, batch, copies=len(task.uses), again=again
                )
            )
        return Views(images, further=tuple(further), pose_mean=self.pose_mean)

    def _sides(self, px: int, generator: Generator) -> Iterator[int]:
        """Yield the side of each size, drawn evenly in its range by the host: it waits for no device."""
        import numpy as np

        random = np.random.default_rng(zlib.crc32(generator.get_state().numpy().tobytes()))
        return (round(px * random.uniform(low, high)) for low, high in self.sizes.ranges)


def _resized(images: Tensor, side: int) -> Tensor:
    """Return images [B, 3, H, H] of another side; the very same where it is theirs."""
    from torch.nn.functional import interpolate

    if images.shape[-1] == side:
        return images
    return interpolate(images, (side, side), mode="bilinear", antialias=True)


class MultiScaleConfig(Config):
    """The task learns from copies at several sizes in each step, the pose from the clean batch or from all.

    The losses of a branch are averaged over the sizes. Each size is normalised apart, and only clean images
    count for evaluation.
    """

    share: Share = 1.0
    """Share of each batch that is copied, once for each size."""
    scales: Annotated[tuple[Scale | Annotated[tuple[Scale, Scale], Strict(False)], ...], Strict(False)] = (
        Field((0.5, 1.0), min_length=1)
    )
    """Sides of the copies, as shares of the image's; a pair [low, high] draws one of each batch evenly
    between them."""
    pose_on: PoseOn = "clean"
    """What the pose is learned from: the `clean` batch, or `all` images, the perturbed copies too."""
    pose_mean: Mean = "arithmetic"
    """With `pose_on: all`, how the pose's losses on the batch and on each size become one."""

    @field_validator("scales")
    @classmethod
    def _ranges_rise(
        cls, scales: tuple[float | tuple[float, float], ...]
    ) -> tuple[float | tuple[float, float], ...]:
        for low, high in _ranges(scales):
            if low > high:
                raise ValueError(f"a range of scales is [low, high], got [{low:g}, {high:g}]")
        return scales

    @property
    def poses_are_clean(self) -> bool:
        """Return whether the copies have no pose."""
        return self.pose_on == "clean"

    @property
    def sizes(self) -> Sizes:
        """Return those of the copies."""
        return Sizes(_ranges(self.scales))

    def build(self) -> MultiScaleView:
        """Make the view."""
        return MultiScaleView(self.share, self.sizes, not self.poses_are_clean, self.pose_mean)

    def passes(self, uses: Uses) -> tuple[float, float]:
        """Return a pass for each image with a pose, and one up to the flag for each other copy."""
        posed = 0 if self.poses_are_clean else uses.count("both")
        copied = self.share * self.sizes.area
        return 1.0 + posed * copied, (len(uses) - posed) * copied


def _ranges(scales: tuple[float | tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    return tuple(scale if isinstance(scale, tuple) else (scale, scale) for scale in scales)
