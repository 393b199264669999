"""Deletes a prepared dataset that no launch uses; of a dataset that is linked, the link alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from hpsearch.lifecycle.removal import bytes_below, check_removable, remove
from hpsearch.study.folders import datasets_folder, studies_folder
from hpsearch.study.lock import holder_of
from hpsearch.study.spec import load_spec
from hpsearch.study.store import SPACE, study_names
from trainables.base.errors import InputError, nearest
from trainables.data.datasets.prepared import CARD


def delete_dataset(name: str, root: Path, sure: Callable[[str], bool]) -> str | None:
    """Delete the dataset in the folder `name`; return a line that says so, None where it was not wanted.

    `sure` is asked with what is to be deleted, and which studies have used it. Raises `InputError` where
    there is no such dataset, where a launch that runs or has just started uses it, and where this user may
    not remove it.
    """
    folder = datasets_folder(root) / name
    if not folder.is_dir() and not folder.is_symlink():
        there = sorted(path.name for path in datasets_folder(root).glob("*") if path.is_dir())
        raise InputError(f"there is no dataset {name!r} below {root}{nearest(name, there)}")
    refuse_used(name, root)
    check_removable(folder)
    users = f", {text}" if (text := users_text(name, root)) else ""
    target = folder.resolve()
    if folder.is_symlink():
        if not sure(f"the link {folder}, not what it leads to ({target}{users})"):
            return None
        refuse_used(name, root)
        folder.unlink()
        return f"removed the link {folder}; what it led to stays: {target}"
    if not sure(f"{target} ({bytes_below(folder) / 1e6:.0f} MB{users})"):
        return None
    aside = folder.with_name(f".{name}.deleted")
    if aside.exists():  # what another deletion could not remove
        remove(aside)
    folder.rename(aside)  # a launch that starts now does not find it
    try:
        refuse_used(name, root)  # one that has started meanwhile may have
    except InputError:
        aside.rename(folder)
        raise
    (aside / CARD).unlink(missing_ok=True)  # first: what is left of a deletion that fails is no dataset
    remove(aside)
    return f"deleted {folder}"


def users_text(name: str, root: Path) -> str:
    """Return which studies' spaces name the dataset, and which cannot be read; empty where there is none."""
    named = {study: named_in_space(root, study) for study in study_names(root)}
    used = [study for study, datasets in named.items() if datasets is not None and name in datasets]
    unread = [study for study, datasets in named.items() if datasets is None]
    said = [f"used by {', '.join(used)}"] if used else []
    if unread:
        whose = "its space" if len(unread) == 1 else "their spaces"
        said.append(f"{', '.join(unread)} may use it: {whose} cannot be read")
    return "; ".join(said)


def refuse_used(name: str, root: Path) -> None:
    """Raise `InputError` where a launch holds a study that needs the dataset, begun or just starting."""
    running = []
    for folder in sorted(path for path in studies_folder(root).glob("*") if path.is_dir()):
        holder = holder_of(folder)
        if holder and name in {*holder.datasets, *(named_in_space(root, folder.name) or ())}:
            running.append(folder.name)
    if running:
        raise InputError(f"dataset {name!r} is used by {', '.join(running)}, which is running")


def named_in_space(root: Path, study: str) -> set[str] | None:
    """Return the datasets that a study's space names, None where the space cannot be read."""
    try:
        return {*load_spec(studies_folder(root) / study / SPACE, name=study).datasets}
    except InputError:
        return None
