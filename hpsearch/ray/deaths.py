"""Why a worker of Ray's died; one that was killed for memory counts as one that died."""

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

from hpsearch.work.tries import Death, described
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


def death_of(trial: Any, kernel_kills: int) -> Death:
    """Return why the process of one of Tune's trials died.

    `kernel_kills` is how many processes the kernel of its machine killed for memory since the trial was last
    heard of.
    """
    error = _error_of(trial)
    if error is None:
        silent = "its process ended without an error message"
        return Death(silent, silent)
    cause = getattr(error, "cause", None) or error
    short = cause if isinstance(cause, OutOfGpuMemory) else None
    details = COLOUR.sub("", str(error)).strip()  # for an exception, its traceback
    if short or isinstance(error, WorkerOutOfMemoryError):
        return Death(str(cause), details, short)
    if isinstance(error, RayActorError) and kernel_kills:
        reason = "out of memory: the kernel of its machine killed a process to free memory"
        return Death(reason, details)
    if isinstance(error, RayActorError) and error.actor_init_failed:
        return Death(details.splitlines()[-1].strip(), details)  # of the traceback: what its start raised
    return Death(described(cause), details)


def _error_of(trial: Any) -> Any:
    file = trial.pickled_error_file  # in the driver's own scratch folder
    return cloudpickle.loads(Path(file).read_bytes()) if file and Path(file).is_file() else None
