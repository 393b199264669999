"""The one verdict on a study: which arm leads, which is the baseline, and whether the leader is better.

The baseline is supervised learning alone (`pretext: none`). The terminal, the report and the choice of what
is confirmed all take leader, baseline and sentence from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from hpsearch.results.arms import Arm, arms_of
from hpsearch.results.formats import signed
from hpsearch.results.statistics import CONFIDENCE, Interval, paired_difference
from hpsearch.results.titles import title_with_trials
from hpsearch.study.records import StudyRecord, TrialRecord

SELECTED = "1 run, selected by this number"
"""What is said beside the error of a single run of the search: it was looked at because it is low."""

ONE_CONFIRMATION = "1 confirmation"

METRICS = {"mae_deg": "MAE", "best_mae_deg": "MAE of the best epoch", "geodesic_deg": "geodesic error"}
"""The last part of an objective's name -> what it is called in a sentence."""


class Outcome(StrEnum):
    """How the leader compares with the baseline."""

    AHEAD = "ahead"
    CLOSE = "close"
    BEHIND = "behind"
    UNDECIDED = "undecided"


OUTCOMES = {-1: Outcome.AHEAD, 0: Outcome.CLOSE, 1: Outcome.BEHIND, None: Outcome.UNDECIDED}
"""The sign of leader - baseline -> what it means; errors are better when small."""


@dataclass(frozen=True)
class Comparison:
    """The leader beside the baseline: `difference` is leader - baseline over the seeds that both have.

    `pairs` counts the pairs of a helper and a baseline that these runs could have chosen. The interval is
    corrected for them [Bonferroni]: all `pairs` intervals hold their true differences together in 95 % of
    studies, so that the chosen one does too, however it was chosen.
    """

    outcome: Outcome
    leader: Arm | None = None
    baseline: Arm | None = None
    difference: Interval | None = None
    pairs: int = 0


@dataclass(frozen=True)
class Verdict:
    """A comparison in words: the statement, and what it rests on."""

    statement: str
    grounds: str


def compare(arms: Sequence[Arm]) -> Comparison:
    """Compare the leader with the baseline; `arms` stand best first.

    The leader is the best arm that adds something to supervised learning alone: a pretext task, or pretrained
    weights where a supervised arm with random ones has finished too. The baseline is the best supervised arm
    of those that suit the leader; see `_baselines`. Where arms were confirmed, only those are compared.
    """
    finished = [arm for arm in arms if arm.mean is not None]
    alone = [arm for arm in finished if arm.is_supervised_alone]
    some_random = any(arm.starts_random for arm in alone)
    helpers = [
        arm for arm in finished if not arm.is_supervised_alone or (some_random and not arm.starts_random)
    ]
    helpers = [arm for arm in helpers if arm.confirmed] or helpers
    leader = helpers[0] if helpers else None
    suited = alone if leader is None else _baselines(leader, alone)
    baseline = suited[0] if suited else None
    if leader is None or baseline is None:
        return Comparison(Outcome.UNDECIDED, leader, baseline)
    pairs = sum(len(_baselines(helper, alone)) for helper in helpers)
    difference = paired_difference(leader.values, baseline.values, 1 - (1 - CONFIDENCE) / pairs)
    judged = difference is not None and not leader.thinned and not baseline.thinned
    sign = difference.sign if difference is not None and judged else None
    return Comparison(OUTCOMES[sign], leader, baseline, difference, pairs)


def _baselines(helper: Arm, alone: Sequence[Arm]) -> list[Arm]:
    """Return the supervised arms that suit a helper equally, so that only their errors choose among them.

    Those with two seeds in common before others, those with its data, those with random initial weights.
    """

    def order(arm: Arm) -> tuple[bool, bool, bool]:
        paired = len(arm.values.keys() & helper.values.keys()) > 1
        return not paired, arm.config.data != helper.config.data, not arm.starts_random

    others = [arm for arm in alone if arm is not helper]
    first = min(map(order, others), default=None)
    return [arm for arm in others if order(arm) == first]


def baseline_trial(study: StudyRecord) -> TrialRecord | None:
    """Return the baseline's best trial of the search, None where no supervised trial has finished.

    It is the one to confirm as the baseline. Confirmations themselves do not count, so the choice stays the
    same while they come in.
    """
    baseline = compare(arms_of(replace(study, trials=study.searched))).baseline
    return None if baseline is None else baseline.best_run


