"""Counts and numbers that do not fit: rows against `dataset.json`, files in two rows, labels of no value."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from trainables.data.checks.finding import Finding, View, Weight, some


def counts(view: View) -> Iterator[Finding]:
    """Yield what does not add up."""
    card, table = view.dataset.card, view.table
    counted = {name: len(rows) for name, rows in view.splits.items()}
    if len(table) != card.images or counted != card.splits:
        yield Finding(Weight.FAULT, f"labels.parquet has {counted}, dataset.json says {card.splits}")
    doubled = table.loc[table["file"].duplicated(), "file"]
    if len(doubled):
        yield Finding(Weight.FAULT, f"{len(doubled)} files are in more than one row: {some(doubled)}")


def finite(view: View) -> Iterator[Finding]:
    """Yield the labels that are no numbers."""
    for label in view.labels:
        bad = view.table.loc[~np.isfinite(view.table[label.column].to_numpy(np.float64)), "file"]
        if len(bad):
            text = f"{label.name} is not a finite number in {len(bad)} images: {some(bad)}"
            yield Finding(Weight.FAULT, text)


def limits(view: View) -> Iterator[Finding]:
    """Yield the labels beyond what a label can be: training refuses them, and a test set may hold them."""
    for label in view.labels:
        values = view.table[label.column].to_numpy(np.float64)
        beyond = (values < label.low) | (values > label.high)
        if beyond.any():
            worst = float(values[beyond][np.abs(values[beyond]).argmax()])
            yield Finding(
                Weight.WARNING,
                f"{label.name} is beyond {label.low:g} to {label.high:g} {label.unit.name} in {beyond.sum()} "
                f"images, up to {worst:g}: no training takes them. Leave them out, as AFLW2000's `reduced` "
                "does, or import a table again, which wraps what is within one turn: "
                f"{some(view.table['file'][beyond])}",
                tuple((file,) for file in view.table["file"][beyond]),
            )
