"""The root: the folder of all datasets, studies and MLflow runs, and where it is unless a command says."""

from __future__ import annotations

import os
from pathlib import Path

ROOT_VARIABLE = "HPSEARCH_ROOT"


def default_root() -> Path:
    """Return where datasets, studies and MLflow's store lie unless `--root` says otherwise."""
    return user_path(os.environ.get(ROOT_VARIABLE) or "hpsearch-runs")


def user_path(text: str) -> Path:
    """Return a path with the home folder for its `~`, which shells leave alone in `--root=~/runs`."""
    try:
        return Path(text).expanduser()
    except RuntimeError:  # there is no home folder, and so no such path
        return Path(text)
