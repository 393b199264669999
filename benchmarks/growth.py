"""What one more trial costs the driver, at the tenth trial and at the ten-thousandth.

    python benchmarks/growth.py [--trials 10000] [--sampler random|tpe] [--slots 500]

The real study, search and journal decide; workers are simulated, on a clock of their own: trials of nine
epochs, frozen and thawed by successive halving. Time is that of the driver's thread alone, in which the
checkpoint files of simulated workers are written, too. MLflow's rows are written by a thread of its own and
are left out: `benchmarks/tracking.py` has them. Utilisation is the share of the slots' simulated time in
which they train, with epochs of a minute and a driver that takes no time.
"""

from __future__ import annotations

import argparse
import resource
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from support import studies
from support.searching import Searching, objective
from support.simulated import Simulated

from hpsearch.driver.allocation import Budget
from hpsearch.study.journal.journal import JOURNAL
from hpsearch.work.items import NoWork, WorkItem, WorkSource

WINDOWS = (100, 300, 1000, 3000, 10_000)
SHARE = 0.1
"""Of the trials before, over which the cost of one more is averaged."""


class Clocked:
    """A source whose items are counted, with the driver's time after each."""

    def __init__(self, source: WorkSource) -> None:
        self._source = source
        self.times_s: list[float] = []

    def next_item(self) -> WorkItem | NoWork:
        """Return what is to run next."""
        item = self._source.next_item()
        if not isinstance(item, NoWork):
            number = getattr(item.job, "number", -1)
            if number >= len(self.times_s):
                self.times_s.append(time.thread_time())
        return item


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--sampler", choices=("random", "tpe"), default="random")
    parser.add_argument("--slots", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure(Path(folder), options.trials, options.sampler, options.slots)


def measure(folder: Path, trials: int, sampler: str, slots: int) -> None:
    """Print the driver's milliseconds for one more trial at each window, and what all of it took."""
    space = studies.SPACE.replace("step: 0.1", "step: 0.0001")
    settings = f"{{sampler: {sampler}, pruner: {{successive_halving: {{}}}}, budget: {{trials: {trials}}}}}"
    spec = studies.spec(folder, settings, space)
    backend = Simulated(objective(studies.value), slots=slots)
    made = Searching(folder / "study", spec, backend, Budget(trials=trials))
    before_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    clocked = Clocked(made.search)
    backend.run(clocked, retries=0, epoch_timeout_s=3600.0)
    for last in (window for window in WINDOWS if window <= len(clocked.times_s)):
        first = int(last * (1 - SHARE))
        spent_s = clocked.times_s[last - 1] - clocked.times_s[first - 1]
        print(f"one more trial at {last:>6}: {1e3 * spent_s / (last - first):7.1f} ms")
    grown_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10 - before_mib
    size = (made.study.folder / JOURNAL).stat().st_size
    print(
        f"memory: {1024 * grown_mib / trials:.1f} KB a trial; journal: {size / trials / 1e3:.1f} KB a trial"
    )
    print(f"utilisation of {slots} slots: {backend.busy_s / (slots * backend.time_s):.3f}")


if __name__ == "__main__":
    main()
