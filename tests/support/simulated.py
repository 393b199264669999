"""A backend that pretends to train: epochs take time on a clock of their own, and faults strike as told.

Checkpoints, weights and trunks are small files in the places of the real ones, so that what a trial goes on
from is what lies there.
"""

from __future__ import annotations

import errno
import heapq
import itertools
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, cast

from hpsearch.study.records import Placement
from hpsearch.study.spec import StudySpec
from hpsearch.work.backend import NoWorkerLeft, Watcher
from hpsearch.work.desk import Desk
from hpsearch.work.items import NoWork, WorkItem, WorkSource
from hpsearch.work.known_designs import KnownDesigns
from hpsearch.work.resources import TrialResources
from hpsearch.work.tries import Death, deliver, give_up, learn_need, try_again
from trainables.base import errors
from trainables.base.disk import DiskFault
from trainables.model.inits.request import TRUNK
from trainables.training.checkpoint_size import KEEP
from trainables.training.checkpoints import BEST_WEIGHTS, Checkpoints, History
from trainables.training.gpu_memory import OutOfGpuMemory
from trainables.training.jobs import (
    Failed,
    FinalTestJob,
    Job,
    PretrainingJob,
    Result,
    TrialJob,
    found_here_too,
)
from trainables.training.jobs.job import CheckpointedRun
from trainables.training.metric_names import BEST_EPOCH, LOSS, group_of_test

Curve = Callable[[Any, int], Mapping[str, float]]
"""The metrics of a trial's job after an epoch."""

EPOCH_S = 60.0
ASKED_EVERY_S = 1.0


@dataclass(frozen=True)
class Fault:
    """What strikes a job while it trains `epoch`, on the first try that comes that far.

    `job` is a trial's number, or how the name of a pretraining's folder begins.
    """

    job: int | str
    epoch: int

    def strikes(self, job: Any, epoch: int) -> bool:
        name = name_of(job)
        mine = name == str(self.job) if isinstance(self.job, int) else name.startswith(self.job)
        return mine and epoch == self.epoch and not isinstance(job, FinalTestJob)

    def outcome(self, job: Any) -> Failed | Death:
        raise NotImplementedError


@dataclass(frozen=True)
class Dies(Fault):
    """Its process dies."""

    reason: str = "ActorDiedError: its process died"

    def outcome(self, job: Any) -> Death:
        return Death(self.reason, f"{self.reason}\n  and all that is known of it")


@dataclass(frozen=True)
class Hangs(Dies):
    """It reports nothing any more, until its process is killed."""


@dataclass(frozen=True)
class LacksGpuMemory(Fault):
    """It needs more than its share of a GPU of 1000 MiB."""

    needed_mib: float = 400.0

    def outcome(self, job: Any) -> Death:
        short = OutOfGpuMemory(self.needed_mib, 1000 * job.gpus, job.gpus)
        return Death(str(short), str(short), short)


@dataclass(frozen=True)
class Diverges(Fault):
    """Its numbers are no longer finite, which no other try would mend."""

    def outcome(self, job: Any) -> Failed:
        return Failed(f"diverged at epoch {self.epoch}")


@dataclass(frozen=True)
class LosesInput(Fault):
    """Its worker cannot read its images any more; the driver looks by the job's `check`, too."""

    def outcome(self, job: Any) -> Failed:
        return Failed("its input is away", (errors.Fault("is away", file="labels.parquet"),))


@dataclass(frozen=True)
class DiskFills(Fault):
    """There is no room for its checkpoint."""

    def outcome(self, job: Any) -> Death:
        path = job.folder / f"checkpoint_{self.epoch:04d}.pt"
        raise DiskFault(path, "it needs 1.0 MiB", errno.ENOSPC)


@dataclass(frozen=True)
class NodeLost:
    """Slots that are gone from a time on, with what runs there."""

    at_s: float
    slots: Sequence[int]


@dataclass(frozen=True)
class Stopped:
    """A person stops the launch at that time, or the system does: Ctrl-C, SIGTERM and SIGHUP are the same."""

    at_s: float


