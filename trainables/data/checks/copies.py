"""The same image more than once: noted, and a fault across splits or with two labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from trainables.data.checks.finding import Finding, View, Weight, some


def copies(view: View) -> Iterator[Finding]:
    """Yield what is to be said of images whose files are the same."""
    found = same_files(view)
    files = view.table["file"]
    pairs = [(view.splits[one].index, view.splits[other].index) for one, other in view.compared]
    across = [rows for rows in found if any(a.isin(rows).any() and b.isin(rows).any() for a, b in pairs)]
    values = view.table[[label.column for label in view.labels]].to_numpy(np.float64)
    apart = [rows for rows in found if np.ptp(values[rows], axis=0).max(initial=0) > 0]
    for wrong, what in ((across, "are in two splits"), (apart, "have two different labels")):
        if wrong:
            groups = tuple(tuple(files.iloc[rows]) for rows in wrong)
            examples = some(" = ".join(group) for group in groups)
            yield Finding(Weight.FAULT, f"{len(wrong)} images {what}: {examples}", groups)
    if found:
        yield Finding(Weight.NOTE, f"{sum(len(rows) - 1 for rows in found)} images are copies of others")


def same_files(view: View) -> list[list[int]]:
    """Return the rows of each image that occurs more than once."""
    rows = defaultdict(list)
    for row, look in enumerate(view.looks):
        if look.digest is not None:
            rows[look.digest].append(row)
    return [same for same in rows.values() if len(same) > 1]
