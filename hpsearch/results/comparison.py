"""The one verdict on a study: which arm leads, which is the baseline, and whether the leader is better.

The baseline is supervised learning alone (`pretext: none`). The terminal, the report and the choice of what
is confirmed all take leader, baseline and sentence from here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from hpsearch.results.arms import Arm
from hpsearch.results.contest import contest
from hpsearch.results.family import Family
from hpsearch.results.formats import signed
from hpsearch.results.sequence import Decision, Progress, on_demand, progress
from hpsearch.results.statistics import CONFIDENCE, Interval
from hpsearch.results.titles import title, title_with_trials
from trainables.target.metric import Metric

SELECTED = "1 run, selected by this number"
"""What is said beside the error of a single run of the search: it was looked at because it is low."""

ONE_CONFIRMATION = "1 confirmation"


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


@dataclass(frozen=True)
class Verdict:
    """A comparison in words: the statement, and what it rests on."""

    statement: str
    grounds: str


def compare(arms: Sequence[Arm], equal_within: float | None = None) -> Comparison:
    """Compare the leader with the baseline; `arms` stand best first. See `contest`.

    Where seeds came on demand, designs that differ by less than `equal_within` can be told equal.
    """
    found = contest(arms)
    leader, baseline, family = found.leader, found.baseline, found.family
    if leader is None or baseline is None:
        return Comparison(Outcome.UNDECIDED, leader, baseline, best=found.best)
    mean, seeds = _error(leader) - _error(baseline), min(len(leader.values), len(baseline.values))
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


def describe(found: Comparison, names: Mapping[str, str], objective: Metric, advice: str = "") -> Verdict:
    """Return the verdict in words; `names` are the short names of the searched values.

    The statement names the best design first. `advice` says how to make sure where nothing is decided.
    """
    unit = f"{objective.unit.sign} {objective.title}"
    leader, baseline, gap = found.leader, found.baseline, found.difference
    if leader is None or baseline is None:
        return _nothing_to_compare(leader, baseline, names, unit, advice)
    statement = f"{_best(found, names, unit)} {_relation(found, names, objective)}"
    arms = (
        f"Best helper: {title_with_trials(leader, names)}, {error_with_runs(leader)}. "
        f"Baseline, supervised learning alone: {title_with_trials(baseline, names)}, "
        f"{error_with_runs(baseline)}. {objective.noun.capitalize()}s are {epoch_title(objective)}."
    )
    reasons = [ONE_RUN] if gap is None or gap.half is None else list(_grounds(found, gap))
    if advice and found.outcome in (Outcome.CLOSE, Outcome.UNDECIDED):
        reasons.append(advice)
    return Verdict(statement, " ".join([arms, *reasons]))


ONE_RUN = "A single run of either decides nothing."


def _best(found: Comparison, names: Mapping[str, str], unit: str) -> str:
    """Return the sentence that names the best design, which need be neither of the two that are compared."""
    best = found.best
    assert best is not None  # noqa: S101  ours: two arms have finished
    runs = "" if len(best.values) > 1 else f" ({ONE_CONFIRMATION if best.confirmed else 'one run'})"
    return f"Best design: {title(best, names)}, {_error(best):.2f}{unit}{runs}."


def _relation(found: Comparison, names: Mapping[str, str], objective: Metric) -> str:
    """Return the sentence that compares the best helper with the baseline."""
    leader, baseline, gap = found.leader, found.baseline, found.difference
    assert leader is not None and baseline is not None  # noqa: S101  ours: see `describe`
    who = "It" if leader is found.best else f"The best helper, {title(leader, names)},"
    whom = f"supervised learning alone ({title(baseline, names)}, {_error(baseline):.2f})"
    whom = "this baseline" if baseline is found.best else whom
    mean = _error(leader) - _error(baseline) if gap is None else gap.mean
    share = f" ({abs(mean) / _error(baseline):.0%})" if _error(baseline) else ""
    better = "better" if objective.cost(mean) < 0 else "worse"
    said = f"{who} is {objective.shown(abs(mean))}{share} {better} than {whom}"
    if gap is not None and gap.low is not None and gap.high is not None:
        said += f", {CONFIDENCE:.0%} interval {signed(gap.low)} to {signed(gap.high)}"
    if (stands := found.progress) is not None and gap is not None:
        said += f", valid whenever you look; {gap.n} of at most {stands.plan.most} seeds"
    if found.outcome is Outcome.EQUAL and found.equal_within is not None:
        return f"{said}: equal within {objective.shown(found.equal_within)}."
    ending = {Outcome.CLOSE: ": too close to call.", Outcome.UNDECIDED: ": not decided."}
    return said + ending.get(found.outcome, ".")


def _grounds(found: Comparison, gap: Interval) -> Iterator[str]:
    """Yield what the difference rests on, what its interval covers and what it does not."""
    arms = [arm for arm in (found.leader, found.baseline) if arm is not None]
    corrected = ""
    if found.progress is not None:
        corrected = ", right at every look together"
    elif found.pairs > 1:
        corrected = f", corrected for {found.pairs} comparisons, since the same runs chose this one of them"
    yield (
        f"Helper − baseline, {seeds_of(found)}: {signed(gap.mean)}, {CONFIDENCE:.0%} interval "
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


def seeds_of(found: Comparison) -> str:
    """Return from how many runs a difference is: `3 seeds each`, `3 and 5 seeds` of helper and baseline."""
    helper, baseline = (len(arm.values) for arm in (found.leader, found.baseline) if arm is not None)
    if found.progress is not None and found.difference is not None:
        helper = baseline = found.difference.n
    if helper == baseline:
        return f"{helper} seed{'s' if helper > 1 else ''} each"
    return f"{helper} and {baseline} seeds"


def _nothing_to_compare(
    leader: Arm | None, baseline: Arm | None, names: Mapping[str, str], unit: str, advice: str
) -> Verdict:
    """Return the verdict where one of the two has not finished."""
    if leader is not None:
        return Verdict(
            f"Best design: {title(leader, names)}, {_error(leader):.2f}{unit}; there is no baseline "
            "to compare it with.",
            f"It is {title_with_trials(leader, names)}. No trial without a pretext task has finished: "
            "enqueue pretext: none.",
        )
    if baseline is not None:
        return Verdict(
            f"Only the baseline has finished: {title(baseline, names)}, {_error(baseline):.2f}{unit}.",
            f"Baseline: {title_with_trials(baseline, names)}. No trial that adds a pretext task or "
            "pretrained weights to it has finished, so there is nothing to compare.",
        )
    return Verdict("No trial has finished.", f"There is nothing to compare. {advice}".strip())


def epoch_title(objective: Metric) -> str:
    """Return which epoch of a run an objective is of: `of the last epoch of each run`."""
    return f"of the {'best' if objective.of_best_epoch else 'last'} epoch of each run"


def error_with_runs(arm: Arm) -> str:
    """Return the error of an arm that finished, and how many runs it is the mean of."""
    if len(arm.values) == 1:
        return f"{_error(arm):.2f} ({ONE_CONFIRMATION if arm.confirmed else SELECTED})"
    return f"{_error(arm):.2f} (mean of {len(arm.values)} {'confirmations' if arm.confirmed else 'seeds'})"


def _error(arm: Arm) -> float:
    """Return the mean objective of an arm that finished."""
    assert arm.mean is not None  # noqa: S101  ours: only finished arms are compared
    return arm.mean.mean
