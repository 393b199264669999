"""What of the surroundings of a command must be there before anything is done."""

from __future__ import annotations

import os
from pathlib import Path

from trainables.base.errors import Fault, InputError


def check_surroundings(root: Path) -> None:
    """See that this user has a home folder and that the root has a name that all tools can write.

    Raises `InputError`.
    """
    faults = []
    try:
        Path.home()
    except RuntimeError:  # as in a container that is given a user's number alone
        way_out = "set HOME to a folder of yours, such as HOME=$PWD"
        faults.append(Fault(f"user {os.getuid()} has no home folder, which MLflow and Ray need: {way_out}"))
    try:
        str(root.absolute()).encode()
    except UnicodeEncodeError:
        shown = os.fsencode(root.absolute()).decode(errors="backslashreplace")
        way_out = "give another --root, or rename the folder"
        faults.append(Fault(f"the path of the root must be UTF-8, got {shown}: {way_out}"))
    if faults:
        raise InputError(faults)
