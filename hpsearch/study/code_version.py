"""The version of the code: the package's, and the commit where it runs from a checkout."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

PACKAGES = ("hpsearch", "trainables")


def code_version() -> str:
    """Return the package's version, with the commit where it runs from a checkout."""
    here = Path(__file__).parents[1]
    git = shutil.which("git")
    commit = ""
    if git and (here.parent / ".git").exists():
        command = [git, "-C", str(here), "describe", "--always", "--dirty"]
        commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    return f"{version('hpsearch')}+{commit}" if commit else version("hpsearch")
