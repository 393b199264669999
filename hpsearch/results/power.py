"""What a verdict can find: the difference that four studies of five call, and the seeds that it takes.

Many studies are simulated with the rules of the verdict itself, in units of a run's standard deviation, which
takes a few hundredths of a second: one draw answers for every difference, since a better helper moves its
mean and nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from hpsearch.results.many_to_one import Runs, contrasts, critical_value
from hpsearch.results.repeated import DIFFERENCE, EQUALITY, Plan, chances, error_and_df, levels
from hpsearch.results.sequence import FUTILITY_FROM, HOPELESS
from hpsearch.results.statistics import CONFIDENCE, Doubles, t_tail_quantiles
from hpsearch.study.config import baseline_seeds

POWER = 0.8
"""Share of studies in which a difference is to be found that is called visible."""

MOST_SEEDS = 50
"""Seeds that `search.confirm` may ask for."""

STUDIES = 4000
"""Simulated studies: a share of them is exact to 0.6 %."""

MOST_RUNS, MOST_HELPERS = 4_000_000, 100
"""Simulated runs in memory at once, for which fewer studies are simulated; and helpers: a thousand of them
would raise the visible difference by a sixth more."""

GRID = 6
"""Degrees of freedom, and loadings, of which critical values are computed: between them they err by 1 %."""

LARGEST, STEPS = 20.0, 14
"""Standard deviations of a run below which the visible difference lies, and halvings of that range."""


@dataclass(frozen=True)
class Intended:
    """The runs that a verdict will have: `helpers` beside one baseline, `least` to `most` seeds each.

    Where `least` equals `most` there is one look, and the baseline has `of_baseline` seeds. Within +-`zone`
    two designs count as equal, where seeds come on demand: in standard deviations of a run wherever studies
    are simulated.
    """

    helpers: int
    least: int
    most: int
    of_baseline: int
    zone: float | None = None

    @property
    def on_demand(self) -> bool:
        """Whether there is more than one look."""
        return self.most > self.least

    @property
    def runs(self) -> int:
        """How many runs there are at most."""
        return self.helpers * self.most + (self.most if self.on_demand else self.of_baseline)

    def in_units_of(self, deviation: float) -> Intended:
        """Return the same with its zone, in the objective's unit, in standard deviations of a run."""
        return replace(self, zone=self.zone / deviation if self.zone and deviation else None)

    def with_most(self, most: int) -> Intended:
        """Return the same with other seeds at most; those of the baseline follow."""
        least = min(self.least, most) if self.on_demand else most
        return replace(self, least=least, most=most, of_baseline=baseline_seeds(most, self.helpers))


def visible(intended: Intended, shared: float) -> float:
    """Return the difference, in standard deviations of a run, that is found in 80 % of studies.

    `shared` is the correlation of two designs' runs of one seed, 0 to 1.
    """
    if not intended.on_demand:
        return float(np.quantile(_called_from(intended, shared), POWER))
    looks, low, high = Looks(intended, shared), 0.0, LARGEST
    for _ in range(STEPS):
        middle = (low + high) / 2
        low, high = (low, middle) if looks.outcome(middle).better >= POWER else (middle, high)
    return high


def needed(difference: float, intended: Intended, shared: float) -> Intended | None:
    """Return the runs with the fewest seeds that find a difference in 80 % of studies; None beyond 50 seeds.

    On demand it is the fewest seeds at most.
    """
    first = intended.least if intended.on_demand else 2
    low, high = first, MOST_SEEDS + 1
    while low < high:
        middle = (low + high) // 2
        found = _is_called(difference, intended.with_most(middle), shared)
        low, high = (low, middle) if found else (middle + 1, high)
    return intended.with_most(low) if low <= MOST_SEEDS else None


def _is_called(difference: float, intended: Intended, shared: float) -> bool:
    if intended.on_demand:
        return Looks(intended, shared).outcome(difference).better >= POWER
    return visible(intended, shared) <= difference


