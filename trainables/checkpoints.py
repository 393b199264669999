"""A trial's checkpoints in its folder: the newest good one is where a trial goes on, on whatever machine."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, Protocol

import torch

from trainables.durable import load_state, save_state

KEEP = 2
"""Checkpoints kept of a running trial: where the newest cannot be read, the one before can."""

COPIES = 4
"""Numbers in a checkpoint for each weight: it, its best value, and two moments of the optimizer."""

BEST_WEIGHTS = "best.pt"
"""The supervised network's weights after the trial's best epoch."""

History = list[dict[str, float]]
"""`history[i]`: the metrics after epoch i + 1."""


class Restorable(Protocol):
    """What can be saved and taken up again: a `Session`."""

    epoch: int

    def state(self) -> dict[str, Any]:
        """Return the whole state, as tensors and plain values that may change when training goes on."""
        ...

    def take(self, state: Mapping[str, Any]) -> None:
        """Take over a state."""
        ...


class Checkpoints:
    """The last `KEEP` checkpoints below `folder`, each with the metrics of all epochs up to it.

    A checkpoint is written while the next epoch trains; `flush` waits for it.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._threads = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._writing: Future[None] | None = None
        self._state: dict[str, Any] = {}

    def save(self, session: Restorable, history: History) -> None:
        """Begin to write a checkpoint of the session after its last epoch; the oldest is dropped after it.

        Raises what kept the one before from being written: `OSError`, or `DiskFull`, which is one.
        """
        self.flush()
        self._state = _copied({"session": session.state(), "history": history}, self._state)
        path = self._folder / f"checkpoint_{session.epoch:04d}.pt"
        self._writing = self._threads.submit(self._write, self._state, path)

    def flush(self) -> None:
        """Wait until the last checkpoint is written. Raises what kept it from that."""
        if self._writing is not None:
            writing, self._writing = self._writing, None
            writing.result()

    def restore(self, session: Restorable) -> tuple[History, list[str]]:
        """Take up the newest checkpoint that can be read.

        Returns its history, and a line for each checkpoint that could not be read.
        """
        broken = []
        for path in self._newest_first():
            try:
                state = load_state(path)
                session.take(state["session"])
            except (OSError, ValueError, RuntimeError, KeyError, pickle.UnpicklingError) as error:
                broken.append(f"{path.name} cannot be read ({type(error).__name__}): using the one before")
            else:
                return list(state["history"]), broken
        return [], broken

    def abandon(self) -> None:
        """Begin to remove the checkpoints, once the last is written: the trial has ended, well or not."""
        self._threads.submit(self.clear)
        self._threads.shutdown(wait=False)

    def clear(self, *, weights: bool = False) -> None:
        """Remove the checkpoints of a trial that has ended, with `weights` its best weights too."""
        for path in self._newest_first():
            path.unlink(missing_ok=True)
        if weights:
            (self._folder / BEST_WEIGHTS).unlink(missing_ok=True)

    def _write(self, state: dict[str, Any], path: Path) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        save_state(state, path)
        for old in self._newest_first()[KEEP:]:
            old.unlink()

    def _newest_first(self) -> list[Path]:
        return sorted(self._folder.glob("checkpoint_*.pt"), reverse=True)


def checkpoints_bytes(weights: int) -> int:
    """Return what the checkpoints of a trial with so many weights take, the one being written included."""
    return (KEEP + 1) * COPIES * weights * 4


def _copied(value: Any, old: Any) -> Any:
    """Return `value` with every tensor copied to the CPU: into the memory of `old`, the last one, if it fits.

    To get new memory for all tensors of a network takes several times as long as to copy them.
    """
    match value:
        case torch.Tensor():
            if isinstance(old, torch.Tensor) and (old.shape, old.dtype) == (value.shape, value.dtype):
                return old.copy_(value.detach())
            return value.detach().to("cpu", copy=True)
        case Mapping():
            before = old if isinstance(old, Mapping) else {}
            return {key: _copied(child, before.get(key)) for key, child in value.items()}
        case list() | tuple():
            return type(value)(_copied(child, None) for child in value)
    return value
