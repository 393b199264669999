"""What a view is: from a batch and a task to the images that one training step forwards."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Annotated, Literal, Protocol

from pydantic import Field

from trainables.pretext.task import PretextTask, Uses
from trainables.pretext.views.sizes import Sizes

if TYPE_CHECKING:
    from torch import Generator, Tensor

Norm = Literal["shared", "split"]
PoseOn = Literal["clean", "all"]
"""Whether perturbed copies have the pose of their image too."""

Mean = Literal["arithmetic", "geometric"]
Share = Annotated[float, Field(gt=0, le=1)]


@dataclass(frozen=True)
class Part:
    """The perturbed images of some branches: `count` from `first` on, `copies` views of as many images."""

    branches: tuple[str, ...]
    first: int
    count: int
    labels: Mapping[str, Tensor]
    copies: int


@dataclass(frozen=True)
class Views:
    """The images of one training step: P perturbed ones, then N clean ones.

    The task learns from `images[:perturbed]`, which are `copies` views of as many images each, one view after
    the other; the pose from `images[pose_from:]`, whose poses are the batch's from `first_pose` on.
    `norm_split`: BatchNorm normalises perturbed and clean images apart, and only clean ones move its running
    statistics, with which the network is evaluated.
    """

    images: Tensor  # [P + N, 3, H, W]
    perturbed: int = 0
    labels: Mapping[str, Tensor] = field(default_factory=dict)
    pose_from: int = 0
    first_pose: int = 0
    norm_split: bool = False
    copies: int = 1
    parts: tuple[Part, ...] = ()
    """Whose the perturbed images are; empty: all are every branch's."""
    again: int = 0
    """So many of the images with a pose come first that have those of the batch's first images; the others'
    poses follow."""
    further: tuple[Views, ...] = ()
    """Images of other sizes, each forwarded by itself; they move no running statistics."""
    pose_mean: Mean = "arithmetic"
    """How the pose's losses on these images and on the further ones become one."""

    @property
    def each(self) -> tuple[Views, ...]:
        """These images and the further ones, size by size."""
        return self, *self.further

    @property
    def has_pose(self) -> bool:
        """Whether the pose is learned from any of `images`."""
        return self.pose_from < len(self.images)

    def poses(self, labels: Tensor) -> Tensor:
        """Return the labels of the images that have a pose, from those of the batch [B, L]."""
        rest = labels[self.first_pose :]
        if not self.again:
            return rest
        import torch

        return torch.cat([labels[: self.again], rest])

    def placed(self, place: Callable[[Tensor], Tensor]) -> Views:
        """Return the same views with all images as `place` returns them."""
        further = tuple(each.placed(place) for each in self.further)
        return replace(self, images=place(self.images), further=further)


class View(Protocol):
    """Arranges batches; has no state."""

    @property
    def norm_split(self) -> bool:
        """Whether BatchNorm normalises perturbed and clean images apart: `Views.norm_split`."""

    def counts(self, batch: int, uses: Uses) -> tuple[int, int]:
        """Return how many images of a batch are perturbed, and how many are forwarded as they are.

        Each perturbed one is forwarded once for each of the task's views.
        """

    def arrange(
        self, task: PretextTask, images: Tensor, generator: Generator, unlabelled: Tensor | None = None
    ) -> Views:
        """Return what a step forwards of images [B, 3, H, W]; the input stays as it is.

        `unlabelled` images [U, 3, H, W] are the task's alone: each of its views is of these first, whatever
        share of the batch follows them.
        """


class ViewConfig(Protocol):
    """The settings of a view."""

    @property
    def share(self) -> float:
        """Share of each batch that the task's views are made of."""

    @property
    def poses_are_clean(self) -> bool:
        """Whether the pose is learned from clean images alone."""

    @property
    def sizes(self) -> Sizes:
        """The sizes of the images that are perturbed; each view of the task has all of them."""

    def build(self) -> View:
        """Make the view."""

    def passes(self, uses: Uses) -> tuple[float, float]:
        """Return the images forwarded per training image, for a task with such views.

        Those that go through the whole network, then those that go no further than the flag; one of another
        size counts as many as it has pixels.
        """


def task_images(images: Tensor, unlabelled: Tensor | None) -> Tensor:
    """Return all images that a task makes views of: those without labels, then those of the batch."""
    import torch

    return images if unlabelled is None else torch.cat([unlabelled, images])


def count_of(share: float, batch: int) -> int:
    """Return how many images of a batch a share is: at least one."""
    return max(1, round(share * batch))
