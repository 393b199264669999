"""Which images of which dataset a run is trained, validated and tested on, and how they become pixels."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from trainables.base.schema import Config, Strings
from trainables.data.datasets import DatasetRef

Decode = Literal["auto", "cpu", "mixed", "cache"]
"""How JPEGs become pixels; see `data.decode`."""


class TrainSource(Config):
    """The images that a network is trained on."""

    dataset: DatasetRef
    """A prepared dataset's name below `ROOT/datasets`, or `rendered-heads`, built on first use."""
    split: str = "train"
    """Which of the dataset's splits."""
    subjects: Strings = ()
    """Only these subjects; all where empty."""
    labels: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Share of the subjects whose labels are kept, one at least; the images of the others have none, see
    `data.unlabelled`. Whose labels are kept follows from the subjects' names alone: the same people for all
    seeds, and those of a smaller share are among those of a larger one."""


class UnlabelledSource(Config):
    """Images whose labels are never read, for the helper alone: the training images whose labels are not kept
    (`data.train.labels`), and those of another dataset, if one is named.

    Epochs count labelled images, so that equal epochs are equal labelled images. Where nothing learns from
    images without labels (`pretext: none`, `heads: false`, after `weight_end`), none is read.
    """

    dataset: DatasetRef | None = None
    """As for `train`; null: only the training images whose labels are not kept. It may be the training set
    itself; images with a label are left out."""
    split: str = "train"
    """Which of the dataset's splits."""
    subjects: Strings = ()
    """Only these subjects; all where empty."""
    share: Annotated[float, Field(ge=0, le=16)] = 1.0
    """Unlabelled images per labelled one in each step: with 4, a `batch` of 64 is joined by 256 of them; with
    0 by none."""

    def per_step(self, labelled: int) -> int:
        """Return how many unlabelled images join a step of so many labelled ones: 1 at least if any do."""
        return max(1, round(self.share * labelled)) if self.share else 0


class ValidationSource(Config):
    """The images that networks are compared on. Never the test set."""

    dataset: DatasetRef | None = None
    """As for `train`; the same dataset where left out."""
    split: str = "validation"
    """Which of the dataset's splits."""
    subjects: Strings = ()
    """Only these subjects; all where empty."""


class TestSource(Config):
    """Images that a finished network is measured on once, after all decisions."""

    __test__ = False  # not a test, whatever pytest thinks of its name

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]
    """What its metrics are called: `test/NAME/mae_deg`."""
    dataset: DatasetRef
    """As for `train`."""
    split: str = "test"
    """Which of the dataset's splits."""
    subjects: Strings = ()
    """Only these subjects; all where empty."""

    def shares_images(self, dataset: DatasetRef, split: str, subjects: tuple[str, ...]) -> bool:
        """Say whether images of another source are among these."""
        subjects_meet = not self.subjects or not subjects or bool({*self.subjects} & {*subjects})
        return self.dataset == dataset and self.split == split and subjects_meet
