"""What one more trial costs the driver, at the hundredth trial and at the ten-thousandth.

    python benchmarks/growth.py [--trials 10000] [--sampler random|tpe] [--slots 500] [--keep ROOT]

It is a whole launch: preparation, study, journal, pretrainings, successive halving, confirmations, MLflow's
rows in SQLite. Only the workers are simulated: trials of nine epochs that take a minute together, some half
as long, some half as long again, on a clock that runs on while the driver computes. So `utilisation`, the
share of the slots' time in which they train, has the driver's time in it.

Milliseconds are CPU time per trial that ended, between 0.7 and 0.95 of the trials in the first column. Each
part is without those inside it: `ask` draws values, `report` records epochs and ends, `decide` compares at
rungs and says what is next, `journal` writes, `watch` hands changes on, `other` is all else in the driver's
thread. MLflow's rows are written by a thread of its own, whose time stands below. Where changes come faster
than it writes, as they do here, it leaves out all but the newest of each trial.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import studies
from support.silent import Silent
from support.simulated import Simulated, SimulatedTraining

from hpsearch.driver.allocation import Allocation
from hpsearch.driver.launch import launch
from hpsearch.driver.observers import Observers
from hpsearch.driver.request import LaunchRequest
from hpsearch.study.asking import Asking
from hpsearch.study.journal.journal import JOURNAL, _OnlyWriter
from hpsearch.study.study import Study
from hpsearch.tracking.mirror import Mirror
from hpsearch.tracking.tracker import Tracker
from trainables.target.head_pose_metrics import ANGLE_MAES, BAND_MAES, GEODESIC, WRAPPED_MAE
from trainables.training.metric_names import EPOCH_S, IMAGES_PER_S

WINDOWS = (100, 300, 1000, 3000, 10_000)
FIRST, LAST = 0.7, 0.95
"""Of a window's trials: between these its cost is averaged."""

TRIAL_S = 60.0
PARTS: dict[str, tuple[tuple[type, str], ...]] = {
    "ask": ((Asking, "next"), (Asking, "requested"), (Asking, "part_of"), (Asking, "held")),
    "report": tuple((Study, name) for name in ("report", "place", "complete", "prune", "fail", "freeze")),
    "decide": ((Allocation, "next_ask"), (Allocation, "freeze_or_promote")),
    "journal": ((_OnlyWriter, "append_logs"),),
    "watch": ((Observers, "changed"),),
}
"""The methods whose time is that of a part. That of `worker`, a simulated one, is no time of the driver."""

ENDS = ("complete", "prune", "fail", "freeze")
SHOWN = ("ask", "report", "decide", "journal", "watch", "other")

SPACE = """\
data: {train: {dataset: {rendered-heads: {images: 48, subjects: 12, image_px: 32}}}, image_px: 32, batch: 8}
epochs: 9
network: {backbone: resnet10, dropout: {float: [0.0, 0.5]}}
init: {choice: {random: random, ssl: {ssl: {pretext: rotation, epochs: 4}}}}
pretext:
  choice:
    - none
    - puzzling: {grid: {choice: [2, 3]}, flag: {int: [2, 4]}, ssl_weight: {float: [0.1, 20], log: true}}
    - rotation: {grid: {choice: [2, 3]}, flag: {int: [2, 4]}, ssl_weight: {float: [0.1, 20], log: true}}
optimizer: {adamw: {lr: {float: [0.0001, 0.01], log: true}}}
search:
  name: growth
  sampler: SAMPLER
  pruner: PRUNER
  budget: {trials: TRIALS}
  confirm: {top: 3, seeds: 3}
"""


@dataclass
class Stopwatch:
    """The CPU time of the thread that made it, by part; `seen` is what each window began and ended with."""

    marks: dict[int, Counter[str]] = field(default_factory=dict)
    spent: Counter[str] = field(default_factory=Counter)
    tracked_s: list[float] = field(default_factory=list)
    """Of each update of MLflow, in its own thread."""
    used: float = 0.0
    """The share of the slots' time in which they trained, until the last trial was asked for."""
    ended: int = 0

    def __post_init__(self) -> None:
        self._part, self._since_s = "other", time.thread_time()
        self._thread = threading.get_ident()

    @contextmanager
    def within(self, part: str) -> Iterator[None]:
        """Count the block's time as that of a part, and that of no other."""
        before = self._switch(part)
        try:
            yield
        finally:
            self._switch(before)

    def driver_s(self) -> float:
        """Return the driver's own time."""
        self._switch(self._part)
        return self.spent.total() - self.spent["worker"]

    def timed(self, part: str, plain: Callable[..., Any]) -> Callable[..., Any]:
        """Return a method whose time is that of a part."""

        def called(*arguments: Any, **settings: Any) -> Any:
            if threading.get_ident() != self._thread:
                return plain(*arguments, **settings)
            with self.within(part):
                return plain(*arguments, **settings)

        return called

    def worked(self, job: Any, place: Simulated) -> SimulatedTraining:
        """Return what a worker does with a job, whose time is no time of the driver."""
        with self.within("worker"):
            training = SimulatedTraining(job, place)
        results = training.results

        def timed() -> Iterator[Any]:
            while True:
                with self.within("worker"):
                    result = next(results, None)
                if result is None:
                    return
                yield result

        training.results = timed()
        return training

    def _switch(self, part: str) -> str:
        now_s, before = time.thread_time(), self._part
        self.spent[before] += now_s - self._since_s
        self._part, self._since_s = part, now_s
        return before


