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
from hpsearch.results.repeated import DIFFERENCE, EQUALITY, Plan, levels, look
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
    """A decision, the interval of helper - baseline at each look until it was made, and the plan.

    An interval's `n` are the seeds of the look. The one that decides that two designs are equal is of the
    boundary for that. `chance` is that of a decision by the last seed, where it is open.
    """

    decision: Decision
    looks: tuple[Interval, ...]
    plan: Plan
    chance: float = 1.0

    @property
    def interval(self) -> Interval | None:
        """The interval at the last look."""
        return self.looks[-1] if self.looks else None

    @property
    def goes_on(self) -> bool:
        """Whether a further seed is worth training."""
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
    plans += [plan] * (plan.most - len(pairs))
    alpha, here, looks = (1 - CONFIDENCE) / helpers, None, list[Interval]()
    at = list(zip(*(levels(plans, alpha, shape) for shape in (DIFFERENCE, EQUALITY)), strict=True))
    for place, (level, of_equality) in enumerate(at[: len(pairs)], start=1):
        if level is None or of_equality is None:
            continue
        here = look(errors[:place, 0], errors[:place, 1])
        looks.append(here.interval(level))
        if looks[-1].sign:
            ahead = helper.objective.cost(here.mean) < 0
            return Progress(Decision.BETTER if ahead else Decision.WORSE, tuple(looks), plan)
        if zone is not None and _inside(zone, close := here.interval(of_equality)):
            return Progress(Decision.EQUAL, (*looks[:-1], close), plan)
    if len(pairs) >= plan.most:
        return Progress(Decision.NOT_DECIDED, tuple(looks), plan)
    if here is None or here.seeds < plan.most * FUTILITY_FROM:
        return Progress(Decision.OPEN, tuple(looks), plan)
    last = at[-1][0] or 0.0, at[-1][1] or 0.0
    return Progress(Decision.OPEN, tuple(looks), plan, here.chance(plan.most, last, zone))


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


def _inside(zone: float, found: Interval) -> bool:
    """Return whether an interval lies within +-`zone`."""
    return found.half is not None and abs(found.mean) + found.half < zone
