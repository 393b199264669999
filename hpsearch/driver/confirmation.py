"""After the search: its leaders, and the baseline, are trained again with other seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from hpsearch.results.arms import Arm, arms_of
from hpsearch.results.contest import contest
from hpsearch.results.repeated import Plan
from hpsearch.results.sequence import progress
from hpsearch.study.config import ConfirmConfig, baseline_seeds
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState

FIRST_SEED = 1000
"""Seeds of confirmations begin here, clear of those that people write."""


def confirmations(study: StudyRecord, confirm: ConfirmConfig) -> Iterator[tuple[int, int]]:
    """Yield the trial and the seed of each training that is still to be done, seed by seed.

    The best designs are trained again, and always the best with a helper and the baseline, with the same
    seeds: the question of every search. Each is named by its best trial. What was begun before, in whatever
    way it ended, is not begun again. On demand, a further seed is trained once those before it have ended, of
    the helpers of which they decided nothing.
    """
    arms = arms_of(replace(study, trials=study.searched))
    finished = [arm for arm in arms if arm.mean is not None][: confirm.top]
    found = contest(arms)  # confirmations do not count: the choice stays the same while they come in
    baseline = None if found.baseline is None else found.baseline.best_run
    wanted = {
        arm.best_run.number: arm.best_run
        for arm in (*finished, found.leader, found.baseline)
        if arm is not None
    }
    begun = {(trial.confirms, trial.config.seed) for trial in study.trials}
    one_look = not confirm.seeds.on_demand or baseline is None
    seeds = _seeds(wanted, confirm.seeds.min)
    for place in range(max(seeds.values(), default=0) if one_look else confirm.seeds.min):
        here = [number for number in wanted if not one_look or place < seeds[number]]
        yield from ((n, FIRST_SEED + place) for n in here if (n, FIRST_SEED + place) not in begun)
    if baseline is not None and not one_look:
        for place in range(confirm.seeds.min, confirm.seeds.max):
            here = _open(study, confirm, wanted, baseline, FIRST_SEED + place)
            yield from ((n, FIRST_SEED + place) for n in here if (n, FIRST_SEED + place) not in begun)


def _seeds(wanted: Mapping[int, TrialRecord], seeds: int) -> dict[int, int]:
    """Return how many seeds each has where nothing is looked at before all have ended."""
    plain = [number for number, trial in wanted.items() if trial.config.pretext.is_baseline]
    found = dict.fromkeys(wanted, seeds)
    if len(plain) == 1:
        found[plain[0]] = baseline_seeds(seeds, len(wanted) - 1)
    return found


def _open(
    study: StudyRecord,
    confirm: ConfirmConfig,
    wanted: Mapping[int, TrialRecord],
    baseline: TrialRecord,
    seed: int,
) -> list[int]:
    """Return what a further seed is trained of: the helpers that are not decided, and the baseline.

    Nothing, as long as one of the seeds before it has not ended.
    """
    before = [t for t in study.trials if t.confirms in wanted and t.config.seed < seed]
    wait = (TrialState.RUNNING, TrialState.INTERRUPTED)
    if any(trial.state in wait for trial in before):
        return []
    plan = Plan(confirm.seeds.min, confirm.seeds.max)
    of = {number: _arm(study, trial) for number, trial in wanted.items()}
    found = []
    for number in wanted.keys() - {baseline.number}:
        stands = progress(of[number], of[baseline.number], len(wanted) - 1, confirm.equal_within, plan)
        if stands is not None and stands.goes_on:
            found.append(number)
    return [number for number in wanted if number in found] + [baseline.number] * bool(found)


def _arm(study: StudyRecord, trial: TrialRecord) -> Arm:
    return Arm(study.designs()[trial.design], study.objective)
