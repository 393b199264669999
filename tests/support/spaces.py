"""Search spaces written for a test: a file whose first line names the data, and what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

from hpsearch.study.spec import StudySpec, load_spec
from trainables.base.errors import Fault, InputError

ROOT = Path(__file__).parents[2]
QUICKSTART = ROOT / "search_spaces" / "quickstart.yaml"
RECORDED = ROOT / "benchmarks" / "search" / "space.yaml"

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


@cache
def plain() -> StudySpec:
    """Return the space of made-up studies, where nothing depends on it; it asks for no confirmations."""
    spec = load_spec(RECORDED)
    return replace(spec, search=spec.search.model_copy(update={"confirm": None}))


def faults(folder: Path, text: str) -> list[Fault]:
    """Return every fault of a space, which must have one."""
    try:
        load(folder, text)
    except InputError as error:
        return list(error.faults)
    raise AssertionError("the space was accepted")
