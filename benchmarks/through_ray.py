"""How much of the time trials train where Ray Tune runs them: many that only sleep, beside the ideal.

    python benchmarks/through_ray.py [--trials 2000] [--workers 16] [--seconds 2] [--epochs 1]

The ideal is trials x seconds / workers. The work goes through `run_work` as that of a launch does: Tune's
searcher, scheduler and callbacks, reused actors, one result per epoch. Nothing decides and nothing is kept,
so what is lost is Ray's and Tune's. The workers are counted by hand, whatever cores there are: they sleep.
Their start, a process that loads torch each, stands apart: the time counts from when all have reported once.

The CPU time per trial of the driver, of Ray's own processes and of the workers says how many trials a second
a machine can place at most; the lines below it say which calls that of the driver goes to.
"""

from __future__ import annotations

import argparse
import cProfile
import os
import pstats
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import ray

from hpsearch.ray.cluster import _QUIET
from hpsearch.ray.nodes import Nodes
from hpsearch.ray.tune import run_work
from hpsearch.study.records import Placement
from hpsearch.work.items import NoWork
from hpsearch.work.resources import TrialResources
from trainables.base.errors import Fault
from trainables.training.checkpoints import History
from trainables.training.jobs import Result

SHOWN = 14
"""Lines of the driver's profile."""

SHOWN_EVERY = 50
"""Trials."""


@dataclass(frozen=True)
class Sleep:
    """A job that does nothing; see `trainables.training.jobs.Job`."""

    seconds: float
    epochs: int
    cpus: int = 1
    gpus: float = 0.0

    def check(self) -> None:
        """All that it reads is there."""

    def clear(self) -> None:
        """It leaves nothing."""

    def run(self, worker: Any) -> Iterator[Result]:
        """Sleep, and say so after each epoch."""
        for epoch in range(1, self.epochs + 1):
            time.sleep(self.seconds / self.epochs)
            yield Result(epoch, [{"slept_s": self.seconds}], [], done=epoch == self.epochs)


@dataclass
class Nap:
    """The item of one job; see `hpsearch.work.items.WorkItem`."""

    job: Sleep
    source: Naps

    def on_epochs(self, first_epoch: int, history: History, placement: Placement) -> bool:
        """Note when it was heard of."""
        self.source.heard_s.append(time.monotonic())
        return False

    def on_done(self) -> None:
        """Note when it ended."""
        self.source.ended_s.append(time.monotonic())
        self.source.look()

    def on_failed(self, reason: str) -> None:
        """End the benchmark."""
        raise RuntimeError(reason)

    def on_error(self, details: str) -> None:
        """Show it."""
        print(details)

    def on_note(self, note: str) -> None:
        """Show it."""
        print(note)


@dataclass
class Naps:
    """So many jobs; see `hpsearch.work.items.WorkSource`."""

    job: Sleep
    left: int
    heard_s: list[float] = field(default_factory=list)
    ended_s: list[float] = field(default_factory=list)
    looks: dict[int, dict[str, float]] = field(default_factory=dict)
    """What processes had used when so many jobs had ended; looked at where that many are a key."""

    def look(self) -> None:
        """Note what the processes have used by now, and show that it goes on."""
        ended = len(self.ended_s)
        if ended in self.looks:
            self.looks[ended] = cpu_by_process()
        if ended % SHOWN_EVERY == 0:
            print(f"{ended} trials have ended", flush=True)

    def next_item(self) -> Nap | NoWork:
        """Return the next job."""
        if not self.left:
            return NoWork.DONE
        self.left -= 1
        return Nap(self.job, self)

    def input_lost(self, item: Any, faults: Sequence[Fault]) -> None:
        """It reads nothing."""


def cpu_by_process() -> dict[str, float]:
    """Return the seconds of CPU time that this process and those below it have used, by what they are."""
    used: Counter[str] = Counter(driver=sum(psutil.Process().cpu_times()[:2]))
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.Error):
            worker = any(word.startswith("ray::") for word in child.cmdline())
            used["workers" if worker else child.name()] += sum(child.cpu_times()[:2])
    return used


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--epochs", type=int, default=1)
    options = parser.parse_args()
    job, workers = Sleep(options.seconds, options.epochs), options.workers
    count = options.trials - 2 * workers  # until the last ones are handed out: then slots stay empty
    looks: dict[int, dict[str, float]] = {workers: {}, workers + count: {}}
    naps, profile = Naps(job, options.trials, looks=looks), cProfile.Profile()
    os.environ.update(_QUIET)
    began_s = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        ray.init(
            "local",
            num_cpus=workers,
            _memory=workers * 2 * 2**30,  # what trials set aside; these only sleep
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
        )
        profile.enable()
        run_work(
            naps,
            TrialResources(1, 0.0, workers),
            Nodes(),
            folder=None,
            retries=0,
            epoch_timeout_s=600.0,
            scratch=Path(scratch),
            verbose=False,
        )
        profile.disable()
        ray.shutdown()
    first = naps.ended_s[workers - 1]
    took_s = naps.ended_s[workers + count - 1] - first
    print(f"{workers} workers have reported after {first - began_s:.1f} s")
    print(
        f"then {count} trials took {took_s:.1f} s; ideal {count * options.seconds / workers:.1f} s: "
        f"{count * options.seconds / workers / took_s:.3f} of the ideal throughput"
    )
    third = count // 3
    for part in range(3):
        part_s = naps.ended_s[workers + (part + 1) * third - 1] - naps.ended_s[workers + part * third - 1]
        print(f"  third {part + 1}: {third * options.seconds / workers / part_s:.3f}")
    before, after = looks.values()
    shares = {what: 1e3 * (after[what] - before.get(what, 0.0)) / count for what in after}
    shown = sorted(shares.items(), key=lambda one: -one[1])
    print("ms of CPU a trial: " + ", ".join(f"{what} {share:.1f}" for what, share in shown if share >= 0.1))
    print(f"in all {sum(shares.values()):.0f} ms; of the driver's, profiled, by its own time:")
    stats = pstats.Stats(profile)
    table: Any = stats.stats  # type: ignore[attr-defined]  # which typeshed leaves out
    rows = sorted(table.items(), key=lambda row: -row[1][2])[:SHOWN]
    for (file, line, name), (_, calls, own_s, _all_s, _callers) in rows:
        where = f"{Path(file).name}:{line}" if line else ""
        print(f"  {1e3 * own_s / options.trials:7.2f} ms {calls / options.trials:8.1f} calls  {name} {where}")


if __name__ == "__main__":
    main()