def _called_from(intended: Intended, shared: float) -> Doubles:
    """Return the difference from which on each of many studies [S] calls the last helper the better one.

    It must be the best of the helpers, and its interval must lie on one side of 0.
    """
    counts = [intended.of_baseline] + [intended.most] * min(intended.helpers, MOST_HELPERS)
    arm = np.repeat(np.arange(len(counts)), counts)
    seed = np.concatenate([np.arange(n) for n in counts])
    rng, studies = np.random.default_rng(0), min(STUDIES, MOST_RUNS // len(arm))
    of_seed, own = rng.normal(size=(studies, max(counts))), rng.normal(size=(studies, len(arm)))
    errors = np.sqrt(shared) * of_seed[:, seed] + np.sqrt(1 - shared) * own
    found = contrasts(Runs(errors, arm, seed))
    last, df = found.differences[:, -1], found.df[:, -1]
    bound = _bounds(df, found.loadings)
    leads = last - found.differences[:, :-1].min(-1, initial=np.inf)
    return np.asarray(np.maximum(last + bound * found.errors[:, -1], leads))


def _bounds(df: Doubles, loadings: Doubles) -> Doubles:
    """Return the critical value of each study [S], its helpers' loadings [S, k] as if they were alike.

    One for each study would take seconds: those of some degrees of freedom and loadings say the others.
    """
    of_study, helpers = loadings.mean(-1), loadings.shape[-1]
    dfs, alike = (np.quantile(values, np.linspace(0, 1, GRID)) for values in (df, of_study))
    table = critical_value(
        np.repeat(dfs, GRID), np.tile(alike, GRID)[:, None].repeat(helpers, 1), 1 - CONFIDENCE
    )
    at_loading = np.stack([np.interp(df, dfs, column) for column in table.reshape(GRID, GRID).T])  # [GRID, S]
    place = np.interp(of_study, alike, np.arange(GRID))
    below, studies = np.minimum(place.astype(int), GRID - 2), np.arange(len(df))
    rest = place - below
    return np.asarray((1 - rest) * at_loading[below, studies] + rest * at_loading[below + 1, studies])


@dataclass(frozen=True)
class Shares:
    """Of studies with seeds on demand: the shares that end better and equal, and the mean of their seeds."""

    better: float
    equal: float
    seeds: float


@dataclass(frozen=True)
class Looks:
    """Many studies whose seeds come on demand, of equal designs whose runs have a standard deviation of 1."""

    intended: Intended
    shared: float

    @cached_property
    def _drawn(self) -> tuple[Doubles, Doubles, Doubles]:
        """Return the mean difference, its standard error and degrees of freedom [S, M] after 1 to M seeds."""
        rng, most = np.random.default_rng(0), self.intended.most
        of_seed, own = rng.normal(size=(STUDIES, most)), rng.normal(size=(2, STUDIES, most))
        helper, baseline = np.sqrt(self.shared) * of_seed + np.sqrt(1 - self.shared) * own
        seeds = np.arange(1.0, most + 1)

        def moment(one: Doubles, other: Doubles) -> Doubles:
            sums = np.cumsum(one * other, 1) - np.cumsum(one, 1) * np.cumsum(other, 1) / seeds
            return np.asarray(sums / np.maximum(seeds - 1, 1.0))

        variances = moment(helper, helper), moment(baseline, baseline)
        error, df = error_and_df(*variances, moment(helper, baseline), seeds)
        return np.cumsum(helper - baseline, 1) / seeds, error, df

    def _at(self, shape: float) -> dict[int, float]:
        """Return the level of each look by its place from 0."""
        plan = Plan(self.intended.least, self.intended.most)
        at = levels([plan] * plan.most, (1 - CONFIDENCE) / self.intended.helpers, shape)
        return {place: level for place, level in enumerate(at) if level is not None}

    @cached_property
    def _halves(self) -> dict[int, tuple[Doubles, Doubles]]:
        """Return half the widths [S] of the intervals for a difference and for equality, by their place."""
        _, error, df = self._drawn
        both = [
            {n: t_tail_quantiles(df[:, n], level) * error[:, n] for n, level in self._at(shape).items()}
            for shape in (DIFFERENCE, EQUALITY)
        ]
        return {place: (both[0][place], both[1][place]) for place in both[0]}

    def outcome(self, difference: float) -> Shares:
        """Return how the studies end where the helper is better by `difference`."""
        means, errors, dfs = self._drawn
        last = self._at(DIFFERENCE)[self.intended.most - 1], self._at(EQUALITY)[self.intended.most - 1]
        most, zone = self.intended.most, self.intended.zone
        going, better, equal, seeds = np.arange(STUDIES), 0, 0, 0
        for place, halves in self._halves.items():
            mean, count = means[going, place] - difference, place + 1
            half, of_equality = (each[going] for each in halves)
            ahead = mean + half < 0
            alike = ~ahead & (np.abs(mean) + of_equality < (zone or 0.0)) & (np.abs(mean) <= half)
            ends = ahead | alike | (mean - half > 0) | (count == most)
            if most * FUTILITY_FROM <= count < most:
                shares = count / most, (count - 1) / (most - 1)
                error, df = errors[going, place], dfs[going, place]
                ends |= chances(mean, error, df, *shares, last, zone) < HOPELESS
            better, equal = better + int(ahead.sum()), equal + int(alike.sum())
            seeds += count * int(ends.sum())
            going = going[~ends]
        return Shares(better / STUDIES, equal / STUDIES, seeds / STUDIES)
