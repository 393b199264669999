"""What the pixels say of the labels: a yaw changes its sign when an image is mirrored, and a pitch does not.

From the odd part of an image, half the difference to its mirror image, yaw can be guessed and pitch cannot. A
linear guess from 16 x 17 grey values is enough to tell them apart, and to see a split whose signs are the
other way round. It cannot tell the sign of all: that is seen on the contact sheet.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from trainables.data.checks.finding import Finding, View, Weight
from trainables.data.datasets.image_looks import thumbs_of

LEAST_IMAGES = 200
MOST_IMAGES = 4000
"""A guess by 136 numbers needs no more."""

SEEN, UNSEEN = 0.5, 0.2
"""Correlations of guess and label that say that there is something to see, and that there is nothing."""

RIDGE = 0.1

Doubles = npt.NDArray[np.float64]


def appearance(view: View) -> Iterator[Finding]:
    """Yield what pixels and angles say of each other; nothing where there are too few images."""
    if not (view.has("yaw") and view.has("pitch")):
        return
    seen = np.flatnonzero([bool(look.thumb) and not look.fault for look in view.looks])
    if len(seen) < LEAST_IMAGES:
        return
    rows = np.random.default_rng(0).permutation(seen)[:MOST_IMAGES]
    odd = _odd(thumbs_of(view.looks[row] for row in rows))
    labels = np.stack([view.values(name).to_numpy()[rows] for name in ("yaw", "pitch")], axis=1)
    half = len(rows) // 2
    guess = _guess(odd[:half], labels[:half], odd[half:])
    yaw, pitch = (_correlation(guess[:, place], labels[half:, place]) for place in (0, 1))
    if pitch > SEEN and abs(yaw) < UNSEEN:
        yield Finding(
            Weight.WARNING,
            "what changes sides when an image is mirrored follows pitch and not yaw: the two columns look "
            "swapped. `hpsearch data show` draws the axes",
        )
    if yaw > SEEN:
        yield from _turned_splits(view, rows, odd, labels[:, :1])


def _turned_splits(view: View, rows: npt.NDArray[np.intp], odd: Doubles, yaw: Doubles) -> Iterator[Finding]:
    """Yield the splits whose yaw has the other sign than that of the largest split."""
    largest = max(view.splits, key=lambda name: len(view.splits[name]))
    inside = np.isin(rows, view.splits[largest].index)
    for name, split in view.splits.items():
        others = np.isin(rows, split.index) & ~inside
        if name == largest or others.sum() < 20:
            continue
        found = _correlation(_guess(odd[inside], yaw[inside], odd[others])[:, 0], yaw[others, 0])
        if found < -SEEN:
            yield Finding(
                Weight.WARNING,
                f"the yaw of {name} looks as if its sign was the other way round than in {largest}: compare "
                f"them with `hpsearch data show --split {name}`, and import with --negate yaw",
            )


def _odd(thumbs: npt.NDArray[np.uint8]) -> Doubles:
    """Return the odd parts [N, 136] of grey images [N, 16, 17], each of one contrast."""
    grey = thumbs.astype(np.float64)
    grey = (grey - grey.mean(axis=(1, 2), keepdims=True)) / (grey.std(axis=(1, 2), keepdims=True) + 1)
    odd: Doubles = (grey - grey[:, :, ::-1])[:, :, : grey.shape[2] // 2 + 1].reshape(len(grey), -1) / 2
    return odd


def _guess(known: Doubles, labels: Doubles, asked: Doubles) -> Doubles:
    """Return the labels [M, L] that a ridge regression from [N, F] to [N, L] gives for [M, F]."""
    strength = RIDGE * len(known) * np.eye(known.shape[1])
    weights = np.linalg.solve(known.T @ known + strength, known.T @ (labels - labels.mean(axis=0)))
    guess: Doubles = asked @ weights
    return guess


def _correlation(one: Doubles, other: Doubles) -> float:
    spread = one.std() * other.std()
    return float(((one - one.mean()) * (other - other.mean())).mean() / spread) if spread > 0 else 0.0
