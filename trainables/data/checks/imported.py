"""What the import already knew: images left out or rejected, the face detector, and what it remarked."""

from __future__ import annotations

from collections.abc import Iterator

from trainables.data.checks.finding import Finding, View, Weight, some
from trainables.data.datasets.landmarks import OF_THE_PHOTO


def imported(view: View) -> Iterator[Finding]:
    """Yield what `dataset.json` records."""
    details = view.dataset.card.details
    for rule, count in details.get("left_out", {}).items():
        yield Finding(Weight.NOTE, f"{count} images were left out when importing: {rule}")
    if details.get("rejected"):
        text = f"{details['rejected']} raw files could not be read: rejects.csv"
        yield Finding(Weight.NOTE, text)
    if "detector" in details:
        yield Finding(Weight.NOTE, f"face boxes: {details['detector']}")
    for note in details.get("notes", ()):
        yield Finding(Weight.NOTE, note)
    for remark, found in details.get("remarks", {}).items():
        text = f"{found['images']} images: {remark}: {some(found['files'])}"
        if remark == OF_THE_PHOTO:  # true of all of 300W-LP
            yield Finding(Weight.NOTE, text)
        else:
            yield Finding(Weight.WARNING, text, tuple((file,) for file in found["files"]))
    if "dropped" in details:
        yield Finding(Weight.NOTE, f"{details['dropped']} images were dropped by repairs")
