"""Deletes a study: its folder with the journal, and its runs in MLflow. What other studies share stays."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from hpsearch.study.lock import study_lock
from hpsearch.study.store import tracking_of
from hpsearch.study.stored_trials import TRIALS
from hpsearch.tracking import default_uri, tracking_uri
from hpsearch.tracking.deletion import delete_runs, study_id
from hpsearch.tracking.location import STORE, artifacts_folder
from trainables.base.errors import InputError


def contents(folder: Path) -> str:
    """Return what a deletion of the study in `folder` takes away, in one line."""
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    trials = sum(path.is_dir() for path in (folder / TRIALS).glob("*"))
    return f"{folder} ({trials} trials with files, {size / 1e6:.0f} MB) and its runs in MLflow"


def delete(root: Path, folder: Path, sure: Callable[[str], bool]) -> str | None:
    """Delete the study in `folder`; return a line that says what was deleted, None where it was not wanted.

    `sure` is asked with what is to be deleted. Datasets and pretrainings stay, and with them the MLflow runs
    of pretrainings. Raises `InputError` where the study is running, or MLflow cannot be written.
    """
    with study_lock(folder):
        if not sure(contents(folder)):
            return None
        runs = 0
        identity = study_id(folder)
        uri = tracking_uri(root, tracking_of(folder))
        if identity is not None and (uri != default_uri(root) or (root / STORE).is_file()):
            runs = delete_runs(uri, folder.name, identity, artifacts_folder(root))
        shutil.rmtree(folder)
    if folder.exists():
        raise InputError(f"{folder} could not be removed: see who owns its files")
    return f"deleted {folder} and {runs} runs in MLflow; datasets and pretrainings stay"