@dataclass
class Simulated:
    """So many `slots`, each with one job at a time; see `hpsearch.work.backend.Backend` and `Workplace`.

    `curve` says what a trial reaches after an epoch, which takes `epoch_s`. `trained` notes the job and the
    epoch of all that is trained, in order, however often. Each of `faults` and of `stops` strikes once.
    """

    curve: Curve
    slots: int = 1
    epoch_s: Callable[[Job], float] = lambda job: EPOCH_S
    faults: list[Fault] = field(default_factory=list)
    losses: Sequence[NodeLost] = ()
    stops: list[Stopped] = field(default_factory=list)
    gpus: float = 0.0
    training: Callable[[Any, Simulated], Training] | None = None
    """What a worker does with a job; None: trains it by `curve`."""
    driver_s: Callable[[], float] = lambda: 0.0
    """A clock of the driver's own time, for which slots that are free have to wait."""
    time_s: float = 0.0
    trained: list[tuple[str, int]] = field(default_factory=list)
    busy_s: float = 0.0
    """Seconds that slots were busy, all together."""
    busiest: int = 0
    """How many jobs ran at once at most."""
    known: KnownDesigns = field(default_factory=KnownDesigns)
    """What trials turned out to need, in all launches."""

    def check(self) -> None: ...

    @contextmanager
    def opened(self, spec: StudySpec, folder: Path, datasets: Path, watcher: Watcher) -> Iterator[Simulated]:
        yield self

    @property
    def resources(self) -> TrialResources:
        return TrialResources(1, self.gpus, self.slots, known=self.known)

    @property
    def in_parallel(self) -> int:
        return self.slots

    def now_s(self) -> float:
        return self.time_s

    def watched(self, give_up: Callable[[str], None]) -> AbstractContextManager[None]:
        return nullcontext()

    def run(self, source: WorkSource, *, retries: int, epoch_timeout_s: float) -> None:
        self._run = _Run(self, source, retries, epoch_timeout_s)
        self._run.run()

    def items(self) -> list[WorkItem]:
        """Return what ran when the last run was ended."""
        return self._run.items()

    def train(self, job: Any) -> Training:
        return (self.training or SimulatedTraining)(job, self)


class Training(Protocol):
    """A job on a worker: `results` are computed when they are asked for; `epoch` is the last one trained.

    `restored` says whether the first result repeats what a checkpoint holds, which takes no time.
    """

    results: Iterator[Result]
    epoch: int

    @property
    def restored(self) -> bool: ...


class SimulatedTraining:
    """The training of a trial or a pretraining, or an evaluation."""

    def __init__(self, job: Any, place: Simulated) -> None:
        self._job, self._place = job, place
        self.epoch = 0
        if isinstance(job, FinalTestJob):
            self.results = iter([Result(1, [self._tested(job)], [], done=True)])
            return
        run = CheckpointedRun(self, cast(Checkpoints, _SmallCheckpoints(job.folder)))
        self.results = self._results(run)

    @property
    def restored(self) -> bool:
        return 0 < self.epoch < self._job.epochs

    def _results(self, run: CheckpointedRun) -> Iterator[Result]:
        yield from run.train(self._run_epoch, self._job.epochs, getattr(self._job, "may_freeze_after", ()))
        done = TRUNK if isinstance(self._job, PretrainingJob) else BEST_WEIGHTS
        self._job.folder.mkdir(parents=True, exist_ok=True)
        (self._job.folder / done).write_text("weights")
        yield run.result(done=True)

    def _run_epoch(self) -> _Epoch:
        self.epoch += 1
        self._place.trained.append((name_of(self._job), self.epoch))
        if isinstance(self._job, PretrainingJob):
            return _Epoch({LOSS: 1.0 / self.epoch})
        return _Epoch({BEST_EPOCH: float(self.epoch), **self._place.curve(self._job, self.epoch)})

    def _tested(self, job: FinalTestJob) -> dict[str, float]:
        return {f"{group_of_test(test.name)}/mae_deg": 5.0 for test in job.config.data.test}

    def state_dict(self) -> dict[str, Any]:
        return {"epoch": self.epoch}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        self.epoch = state_dict["epoch"]


@dataclass(frozen=True)
class _Epoch:
    reached: dict[str, float]

    def metrics(self) -> dict[str, float]:
        return self.reached


