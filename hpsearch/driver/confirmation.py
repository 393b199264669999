"""After the search: its leaders, and the baseline, are trained again with other seeds."""

from __future__ import annotations

from collections.abc import Iterator

from hpsearch.results.comparison import baseline_trial, leading_trial
from hpsearch.study.config import ConfirmConfig
from hpsearch.study.records import StudyRecord, TrialState

FIRST_SEED = 1000
"""Seeds of confirmations begin here, clear of those that people write."""


def confirmations(study: StudyRecord, confirm: ConfirmConfig) -> Iterator[tuple[int, int]]:
    """Yield the trial and the seed of each training that is still to be done, seed by seed.

    The best trials are trained again, and always the best with a helper and the baseline, whose seeds pair:
    the question of every search. What was begun before, in whatever way it ended, is not begun again.
    """
    complete = [trial for trial in study.searched if trial.state is TrialState.COMPLETE]
    finished = sorted(complete, key=lambda trial: (trial.objective or 0.0, trial.number))
    chosen = [*finished[: confirm.top], leading_trial(study), baseline_trial(study)]
    wanted = dict.fromkeys(trial.number for trial in chosen if trial is not None)
    begun = {(trial.confirms, trial.config.seed) for trial in study.trials}
    for seed in range(FIRST_SEED, FIRST_SEED + confirm.seeds):
        yield from ((number, seed) for number in wanted if (number, seed) not in begun)
