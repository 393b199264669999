"""After the search: its leaders, and the baseline, are trained again with other seeds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from hpsearch.results.arms import arms_of
from hpsearch.results.contest import baseline_trial, leading_trial
from hpsearch.study.config import ConfirmConfig, baseline_seeds
from hpsearch.study.records import StudyRecord
from trainables.pretext import NoPretextConfig

FIRST_SEED = 1000
"""Seeds of confirmations begin here, clear of those that people write."""


def confirmations(study: StudyRecord, confirm: ConfirmConfig) -> Iterator[tuple[int, int]]:
    """Yield the trial and the seed of each training that is still to be done, seed by seed.

    The best designs are trained again, and always the best with a helper and the baseline, with the same
    seeds: the question of every search. Each is named by its best trial. What was begun before, in whatever
    way it ended, is not begun again. A baseline alone beside several helpers has more seeds than they.
    """
    arms = arms_of(replace(study, trials=study.searched))
    finished = [arm for arm in arms if arm.mean is not None][: confirm.top]
    chosen = [*(arm.best_run for arm in finished), leading_trial(study), baseline_trial(study)]
    wanted = {trial.number: trial for trial in chosen if trial is not None}
    plain = [number for number, trial in wanted.items() if isinstance(trial.config.pretext, NoPretextConfig)]
    seeds = dict.fromkeys(wanted, confirm.seeds)
    if len(plain) == 1:
        seeds[plain[0]] = baseline_seeds(confirm.seeds, len(wanted) - 1)
    begun = {(trial.confirms, trial.config.seed) for trial in study.trials}
    for place in range(max(seeds.values(), default=0)):
        seed = FIRST_SEED + place
        yield from ((n, seed) for n in wanted if place < seeds[n] and (n, seed) not in begun)
