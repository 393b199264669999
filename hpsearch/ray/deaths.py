"""Why a worker of Ray's died, in one line; one that was killed for memory counts as one that died."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ray import cloudpickle
from ray._private.state import state
from ray.air.execution._internal.actor_manager import RayActorManager
from ray.exceptions import OutOfMemoryError, RayActorError

from trainables.training.gpu_memory import OutOfGpuMemory

COLOUR = re.compile(r"\x1b\[[\d;]*m")
"""Ray colours the first line of a traceback."""


class WorkerOutOfMemoryError(RayActorError):
    """Ray's memory monitor killed the worker; `used` says how much of its machine's memory was taken."""

    def __init__(self, used: str) -> None:
        super().__init__()
        self._used = used

    def __str__(self) -> str:
        return f"out of memory: Ray's memory monitor killed its process{self._used}"

    def __reduce__(self) -> tuple[type[WorkerOutOfMemoryError], tuple[str]]:
        return type(self), (self._used,)


@contextmanager
def memory_kills_are_deaths() -> Iterator[None]:
    """While the block runs, Tune takes a worker that the memory monitor killed for one that died.

    Tune itself knows the deaths of workers and errors of their own; Ray's `OutOfMemoryError` is neither, and
    ends the whole experiment.
    """
    plain = RayActorManager._actor_task_failed

    def failed(self: RayActorManager, tracked_actor_task: Any, exception: Exception) -> None:
        if isinstance(exception, OutOfMemoryError):
            found = re.search(r"was ([\d.]+ ?GB) used / ([\d.]+ ?GB) limit", str(exception))
            exception = WorkerOutOfMemoryError(f" with {found[1]} of {found[2]} in use" if found else "")
        plain(self, tracked_actor_task, exception)

    # Tune builds its manager itself: there is no place to give it another
    RayActorManager._actor_task_failed = failed  # type: ignore[method-assign]
    try:
        yield
    finally:
        RayActorManager._actor_task_failed = plain  # type: ignore[method-assign]


def node_of(trial: Any) -> str | None:
    """Return the id of the node on which the process of one of Tune's trials died; None where not known."""
    actor = getattr(_error_of(trial), "actor_id", None)
    found = state.actor_table(actor, None, None) if actor else {}
    return str(found["Address"]["NodeID"]) if found else None


def gpu_shortage(trial: Any) -> OutOfGpuMemory | None:
    """Return the lack of GPU memory that one of Tune's trials ended with; None where it ended otherwise."""
    file = trial.pickled_error_file
    if not file or not Path(file).is_file():
        return None
    cause = getattr(cloudpickle.loads(Path(file).read_bytes()), "cause", None)
    return cause if isinstance(cause, OutOfGpuMemory) else None


def describe_death(trial: Any, kernel_kills: int) -> str:
    """Return why the process of one of Tune's trials died, in one line.

    `kernel_kills` is how many processes the kernel of its machine killed for memory since the trial was last
    heard of.
    """
    error = _error_of(trial)
    if error is None:
        return "its process ended without a word"
    if isinstance(error, WorkerOutOfMemoryError):
        return str(error)
    if short := gpu_shortage(trial):
        return str(short)
    if isinstance(error, RayActorError) and kernel_kills:
        return "out of memory: its process died as the kernel of its machine killed one for memory"
    cause = getattr(error, "cause", None) or error
    lines = str(cause).strip().splitlines()
    return f"{type(cause).__name__}: {lines[0].strip()}" if lines else type(cause).__name__


def error_details(trial: Any) -> str:
    """Return all that is known of the error of one of Tune's trials: for an exception, its traceback."""
    error = _error_of(trial)
    return "its process ended without a word" if error is None else COLOUR.sub("", str(error)).strip()


def _error_of(trial: Any) -> Any:
    file = trial.pickled_error_file  # in the driver's own scratch folder
    return cloudpickle.loads(Path(file).read_bytes()) if file and Path(file).is_file() else None
