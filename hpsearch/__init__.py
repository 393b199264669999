"""The search system: knows trials, never pixels.

    import hpsearch

    study = hpsearch.launch("space.yaml")            # runs the search, or continues it
    study = hpsearch.read_study("quickstart")        # one that is there, also while it runs
    study.verdict, study.best                        # is it really better, and which
    study.trials()                                   # one row per trial, as a pandas table
    study.epochs()                                   # one row per epoch of a trial
    study.plot.curves().save("curves.svg")           # a notebook shows charts for the mouse

    model = hpsearch.load("exported")                # what `hpsearch export` wrote
    model.predict(["face.jpg"])                      # [B, L]: yaw, pitch and roll in degrees

Importing this loads nothing else: each function imports what it needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from hpsearch.notebook.study_view import StudyView
    from trainables.exported.predict import PoseModel

__all__ = ["__version__", "launch", "load", "read_study", "studies"]


def launch(
    space: str | os.PathLike[str],
    root: str | os.PathLike[str] | None = None,
    *,
    trials: int | None = None,
    epochs: int | None = None,
    address: str | None = None,
    without_token: bool = False,
    in_process: bool = False,
) -> StudyView:
    """Run the search that the file `space` describes, or continue it; it says what `hpsearch launch` says.

    `root` is the folder of all studies, $HPSEARCH_ROOT or `hpsearch-runs` where it is None; `trials` and
    `epochs` override the space's budget; `address` is that of a Ray cluster, this machine where it is None,
    and `without_token` uses one that needs no token: anyone who reaches its ports can run code as you.
    With `in_process` no Ray is started, and one trial at a time runs in this process, for a debugger.
    Raises `trainables.base.errors.InputError` for a fault of the input, before anything starts, and
    `KeyboardInterrupt`, after everything was written, where it is stopped: calling it again goes on.
    """
    from pathlib import Path

    from hpsearch.cli.terminal import TerminalScreen
    from hpsearch.driver.backends import backend_of
    from hpsearch.driver.launch import launch as run
    from hpsearch.driver.request import LaunchRequest
    from hpsearch.notebook.study_view import StudyView

    request = LaunchRequest(
        Path(space), _root(root), trials, epochs, address, without_token=without_token, in_process=in_process
    )
    return StudyView(run(request, TerminalScreen(request), backend_of(request)))


def studies(root: str | os.PathLike[str] | None = None) -> list[StudyView]:
    """Read all studies below `root`, as `read_study` does, by name."""
    from hpsearch.study.store import study_names

    return [read_study(name, root) for name in study_names(_root(root))]


def read_study(name: str, root: str | os.PathLike[str] | None = None) -> StudyView:
    """Read the study called `name` below `root`; it may be running, nothing is written.

    `root` is $HPSEARCH_ROOT or `hpsearch-runs` where it is None. Raises `trainables.base.errors.InputError`
    where there is no such study, with the names that are.
    """
    from hpsearch.notebook.study_view import StudyView
    from hpsearch.study.store import find_study

    return StudyView(find_study(_root(root), name))


def load(folder: str | os.PathLike[str], device: str = "cpu") -> PoseModel:
    """Load the network that `hpsearch export` wrote to `folder`.

    `predict(images)` takes uint8 [B, H, W, 3], paths or PIL images and returns labels [B, L], which
    `labels` names with their units. Raises `trainables.base.errors.InputError` where there is none, or it is
    damaged.
    """
    from trainables.exported.predict import load as load_model

    return load_model(folder, device)


def __getattr__(name: str) -> str:
    """Return the version where it is asked for: finding it out takes longer than importing."""
    if name != "__version__":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib.metadata import version

    return version("hpsearch")


def _root(root: str | os.PathLike[str] | None) -> Path:
    from pathlib import Path

    from trainables.base.root import default_root

    return default_root() if root is None else Path(root)
