"""After the search: its leaders, and the baseline, are trained again with other seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import baseline_trial, leading_trial
from hpsearch.study.config import ConfirmConfig
from hpsearch.study.records import StudyRecord

FIRST_SEED = 1000
"""Seeds of confirmations begin here, clear of those that people write."""


def confirmations(study: StudyRecord, confirm: ConfirmConfig) -> Iterator[tuple[int, int]]:
    """Yield the trial and the seed of each training that is still to be done, seed by seed.

    The best designs are trained again, and always the best with a helper and the baseline, whose seeds pair:
    the question of every search. Each is named by its best trial. What was begun before, in whatever way it
    ended, is not begun again.
    """
    arms = arms_of(replace(study, trials=study.searched))
    finished = [arm.best_run for arm in arms if arm.mean is not None]
    chosen = [*finished[: confirm.top], leading_trial(study), baseline_trial(study)]
    wanted = dict.fromkeys(trial.number for trial in chosen if trial is not None)
    begun = {(trial.confirms, trial.config.seed) for trial in study.trials}
    for seed in range(FIRST_SEED, FIRST_SEED + confirm.seeds):
        yield from ((number, seed) for number in wanted if (number, seed) not in begun)