def leading_trial(study: StudyRecord) -> TrialRecord | None:
    """Return the best trial of the search's leader, None where no trial with a helper has finished.

    Confirmations themselves do not count, as for `baseline_trial`.
    """
    leader = compare(arms_of(replace(study, trials=study.searched))).leader
    return None if leader is None else leader.best_run


def describe(found: Comparison, names: Mapping[str, str], objective: str) -> Verdict:
    """Return the verdict in words; `names` are the short names of the searched values."""
    unit = f"° {metric_title(objective)}"
    leader, baseline, gap = found.leader, found.baseline, found.difference
    if leader is None or baseline is None:
        return _nothing_to_compare(leader, baseline, names, unit)
    arms = (
        f"Leader: {title_with_trials(leader, names)}, {error_with_runs(leader)}. "
        f"Baseline: {title_with_trials(baseline, names)}, {error_with_runs(baseline)}. "
        f"Errors are {epoch_title(objective)}."
    )
    if gap is None or gap.half is None:
        shared = "no seed in common" if gap is None else "one seed in common"
        return Verdict(
            f"Not decided: the leader has {_error(leader):.2f}{unit}, the baseline {_error(baseline):.2f}.",
            f"{arms} They have {shared}, which decides nothing: search.confirm trains the leaders and the "
            "baseline again with several seeds.",
        )
    aside = f"{abs(gap.mean):.2f}{unit} {'better' if gap.mean < 0 else 'worse'}"
    share = f"{abs(gap.mean) / _error(baseline):.0%}"
    statement = {
        Outcome.AHEAD: f"The leader beats the baseline by {abs(gap.mean):.2f}{unit} ({share}).",
        Outcome.BEHIND: f"The leader does not beat the baseline: it is {aside} ({share}).",
        Outcome.CLOSE: f"Too close to call: the leader is {aside}, and the interval holds 0.",
        Outcome.UNDECIDED: f"Not decided: the leader is {aside}, by seeds that were selected.",
    }[found.outcome]
    return Verdict(statement, " ".join([arms, *_grounds(found, gap)]))


def _grounds(found: Comparison, gap: Interval) -> Iterator[str]:
    """Yield what the difference rests on, what its interval covers and what it does not."""
    arms = [arm for arm in (found.leader, found.baseline) if arm is not None]
    corrected = ""
    if found.pairs > 1:
        corrected = f", corrected for {found.pairs} comparisons, since the same runs chose this one of them"
    yield (
        f"Difference over {gap.n} paired seeds: {signed(gap.mean)}, {CONFIDENCE:.0%} interval "
        f"{signed(gap.low or 0.0)} to {signed(gap.high or 0.0)}{corrected}."
    )
    shared = any(arm.shares_pretraining for arm in arms)
    yield (
        "It covers what a seed changes (initial weights, order and augmentation of the images), not other "
        f"images or people{', nor the pretraining, which the seeds share' if shared else ''}."
    )
    if any(arm.thinned for arm in arms):
        yield "Other seeds were stopped early for their errors: those which finished are the lucky ones."
    if arms[0].config.data != arms[1].config.data:
        yield "The two learned from different images."
    if found.outcome in (Outcome.CLOSE, Outcome.UNDECIDED) and not arms[0].confirmed:
        yield "search.confirm compares the leaders alone, by new runs."


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


def epoch_title(objective: str) -> str:
    """Return which epoch of a run an objective is of: `of the last epoch of each run`."""
    return f"of the {'best' if '/best_' in objective else 'last'} epoch of each run"


def error_with_runs(arm: Arm) -> str:
    """Return the error of an arm that finished, and how many runs it is the mean of."""
    if len(arm.values) == 1:
        return f"{_error(arm):.2f} ({ONE_CONFIRMATION if arm.confirmed else SELECTED})"
    return f"{_error(arm):.2f} (mean of {len(arm.values)} {'confirmations' if arm.confirmed else 'seeds'})"


def _error(arm: Arm) -> float:
    """Return the mean objective of an arm that finished."""
    assert arm.mean is not None  # noqa: S101  ours: only finished arms are compared
    return arm.mean.mean
