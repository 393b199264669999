"""The first thing a report says: is the leader separable from the baseline, or may it be luck?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from hpsearch.results.arms import Arm
from hpsearch.results.statistics import CONFIDENCE, Interval, paired_difference
from trainables.pretext import NoPretextConfig


class Outcome(StrEnum):
    """How the leader stands to the baseline."""

    AHEAD = "ahead"
    TIED = "tied"
    BEHIND = "behind"
    UNDECIDED = "undecided"


OUTCOMES = {-1: Outcome.AHEAD, 0: Outcome.TIED, 1: Outcome.BEHIND, None: Outcome.UNDECIDED}
"""The sign of leader - baseline -> what it means; errors are better when small."""


@dataclass(frozen=True)
class Comparison:
    """The leader beside the baseline: `difference` is leader - baseline over the seeds that both have."""

    outcome: Outcome
    leader: Arm | None = None
    baseline: Arm | None = None
    difference: Interval | None = None


def compare(arms: Sequence[Arm]) -> Comparison:
    """Compare the best arm with the baseline: the best arm of supervised learning alone.

    One with several seeds comes before single runs, one that learned from the same data before those that
    learned from other data, and random initial weights before pretrained ones.
    """
    finished = [arm for arm in arms if arm.mean is not None]
    leader = next((arm for arm in finished if not arm.is_plain), None)

    def order(arm: Arm) -> tuple[bool, bool, bool]:
        other_data = leader is not None and arm.config.data != leader.config.data
        return len(arm.values) < 2, other_data, not arm.is_plain

    alone = [arm for arm in finished if arm is not leader and isinstance(arm.config.pretext, NoPretextConfig)]
    baseline = min(alone, key=order, default=None)
    if leader is None or baseline is None:
        return Comparison(Outcome.UNDECIDED, leader, baseline)
    difference = paired_difference(leader.values, baseline.values)
    sign = None if difference is None else difference.sign
    return Comparison(OUTCOMES[sign], leader, baseline, difference)


def headline(found: Comparison, leader: str, baseline: str, unit: str) -> tuple[str, str]:
    """Return the statement and its grounds; `leader` and `baseline` name arms, `unit` follows a number."""
    if found.leader is None or found.leader.mean is None:
        if found.baseline is None or found.baseline.mean is None:
            return "No trial has finished yet.", "There is nothing to compare."
        return (
            f"Only the baseline has finished: {found.baseline.mean.mean:.2f}{unit}.",
            "No trial with a pretext task or pretrained weights has, so there is nothing to compare.",
        )
    value = found.leader.mean.mean
    if found.baseline is None or found.baseline.mean is None:
        return (
            f"The leader has {value:.2f}{unit}, and there is no baseline to beat.",
            f"Leader: {leader}. No trial without a pretext task has finished: enqueue pretext: none.",
        )
    gap, base = found.difference, found.baseline.mean.mean
    arms = f"Leader: {leader}, {value:.2f}. Baseline: {baseline}, {base:.2f}."
    if gap is None or gap.half is None:
        return (
            f"Not decided: the leader has {value:.2f}{unit}, the baseline {base:.2f}.",
            f"{arms} A single run of each decides nothing: search.confirm trains the leaders and the "
            "baseline again with several seeds.",
        )
    grounds = (
        f"{arms} Difference over {gap.n} paired seeds: {signed(gap.mean)}, {CONFIDENCE:.0%} interval "
        f"{signed(gap.mean - gap.half)} to {signed(gap.mean + gap.half)}."
    )
    if not found.leader.confirmed:
        grounds += " The leader was picked by these same runs, which flatters it a little."
    match found.outcome:
        case Outcome.AHEAD:
            return (
                f"The leader beats the baseline by {-gap.mean:.2f}{unit} ({-gap.mean / base:.0%}).",
                grounds,
            )
        case Outcome.BEHIND:
            return f"Nothing beats the baseline: the leader is {gap.mean:.2f}{unit} worse.", grounds
    return "Tied: the leader cannot be told from the baseline.", grounds


def signed(value: float, digits: int = 2) -> str:
    """Return a difference with its sign, a true minus."""
    text = f"{abs(value):.{digits}f}"
    return text if float(text) == 0 else ("−" if value < 0 else "+") + text
