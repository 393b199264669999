"""The one verdict on a study: which arm leads, which is the baseline, and whether the leader is better.

The baseline is supervised learning alone (`pretext: none`). The terminal, the report and the choice of what
is confirmed all take leader and baseline from here; `verdict.py` has the words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hpsearch.results.arms import Arm
from hpsearch.results.contest import contest
from hpsearch.results.family import Family
from hpsearch.results.sequence import Decision, Progress, on_demand, progress
from hpsearch.results.statistics import Interval


class Outcome(StrEnum):
    """How the leader compares with the baseline."""

    AHEAD = "ahead"
    CLOSE = "close"
    EQUAL = "equal"
    BEHIND = "behind"
    UNDECIDED = "undecided"


DECISIONS = {
    Decision.BETTER: Outcome.AHEAD,
    Decision.WORSE: Outcome.BEHIND,
    Decision.EQUAL: Outcome.EQUAL,
    Decision.OPEN: Outcome.UNDECIDED,
    Decision.NOT_DECIDED: Outcome.CLOSE,
}
"""What seeds on demand have come to -> what it means."""

OUTCOMES = {-1: Outcome.AHEAD, 0: Outcome.CLOSE, 1: Outcome.BEHIND, None: Outcome.UNDECIDED}
"""The sign of the cost of leader - baseline -> what it means."""


@dataclass(frozen=True)
class Comparison:
    """The leader beside the baseline: `difference` is leader - baseline, the means over their seeds.

    Its interval holds together with those of all other helpers that could have led: all are right in 95 % of
    studies, so that the chosen one is too, however it was chosen.
    """

    outcome: Outcome
    leader: Arm | None = None
    baseline: Arm | None = None
    difference: Interval | None = None
    best: Arm | None = None
    """The first of all arms that finished."""
    family: Family | None = None
    """All that could have led; None where the leader or the baseline has a single run."""
    equal_within: float | None = None
    """Designs that differ by less count as equal; None: none do."""
    progress: Progress | None = None
    """Where the leader's seeds came on demand: how it stands beside the baseline."""

    @property
    def pairs(self) -> int:
        """How many comparisons the same runs could have chosen."""
        return 0 if self.family is None else self.family.size


def compare(arms: Sequence[Arm], equal_within: float | None = None) -> Comparison:
    """Compare the leader with the baseline; `arms` stand best first. See `contest`.

    Where seeds came on demand, designs that differ by less than `equal_within` can be told equal.
    """
    found = contest(arms)
    leader, baseline, family = found.leader, found.baseline, found.family
    if leader is None or baseline is None:
        return Comparison(Outcome.UNDECIDED, leader, baseline, best=found.best)
    mean, seeds = leader.level - baseline.level, min(len(leader.values), len(baseline.values))
    single = Interval(mean, None, seeds)
    if leader.confirmed and on_demand(leader):
        again = sum(any(t.confirms is not None for t in arm.trials) for arm in arms if arm is not baseline)
        stands = progress(leader, baseline, again, equal_within)
        if stands is not None:
            outcome, gap = DECISIONS[stands.decision], stands.interval or single
            return Comparison(outcome, leader, baseline, gap, found.best, family, equal_within, stands)
    if family is None:
        return Comparison(Outcome.UNDECIDED, leader, baseline, single, found.best)
    difference = family.difference(leader)
    sign = None if leader.thinned or baseline.thinned else difference.sign
    sign = None if sign is None else round(leader.objective.cost(sign))
    return Comparison(OUTCOMES[sign], leader, baseline, difference, found.best, family, equal_within)
