"""Images that are of no use, or are others than those that were written."""

from __future__ import annotations

from collections.abc import Iterator

from trainables.data.checks.finding import Finding, View, Weight, some
from trainables.data.datasets.prepared import content_hash

DARK = 64
"""Of 255: no part of a photograph of a face is darker than this, but all of one with 14 bits in 16 is."""


def _dark(view: View) -> Iterator[Finding]:
    """Yield the images whose brightest part is dark: their white may be another."""
    found = [
        file
        for file, look in zip(view.table["file"], view.looks, strict=True)
        if look.thumb and not look.fault and max(look.thumb) < DARK
    ]
    if found:
        yield Finding(
            Weight.WARNING,
            f"{len(found)} images are almost black, no part of them is brighter than a quarter of white: "
            f"were they stored with 10 to 14 bits in 16? {some(found)}",
            tuple((file,) for file in found),
        )


def images(view: View) -> Iterator[Finding]:
    """Yield what is missing, cannot be read, shows nothing, or has changed."""
    files = view.table["file"]
    missing = [file for file, look in zip(files, view.looks, strict=True) if look.digest is None]
    broken = [
        f"{file} ({look.fault})"
        for file, look in zip(files, view.looks, strict=True)
        if look.fault and look.digest is not None
    ]
    if missing:
        yield Finding(Weight.FAULT, f"{len(missing)} images are missing: {some(missing)}")
    if broken:
        yield Finding(Weight.FAULT, f"{len(broken)} images show no face: {some(broken)}")
    was = view.dataset.card.content_hash
    if not missing and content_hash(view.dataset.folder, [look.digest for look in view.looks]) != was:
        text = f"labels or images changed since they were written: their hash was {was}"
        yield Finding(Weight.FAULT, text)
    yield from _dark(view)
    extra = sum(file.is_file() for file in (view.dataset.folder / "images").rglob("*")) - files.nunique()
    if extra > 0:
        yield Finding(Weight.NOTE, f"{extra} files below images/ are not in labels.parquet")
