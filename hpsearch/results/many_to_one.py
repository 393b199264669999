"""Many arms beside one baseline: simultaneous intervals of their differences, from few seeds each.

The variance of an arm, of three seeds, is known badly. Two things make it better known. Where five arms or
more have the same seeds, what a seed does to all of them is no noise of a difference, and is taken out. And
arms of one study are about equally noisy, so each variance is drawn towards the mean of all [Smyth 2004, by a
fixed weight]; never the baseline's downwards, which is in every difference. Each difference then has a t with
the degrees of freedom of Welch and Satterthwaite, and the largest of all of them the distribution of Dunnett
[1955], which Hasler and Hothorn [2008] take for unequal variances. With one helper this is Welch's test.

Arrays have any leading axes, so that a benchmark judges many studies at once; the baseline comes first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hpsearch.results.statistics import chi_quantiles, normal_cdf, t_tail_quantiles

Doubles = npt.NDArray[np.float64]

LEAST_ARMS = 5
"""Arms, the baseline among them, from which on the effect of a seed is known well enough to be taken out."""

NODES = 24
"""Of each quadrature; the probability is then exact to 1e-5 from 2 degrees of freedom on."""

STEPS, PRECISION = 12, 1e-6
"""Steps of the secant at most, five or six suffice; and where it ends, relative to t."""


@dataclass(frozen=True)
class Runs:
    """The runs of several arms: `errors` [..., N], the arm [N] and the seed [N] of each, the baseline's arm
    is 0."""

    errors: Doubles
    arm: npt.NDArray[np.intp]
    seed: npt.NDArray[np.intp]

    @classmethod
    def of(cls, arms: Sequence[Mapping[int, float]]) -> Runs:
        """Return the runs of arms, the baseline first: the error of each seed."""
        runs = [(n, seed, error) for n, errors in enumerate(arms) for seed, error in errors.items()]
        arm, seed, errors = zip(*runs, strict=True)
        return cls(np.array(errors, float), np.array(arm), np.array(seed))

    @property
    def counts(self) -> Doubles:
        """Runs of each arm [A]."""
        return np.bincount(self.arm).astype(float)

    @property
    def shared(self) -> bool:
        """Whether all arms have the same seeds."""
        return len(self.arm) == len(self.counts) * len(np.unique(self.seed))

    def means(self) -> Doubles:
        """Return the mean error of each arm [..., A]."""
        return self.errors @ self._members() / self.counts

    @property
    def blocked(self) -> bool:
        """Whether what a seed does to all arms is taken out."""
        return self.shared and len(self.counts) >= LEAST_ARMS

    def variances(self) -> tuple[Doubles, Doubles]:
        """Return the variance of each arm [..., A] and its degrees of freedom [A].

        Without the seeds' effects the residuals of arms + seeds have (n - 1)(A - 1)/A of them for each arm.
        """
        members, counts = self._members(), self.counts
        residuals, df = self.errors - self.means()[..., self.arm], counts - 1
        if self.blocked:
            of_seed = np.equal.outer(self.seed, np.unique(self.seed)).astype(float)  # [N, S]
            residuals = residuals - residuals @ of_seed @ of_seed.T / len(counts)
            df = df * (1 - 1 / len(counts))
        return residuals**2 @ members / df, df

    def _members(self) -> Doubles:
        return np.equal.outer(self.arm, np.arange(self.arm.max() + 1)).astype(float)  # [N, A]


@dataclass(frozen=True)
class Contrasts:
    """Differences of two arms each, k of them [..., k]: with standard errors and degrees of freedom.

    `loadings` [..., k] say how much of the noise of each comes from its right arm, which is `right` [k]: two
    with the same one correlate by their product. Nothing is assumed of the others: they count as independent,
    which is never too narrow [Royen 2014].
    """

    differences: Doubles
    errors: Doubles
    df: Doubles
    loadings: Doubles
    right: npt.NDArray[np.intp]

    def tails(self) -> Doubles:
        """Return of each how often the largest of all is so large where no arm differs [..., k]."""
        noisy = self.errors > 0
        statistics = np.abs(self.differences) / np.where(noisy, self.errors, 1.0)
        tails = largest_tail(statistics, self.df, self._among(slice(None), 0))
        return np.where(noisy, tails, np.where(self.differences == 0, 1.0, 0.0))

    def halves(self, alpha: float, others: int = 0, of: slice = slice(None)) -> Doubles:
        """Return half the width of the intervals `of` some: all of them hold together in 1 - alpha of
        studies.

        `others` counts comparisons that are not among these and could have been chosen as well.
        """
        among = self._among(of, others)
        return critical_value(self.df[..., of], among, alpha) * self.errors[..., of]

    def _among(self, of: slice, others: int) -> Doubles:
        """Return the loadings of the whole family, beside each of its members [..., members, k + others]."""
        same = self.right[of][:, None] == self.right
        loadings = self.loadings[..., None, :] * same
        return np.concatenate([loadings, np.zeros((*loadings.shape[:-1], others))], axis=-1)


def contrasts(runs: Runs) -> Contrasts:
    """Return the differences of the helpers to the baseline; every arm has two runs or more."""
    helpers = np.arange(1, len(runs.counts))
    return differences(runs, helpers, np.zeros_like(helpers), kept=np.zeros(1, np.intp))


def differences(
    runs: Runs, left: npt.NDArray[np.intp], right: npt.NDArray[np.intp], kept: npt.NDArray[np.intp]
) -> Contrasts:
    """Return the differences left - right of arms, [k] each; every arm has two runs or more.

    The variances of the arms `kept` are never drawn downwards.
    """
    counts, (own, df) = runs.counts, runs.variances()
    prior, told = _prior(runs)
    usual = own @ df / df.sum()
    variances = (prior * usual[..., None] + df * own) / (prior + df)
    variances[..., kept] = np.maximum(variances, _unmixed(runs, own))[..., kept]
    means, of_means = runs.means(), variances / counts
    total = of_means[..., left] + of_means[..., right]
    spent = of_means**2 / (told + df)
    noisy = total > 0  # errors that are equal in every seed have no variance
    safe = np.where(noisy, total, 1.0)
    both = spent[..., left] + spent[..., right]
    welch = np.divide(safe**2, both, where=noisy, out=np.full_like(safe, df.sum()))
    return Contrasts(
        differences=means[..., left] - means[..., right],
        errors=np.sqrt(total),
        df=np.minimum(welch, df.sum()),
        loadings=np.sqrt(of_means[..., right] / safe),
        right=right,
    )


def _prior(runs: Runs) -> tuple[float, float]:
    """Return by how many degrees of freedom variances are drawn to their mean, and how many of them count.

    Chosen by simulation, as much as leaves a better helper than is there in at most 2.5 % of studies, however
    unequal the noise: benchmarks/verdicts.py. The more arms, the better their mean is known. Without blocks
    none of them count: where the arms with few seeds are the noisy ones, Welch's own are too many already.
    """
    arms = len(runs.counts)
    if runs.blocked:
        prior = min(2 - 5 / arms, 1.5)
        return prior, prior
    return (1.0 if arms > 2 else 0.0), 0.0


def _unmixed(runs: Runs, own: Doubles) -> Doubles:
    """Return the variances [..., A] without what the noise of the other arms adds to them or takes away.

    Where seeds' effects are taken out, by the mean over all arms, a residual holds some of the others' noise,
    and that of a noisy arm is too small. [Grubbs 1948]
    """
    arms = own.shape[-1]
    if not runs.blocked:
        return own
    return np.asarray(((arms - 1) * own - own.mean(-1, keepdims=True)) / (arms - 2))


def largest_tail(t: Doubles, df: Doubles, loadings: Doubles) -> Doubles:
    """Return the probability that the largest |T| of k is t or more: t [...], df [...], loadings [..., k].

    All have one denominator, s = chi / sqrt(df), and the numerators share a normal variable by their
    loadings: both are integrated over.
    """
    normal, weights = np.polynomial.hermite_e.hermegauss(NODES)
    place, of_place = np.polynomial.legendre.leggauss(NODES)
    share = (place + 1) / 2  # the cube has its nodes dense where s is small, which matters most
    scales = chi_quantiles(share**3, df)  # [..., S]
    bound = (t[..., None] * scales)[..., :, None, None]  # [..., S, Z, k]
    loadings = np.minimum(loadings, 1 - 1e-9)[..., None, None, :]
    common, own = loadings * normal[:, None], np.sqrt(1 - loadings**2)
    inside = normal_cdf((bound - common) / own) - normal_cdf((-bound - common) / own)
    held = inside.prod(-1) @ (weights / weights.sum())
    return np.asarray(1 - held @ (1.5 * share**2 * of_place))


def critical_value(df: Doubles, loadings: Doubles, alpha: float) -> Doubles:
    """Return t such that the largest |T| of k is t or more with probability alpha; as `largest_tail`.

    It lies between Student's t of one comparison and Bonferroni's of k, where the logarithm of the
    probability is almost straight over that of t.
    """
    low = t_tail_quantiles(df, alpha)
    high = t_tail_quantiles(df, alpha / loadings.shape[-1])
    before, at = np.log(low), np.log(high) + 1e-6
    was = _log_excess(before, df, loadings, alpha)
    for _ in range(STEPS):
        now = _log_excess(at, df, loadings, alpha)
        slope = (now - was) / np.where(at == before, 1.0, at - before)
        before, was, at = at, now, at - now / np.where(slope == 0, -1.0, slope)
        if np.max(np.abs(at - before)) < PRECISION:
            break
    return np.asarray(np.exp(at))


def _log_excess(log_t: Doubles, df: Doubles, loadings: Doubles, alpha: float) -> Doubles:
    tail = largest_tail(np.exp(log_t), df, loadings)
    return np.asarray(np.log(np.maximum(tail, 1e-12) / alpha))
