"""Checks a prepared dataset as an expert would: its counts, the ranges of its labels, and all that is odd."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from trainables.data.checks import CHECKS
from trainables.data.checks.copies import same_files
from trainables.data.checks.finding import Finding, View, Weight
from trainables.data.datasets.image_looks import look_at_images
from trainables.data.datasets.prepared import PreparedDataset, content_hash
from trainables.target import Label, known_labels

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Spread:
    """The range and median of one label, in its unit."""

    label: Label
    low: float
    median: float
    high: float


@dataclass(frozen=True)
class Check:
    """The result of checking a dataset.

    With `faults`, errors measured on it mean nothing; `warnings` are to be looked at; `notes` only inform.
    """

    name: str
    source: str
    convention: str
    images: int
    subjects: int
    split_images: dict[str, int]
    split_subjects: dict[str, int]
    spreads: tuple[Spread, ...]
    duplicates: int
    missing: int
    bad: tuple[str, ...]
    """Images that are missing, cannot be read, or are blank."""
    content_hash: str
    findings: tuple[Finding, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """What makes errors measured on it mean nothing."""
        return self._of(Weight.FAULT)

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is probably wrong."""
        return self._of(Weight.WARNING)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be known."""
        return self._of(Weight.NOTE)

    def _of(self, weight: Weight) -> tuple[str, ...]:
        return tuple(finding.text for finding in self.findings if finding.weight is weight)

    @property
    def text(self) -> str:
        """The check as text for the terminal."""
        lines = [f"{self.name}: {self.images} images of {self.subjects} subjects, {self.source}"]
        width = max(map(len, self.split_images), default=0)
        for split, images in self.split_images.items():
            lines.append(f"  {split:<{width}}  {images:>8} images  {self.split_subjects[split]:>6} subjects")
        for spread in self.spreads:
            reach = f"{spread.low:+9.3f} to {spread.high:+9.3f} {spread.label.unit.name}"
            lines.append(f"  {spread.label.name:<5}  {reach}, median {spread.median:+.3f}")
        lines += [f"  {self.convention}", f"  sha256 {self.content_hash}"]
        for weight in (Weight.NOTE, Weight.WARNING, Weight.FAULT):
            lines += [f"  {weight.value}: {text}" for text in self._of(weight)]
        if not self.faults:
            lines.append("  no faults")
        if self.bad:
            lines.append(f"  drop these images: `hpsearch data check {self.name} --repair`")
        return "\n".join(lines)


def check_dataset(folder: Path) -> Check:
    """Check the prepared dataset at `folder`, reading and decoding every image once, on all cores.

    Raises `InputError` where there is none.
    """
    dataset = PreparedDataset(folder)
    card, table = dataset.card, dataset.labels().reset_index(drop=True)
    looks = list(look_at_images(folder, table["file"]))
    labels = tuple(label for label in known_labels() if label.column in dataset.label_columns)
    view = View(dataset, table, labels, looks)
    return Check(
        name=dataset.name,
        source=card.source,
        convention=card.convention,
        images=len(table),
        subjects=int(table["subject"].nunique()),
        split_images={name: len(rows) for name, rows in view.splits.items()},
        split_subjects={name: int(rows["subject"].nunique()) for name, rows in view.splits.items()},
        spreads=tuple(_spread(table, label) for label in labels),
        duplicates=sum(len(rows) - 1 for rows in same_files(view)),
        missing=sum(look.digest is None for look in looks),
        bad=tuple(file for file, look in zip(table["file"], looks, strict=True) if look.fault),
        content_hash=content_hash(folder, [look.digest for look in looks]),
        findings=tuple(finding for check in CHECKS for finding in check(view)),
    )


def _spread(table: pd.DataFrame, label: Label) -> Spread:
    values = table[label.column].to_numpy(np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return Spread(label, np.nan, np.nan, np.nan)
    return Spread(label, float(values.min()), float(np.median(values)), float(values.max()))
