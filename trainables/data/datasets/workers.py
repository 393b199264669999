"""Work on untrusted files in processes of their own: a crash, a hang or a full memory loses one file.

Each worker is sent a chunk of items and answers item by item, so that it is always known what it was at when
it died. Such an item is tried once more in a fresh process; then its answer is a `Lost` with the reason.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MEMORY_BYTES = 2 << 30
"""What a worker may take above what it starts with: a small file may claim to unpack into any size."""

TIMEOUT_S = 60.0
"""Seconds that one item may take."""


@dataclass(frozen=True)
class Lost:
    """The answer for an item whose worker died of it twice."""

    reason: str


@dataclass(frozen=True)
class _Raised:
    error: Exception


_READY = "ready"


def run_isolated(
    job: Callable[[Item], Answer],
    chunks: Iterable[tuple[int, Sequence[Item]]],
    *,
    processes: int,
    timeout_s: float = TIMEOUT_S,
) -> Generator[tuple[int, list[tuple[Item, Answer | Lost]]]]:
    """Yield the number of each chunk, and its items with their answers, in the order in which they are done.

    One chunk a worker is under way at any time, and `chunks` is read no faster than that. What `job` raises
    is raised here. Close the generator to end the workers; they also end when this process is killed.

    Raises `RuntimeError` where processes cannot be started at all.
    """
    todo = iter(chunks)
    workers: list[_Worker[Item, Answer]] = []
    try:
        for number, items in islice(todo, processes):
            workers.append(_Worker(job, timeout_s))
            workers[-1].give(number, items)
        while workers:
            before = time.monotonic()
            ready = wait([worker.connection for worker in workers], timeout=1.0)
            # Capped: a process stopped for an hour, and its workers with it, must not time out on waking.
            waited_s = min(time.monotonic() - before, 1.0)
            for worker in list(workers):
                worker.listen(worker.connection in ready, waited_s)
                if worker.done:
                    yield worker.number, list(zip(worker.items, worker.answers, strict=True))
                    if chunk := next(todo, None):
                        worker.give(*chunk)
                    else:
                        workers.remove(worker)
                        worker.stop()
    finally:
        for worker in workers:
            worker.stop()


class _Worker(Generic[Item, Answer]):
    """One process and the chunk that it works on."""

    def __init__(self, job: Callable[[Item], Answer], timeout_s: float) -> None:
        self.job = job
        self.timeout_s = timeout_s
        self.number = -1
        self.items: Sequence[Item] = ()
        self.answers: list[Answer | Lost] = []
        self.tried_again = False
        self._start()

    def _start(self) -> None:
        # Spawned, not forked: the parent may hold threads, and a fork would inherit the other workers' pipes.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(self.job, theirs), daemon=True)
        self.process.start()
        theirs.close()
        self.ready = False
        self.waited_s = 0.0

    @property
    def done(self) -> bool:
        return len(self.answers) == len(self.items)

    def give(self, number: int, items: Sequence[Item]) -> None:
        self.number, self.items, self.answers = number, items, []
        self._send()

    def _send(self) -> None:
        self.waited_s = 0.0
        with suppress(BrokenPipeError):  # it has died: listening will say so
            self.connection.send(self.items[len(self.answers) :])

    def listen(self, spoke: bool, waited_s: float) -> None:
        """Take one answer where there is one, or see that the worker is dead or stuck."""
        if not spoke:
            self.waited_s += waited_s if self.ready else 0.0
            if self.waited_s > self.timeout_s:
                self._failed(f"not read within {self.timeout_s:g} s")
            return
        try:
            answer: Any = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            self._failed(_death(self.process.exitcode))
            return
        self.waited_s = 0.0
        if answer == _READY:
            self.ready = True
        elif isinstance(answer, _Raised):
            raise answer.error
        else:
            self.answers.append(answer)
            self.tried_again = False

    def _failed(self, reason: str) -> None:
        if not self.ready:
            raise RuntimeError(f"a worker process could not start: {reason}")
        self.stop()
        if self.tried_again:
            self.answers.append(Lost(reason))
        self.tried_again = not self.tried_again
        self._start()
        self._send()

    def stop(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


def _death(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"its reader ended with status {exitcode}"
    name = signal.Signals(-exitcode).name
    hint = ", out of memory?" if name == "SIGKILL" else ""
    return f"its reader crashed ({name}{hint})"


def _serve(job: Callable[[Any], Any], connection: Connection) -> None:
    """Answer chunks until the parent is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    os.environ["OPENBLAS_NUM_THREADS"] = (
        "1"  # scipy's, loaded later: its threads would count against the limit
    )
    _limit_memory()
    connection.send(_READY)
    try:
        while True:
            for item in connection.recv():
                try:
                    answer = job(item)
                except Exception as error:  # noqa: BLE001 raised again in the parent
                    answer = _Raised(error)
                connection.send(answer)
    except (EOFError, BrokenPipeError, ConnectionResetError):
        return


def _limit_memory() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    statm = Path("/proc/self/statm")
    if statm.exists():
        held = int(statm.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (held + MEMORY_BYTES, held + MEMORY_BYTES))
