"""The noise itself: how much runs of one design differ, and what a seed does to all designs alike."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpsearch.results.arms import Arm
from hpsearch.results.statistics import CONFIDENCE, chi_quantiles


@dataclass(frozen=True)
class Noise:
    """The standard deviation of a run of one design, in the objective's unit, with its 95 % interval.

    `shared` is the correlation of two designs' runs of one seed, from 0 to 1; None where no designs share
    three seeds or more. `df` are the degrees of freedom: runs less designs.
    """

    deviation: float
    low: float
    high: float
    shared: float | None
    df: int

    @classmethod
    def of(cls, deviation: float, shared: float | None, df: int) -> Noise:
        """Return the noise with the interval that so many degrees of freedom, one or more, give it."""
        tails = np.array([(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
        few, many = chi_quantiles(tails, np.array(float(df)))
        return cls(deviation, deviation / many, deviation / few, shared, df)


def noise_of(arms: Sequence[Arm]) -> Noise | None:
    """Return the noise of the runs that arms are judged by, as if all were alike; None without two of one."""
    samples = [np.array(list(arm.values.values())) for arm in arms if len(arm.values) > 1]
    df = sum(len(sample) - 1 for sample in samples)
    if not df:
        return None
    deviation = math.sqrt(sum(float(((one - one.mean()) ** 2).sum()) for one in samples) / df)
    return Noise.of(deviation, _shared(arms), df)


def pooled(found: Sequence[Noise]) -> Noise:
    """Return the noise of one or more studies together, each weighted by its degrees of freedom."""
    df = sum(noise.df for noise in found)
    deviation = math.sqrt(sum(noise.df * noise.deviation**2 for noise in found) / df)
    known = [(noise.df, noise.shared) for noise in found if noise.shared is not None]
    weight = sum(each for each, _ in known)
    return Noise.of(deviation, sum(n * shared for n, shared in known) / weight if known else None, df)


def _shared(arms: Sequence[Arm]) -> float | None:
    """Return the intraclass correlation of the runs of a seed, of the designs that have the same seeds.

    It is that of the two-way layout, ICC(3,1) of Shrout and Fleiss [1979], and 0 where it comes out negative.
    """
    by_seeds: dict[tuple[int, ...], list[list[float]]] = {}
    for arm in arms:
        if len(arm.values) > 2:
            by_seeds.setdefault(tuple(arm.values), []).append(list(arm.values.values()))
    table = np.array(max(by_seeds.values(), key=len, default=[]))  # [arms, seeds]
    if len(table) < 2:
        return None
    designs, seeds = table.shape
    residuals = table - table.mean(1, keepdims=True)
    of_seeds = residuals.mean(0)
    between = designs * float((of_seeds**2).sum()) / (seeds - 1)
    within = float(((residuals - of_seeds) ** 2).sum()) / ((seeds - 1) * (designs - 1))
    total = between + (designs - 1) * within
    return max((between - within) / total, 0.0) if total else None
