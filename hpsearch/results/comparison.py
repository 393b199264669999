"""The one verdict on a study: which arm leads, which is the baseline, and whether the leader is better.

The baseline is supervised learning alone (`pretext: none`). The terminal, the report and the choice of what
is confirmed all take leader, baseline and sentence from here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from hpsearch.results.arms import Arm, arms_of
from hpsearch.results.formats import signed
from hpsearch.results.statistics import CONFIDENCE, Interval, paired_difference
from hpsearch.results.titles import title_with_trials
from hpsearch.study.records import StudyRecord, TrialRecord

METRICS = {"mae_deg": "MAE", "best_mae_deg": "MAE of the best epoch", "geodesic_deg": "geodesic error"}
"""The last part of an objective's name -> what it is called in a sentence."""


class Outcome(StrEnum):
    """How the leader compares with the baseline."""

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


@dataclass(frozen=True)
class Verdict:
    """A comparison in words: the statement, and what it rests on."""

    statement: str
    grounds: str


def compare(arms: Sequence[Arm]) -> Comparison:
    """Compare the leader with the baseline; `arms` stand best first.

    The baseline is an arm of supervised learning alone: one with several seeds before single runs, one with
    the leader's data before others, random initial weights before pretrained ones, then the best. The leader
    is the best arm that adds something to it: a pretext task, or pretrained weights where a supervised arm
    with random ones has finished too.
    """
    finished = [arm for arm in arms if arm.mean is not None]
    alone = [arm for arm in finished if arm.is_supervised_alone]
    some_random = any(arm.starts_random for arm in alone)

    def may_lead(arm: Arm) -> bool:
        return not arm.is_supervised_alone or (some_random and not arm.starts_random)

    leader = next((arm for arm in finished if may_lead(arm)), None)

    def order(arm: Arm) -> tuple[bool, bool, bool]:
        other_data = leader is not None and arm.config.data != leader.config.data
        return len(arm.values) < 2, other_data, not arm.starts_random

    baseline = min((arm for arm in alone if arm is not leader), key=order, default=None)
    if leader is None or baseline is None:
        return Comparison(Outcome.UNDECIDED, leader, baseline)
    difference = paired_difference(leader.values, baseline.values)
    sign = None if difference is None else difference.sign
    return Comparison(OUTCOMES[sign], leader, baseline, difference)


def baseline_trial(study: StudyRecord) -> TrialRecord | None:
    """Return the baseline's best trial of the search, None where no supervised trial has finished.

    It is the one to confirm as the baseline. Confirmations themselves do not count, so the choice stays the
    same while they come in.
    """
    baseline = compare(arms_of(replace(study, trials=study.searched))).baseline
    if baseline is None:
        return None
    return min(baseline.runs(), key=lambda run: (run[1], run[0].number))[0]


def leading_trial(study: StudyRecord) -> TrialRecord | None:
    """Return the best trial of the search's leader, None where no trial with a helper has finished.

    Confirmations themselves do not count, as for `baseline_trial`.
    """
    leader = compare(arms_of(replace(study, trials=study.searched))).leader
    if leader is None:
        return None
    return min(leader.runs(), key=lambda run: (run[1], run[0].number))[0]


def describe(found: Comparison, names: Mapping[str, str], objective: str) -> Verdict:
    """Return the verdict in words; `names` are the short names of the searched values."""
    unit = f"° {metric_title(objective)}"
    leader, baseline, gap = found.leader, found.baseline, found.difference
    if leader is None or baseline is None:
        return _nothing_to_compare(leader, baseline, names, unit)
    error, base = _error(leader), _error(baseline)
    arms = (
        f"Leader: {title_with_trials(leader, names)}, {error:.2f}. "
        f"Baseline: {title_with_trials(baseline, names)}, {base:.2f}."
    )
    if gap is None or gap.half is None:
        shared = "no seed in common" if gap is None else "one seed in common"
        return Verdict(
            f"Not decided: the leader has {error:.2f}{unit}, the baseline {base:.2f}.",
            f"{arms} They have {shared}, which decides nothing: search.confirm trains the leaders and the "
            "baseline again with several seeds.",
        )
    grounds = (
        f"{arms} Difference over {gap.n} paired seeds: {signed(gap.mean)}, {CONFIDENCE:.0%} interval "
        f"{signed(gap.mean - gap.half)} to {signed(gap.mean + gap.half)}."
    )
    if not leader.confirmed:
        grounds += " The leader was selected by these same runs, which makes its error slightly optimistic."
    statements = {
        Outcome.AHEAD: f"The leader beats the baseline by {-gap.mean:.2f}{unit} ({-gap.mean / base:.0%}).",
        Outcome.BEHIND: f"Nothing beats the baseline: the leader is {gap.mean:.2f}{unit} worse.",
    }
    tied = "Tied: the leader is not measurably better or worse than the baseline."
    return Verdict(statements.get(found.outcome, tied), grounds)


def _nothing_to_compare(
    leader: Arm | None, baseline: Arm | None, names: Mapping[str, str], unit: str
) -> Verdict:
    """Return the verdict where one of the two has not finished."""
    if leader is not None:
        return Verdict(
            f"The leader has {_error(leader):.2f}{unit}, and there is no baseline to compare it with.",
            f"Leader: {title_with_trials(leader, names)}. No trial without a pretext task has finished: "
            "enqueue pretext: none.",
        )
    if baseline is not None:
        return Verdict(
            f"Only the baseline has finished: {_error(baseline):.2f}{unit}.",
            f"Baseline: {title_with_trials(baseline, names)}. No trial that adds a pretext task or "
            "pretrained weights to it has finished, so there is nothing to compare.",
        )
    return Verdict("No trial has finished yet.", "There is nothing to compare.")


def metric_title(objective: str) -> str:
    """Return an objective as a sentence names it: `validation MAE` for `validation/mae_deg`."""
    group, _, metric = objective.partition("/")
    known = METRICS.get(metric, metric.removesuffix("_deg").replace("_mae", " MAE").replace("_", " "))
    return f"{group} {known}"


def _error(arm: Arm) -> float:
    """Return the mean objective of an arm that finished."""
    assert arm.mean is not None  # noqa: S101  ours: only finished arms are compared
    return arm.mean.mean
