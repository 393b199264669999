"""Files of trials that the driver stopped: a frozen trial keeps one checkpoint, a pruned one none."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from hpsearch.driver.allocation import Allocation
from hpsearch.driver.observers import Observers
from hpsearch.study.study import Study
from hpsearch.study.trials import trial_folder
from trainables.base.errors import why
from trainables.training.checkpoints import Checkpoints

GB = 10**9


class StoppedTrials:
    """Keeps the newest checkpoint of each frozen trial in the study at `folder`, `limit_gb` in all.

    `say` shows a line.
    """

    def __init__(self, folder: Path, limit_gb: float, say: Callable[[str], None]) -> None:
        self._folder = folder
        self._limit_gb = limit_gb
        self._say = say
        self._sizes: dict[int, int] | None = None
        """Bytes of each frozen trial's checkpoint, and of some thawed since; None: not counted yet."""
        # removing a file takes ms, and the driver is not to wait for it
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="frozen-checkpoints")

    def kept(self, number: int) -> bool:
        """Say whether a trial has a checkpoint to go on from."""
        return Checkpoints(trial_folder(self._folder, number)).newest() is not None

    def frozen(self, number: int) -> None:
        """Keep the newest checkpoint of a trial that has just been frozen, and no other."""
        if self._sizes is not None:
            self._sizes[number] = self._bytes(number)
        self._tidy(number, Checkpoints.keep_newest)

    def pruned(self, number: int) -> None:
        """Remove the files of a trial that has just been pruned for good."""
        self._tidy(number, partial(Checkpoints.clear, weights=True))

    def close(self) -> None:
        """Wait until the files of all that were stopped are removed; nothing more is."""
        self._thread.shutdown()

    def make_room(self, study: Study, allocation: Allocation, observers: Observers) -> None:
        """Prune the least promising frozen trials for good as long as all checkpoints exceed the limit."""
        if self._sizes is not None and sum(self._sizes.values()) <= self._limit_gb * GB:
            return
        waiting = allocation.by_promise()
        sizes = self._sizes = {number: self._bytes(number) for number in waiting}
        while waiting and sum(sizes.values()) > self._limit_gb * GB:
            number = waiting.pop()
            del sizes[number]
            Checkpoints(trial_folder(self._folder, number)).clear(weights=True)
            if not study.ended(number):
                study.prune(number, f"frozen checkpoints may take {self._limit_gb:g} GB, and it was the last")
                observers.changed(study, number)
            observers.say(f"trial {number}: its checkpoint was removed, so it cannot be thawed any more")

    def _tidy(self, number: int, what: Callable[[Checkpoints], None]) -> None:
        """Do something with a trial's files in the thread; say what keeps it from that."""

        def tidy() -> None:
            try:
                what(Checkpoints(trial_folder(self._folder, number)))
            except Exception as error:  # noqa: BLE001  nobody waits for what it raises
                self._say(f"trial {number}: its old checkpoints stay for now ({why(error)})")

        self._thread.submit(tidy)

    def _bytes(self, number: int) -> int:
        newest = Checkpoints(trial_folder(self._folder, number)).newest()
        return newest.stat().st_size if newest else 0
