"""The study's verdicts on the paper's claims: each pair of rows by the means over seeds, all claims together.

What is usual for a run's noise is learned from all rows of the same table, as for the verdict on
the study; see `hpsearch.results.many_to_one`. The more claims a page judges, the more of them would be called
wrong by chance, so that their intervals are as wide as Holm's procedure [1979] demands: in 95 % of studies
none is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from enum import StrEnum
from statistics import fmean

import numpy as np

from hpsearch.report.paper.claims import Claim, claims
from hpsearch.report.paper.repeats import PaperTable, by_key
from hpsearch.results.many_to_one import Contrasts, Runs, differences
from hpsearch.results.statistics import CONFIDENCE, Interval

MARGIN = 0.05
"""An arm is not better where its error is at most this share of the other's below it."""


class Finding(StrEnum):
    """The verdict of a study on a claim."""

    HOLDS = "holds"
    FAILS = "does not hold"
    CLOSE = "too close to call"
    ONE_SEED = "one seed: not decided"
    TOO_SMALL = "not tested at this size"


@dataclass(frozen=True)
class Judgement:
    """A claim and its verdict, with the difference left - right of each pair that the study has."""

    claim: Claim
    finding: Finding
    differences: tuple[Interval, ...]
    """Each as wide as all claims of the page together demand."""

    tested: tuple[tuple[str, str], ...]
    """The rows of each of these pairs."""

    @property
    def rows(self) -> set[str]:
        """The rows that were compared."""
        return {row for pair in self.tested for row in pair}

    @property
    def pairs(self) -> str:
        """How many of its pairs were tested."""
        return f"{len(self.differences)} of {len(self.claim.pairs)}"


def judge(tables: Sequence[PaperTable]) -> tuple[Judgement, ...]:
    """Return the verdict on every claim that the tables' arms can test."""
    repeats = by_key(tables)
    averages = {
        key: {seed: errors["average"] for seed, errors in repeat.errors_by_seed().items()}
        for key, repeat in repeats.items()
    }
    small = {key for key, repeat in repeats.items() if repeat.too_small}
    return judged_averages(claims(), averages, small)


def judged_averages(
    known: Sequence[Claim], averages: Mapping[str, Mapping[int, float]], small: Set[str] = frozenset()
) -> tuple[Judgement, ...]:
    """Return the verdict on each claim that has a pair in `averages`: row -> seed -> error, degrees.

    A claim with one of the rows `small` is not tested: it has its intervals, and costs the others nothing.
    """
    runs = _runs_of_groups(known, averages)
    tests = [_test(claim, averages, runs[_group(claim)]) for claim in known]
    tests = [test for test in tests if test.pairs]
    decidable = {test.claim.id: test.tail for test in tests if test.several and not small & test.rows}
    levels = holm_levels(decidable, 1 - CONFIDENCE)
    return tuple(test.judged(levels.get(test.claim.id), small=bool(small & test.rows)) for test in tests)


def holm_levels(tails: Mapping[str, float], alpha: float) -> dict[str, float]:
    """Return the level at which each of several hypotheses is tested, so that all hold with 1 - alpha. [Holm
    1979]

    The smallest tail is tested at alpha / n, the next at alpha / (n - 1), and so on, until one is not
    rejected: the others are tested at its level.
    """
    levels: dict[str, float] = {}
    level, rejected = alpha, True
    for place, name in enumerate(sorted(tails, key=lambda name: tails[name])):
        level = alpha / (len(tails) - place) if rejected else level
        rejected = rejected and tails[name] <= level
        levels[name] = level
    return levels


