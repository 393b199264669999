"""The contract of a backend: where a launch's work runs. `launch` is given one and knows no other."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from hpsearch.study.spec import StudySpec
from hpsearch.work.items import WorkSource
from hpsearch.work.resources import TrialResources


class NoWorkerLeft(Exception):
    """Nothing is left that could run a search's work."""


class Watcher(Protocol):
    """Who hears what a backend does: the screen of a launch."""

    def say(self, text: str) -> None:
        """Show a line."""

    def doing(self, what: str) -> None:
        """Show what is being done, until something else is shown."""

    def interrupted(self, why: str) -> None:
        """Say why a launch ended, and how to go on."""


class Workplace(Protocol):
    """A backend that is open for one search."""

    @property
    def resources(self) -> TrialResources:
        """What each trial takes of it."""

    @property
    def in_parallel(self) -> int:
        """How many trials run in parallel, at least 1."""

    def now_s(self) -> float:
        """Return the seconds on the clock by which the work takes time; its zero means nothing."""

    def watched(self, give_up: Callable[[str], None]) -> AbstractContextManager[None]:
        """While the block runs, end the process with status 1 where the workplace itself is lost.

        Before it ends, `give_up` is called with the reason, maybe in another thread.
        """

    def run(self, source: WorkSource, *, retries: int, epoch_timeout_s: float) -> None:
        """Run the source's items until it has none left.

        A job whose process died or raised is tried again up to `retries` times, from its newest checkpoint;
        so is one that reports nothing for `epoch_timeout_s`. Raises `DiskFault` where a job met a full disk,
        `NoWorkerLeft`, and whatever the source itself raises.
        """


class Backend(Protocol):
    """Where work can be run: on a Ray cluster, in this process."""

    def check(self) -> None:
        """See what can be seen before anything is prepared. Raises `InputError`."""

    def opened(
        self, spec: StudySpec, folder: Path, datasets: Path, watcher: Watcher
    ) -> AbstractContextManager[Workplace]:
        """Open it until the block ends, for a search whose study lies in `folder`.

        `datasets` is the folder of all prepared datasets. Raises `InputError` where it cannot run the search.
        """
