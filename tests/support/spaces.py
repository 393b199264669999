"""Search spaces written for a test: a file whose first line names the data, and what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from hpsearch.study.spec import StudySpec, load_spec
from trainables.base.errors import Fault, InputError

DATA = "data: {train: {dataset: heads}, image_px: 64}"
"""Line 1 of every space that `write` writes."""


def write(folder: Path, text: str) -> Path:
    """Write a space whose own text begins on line 2."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "space.yaml"
    path.write_text(f"{DATA}\n{text}", encoding="utf-8")
    return path


def load(folder: Path, text: str) -> StudySpec:
    return load_spec(write(folder, text))


def faults(folder: Path, text: str) -> list[Fault]:
    """Return every fault of a space, which must have one."""
    try:
        load(folder, text)
    except InputError as error:
        return list(error.faults)
    raise AssertionError("the space was accepted")
