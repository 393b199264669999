"""Errors of made-up arms whose truth is known, many studies at once, and how a verdict's rule judges them.

A run's error is its design's own, plus what its seed does to every design alike, plus noise of its own. The
nulls are what noise can be like where no design is better than another: rules that pool what they know of it
err in some.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hpsearch.results.many_to_one import Runs, contrasts, largest_tail
from hpsearch.results.statistics import t_tail_quantiles

Doubles = npt.NDArray[np.float64]

NOISE_DEG = 0.3
"""Standard deviation of a run of a usual arm, what its seed shares with others included."""

NULLS = ("equal", "baseline 2x", "one arm 3x", "half 2x", "helpers 2x", "log-normal 0.4", "t with 3 df")
"""What the noise of the arms is like; the first is the one that the power is told for."""

AT_ONCE = 100
"""Studies that are judged at once: more need too much memory."""


@dataclass(frozen=True)
class Design:
    """The runs of a study: a baseline of `baseline_seeds`, and helpers of `seeds` each."""

    arms: int
    seeds: int
    baseline_seeds: int

    def __str__(self) -> str:
        extra = f", baseline {self.baseline_seeds}" if self.baseline_seeds != self.seeds else ""
        return f"{self.arms} x {self.seeds}{extra}"

    @property
    def runs(self) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
        """The arm [N] and the seed [N] of each run."""
        counts = [self.baseline_seeds] + [self.seeds] * (self.arms - 1)
        return np.repeat(np.arange(self.arms), counts), np.concatenate([np.arange(n) for n in counts])


def drawn(
    design: Design,
    null: str,
    correlation: float,
    studies: int,
    rng: np.random.Generator,
    better_deg: float = 0.0,
) -> Doubles:
    """Return the errors of every run of so many studies [studies, N]; the last helper is better by
    `better_deg`."""
    arm, seed = design.runs
    scales = np.ones((studies, design.arms))
    match null:
        case "baseline 2x":
            scales[:, 0] = 2
        case "one arm 3x":
            scales[:, 1] = 3
        case "half 2x":
            scales[:, 1::2] = 2
        case "helpers 2x":
            scales[:, 1:] = 2
        case "log-normal 0.4":
            scales = np.exp(0.4 * rng.normal(size=scales.shape))
    shape = (studies, len(arm))
    own = rng.standard_t(3, shape) / np.sqrt(3) if null == "t with 3 df" else rng.normal(size=shape)
    shared = rng.normal(size=(studies, seed.max() + 1))[:, seed]
    errors = NOISE_DEG * (np.sqrt(1 - correlation) * scales[:, arm] * own + np.sqrt(correlation) * shared)
    return errors - better_deg * (arm == design.arms - 1)


def signs(design: Design, errors: Doubles, alpha: float = 0.05) -> npt.NDArray[np.int_]:
    """Return of each study -1 where the best helper is called better than the baseline, 1 worse, else 0."""
    return np.concatenate([_signs(design, part, alpha) for part in _parts(errors)])


def paired_signs(design: Design, errors: Doubles, alpha: float = 0.05) -> npt.NDArray[np.int_]:
    """Return the same by a t-test of paired seeds, corrected by Bonferroni."""
    by_arm = errors.reshape(len(errors), design.arms, design.seeds)
    best = by_arm[:, 1:].mean(-1).argmin(-1)
    gaps = by_arm[np.arange(len(errors)), 1 + best] - by_arm[:, 0]
    t = gaps.mean(-1) / (gaps.std(-1, ddof=1) / np.sqrt(design.seeds))
    bound = t_tail_quantiles(np.array(design.seeds - 1.0), alpha / (design.arms - 1))
    return np.where(np.abs(t) > bound, np.sign(t), 0).astype(int)


def _signs(design: Design, errors: Doubles, alpha: float) -> npt.NDArray[np.int_]:
    found = contrasts(Runs(errors, *design.runs))
    best = found.differences.argmin(-1)[:, None]

    def of_best(values: Doubles) -> Doubles:
        return np.take_along_axis(values, best, -1)[:, 0]

    gap = of_best(found.differences)
    tail = largest_tail(np.abs(gap) / of_best(found.errors), of_best(found.df), found.loadings)
    return np.where(tail < alpha, np.sign(gap), 0).astype(int)


def _parts(errors: Doubles) -> Iterator[Doubles]:
    for start in range(0, len(errors), AT_ONCE):
        yield errors[start : start + AT_ONCE]