class _SmallCheckpoints:
    """As `Checkpoints`, with the epochs' metrics alone."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, run: SimulatedTraining, history: History) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        (self._folder / f"checkpoint_{run.epoch:04d}.pt").write_text(json.dumps(history))
        (self._folder / f"checkpoint_{run.epoch - KEEP:04d}.pt").unlink(missing_ok=True)

    def copied(self) -> None: ...

    def flush(self) -> None: ...

    def restore(self, run: SimulatedTraining) -> tuple[History, list[str]]:
        newest = Checkpoints(self._folder).newest()
        history = json.loads(newest.read_text()) if newest else []
        run.epoch = len(history)
        return history, []


def name_of(job: Any) -> str:
    """Return how faults and `trained` name a job: the trial's number, or its folder's name."""
    return str(job.number) if isinstance(job, TrialJob) else job.folder.name


@dataclass(eq=False)
class _Try:
    """One try of a job: on its slot, where it has one."""

    item: WorkItem
    job: Any
    retries: int
    slot: int = -1
    training: Training | None = None
    fault: Fault | None = None


class _Run:
    """The events of one run, by the time at which they are due."""

    def __init__(self, place: Simulated, source: WorkSource, retries: int, epoch_timeout_s: float) -> None:
        self._place, self._retries, self._timeout_s = place, retries, epoch_timeout_s
        self._free = list(range(place.slots))
        self._lost: set[int] = set()
        self._desk = Desk(source, lambda: place.slots - len(self._lost))
        self._waiting: list[_Try] = []
        self._running: dict[int, _Try] = {}
        self._events: list[tuple[float, int, _Try | NodeLost | Stopped]] = []
        self._order = itertools.count()
        self._driver_s = place.driver_s()
        for strike in (*place.losses, *place.stops):
            self._at(strike.at_s, strike)

    def run(self) -> None:
        while self._fill() or self._running:
            if not self._running and not (self._events and self._events[0][0] <= self._place.time_s):
                self._place.time_s += ASKED_EVERY_S
                continue
            due_s, _, event = heapq.heappop(self._events)
            self._place.time_s = max(self._place.time_s, due_s)
            if isinstance(event, NodeLost):
                self._lose(event)
            elif isinstance(event, Stopped):
                self._place.stops.remove(event)
                raise KeyboardInterrupt
            elif self._running.get(event.slot) is event:  # else its slot is lost
                self._step(event)
            self._pass()

    def _pass(self) -> None:
        """Let the time pass that the driver took since the last call."""
        now_s = self._place.driver_s()
        self._place.time_s += now_s - self._driver_s
        self._driver_s = now_s

    def items(self) -> list[WorkItem]:
        return [attempt.item for attempt in (*self._running.values(), *self._waiting)]

    def _fill(self) -> bool:
        """Give free slots something to do; return whether there may be more."""
        while self._free:
            if self._waiting:
                self._start(self._waiting.pop(0))
                continue
            item = self._desk.next_item()
            if isinstance(item, NoWork):
                return item is NoWork.WAIT
            attempt = _Try(item, item.job, self._retries)
            self._desk.begin(str(id(attempt.item)), item)
            self._pass()
            self._start(attempt)
        return True

    def _start(self, attempt: _Try) -> None:
        attempt.slot = self._free.pop(0)
        attempt.training = self._place.train(attempt.job)
        self._running[attempt.slot] = attempt
        self._place.busiest = max(self._place.busiest, len(self._running))
        if attempt.training.restored:
            self._at(self._place.time_s, attempt)
        else:
            self._train_epoch(attempt)

    def _train_epoch(self, attempt: _Try) -> None:
        took_s = self._place.epoch_s(attempt.job)
        epoch = attempt.training.epoch + 1
        attempt.fault = next((f for f in self._place.faults if f.strikes(attempt.job, epoch)), None)
        if isinstance(attempt.fault, Hangs):
            took_s = self._timeout_s
        self._place.busy_s += took_s
        self._at(self._place.time_s + took_s, attempt)

    def _at(self, due_s: float, event: _Try | NodeLost | Stopped) -> None:
        heapq.heappush(self._events, (due_s, next(self._order), event))

    def _step(self, attempt: _Try) -> None:
        outcome = next(attempt.training.results) if attempt.fault is None else self._struck(attempt)
        match outcome:
            case Death():
                self._died(attempt, outcome)
            case Failed() if found := outcome.faults and found_here_too(attempt.job, outcome.faults):
                self._leave(attempt)
                self._desk.input_lost(str(id(attempt.item)), found)
            case Failed():
                attempt.item.on_failed(outcome.reason)
                self._end(attempt)
            case Result():
                if deliver(attempt.item, outcome, self._placement(attempt)):
                    self._end(attempt)
                else:
                    self._train_epoch(attempt)

    def _struck(self, attempt: _Try) -> Failed | Death:
        fault = attempt.fault
        self._place.faults.remove(fault)
        if isinstance(fault, Hangs):
            attempt.item.on_note(f"no epoch for {self._timeout_s:g} s: its process is killed")
        return fault.outcome(attempt.job)

    def _died(self, attempt: _Try, death: Death) -> None:
        learn_need(attempt.job, death, self._place.known)
        if attempt.retries:
            job = try_again(attempt.item, attempt.job, death)
            self._waiting.append(_Try(attempt.item, job, attempt.retries - 1))
            self._leave(attempt)
        else:
            give_up(attempt.item, death)
            self._end(attempt)

    def _lose(self, loss: NodeLost) -> None:
        self._lost |= set(loss.slots)
        self._free = [slot for slot in self._free if slot not in self._lost]
        if len(self._lost) == self._place.slots:
            raise NoWorkerLeft("every slot is lost")
        for attempt in [self._running[slot] for slot in loss.slots if slot in self._running]:
            self._died(attempt, Death("ActorUnavailableError: its node is lost", "its node is lost"))

    def _end(self, attempt: _Try) -> None:
        self._leave(attempt)
        self._desk.ended(str(id(attempt.item)))

    def _leave(self, attempt: _Try) -> None:
        del self._running[attempt.slot]
        if attempt.slot not in self._lost:
            self._free.append(attempt.slot)
            self._free.sort()

    def _placement(self, attempt: _Try) -> Placement:
        return Placement(f"slot-{attempt.slot}", "simulated", float(attempt.job.cpus), attempt.job.gpus)
