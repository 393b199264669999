"""Checkpoints of a trial or a pretraining in its folder: it goes on from the newest that can be read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

from trainables.base.atomic import UNFINISHED, load_state, save_state
from trainables.training.checkpoint_size import KEEP
from trainables.training.image_errors import IMAGE_ERRORS

if TYPE_CHECKING:
    import torch

BEST_WEIGHTS = "best.pt"
"""The supervised network's weights after the trial's best epoch."""

CHECKPOINTS = "checkpoint_*.pt"
LEFTOVERS = ("weights_*.pt", f".*{UNFINISHED}")
"""What a process that died leaves beside the checkpoints: drafts of weights, and files half written."""

History = list[dict[str, float]]
"""`history[i]`: the metrics after epoch i + 1."""


class Restorable(Protocol):
    """A run whose state can be saved and loaded: a `Session` or a `Pretrainer`."""

    epoch: int

    def state_dict(self) -> dict[str, Any]:
        """Return the whole state, as tensors and plain values.

        Training may change all of it in place, except what stands in a `MappingProxyType`.
        """
        ...

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Go on from a state."""
        ...


class CheckpointWriter:
    """One thread that writes, and the memory that checkpoints are copied to: a worker's jobs share both."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="checkpoints")
        self._copy: dict[str, Any] = {}

    def write(self, state: dict[str, Any], path: Path) -> tuple[Future[None], Future[None]]:
        """Begin to copy a state and to write the copy; return a future of each."""
        return self._thread.submit(self._take, state), self._thread.submit(self._save, path)

    def afterwards(self, work: Callable[[], None]) -> Future[None]:
        """Do something once everything begun is written; return its future."""
        return self._thread.submit(work)

    def wait(self) -> None:
        """Wait until everything begun is written, or could not be."""
        self._thread.submit(lambda: None).result()

    def _take(self, state: dict[str, Any]) -> None:
        self._copy = _copied(state, self._copy)

    def _save(self, path: Path) -> None:
        save_state(self._copy, path)
        for old in _newest_first(path.parent)[KEEP:]:
            old.unlink()


class Checkpoints:
    """The last `KEEP` checkpoints below `folder`, each with the metrics of all epochs up to it.

    They are written while training goes on: it must wait for `copied` only; `flush` waits for the files.
    """

    def __init__(self, folder: Path, writer: CheckpointWriter | None = None) -> None:
        self._folder = folder
        self._writer = writer or CheckpointWriter()
        self._copying: Future[None] | None = None
        self._writing: list[Future[None]] = []

    def save(self, run: Restorable, history: History) -> None:
        """Begin to make a checkpoint of a run after its last epoch; the oldest is dropped after it.

        The run must not change until `copied`. Raises what kept the one before from being written:
        `OSError`, or `DiskFault`, which is one.
        """
        self.flush()
        state = {"session": run.state_dict(), "history": list(history)}
        path = self._folder / f"checkpoint_{run.epoch:04d}.pt"
        self._copying, writing = self._writer.write(state, path)
        self._writing.append(writing)

    def draft(self, epoch: int, weights: Mapping[str, torch.Tensor]) -> None:
        """Begin to write weights that may turn out to be the best, as on the CPU: see `draft_file`.

        They must not change until `flush`.
        """

        def write() -> None:
            on_cpu = {name: value.detach().cpu() for name, value in weights.items()}
            save_state(on_cpu, draft_file(self._folder, epoch))

        self._writing.append(self._writer.afterwards(write))

    def copied(self) -> None:
        """Wait until the run may change again."""
        if self._copying is not None:
            copying, self._copying = self._copying, None
            copying.result()

    def flush(self) -> None:
        """Wait until everything begun is written. Raises what kept it from that."""
        self.copied()
        writing, self._writing = self._writing, []
        for file in writing:
            file.result()

    def restore(self, run: Restorable) -> tuple[History, list[str]]:
        """Load the newest checkpoint that can be read, and remove what a process that died left beside.

        Returns its history, and a line for each checkpoint that could not be read. A run that cannot take one
        over is as it was before.
        """
        _remove(self._folder, LEFTOVERS)
        broken: list[str] = []
        if not (found := _newest_first(self._folder)):
            return [], broken
        before = _copied(run.state_dict(), None)
        for path in found:
            try:
                state = load_state(path)
                run.load_state_dict(state["session"])
            except (OSError, ValueError, RuntimeError, KeyError) as error:
                run.load_state_dict(before)
                broken.append(f"{path.name} cannot be read ({type(error).__name__}): using the one before")
            else:
                return list(state["history"]), broken
        return [], broken

    def newest(self) -> Path | None:
        """Return the file of the newest checkpoint, None where there is none."""
        return next(iter(_newest_first(self._folder)), None)

    def keep_newest(self) -> None:
        """Remove all checkpoints but the newest: the run is frozen, and waits."""
        for old in _newest_first(self._folder)[1:]:
            old.unlink(missing_ok=True)

    def clear(self, *, weights: bool = False) -> None:
        """Remove the checkpoints of a run that has ended, with `weights` its results too."""
        _remove(self._folder, (CHECKPOINTS, *LEFTOVERS))
        if weights:
            _remove(self._folder, (BEST_WEIGHTS, f"*{IMAGE_ERRORS}"))


def _remove(folder: Path, patterns: Iterable[str]) -> None:
    for pattern in patterns:
        for path in folder.glob(pattern):
            path.unlink(missing_ok=True)


def _newest_first(folder: Path) -> list[Path]:
    return sorted(folder.glob(CHECKPOINTS), reverse=True)


def draft_file(folder: Path, epoch: int) -> Path:
    """Return where the weights after an epoch stand while it is not known whether they are the best."""
    return folder / f"weights_{epoch:04d}.pt"


def _copied(value: Any, old: Any) -> Any:
    """Return `value` with every tensor copied to the CPU: into the memory of `old`, the last one, if it fits.

    To get new memory for all tensors of a network takes several times as long as to copy them.
    """
    import torch  # takes seconds, and whoever only looks for a checkpoint needs none of it

    match value:
        case torch.Tensor():
            if isinstance(old, torch.Tensor) and (old.shape, old.dtype) == (value.shape, value.dtype):
                return old.copy_(value.detach())
            return value.detach().to("cpu", copy=True)
        case MappingProxyType():
            return dict(value)
        case Mapping():
            before = old if isinstance(old, Mapping) else {}
            return {key: _copied(child, before.get(key)) for key, child in value.items()}
        case list() | tuple():
            return type(value)(_copied(child, None) for child in value)
    return value
