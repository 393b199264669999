"""After the search: its leaders are trained again with other seeds, then measured once on the test sets."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hpsearch.study.config import ConfirmConfig
from hpsearch.study.records import Placement, StudyRecord, TrialRecord, TrialState
from trainables.pretext import NoPretextConfig
from trainables.training.checkpoints import History
from trainables.training.evaluation import EvaluationJob

if TYPE_CHECKING:
    from hpsearch.driver.search import Search
    from hpsearch.study.study import Study

FIRST_SEED = 1000
"""Seeds of confirmations begin here, clear of those that people write."""


def confirmations(study: StudyRecord, confirm: ConfirmConfig) -> Iterator[tuple[int, int]]:
    """Yield the trial and the seed of each training that is still to be done, seed by seed.

    The best trials are trained again, and the best without a pretext task, whose seeds pair with theirs. What
    was begun before, in whatever way it ended, is not begun again.
    """
    complete = [trial for trial in study.searched if trial.state is TrialState.COMPLETE]
    finished = sorted(complete, key=lambda trial: (trial.objective or 0.0, trial.number))
    plain = [trial for trial in finished if isinstance(trial.config.pretext, NoPretextConfig)]
    wanted = dict.fromkeys(trial.number for trial in [*finished[: confirm.top], *plain[:1]])
    begun = {(trial.confirms, trial.config.seed) for trial in study.trials}
    for seed in range(FIRST_SEED, FIRST_SEED + confirm.seeds):
        yield from ((number, seed) for number in wanted if (number, seed) not in begun)


def to_test(study: StudyRecord, leaders: int, begun: Container[int]) -> Iterator[TrialRecord]:
    """Yield the leaders whose test sets have not been measured yet, nor begun to be."""
    finished = [trial for trial in study.leaderboard() if trial.state is TrialState.COMPLETE]
    for trial in finished[:leaders]:
        if trial.config.data.test and not trial.test and trial.number not in begun:
            yield trial


@dataclass(frozen=True)
class EvaluationItem:
    """The measurement of one leader; see `hpsearch.driver.work.WorkItem`."""

    __test__ = False  # not a test, whatever pytest thinks of its name

    job: EvaluationJob
    study: Study
    search: Search

    def on_epochs(self, first_epoch: int, history: History, placement: Placement) -> bool:
        """Record the one measurement."""
        for metrics in history:
            self.study.tested(self.job.number, metrics)
        self.search.changed(self.job.number)
        return False

    def on_done(self) -> None:
        """It is recorded."""

    def on_failed(self, reason: str) -> None:
        """Say so; the trial stays what it is."""
        self.search.say(f"trial {self.job.number} could not be measured on the test sets: {reason}")

    def on_note(self, note: str) -> None:
        """Pass on what a person should hear."""
        self.search.say(f"test of trial {self.job.number}: {note}")