@dataclass(frozen=True)
class _Test:
    """A claim, those of its pairs that were measured, and their differences left - right."""

    claim: Claim
    pairs: tuple[tuple[str, str], ...]
    means: tuple[float, ...]
    seeds: tuple[int, ...]
    right: tuple[float, ...]
    """The mean error of each right arm."""
    contrasts: Contrasts | None
    """None where one of the arms has a single run."""

    @property
    def several(self) -> bool:
        """Whether every arm has several runs."""
        return self.contrasts is not None

    @property
    def rows(self) -> set[str]:
        """The rows that are compared."""
        return {row for pair in self.pairs for row in pair}

    @property
    def tail(self) -> float:
        """The smallest level at which the claim is decided."""
        assert self.contrasts is not None  # noqa: S101  ours: asked where there are several runs
        against, margins = self.contrasts.tails(), MARGIN * np.array(self.right)
        shifted = replace(self.contrasts, differences=self.contrasts.differences + margins).tails()
        means, above = np.array(self.means), np.array(self.means) + margins > 0
        match self.claim.relation:
            case "<":
                yes, no = np.where(means < 0, against, 1), np.where(means > 0, against, 1)
            case ">":
                yes, no = np.where(means > 0, against, 1), np.where(means < 0, against, 1)
            case _:
                yes, no = np.where(above, shifted, 1), np.where(means < 0, against, 1)
        return float(min(no.min(), yes.max()))

    def judged(self, level: float | None, *, small: bool) -> Judgement:
        """Return the verdict at a level; None: it is not tested, and its own pairs alone hold together."""
        halves: Sequence[float | None] = [None] * len(self.pairs)
        if self.contrasts is not None:
            halves = self.contrasts.halves(1 - CONFIDENCE if level is None else level).tolist()
        intervals = tuple(map(Interval, self.means, halves, self.seeds))
        found = [finding(self.claim.relation, *each) for each in zip(intervals, self.right, strict=True)]
        return Judgement(self.claim, Finding.TOO_SMALL if small else _together(found), intervals, self.pairs)


def _group(claim: Claim) -> str:
    """Return the number of the table that a claim is about."""
    return claim.pairs[0][0].partition(".")[0]


def _runs_of_groups(
    known: Sequence[Claim], averages: Mapping[str, Mapping[int, float]]
) -> dict[str, dict[str, Mapping[int, float]]]:
    """Return the rows with several runs of each table that a claim is about."""
    groups: dict[str, dict[str, Mapping[int, float]]] = {}
    for claim in known:
        group = groups.setdefault(_group(claim), {})
        for row in (row for pair in claim.pairs for row in pair):
            if len(averages.get(row, {})) > 1:
                group[row] = averages[row]
    return groups


def _test(
    claim: Claim, averages: Mapping[str, Mapping[int, float]], group: Mapping[str, Mapping[int, float]]
) -> _Test:
    pairs = tuple((a, b) for a, b in claim.pairs if averages.get(a) and averages.get(b))
    rows, places = {row for pair in pairs for row in pair}, {row: n for n, row in enumerate(group)}
    contrasts = None
    if pairs and rows <= group.keys():
        left, right = (np.array([places[pair[side]] for pair in pairs]) for side in (0, 1))
        contrasts = differences(Runs.of(list(group.values())), left, right, kept=np.union1d(left, right))
    errors = {row: fmean(averages[row].values()) for row in rows}
    return _Test(
        claim,
        pairs,
        means=tuple(errors[a] - errors[b] for a, b in pairs),
        seeds=tuple(min(len(averages[a]), len(averages[b])) for a, b in pairs),
        right=tuple(errors[b] for _, b in pairs),
        contrasts=contrasts,
    )


def finding(relation: str, difference: Interval, right: float) -> Finding:
    """Judge one pair: `difference` is left - right, `right` the mean error of the right arm, degrees.

    `not <` is held by an arm that is equal or worse: it is refuted where all of the interval lies below 0,
    but for a gain that is certainly below `MARGIN`.
    """
    if difference.low is None or difference.high is None:
        return Finding.ONE_SEED
    low, high = difference.low, difference.high
    match relation:
        case "<":
            yes, no = high < 0, low > 0
        case ">":
            yes, no = low > 0, high < 0
        case "not <":
            yes, no = low > -MARGIN * right, high < 0
        case _:
            raise ValueError(f"no relation {relation!r}")
    return Finding.HOLDS if yes else Finding.FAILS if no else Finding.CLOSE


def _together(findings: Sequence[Finding]) -> Finding:
    """A claim about several pairs holds where every pair does, and fails where one does."""
    for decisive in (Finding.FAILS, Finding.ONE_SEED, Finding.CLOSE):
        if decisive in findings:
            return decisive
    return Finding.HOLDS
