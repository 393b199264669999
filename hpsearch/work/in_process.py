"""This process as the backend of a launch: one trial at a time, without Ray, so that a debugger works."""

from __future__ import annotations

import socket
import time
from bdb import BdbQuit
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import torch

from hpsearch.study.records import Placement
from hpsearch.study.spec import StudySpec
from hpsearch.work.backend import Watcher
from hpsearch.work.items import NoWork, WorkItem, WorkSource
from hpsearch.work.known_designs import KnownDesigns
from hpsearch.work.resources import (
    Machines,
    Share,
    TrialResources,
    compiles,
    describe_lack,
    fitting,
    resolve_resources,
)
from hpsearch.work.tries import Death, deliver, give_up, learn_need, try_again
from trainables.base.allowance import allowed_bytes, allowed_cores
from trainables.base.disk import DiskFault, is_disk_fault
from trainables.base.errors import InputError
from trainables.training.jobs import Failed, Job, JobRunner, Result, found_here_too
from trainables.training.machine import compile_fault

ASKED_EVERY_S = 1.0
"""How often a source is asked that has nothing now: another launch may train what it waits for."""


class InProcess:
    """See `hpsearch.work.backend.Backend`."""

    def check(self) -> None:
        """Nothing can be wrong beforehand."""

    @contextmanager
    def opened(self, spec: StudySpec, folder: Path, datasets: Path, watcher: Watcher) -> Iterator[OneAtATime]:
        """Take this process's CPUs and first GPU. Raises `InputError` where a trial asks for more."""
        cpus, gpus = allowed_cores(), min(torch.cuda.device_count(), 1)
        resources = resolve_resources(spec.search.resources, Machines(gpus, cpus if gpus else 0, cpus))
        if not fitting(cpus, gpus, Share(resources.cpus, resources.gpus), allowed_bytes()):
            raise InputError(describe_lack(resources, cpus, gpus, "this process"))
        if compiles(spec) and (reason := compile_fault(gpu=resources.gpus > 0)):
            raise InputError(reason)
        yield OneAtATime(resources)


@dataclass(frozen=True)
class OneAtATime:
    """Runs each item to its end before the next; see `hpsearch.work.backend.Workplace`.

    A job that hangs is not ended, whatever `epoch_timeout_s`: it may wait for whoever debugs it.
    """

    resources: TrialResources
    in_parallel: int = 1

    def now_s(self) -> float:
        """Return monotonic seconds."""
        return time.monotonic()

    def watched(self, give_up: Callable[[str], None]) -> AbstractContextManager[None]:
        """Watch nothing: what would be lost is this process."""
        return nullcontext()

    def run(self, source: WorkSource, *, retries: int, epoch_timeout_s: float) -> None:
        """Run the source's items until it has none left."""
        runner, threads = JobRunner.on(gpu=self.resources.gpus > 0), torch.get_num_threads()
        try:
            while (item := source.next_item()) is not NoWork.DONE:
                if item is NoWork.WAIT:
                    time.sleep(ASKED_EVERY_S)
                else:
                    _carry_out(item, runner, retries, source, self.resources.known)
        finally:
            runner.close()
            torch.set_num_threads(threads)


def _carry_out(
    item: WorkItem, runner: JobRunner, retries: int, source: WorkSource, known: KnownDesigns
) -> None:
    """Run a job to its end, or as far as its item lets it; what it raises costs it a try.

    Where its input is bad when looked at again, too, the source has it back.
    """
    job = item.job
    runner.take(job)
    over = False
    while not over:
        outcome = _step(runner)
        match outcome:
            case Result():
                over = deliver(item, outcome, _placement(runner, job))
            case Failed() if found := outcome.faults and found_here_too(job, outcome.faults):
                source.input_lost(item, found)
                over = True
            case Failed():
                item.on_failed(outcome.reason)
                over = True
            case Death() if retries:
                retries -= 1
                learn_need(job, outcome, known)
                job = try_again(item, job, outcome)
                runner.take(job)
            case Death():
                learn_need(job, outcome, known)
                give_up(item, outcome)
                over = True


def _step(runner: JobRunner) -> Result | Failed | Death:
    """Return what a step came to. Raises `DiskFault`, and `KeyboardInterrupt` where a debugger is quit."""
    try:
        return runner.step()
    except BdbQuit:
        raise KeyboardInterrupt from None
    except Exception as error:  # noqa: BLE001  whatever a job raises is the job's
        if is_disk_fault(error):
            raise DiskFault.of(error) from None
        return Death.by(error)


def _placement(runner: JobRunner, job: Job) -> Placement:
    return Placement(socket.gethostname(), runner.device_name, float(job.cpus), job.gpus)
