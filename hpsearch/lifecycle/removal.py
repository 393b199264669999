"""Removes a folder that a user wants deleted: what cannot be removed is found before anything is."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from trainables.base.errors import Fault, InputError, why


def check_removable(folder: Path) -> None:
    """Raise `InputError` naming every folder whose entries this user may not remove; links are not followed.

    Where `folder` is itself a link, only the link is to go.
    """
    holders = [folder.parent]
    if not folder.is_symlink():
        holders += [Path(path) for path, _, _ in os.walk(folder)]
    faults = [
        Fault("you have no permission to remove what is here: nothing was deleted", file=str(path))
        for path in holders
        if not os.access(path, os.W_OK | os.X_OK)
    ]
    if faults:
        raise InputError(faults)


def remove(folder: Path, *, but: str | None = None) -> None:
    """Remove a folder with all that is in it, but never what a link in it leads to.

    With `but` the folder stays with the file of that name. Raises `InputError` where something is left.
    """
    try:
        for entry in folder.iterdir() if but else [folder]:
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            elif entry.name != but:
                entry.unlink()
    except OSError as error:
        rule = f"some of it could not be removed ({why(error)}): remove the rest by hand"
        raise InputError(Fault(rule, file=str(error.filename or folder))) from None


def bytes_below(folder: Path) -> int:
    """Return the size of all files below a folder; those behind links are not of it."""
    files = (Path(path, name) for path, _, names in os.walk(folder) for name in names)
    return sum(file.lstat().st_size for file in files)