def curve(job: Any, epoch: int) -> dict[str, float]:
    """Return as many metrics as a trial of a head pose reports."""
    value = studies.value(job, epoch)
    measured = (GEODESIC, WRAPPED_MAE, *ANGLE_MAES.values(), *BAND_MAES.values())
    row = {f"validation/{metric.name}": value * (1 + at / 7) for at, metric in enumerate(measured)}
    row |= {f"train/loss_{part}": value / part_s for part_s, part in enumerate(("yaw", "pitch", "roll"), 3)}
    row |= {"train/loss": 2.7 * value, "train/learning_rate": 0.001 / epoch, "train/images": 32.0}
    row |= {"speed/data_wait_share": 0.02 / value, "memory/peak_mib": 1190.078125, EPOCH_S: TRIAL_S / 9}
    return row | {studies.OBJECTIVE: value, IMAGES_PER_S: 180 / value}


def epoch_s(job: Any) -> float:
    """Return how long a job's epochs take, so that the slots do not march in step."""
    number = getattr(job, "number", 0)
    return TRIAL_S / studies.EPOCHS * (0.5 + number * 0.618 % 1)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--sampler", choices=("random", "tpe"), default="random")
    parser.add_argument("--pruner", choices=("successive_halving", "none"), default="successive_halving")
    parser.add_argument("--slots", type=int, default=500)
    parser.add_argument("--keep", type=Path, metavar="ROOT", help="keep the study below this root")
    parser.add_argument("--untracked", action="store_true", help="leave MLflow out")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = options.keep or Path(folder)
        text = SPACE.replace("SAMPLER", options.sampler).replace("PRUNER", options.pruner)
        space = root / "growth.yaml"
        root.mkdir(parents=True, exist_ok=True)
        space.write_text(text.replace("TRIALS", str(options.trials)), encoding="utf-8")
        with patch.object(Tracker, "sync", lambda *_: None) if options.untracked else nullcontext():
            measure(space, root, options.trials, options.slots)


def measure(space: Path, root: Path, trials: int, slots: int) -> None:
    """Print the driver's milliseconds for one more trial in each window, and what all of it took."""
    windows = [window for window in WINDOWS if window <= trials]
    wanted = {round(share * window) for window in windows for share in (FIRST, LAST)}
    watch = Stopwatch()
    print("     at " + "".join(f"{part:>9}" for part in (*SHOWN, "driver")) + "  KB a trial", flush=True)

    def ended(plain: Callable[..., None]) -> Callable[..., None]:
        def called(study: Study, number: int, *arguments: Any) -> None:
            plain(study, number, *arguments)
            watch.ended += 1
            if watch.ended in wanted:
                watch.driver_s()
                watch.marks[watch.ended] = Counter(watch.spent, memory=_resident_kb())
                if watch.ended == round(LAST * next(w for w in windows if round(LAST * w) >= watch.ended)):
                    _print(watch, watch.ended)

        return called

    def tracked(plain: Callable[..., None]) -> Callable[..., None]:
        def called(*arguments: Any) -> None:
            before_s = time.thread_time()
            plain(*arguments)
            watch.tracked_s.append(time.thread_time() - before_s)

        return called

    def asked(plain: Callable[..., Any]) -> Callable[..., Any]:
        def called(*arguments: Any) -> Any:
            watch.used = _used(backend)
            return plain(*arguments)

        return called

    backend = Simulated(curve, slots=slots, epoch_s=epoch_s, training=watch.worked, driver_s=watch.driver_s)
    began_s = time.monotonic()
    with ExitStack() as patches:

        def replaced(owner: type, name: str, new: Any) -> None:
            patches.enter_context(patch.object(owner, name, new))

        for name in ENDS:
            replaced(Study, name, ended(getattr(Study, name)))
        for part, methods in PARTS.items():
            for owner, name in methods:
                replaced(owner, name, watch.timed(part, getattr(owner, name)))
        replaced(Asking, "next", asked(Asking.next))
        replaced(Mirror, "sync", tracked(Mirror.sync))
        patches.enter_context(patch("hpsearch.driver.launch.check_room"))  # simulated checkpoints are small
        launch(LaunchRequest(space, root), Silent(), backend)
    journal = root / "studies" / "growth" / JOURNAL
    epochs = sum(name.isdigit() for name, _ in backend.trained)
    print(f"journal: {journal.stat().st_size / trials / 1e3:.1f} KB a trial, of {epochs / trials:.1f} epochs")
    print(f"utilisation of {slots} slots until the last trial begins: {watch.used:.3f}")
    if watch.tracked_s:
        print(
            f"MLflow: {1e3 * sum(watch.tracked_s) / len(watch.tracked_s):.1f} ms an update; "
            f"{len(watch.tracked_s) / trials:.2f} updates a trial were written"
        )
    print(f"the whole launch took {time.monotonic() - began_s:.0f} s here")


def _used(backend: Simulated) -> float:
    ahead_s = sum(max(due_s - backend.time_s, 0.0) for due_s, *_ in backend._run._events)
    return (backend.busy_s - ahead_s) / (backend.slots * max(backend.time_s, 1.0))


def _print(watch: Stopwatch, last: int) -> None:
    """Print the window that ends with the trial `last`."""
    window = round(last / LAST)
    first = round(FIRST * window)
    parts = {key: watch.marks[last][key] - watch.marks[first][key] for key in (*SHOWN, "memory")}
    count = last - first
    cells = [1e3 * parts[part] / count for part in SHOWN]
    texts = "".join(f"{cell:9.2f}" for cell in (*cells, sum(cells)))
    print(f"{window:>7}: {texts}{parts['memory'] / count:9.1f}", flush=True)


def _resident_kb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4.0


if __name__ == "__main__":
    main()
