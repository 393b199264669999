"""Measures what trainings of one design do together: 1, 2, 4, ... of them, each in a process of its own."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, cast

import torch

from trainables.training.config import TrainConfig
from trainables.training.gpu_share import keep_to_share
from trainables.training.packing import counts, rises
from trainables.training.rehearsal import few_batches
from trainables.training.session import Session

TRAINED_S = 2.0
"""How long trainings are measured together, at least; an epoch is not cut short."""

BATCHES_ON_GPU, BATCHES_ON_CPU = 24, 1
"""Steps of a measured epoch."""

PATIENCE_S = 300.0
"""How long a process may take for one answer: a large design takes minutes for a step on a CPU."""

IDLE_KEPT = 4
"""Processes that wait for the next design, at most: each holds a context on a GPU."""


@dataclass(frozen=True)
class Candidate:
    """A design, how many of its trainings fit on a device, and the threads that they have.

    One alone has as many of the `cores` as it can use, `most_threads`; together they share these.
    """

    config: TrainConfig
    most: int
    most_threads: int
    cores: int

    def threads(self, count: int) -> int:
        """Return the threads of each of so many."""
        return max(1, min(self.most_threads, self.cores // count))


class NotMeasured(Exception):
    """A design could not be measured, as the message says."""


class NoAnswer(NotMeasured):
    """A process died or did not answer in time."""


def measure_together(
    candidates: Sequence[Candidate], datasets: Path, device: torch.device, seconds: float
) -> list[dict[int, float] | str]:
    """Return for each design the images/s of 1, 2, 4, ... trainings in parallel, or why there are none.

    No more are measured than fit, nor once the sum no longer rises. Designs that are left after so many
    `seconds` are not begun.
    """
    ends_s = time.monotonic() + seconds
    found: list[dict[int, float] | str] = []
    with _crew(datasets, device) as crew:
        for candidate in candidates:
            if time.monotonic() > ends_s:
                found.append(f"the {seconds:.0f} s for it were over")
                continue
            try:
                found.append(_measure(crew, candidate))
            except NotMeasured as error:
                found.append(str(error))
                if isinstance(error, NoAnswer):
                    crew.dismiss(keep=0)
    return found


def _measure(crew: _Crew, candidate: Candidate) -> dict[int, float]:
    crew.dismiss(keep=min(IDLE_KEPT, candidate.most))
    together: dict[int, float] = {}
    for count in counts(candidate.most):
        together[count] = crew.images_per_s(candidate, count)
        if not rises(together):
            break
    return together


@dataclass(frozen=True)
class _Order:
    """What a process is to train: on `threads`, bound to a share of the GPU's memory."""

    config: TrainConfig
    threads: int
    share: float


class _Crew:
    """Processes that train what they are told and begin at the same moment."""

    def __init__(self, datasets: Path, device: torch.device) -> None:
        self._datasets, self._device = datasets, device
        self._context = get_context("spawn")
        self._members: list[tuple[BaseProcess, Connection]] = []

    def images_per_s(self, candidate: Candidate, count: int) -> float:
        """Return what so many trainings do together. Raises `NotMeasured`."""
        while len(self._members) < count:
            self._members.append(self._hired())
        order = _Order(candidate.config, candidate.threads(count), 1 / candidate.most)
        chosen = [connection for _, connection in self._members[:count]]
        _asked(chosen, order)
        return float(sum(_asked(chosen, TRAINED_S)))  # all are built and warm: they begin together

    def dismiss(self, keep: int) -> None:
        """End all processes but the first ones."""
        leaving, self._members = self._members[keep:], self._members[:keep]
        for process, connection in leaving:
            connection.close()
            process.kill()
            process.join()

    def _hired(self) -> tuple[BaseProcess, Connection]:
        here, there = self._context.Pipe()
        process = self._context.Process(
            target=_serve, args=(there, self._datasets, self._device), daemon=True
        )
        process.start()
        there.close()  # else its end would not be seen
        return process, here


@contextmanager
def _crew(datasets: Path, device: torch.device) -> Iterator[_Crew]:
    crew = _Crew(datasets, device)
    try:
        yield crew
    finally:
        crew.dismiss(keep=0)


def _asked(members: Sequence[Connection], what: _Order | float) -> list[float]:
    """Return the answers of all. Raises `NotMeasured` where one is that, when each has answered."""
    try:
        for connection in members:
            connection.send(what)
        answers = [_answer(connection) for connection in members]
    except (EOFError, OSError):
        raise NoAnswer("its process died") from None
    for answer in answers:
        if isinstance(answer, NotMeasured):
            raise answer
    return [float(answer) for answer in answers]


def _answer(connection: Connection) -> Any:
    if not connection.poll(PATIENCE_S):
        raise NoAnswer(f"a process did not answer within {PATIENCE_S:.0f} s")
    return connection.recv()


def _serve(orders: Connection, datasets: Path, device: torch.device) -> None:
    """Build what is ordered, say when it is warm, train when told to, and answer its images/s."""
    training: Session | None = None
    ordered: _Order | None = None
    while True:
        try:
            order = orders.recv()
        except EOFError:  # whoever measures has ended
            return
        try:
            if isinstance(order, _Order):
                if order != ordered:
                    training = None  # before the next is built: both may not fit
                    training, ordered = _warm(order, datasets, device), order
                orders.send(0.0)
            else:
                orders.send(_rate(cast(Session, training), order))
        except Exception as error:  # noqa: BLE001  what a design meets here its trials say themselves
            lines = str(error).splitlines() or [""]
            orders.send(NotMeasured(f"{type(error).__name__}: {lines[0]}"))


def _warm(order: _Order, datasets: Path, device: torch.device) -> Session:
    torch.set_num_threads(order.threads)
    keep_to_share(device, order.share)
    batches = BATCHES_ON_GPU if device.type == "cuda" else BATCHES_ON_CPU
    training = few_batches(order.config, datasets, batches, device, order.threads).session
    training.run_epoch()
    return training


def _rate(training: Session, seconds: float) -> float:
    began_s, images = time.perf_counter(), 0
    while (taken_s := time.perf_counter() - began_s) < seconds:
        images += training.train_epoch().images
    return images / taken_s
