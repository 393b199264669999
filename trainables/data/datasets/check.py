"""Checks a prepared dataset: its counts, the ranges of its labels, and faults such as leaking subjects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd

from trainables.data.datasets.image_looks import look_at_images
from trainables.data.datasets.prepared import LABELS, PreparedDataset, content_hash
from trainables.target import Label, known_labels

ALWAYS_COMPARED = frozenset({"train", "validation", "test"})
"""Splits that must never share a subject or image; others may overlap by design (`full`, `reduced`)."""

SHOWN = 5
"""Names given as examples of a fault."""


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

    With `faults`, errors measured on it mean nothing; `notes` only inform.
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
    faults: tuple[str, ...]
    notes: tuple[str, ...]

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
        lines += [f"  note: {note}" for note in self.notes]
        lines += [f"  FAULT: {fault}" for fault in self.faults] or ["  no faults"]
        if self.bad:
            lines.append(f"  drop these images: `hpsearch data check {self.name} --repair`")
        return "\n".join(lines)


def check_dataset(folder: Path) -> Check:
    """Check the prepared dataset at `folder`, reading and decoding every image once, on all cores.

    Raises `InputError` where there is none.
    """
    dataset = PreparedDataset(folder)
    card, table = dataset.card, dataset.labels()
    looks = list(look_at_images(folder, table["file"]))
    digests = [look.digest for look in looks]
    labels = [label for label in known_labels() if label.column in dataset.label_columns]
    now = content_hash(folder, digests)
    copies = _copies(digests)
    bad = {file: look.fault for file, look in zip(table["file"], looks, strict=True) if look.fault}
    missing = [file for file, digest in zip(table["file"], digests, strict=True) if digest is None]
    broken = [f"{file} ({fault})" for file, fault in bad.items() if file not in {*missing}]
    splits = {name: table[_in_split(table, name)] for name in card.splits}
    faults = [
        *_count_faults(dataset, table, splits),
        *_label_faults(table, labels),
        *_subject_faults(splits),
        *_copy_faults(table, splits, copies, labels),
    ]
    if missing:
        faults.append(f"{len(missing)} images are missing: {_some(missing)}")
    if broken:
        faults.append(f"{len(broken)} images show no face: {_some(broken)}")
    if not missing and now != card.content_hash:
        faults.append(f"labels or images changed since they were written: their hash was {card.content_hash}")
    return Check(
        name=dataset.name,
        source=card.source,
        convention=card.convention,
        images=len(table),
        subjects=int(table["subject"].nunique()),
        split_images={name: len(rows) for name, rows in splits.items()},
        split_subjects={name: int(rows["subject"].nunique()) for name, rows in splits.items()},
        spreads=tuple(_spread(table, label) for label in labels),
        duplicates=sum(len(rows) - 1 for rows in copies),
        missing=len(missing),
        content_hash=now,
        bad=tuple(bad),
        faults=tuple(faults),
        notes=tuple(_notes(dataset, table, copies)),
    )


def _in_split(table: pd.DataFrame, name: str) -> pd.Series[bool]:
    return table["split"].str.split(" ").map(lambda names: name in names).astype(bool)


def _spread(table: pd.DataFrame, label: Label) -> Spread:
    values = table[label.column].to_numpy(np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return Spread(label, np.nan, np.nan, np.nan)
    return Spread(label, float(values.min()), float(np.median(values)), float(values.max()))


def _count_faults(
    dataset: PreparedDataset, table: pd.DataFrame, splits: dict[str, pd.DataFrame]
) -> list[str]:
    counted = {name: len(rows) for name, rows in splits.items()}
    faults = []
    if len(table) != dataset.card.images or counted != dataset.card.splits:
        faults.append(f"labels.parquet has {counted}, dataset.json says {dataset.card.splits}")
    doubled = table.loc[table["file"].duplicated(), "file"]
    if len(doubled):
        faults.append(f"{len(doubled)} files are in more than one row: {_some(doubled)}")
    return faults


def _label_faults(table: pd.DataFrame, labels: Sequence[Label]) -> list[str]:
    faults = []
    for label in labels:
        bad = table.loc[~np.isfinite(table[label.column].to_numpy(np.float64)), "file"]
        if len(bad):
            faults.append(f"{label.name} is not a finite number in {len(bad)} images: {_some(bad)}")
    return faults


def _compared(splits: dict[str, pd.DataFrame]) -> list[tuple[str, str]]:
    """Return the pairs of splits that may share neither subject nor image."""
    return [
        pair
        for pair in combinations(splits, 2)
        if set(pair) <= ALWAYS_COMPARED or splits[pair[0]].index.intersection(splits[pair[1]].index).empty
    ]


def _subject_faults(splits: dict[str, pd.DataFrame]) -> list[str]:
    faults = []
    for one, other in _compared(splits):
        shared = sorted(set(splits[one]["subject"]) & set(splits[other]["subject"]))
        if shared:
            faults.append(f"{len(shared)} subjects are both in {one} and in {other}: {_some(shared)}")
    return faults


def _copies(digests: list[bytes | None]) -> list[list[int]]:
    """Return the rows of each image that occurs more than once."""
    rows = defaultdict(list)
    for row, digest in enumerate(digests):
        if digest is not None:
            rows[digest].append(row)
    return [same for same in rows.values() if len(same) > 1]


def _copy_faults(
    table: pd.DataFrame, splits: dict[str, pd.DataFrame], copies: list[list[int]], labels: Sequence[Label]
) -> list[str]:
    """Return the faults of copies: the same image in two compared splits, or with two different labels."""
    pairs = [(splits[one].index, splits[other].index) for one, other in _compared(splits)]
    across = [rows for rows in copies if any(a.isin(rows).any() and b.isin(rows).any() for a, b in pairs)]
    values = table[[label.column for label in labels]].to_numpy(np.float64)
    apart = [rows for rows in copies if np.ptp(values[rows], axis=0).max(initial=0) > 0]
    faults = []
    for found, what in ((across, "are in two splits"), (apart, "have two different labels")):
        if found:
            examples = (" = ".join(table["file"].iloc[rows]) for rows in found)
            faults.append(f"{len(found)} images {what}: {_some(examples)}")
    return faults


def _notes(dataset: PreparedDataset, table: pd.DataFrame, copies: list[list[int]]) -> list[str]:
    details = dataset.card.details
    left_out = details.get("left_out", {})
    notes = [f"{count} images were left out when importing: {rule}" for rule, count in left_out.items()]
    if details.get("rejected"):
        notes.append(f"{details['rejected']} raw files could not be read: rejects.csv")
    if "detector" in details:
        notes.append(f"face boxes: {details['detector']}")
    if copies:
        notes.append(f"{sum(len(rows) - 1 for rows in copies)} images are copies of others")
    if "dropped" in details:
        notes.append(f"{details['dropped']} images were dropped by repairs")
    extra = sum(file.is_file() for file in (dataset.folder / "images").rglob("*")) - table["file"].nunique()
    if extra > 0:
        notes.append(f"{extra} files below images/ are not in {LABELS}")
    return notes


def _some(names: Iterable[str]) -> str:
    listed = list(names)
    return ", ".join(listed[:SHOWN]) + (", ..." if len(listed) > SHOWN else "")
