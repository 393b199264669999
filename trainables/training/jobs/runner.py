"""Runs jobs one after another on a worker, step by step, and says which errors another try would not fix."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from trainables.base.errors import Fault, InputError
from trainables.data.loader import LoaderPool
from trainables.training.gpu_share import keep_to_share, shortage
from trainables.training.jobs.job import Job, Result, Worker
from trainables.training.measuring import NonFinitePrediction
from trainables.training.trainer import Diverged


@dataclass(frozen=True)
class Failed:
    """The end of a job that another try would not fix: why, and the faults of its input, if it was that."""

    reason: str
    faults: tuple[Fault, ...] = ()


class JobRunner:
    """One job at a time; `take` gives it the next. What a worker keeps, it keeps from job to job."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._results: Iterator[Result] = iter(())
        self._gpus = 0.0
        self._leftovers: Callable[[], None] | None = None
        """Removes what the job leaves that is at work, once it has ended."""
        self._ended = False

    @classmethod
    def on(cls, *, gpu: bool) -> JobRunner:
        """Return one on the first GPU of this process, or on its CPU."""
        if not gpu:
            return cls(Worker(torch.device("cpu")))
        # two loaders are what a job holds: a larger pool would not keep to the job's share of the memory
        return cls(Worker(torch.device("cuda", 0), LoaderPool(keep=2)))

    @property
    def device(self) -> torch.device:
        """Where jobs run."""
        return self._worker.device

    @property
    def device_name(self) -> str:
        """The name of the device for people."""
        return torch.cuda.get_device_name(self.device) if self.device.type == "cuda" else "cpu"

    def take(self, job: Job) -> None:
        """Take a job, which starts with the first step; remove the checkpoints of the one before.

        One that the driver stopped may go on elsewhere: its files are the driver's to remove.
        """
        if self._leftovers is not None and self._ended:
            self._worker.writer.afterwards(self._leftovers)
        torch.set_num_threads(job.cpus)
        self._leftovers, self._gpus, self._ended = job.clear, job.gpus, False
        self._results = self._run(job)  # releases the job before

    def step(self) -> Result | Failed:
        """Return the job's next result, for a training that of one epoch, or why it failed for good.

        Numbers that are not finite end a job for good, and so does bad input. Raises `DiskFault`, which is no
        fault of the job, and what another try may fix: `OutOfGpuMemory`, on a larger share (on a whole GPU
        it is the end), and any other error.
        """
        outcome = self._outcome()
        self._ended = isinstance(outcome, Failed) or outcome.done
        return outcome

    def _run(self, job: Job) -> Iterator[Result]:
        """Run a job on its share. Where not even a context fits, the first step finds the lack of memory."""
        keep_to_share(self.device, job.gpus)
        yield from job.run(self._worker)

    def _outcome(self) -> Result | Failed:
        try:
            return next(self._results)
        except (Diverged, NonFinitePrediction) as error:
            return Failed(str(error))
        except InputError as error:
            return Failed(str(error), error.faults)
        except RuntimeError as error:
            if (short := shortage(error, self.device, self._gpus)) is None:
                raise
            if self._gpus >= 1:
                return Failed(str(short))
            raise short from error

    def close(self) -> None:
        """Let the last checkpoint be written: the next launch may go on from it."""
        self._worker.writer.wait()
