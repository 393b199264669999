"""Keeps the labels of a share of the subjects: what a search with few labels trains on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

import numpy as np

from trainables.base.errors import Fault, InputError
from trainables.data.datasets.prepared import Samples


def labelled_subjects(subjects: Iterable[str], share: float) -> frozenset[str]:
    """Return the share of subjects whose labels are kept: at least one, and all but one at most.

    They are the first in the order of their names' digests: of a smaller share they are among those of a
    larger one, no seed changes them, and neighbours in the alphabet are not chosen together (the first 5 % of
    300W-LP would all be of one of its four sources).
    """
    ranked = sorted(set(subjects), key=lambda name: hashlib.sha256(name.encode()).digest())
    return frozenset(ranked[: min(max(1, round(share * len(ranked))), len(ranked) - 1)])


def split_labels(whole: Samples, share: float) -> tuple[Samples, Samples | None]:
    """Return the images whose labels are kept, and the others without labels; None where all are kept.

    Raises `InputError` where all images are of one subject.
    """
    if share == 1:
        return whole, None
    kept = labelled_subjects(whole.subjects, share)
    if not kept:
        raise InputError(
            Fault(
                f"a share of {share:g} of the labels is kept by subject, and all images are of one, "
                f"{whole.subjects[0]!r}: leave labels out, or train on more subjects",
                "data.train.labels",
            )
        )
    rows = np.array([subject in kept for subject in whole.subjects])
    return whole.where(rows), whole.where(~rows).without_labels()
