"""The verdict in words: the terminal, the report, MLflow's note and notebooks say the same.

One short sentence answers the study and stands first wherever a verdict is shown; its grounds follow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from hpsearch.results.advice import advice
from hpsearch.results.arms import Arm, arms_of
from hpsearch.results.comparison import Comparison, Outcome, compare
from hpsearch.results.formats import signed, signed_percent
from hpsearch.results.front import best_below, front_of
from hpsearch.results.statistics import CONFIDENCE, Interval
from hpsearch.results.titles import ALONE, names_of, title, title_with_trials, words_of
from hpsearch.study.records import StudyRecord
from trainables.target.metric import Metric

SELECTED = "1 run, selected by this number"
"""What is said beside the error of a single run of the search: it was looked at because it is low."""

ONE_CONFIRMATION = "1 confirmation"

INTERVAL = f"{100 * CONFIDENCE:.0f} % interval"


@dataclass(frozen=True)
class Verdict:
    """A comparison in words: the short sentence, and what it rests on."""

    sentence: str
    grounds: str


def verdict_of(study: StudyRecord) -> Verdict:
    """Return the one verdict on a study, with advice where nothing is decided."""
    arms = arms_of(study)
    found = compare(arms, study.equal_within)
    names = names_of(arms)
    below = best_below(front_of(study, arms), names)
    return describe(found, names, study.objective, advice(study, found), below)


def describe(
    found: Comparison, names: Mapping[str, str], objective: Metric, advice: str = "", below: str = ""
) -> Verdict:
    """Return the verdict in words; `names` are the short names of the searched values.

    `advice` says how to make sure where nothing is decided, `below` which designs are best below a cost.
    """
    leader, baseline, gap = found.leader, found.baseline, found.difference
    sentence = verdict_sentence(found, names)
    if leader is None or baseline is None:
        return Verdict(sentence, f"{_what_is_missing(leader, baseline, names, advice)} {below}".strip())
    reasons = list(_arms(found, leader, baseline, names))
    reasons.append(f"{objective.noun.capitalize()}s are {objective.title} {epoch_title(objective)}.")
    reasons += [_too_few(found)] if gap is None or gap.half is None else _grounds(found, gap)
    if advice and found.outcome in (Outcome.CLOSE, Outcome.UNDECIDED):
        reasons.append(advice)
    reasons += [below] if below else []
    return Verdict(sentence, " ".join(reasons))


def _too_few(found: Comparison) -> str:
    """Return why so few runs decide nothing."""
    if found.progress is None or found.difference is None or found.difference.n < 2:
        return "A single run of either decides nothing."
    return f"The first look is at {found.progress.plan.least} seeds of each."


def verdict_sentence(found: Comparison, names: Mapping[str, str]) -> str:
    """Return the one short sentence that answers the study, in plain text and with its full stop.

    `Puzzling in two views is better than supervised learning alone: by 0.42°, 95 % interval 0.11 to 0.73,
    valid whenever you look; 5 of at most 12 seeds.` What follows `by` is positive in the direction that the
    sentence names. Where one of the two has not finished it says that. `names` are as for `describe`.
    """
    leader, baseline, gap = found.leader, found.baseline, found.difference
    if leader is None or baseline is None or gap is None:
        return _nothing_to_compare(leader, baseline, names)
    cost = leader.objective.cost(gap.mean)
    claim = _claim(found, leader, "better" if cost < 0 else "worse")
    return f"{claim} by {_figures(found, gap, leader, -1 if cost < 0 else 1)}."


def _claim(found: Comparison, leader: Arm, order: str) -> str:
    """Return what the sentence claims, up to its figures."""
    helper = words_of(leader)
    lower = helper[0].lower() + helper[1:]
    match found.outcome:
        case Outcome.AHEAD | Outcome.BEHIND:
            return f"{helper} is {order} than {ALONE}:"
        case Outcome.EQUAL:
            within = (
                f"{found.equal_within or 0.0:g}{found.leader.objective.unit.sign}" if found.leader else ""
            )
            return f"{helper} is equal to {ALONE} within {within}: {order}"
        case Outcome.CLOSE:
            return f"It is too close to call whether {lower} is {order} than {ALONE}:"
        case Outcome.UNDECIDED:
            goes_on = found.progress is not None and found.progress.goes_on
            return f"It is not decided{' yet' * goes_on} whether {lower} is {order} than {ALONE}:"


def _figures(found: Comparison, gap: Interval, leader: Arm, towards: int) -> str:
    """Return by how much, with its interval in the direction of the claim, and from how many seeds."""
    aim = leader.objective
    most = "" if found.progress is None else f"{gap.n} of at most {found.progress.plan.most} seeds"
    if gap.low is None or gap.high is None:
        return f"{aim.shown(abs(gap.mean))} in " + (f"{most}, before the first look" if most else "one run")
    ends = sorted(towards * aim.cost(end) for end in (gap.low, gap.high))
    low, high = (signed(end).removeprefix("+") for end in ends)
    said = f"{aim.shown(abs(gap.mean))}, {INTERVAL} {low} to {high}"
    return f"{said}, valid whenever you look; {most}" if most else f"{said}; {seeds_of(found)}"


def _nothing_to_compare(leader: Arm | None, baseline: Arm | None, names: Mapping[str, str]) -> str:
    one = leader or baseline
    if one is None:
        return "No trial has finished."
    error = f"{title(one, names)}, {one.objective.shown(one.level)} {one.objective.title}"
    if leader is None:
        return f"Only {ALONE} has finished: {error}."
    return f"Best design: {error}; no run of {ALONE} has finished to compare it with."


def _what_is_missing(leader: Arm | None, baseline: Arm | None, names: Mapping[str, str], advice: str) -> str:
    """Return what is missing where one of the two has not finished."""
    if leader is not None:
        return (
            f"It is {title_with_trials(leader, names)}. No trial without a pretext task has finished: "
            "enqueue pretext: none."
        )
    if baseline is not None:
        return (
            f"{ALONE.capitalize()}: {title_with_trials(baseline, names)}. No trial that adds a pretext task "
            "or pretrained weights to it has finished, so there is nothing to compare."
        )
    return f"There is nothing to compare. {advice}".strip()


def _arms(found: Comparison, leader: Arm, baseline: Arm, names: Mapping[str, str]) -> Iterator[str]:
    """Yield which designs are compared, and which is best where it is neither of them."""
    best = found.best
    yield f"Best helper: {title_with_trials(leader, names)}, {error_with_runs(leader)}."
    yield f"{ALONE.capitalize()}: {title_with_trials(baseline, names)}, {error_with_runs(baseline)}."
    if best is not None and best not in (leader, baseline):
        yield f"Best design: {title_with_trials(best, names)}, {error_with_runs(best)}."


def _grounds(found: Comparison, gap: Interval) -> Iterator[str]:
    """Yield what the difference rests on, what its interval covers and what it does not."""
    arms = [arm for arm in (found.leader, found.baseline) if arm is not None]
    corrected = ""
    if found.progress is not None:
        corrected = ", right at every look together"
    elif found.pairs > 1:
        corrected = f", corrected for {found.pairs} comparisons, since the same runs chose this one of them"
    level = arms[1].level
    share = f" ({signed_percent(gap.mean / level)})" if level else ""
    yield (
        f"Helper − {ALONE}, {seeds_of(found)}: {signed(gap.mean)}{share}, {INTERVAL} "
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


def epoch_title(objective: Metric) -> str:
    """Return which epoch of a run an objective is of: `of the last epoch of each run`."""
    return f"of the {'best' if objective.of_best_epoch else 'last'} epoch of each run"


def error_with_runs(arm: Arm) -> str:
    """Return the error of an arm that finished, and how many runs it is the mean of."""
    if len(arm.values) == 1:
        return f"{arm.level:.2f} ({ONE_CONFIRMATION if arm.confirmed else SELECTED})"
    return f"{arm.level:.2f} (mean of {len(arm.values)} {'confirmations' if arm.confirmed else 'seeds'})"
