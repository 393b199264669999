"""Seeds on demand: what the confirmations of a helper have decided so far, after each further pair of seeds.

All follows from the runs: which seeds are done, and how many there were to be at most when each began. So it
is the same however often it is asked, by whom, and after whatever stopped a launch in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from hpsearch.results.arms import Arm
from hpsearch.results.repeated import Plan, levels, look
from hpsearch.results.statistics import CONFIDENCE, Interval
from hpsearch.study.records import TrialRecord, TrialState

FUTILITY_FROM = 0.5
"""Share of the seeds from which on the chance of a decision is known well enough to end there."""

HOPELESS = 0.1
"""Chance of a decision by the last seed below which no further one is spent. Going on breaks nothing."""


class Decision(StrEnum):
    """What is known of a helper beside the baseline."""

    BETTER = "better"
    WORSE = "worse"
    EQUAL = "equal"
    OPEN = "open"
    NOT_DECIDED = "not decided"


@dataclass(frozen=True)
class Progress:
    """A decision, the interval of helper - baseline at the look that made it, or the last one, and the plan.

    `interval` is None before the first look. `chance` is that of a decision by the last seed, where it is
    open.
    """

    decision: Decision
    interval: Interval | None
    plan: Plan
    chance: float = 1.0

    @property
    def goes_on(self) -> bool:
        """Whether a further seed is worth its while."""
        return self.decision is Decision.OPEN and self.chance >= HOPELESS


def on_demand(arm: Arm) -> bool:
    """Return whether more than one look was planned at the confirmations of an arm, or taken at them."""
    plans = {trial.confirm_plan for trial in arm.trials if trial.confirms is not None}
    return len(plans) > 1 or any(plan is not None and plan[0] != plan[1] for plan in plans)


def progress(
    helper: Arm, baseline: Arm, helpers: int, zone: float | None, plan: Plan | None = None
) -> Progress | None:
    """Return how a helper stands beside the baseline; None where no seed was planned for it.

    Seeds of an older version had no plan: they count as one look at all of them.

    Each of the `helpers` has its share of the error rate. Within +-`zone`, in the objective's unit, two
    designs count as equal. `plan` is that of now; None: that of the last seed.
    """
    pairs = list(_pairs(helper, baseline))
    known = [trial.confirm_plan for trial in helper.trials if trial.confirm_plan is not None]
    plan = plan or (Plan(*known[-1]) if known else None)
    if plan is None:
        return None
    unplanned = sum(one.confirm_plan is None for one, _ in pairs)
    plans = [Plan(*(one.confirm_plan or (unplanned, unplanned))) for one, _ in pairs]
    errors = np.array([[one.objective or 0.0, other.objective or 0.0] for one, other in pairs])
    to_come = [plan] * (plan.most - len(pairs))
    at, here, interval = levels([*plans, *to_come], (1 - CONFIDENCE) / helpers), None, None
    for place, level in enumerate(at[: len(pairs)], start=1):
        if level is not None:
            here = look(errors[:place, 0], errors[:place, 1])
            interval = here.interval(level)
            decision = _decision(interval, helper, zone)
            if decision is not Decision.OPEN:
                return Progress(decision, interval, plan)
    if len(pairs) >= plan.most:
        return Progress(Decision.NOT_DECIDED, interval, plan)
    if here is None or here.seeds < plan.most * FUTILITY_FROM:
        return Progress(Decision.OPEN, interval, plan)
    return Progress(Decision.OPEN, interval, plan, here.chance(plan.most, at[-1] or 0.0, zone))


def _pairs(helper: Arm, baseline: Arm) -> Iterator[tuple[TrialRecord, TrialRecord]]:
    """Yield the runs of each seed that both have, up to the first that one of them has not ended.

    A seed that failed is no look. What ends out of turn waits for those before it, so that no decision
    depends on which of two runs was faster.
    """
    mine, theirs = (
        {t.config.seed: t for t in arm.trials if t.confirms is not None} for arm in (helper, baseline)
    )
    for seed in sorted(mine.keys() | theirs.keys()):
        states = {runs[seed].state if seed in runs else TrialState.RUNNING for runs in (mine, theirs)}
        if TrialState.FAILED in states:
            continue
        if states != {TrialState.COMPLETE}:
            return
        yield mine[seed], theirs[seed]


def _decision(interval: Interval, helper: Arm, zone: float | None) -> Decision:
    low, high = interval.low, interval.high
    assert low is not None and high is not None  # noqa: S101  ours: of three seeds or more
    if interval.sign:
        return Decision.BETTER if helper.objective.cost(interval.mean) < 0 else Decision.WORSE
    return Decision.EQUAL if zone is not None and -zone < low and high < zone else Decision.OPEN
