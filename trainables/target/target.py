"""What a target is: its labels and metrics, known before any image is read, and what follows from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from trainables.target.metric import Metric, Unit

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from PIL import Image

    from trainables.target.aligned import Aligned

    Values = npt.NDArray[np.floating]
    """[N, L]: a value of each label in the label's unit, for N images."""
    PerImage = npt.NDArray[np.float64]
    """[N]: one value per image."""


@dataclass(frozen=True)
class Label:
    """One number that the network learns to predict of each image."""

    name: str
    unit: Unit
    low: float
    high: float
    """Values beyond these are refused when training begins: such a label is broken."""
    optional: bool = False
    """Whether a dataset may do without it; only the last ones are."""

    @property
    def column(self) -> str:
        """Its column in `labels.parquet`: `yaw_deg`."""
        return f"{self.name}_{self.unit.key}"

    def shown(self, value: float, digits: int = 0) -> str:
        """Return a value with its unit, and with its sign where it may be negative: `+12°`, `41 years`."""
        return f"{value:{'+' if self.low < 0 else ''}.{digits}f}{self.unit.sign}"


@dataclass(frozen=True)
class Bands:
    """Bands of the true value of a label, `width` wide, in which a report shows the error."""

    label: str
    width: float


@dataclass(frozen=True)
class Mark:
    """What a colour stands for in a drawing; red, green and blue, 0 to 255."""

    name: str
    colour: tuple[int, int, int]


class Target(Protocol):
    """A target on images that have some of its labels; arrays have their values in the order of `labels`."""

    @property
    def labels(self) -> tuple[Label, ...]:
        """The labels that the images have."""

    @property
    def main(self) -> Metric:
        """The metric that chooses the best epoch: the first of the config's."""

    def on_first(self, count: int) -> Target:
        """Return the target on images that have only the first labels."""

    def measures(self, predicted: Values, true: Values) -> dict[str, float]:
        """Return each metric by its name without a group, over N >= 1 images.

        Left out are metrics of labels that are not there, and of groups without an image. Raises `ValueError`
        where the shapes differ.
        """

    def image_measures(self, predicted: Values, true: Values) -> dict[str, PerImage]:
        """Return the values of each image of those metrics that are means over images, by name.

        NaN stands for images that are no part of the metric.
        """

    def apart(self, one: Values, other: Values) -> PerImage:
        """Return how far apart two predictions of each image are, in the unit of the labels."""

    def aligned(self, predicted: Values, true: Values, half: npt.NDArray[np.bool_]) -> Aligned | None:
        """Return predictions without a constant difference by which labels of two datasets may differ.

        It is fitted to each half of the images and taken from the other, so that what is left is not too
        small. None where this target knows of no such difference, or not of these labels.
        """

    def augmented(self, values: Values, *, mirrored: npt.NDArray[np.bool_], turn_deg: Values) -> Values:
        """Return the labels of images turned clockwise in their plane, then mirrored left to right.

        In the type of `values`; an image that is neither keeps its labels to the bit.
        """

    def draw(self, image: Image.Image, values: Sequence[float]) -> None:
        """Draw the labels of an image onto it, RGB; only where the target has a `legend`."""


class TargetConfig(Protocol):
    """The settings of a target, frozen. Reading them loads neither torch nor numpy."""

    def __hash__(self) -> int:
        """Return the same for equal settings."""

    @property
    def title(self) -> str:
        """What it is, as a heading says it: `Head pose`."""

    @property
    def mean_name(self) -> str:
        """What a sentence calls the mean of the training labels: `the mean pose`."""

    @property
    def labels(self) -> tuple[Label, ...]:
        """All of its labels, in the order that every array has them in."""

    @property
    def metrics(self) -> tuple[Metric, ...]:
        """All that is measured of predictions. The first is the main one: it chooses the best epoch."""

    @property
    def convention(self) -> str:
        """What its labels mean, in words: labels that differ in it are never compared."""

    @property
    def output(self) -> str:
        """Name of the output of an exported network: `pose_deg`."""

    @property
    def bands(self) -> Bands | None:
        """In which bands of a label a report shows the error; None for in none."""

    @property
    def legend(self) -> tuple[Mark, ...]:
        """What is drawn on images, by colour; empty where nothing is."""

    def augmentation_fault(self, labels: Sequence[str], turn_deg: float) -> str | None:
        """Return why images with only these labels cannot be turned by up to so many degrees, or None.

        It is the rule and the value; the way out is to turn none.
        """

    def build(self, labels: Sequence[Label]) -> Target:
        """Return the target on images with these labels, the first ones of its own."""
