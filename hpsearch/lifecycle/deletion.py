"""Deletes a study: its folder with the journal, and its runs in MLflow. What other studies share stays."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hpsearch.lifecycle.removal import bytes_below, check_removable, remove
from hpsearch.study.lock import LOCK, study_lock
from hpsearch.study.store import tracking_of
from hpsearch.study.trials import TRIALS
from hpsearch.tracking.deletion import check_answers, delete_runs, study_id
from hpsearch.tracking.location import STORE, artifacts_folder, default_uri, tracking_uri
from trainables.base.errors import InputError


def contents(folder: Path) -> str:
    """Return what a deletion of the study in `folder` takes away, in one line."""
    trials = sum(path.is_dir() for path in (folder / TRIALS).glob("*"))
    size_mb = bytes_below(folder) / 1e6
    return f"{folder} ({trials} trials with files, {size_mb:.0f} MB) and its runs in MLflow"


def delete(root: Path, folder: Path, sure: Callable[[str], bool]) -> str | None:
    """Delete the study in `folder`; return a line that says what was deleted, None where it was not wanted.

    `sure` is asked with what is to be deleted. Datasets and pretrainings stay, and with them the MLflow runs
    of pretrainings. Where `folder` is a link, the link alone goes: the study stays where it lies, with its
    runs. Raises `InputError` where the study is running, where this user may not remove its files, and where
    MLflow cannot be written; unless it says otherwise, nothing was deleted.
    """
    with study_lock(folder):
        check_removable(folder)
        if folder.is_symlink():
            target = folder.resolve()
            if not sure(f"the link {folder}, not the study that it leads to ({target})"):
                return None
            folder.unlink()
            return f"removed the link {folder}; the study stays, with its runs in MLflow: {target}"
        identity, uri = study_id(folder), tracking_uri(root, tracking_of(folder))
        has_runs = identity is not None and (uri != default_uri(root) or (root / STORE).is_file())
        if has_runs:
            check_answers(uri)
        if not sure(contents(folder)):
            return None
        remove(folder, but=LOCK)  # a network file system keeps the name of an open file in use
    remove(folder)
    runs = _delete_runs(root, folder, uri, identity) if has_runs and identity else 0
    return f"deleted {folder} and {runs} runs in MLflow; datasets and pretrainings stay"


def _delete_runs(root: Path, folder: Path, uri: str, identity: str) -> int:
    """Delete the runs last: without its files a study is gone, without its runs it is not."""
    try:
        return delete_runs(uri, folder.name, identity, artifacts_folder(root))
    except InputError as error:
        raise InputError(
            f"{folder} is deleted, its runs are not: {error}. They are in the experiment {folder.name!r}"
        ) from None
