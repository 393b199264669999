"""Which images of which dataset: what a run learns from, and what judges it."""

from __future__ import annotations

from trainables.datasets import DatasetRef
from trainables.schema import Config, Strings


class TrainSource(Config):
    """The images a network learns from."""

    dataset: DatasetRef
    """A prepared dataset's name below `ROOT/datasets`, or `rendered-heads`, built on first use."""
    split: str = "train"
    """Which of the dataset's splits."""
    subjects: Strings = ()
    """Only these subjects; all where empty."""


class ValidationSource(Config):
    """The images that decide which network is better. Never the test set."""

    dataset: DatasetRef | None = None
    """As for `train`; the same dataset where left out."""
    split: str = "validation"
    """Which of the dataset's splits."""
    subjects: Strings = ()
    """Only these subjects; all where empty."""
