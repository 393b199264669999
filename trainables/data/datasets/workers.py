"""Reads untrusted files in worker processes: a crash, a hang or exhausted memory loses one file only.

A worker is sent a chunk of items and answers item by item, so that it is known at which item it died. That
item is tried once more in a fresh process; if that dies too, its answer is a `Lost` with the reason.
"""

from __future__ import annotations

import os
import resource
import signal
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, Generic, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")

MEMORY_BYTES = 2 << 30
"""Memory that a worker may allocate beyond what it starts with: a small file may unpack to any size."""

TIMEOUT_S = 60.0
"""Most seconds that one item may take."""


@dataclass(frozen=True)
class Lost:
    """The answer for an item at which two workers died."""

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

    Each worker has one chunk at a time, and `chunks` is read no faster than that. What `job` raises is raised
    here. Close the generator to end the workers; they also end when this process is killed.

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
                worker.poll(worker.connection in ready, waited_s)
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
        context = get_context("spawn")
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
        with suppress(BrokenPipeError):  # it has died: `poll` will notice
            self.connection.send(self.items[len(self.answers) :])

    def poll(self, answered: bool, waited_s: float) -> None:
        """Take one answer where there is one, or notice that the worker is dead or stuck."""
        if not answered:
            self.waited_s += waited_s if self.ready else 0.0
            if self.waited_s > self.timeout_s:
                self._failed(f"not read within {self.timeout_s:g} s")
            return
        try:
            answer: Any = self.connection.recv()
        except (EOFError, ConnectionResetError):
            self.process.join()
            self._failed(_describe_exit(self.process.exitcode))
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


def _describe_exit(exitcode: int | None) -> str:
    if exitcode is None or exitcode >= 0:
        return f"its reader ended with status {exitcode}"
    name = signal.Signals(-exitcode).name
    hint = ", out of memory?" if name == "SIGKILL" else ""
    return f"its reader crashed ({name}{hint})"


def _serve(job: Callable[[Any], Any], connection: Connection) -> None:
    """Answer chunks until the parent process ends."""
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
