"""A trial's checkpoints in its folder: the newest good one is where a trial goes on, on whatever machine."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Protocol

KEEP = 2
"""Checkpoints kept of a running trial: where the newest cannot be read, the one before can."""


BEST_WEIGHTS = "best.pt"
"""The supervised network's weights after the trial's best epoch."""


class Restorable(Protocol):
    """What can be saved and loaded: a `Session`."""

    epoch: int

    def save(self, path: Path) -> None:
        """Write the whole state to `path`, all or nothing."""
        ...

    def load(self, path: Path) -> None:
        """Take over the state in `path`."""
        ...


History = list[dict[str, float]]
"""`history[i]`: the metrics after epoch i + 1."""


class Checkpoints:
    """The last `KEEP` checkpoints below `folder`, each with the metrics of all epochs up to it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, session: Restorable, history: History) -> None:
        """Write a checkpoint of the session after its last epoch, then drop the oldest."""
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"checkpoint_{session.epoch:04d}.pt"
        path.with_suffix(".json").write_text(json.dumps(history))
        session.save(path)
        for old in self._newest_first()[KEEP:]:
            old.unlink()
            old.with_suffix(".json").unlink(missing_ok=True)

    def restore(self, session: Restorable) -> tuple[History, list[str]]:
        """Load the newest checkpoint that can be read; return its history and a line for each that cannot."""
        broken = []
        for path in self._newest_first():
            try:
                history: History = json.loads(path.with_suffix(".json").read_text())
                session.load(path)
            except (OSError, ValueError, RuntimeError, KeyError, EOFError, pickle.UnpicklingError) as error:
                broken.append(f"{path.name} cannot be read ({type(error).__name__}): using the one before")
            else:
                return history, broken
        return [], broken

    def clear(self, *, weights: bool = False) -> None:
        """Remove the checkpoints of a trial that has ended, with `weights` its best weights too."""
        for path in self._newest_first():
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)
        if weights:
            (self._folder / BEST_WEIGHTS).unlink(missing_ok=True)

    def _newest_first(self) -> list[Path]:
        return sorted(self._folder.glob("checkpoint_*.pt"), reverse=True)
