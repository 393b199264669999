"""The search system: knows trials, never pixels.

    import hpsearch

    study = hpsearch.read_study("quickstart")
    study.trials()                                   # one row per trial, as a pandas table
    study.epochs()                                   # one row per epoch of a trial

    model = hpsearch.load("exported")                # what `hpsearch export` wrote
    model.predict(["face.jpg"])                      # [B, A]: yaw, pitch, roll in degrees

Importing this loads nothing else: each function imports what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os

    from hpsearch.results.dataframes import StudyTables
    from trainables.exported.predict import PoseModel

__all__ = ["load", "read_study"]


def read_study(name: str, root: str | os.PathLike[str] = "hpsearch-runs") -> StudyTables:
    """Read the study called `name` below `root`; it may be running, nothing is written.

    Raises `trainables.base.errors.InputError` where there is none, with the names that are.
    """
    from pathlib import Path

    from hpsearch.results.dataframes import StudyTables
    from hpsearch.study.store import find_study

    return StudyTables(find_study(Path(root), name))


def load(folder: str | os.PathLike[str], device: str = "cpu") -> PoseModel:
    """Load the network that `hpsearch export` wrote to `folder`.

    `predict(images)` takes uint8 [B, H, W, 3], paths or PIL images and returns degrees [B, A], named by
    `angles`. Raises `trainables.base.errors.InputError` where there is none, or it is damaged.
    """
    from trainables.exported.predict import load as load_model

    return load_model(folder, device)
