"""What the settings of a pretext task are to the rest of a training run."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Protocol, runtime_checkable

from trainables.losses.weighting.loss_weight import LossWeight
from trainables.pretext.attachment import Attachment
from trainables.pretext.cost import Cost
from trainables.pretext.task import PretextTask, Uses
from trainables.pretext.views import View, ViewConfig


class PretextConfig(Protocol):
    """The settings of a pretext task."""

    @property
    def is_baseline(self) -> bool:
        """Whether nothing is learned beside the target: what every helper is compared with."""

    @property
    def view_turn_deg(self) -> float:
        """Largest turn of its views in the image plane, degrees, whose labels the target is asked for."""

    @property
    def pretrains(self) -> bool:
        """Whether a trunk can be pretrained on it alone: without labels and without a head."""

    @property
    def judges_clean_images(self) -> bool:
        """Whether its losses on unperturbed images say how well it is learned."""

    def build(self) -> PretextTask:
        """Make the task."""

    def build_view(self) -> View:
        """Make the view: which images the pose and the task learn from."""

    def attachment(self) -> Attachment | None:
        """Return where the branches fork off, or None to train without them."""

    def task_weight(self, epochs: int) -> LossWeight:
        """Return the weight of the task's losses over a run of so many epochs."""

    def loss_weight(self, name: str, epochs: int) -> LossWeight:
        """Return the weight of a loss of its branches."""

    def cost(self, completed: int, epochs: int) -> Cost:
        """Return what the epoch after `completed` of `epochs` ones costs."""

    def unlabelled_cost(self, completed: int, epochs: int) -> Cost:
        """Return what an image without a label adds in that epoch: nothing where none is learned from."""

    def pretraining_cost(self) -> Cost:
        """Return what an epoch of a pretraining costs."""

    def memory(self) -> Hashable:
        """Return what decides how much memory it takes: tasks of equal values take the same."""

    def incompatibility(self, image_px: int) -> str | None:
        """Return why the task cannot perturb images of this side, or None."""


@runtime_checkable
class ViewedTask(PretextConfig, Protocol):
    """The settings of one task, which say of which images its views are."""

    @property
    def uses(self) -> Uses:
        """What each view is for that the task makes: `PretextTask.uses`."""

    @property
    def view(self) -> ViewConfig:
        """Which images the pose and the task learn from."""


@runtime_checkable
class SeveralTasks(PretextConfig, Protocol):
    """The settings of more than one helper at once."""

    @property
    def members(self) -> Mapping[str, PretextConfig]:
        """The settings of each, by name."""


def members_of(config: PretextConfig) -> Mapping[str, PretextConfig]:
    """Return the settings of each helper by name where there are several; empty for one task and for none."""
    return config.members if isinstance(config, SeveralTasks) else {}


def viewed_tasks(config: PretextConfig) -> list[ViewedTask]:
    """Return the tasks that say which images they learn from, each of several by itself."""
    parts = members_of(config).values() or [config]
    return [part for part in parts if isinstance(part, ViewedTask)]


@runtime_checkable
class MayCollapse(Protocol):
    """The settings of a task that may come to say the same of every image."""

    @property
    def collapse_levels(self) -> Mapping[str, float]:
        """The level of each of its measures, by name, below which it has."""


def collapse_levels(config: PretextConfig) -> Mapping[str, float]:
    """Return those of all tasks of a design; none where nothing can collapse. Asking loads no torch."""
    tasks = members_of(config).values() or [config]
    found = (each.collapse_levels for each in tasks if isinstance(each, MayCollapse))
    return {name: level for levels in found for name, level in levels.items()}
