"""Seeds on demand, simulated: pairs of errors are drawn one after another until they decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from hpsearch.results.repeated import DIFFERENCE, EQUALITY, Plan, levels, look
from hpsearch.results.sequence import FUTILITY_FROM, HOPELESS

NOISE_DEG = 0.3


@dataclass(frozen=True)
class Truth:
    """How much better a helper is, what its seeds share with the baseline's, and how much noisier it is."""

    better_deg: float = 0.0
    correlation: float = 0.0
    noisier: float = 1.0


def outcomes(
    truth: Truth, plans: Sequence[Plan], studies: int, zone_deg: float | None, seed: int = 0
) -> tuple[dict[str, float], float]:
    """Return the share of studies that end better, worse, equal and undecided, and the mean number of seeds.

    `plans` has the plan under which each seed begins, as far as a study comes.
    """
    rng = np.random.default_rng(seed)
    at = list(zip(*(levels(plans, 0.05, shape) for shape in (DIFFERENCE, EQUALITY)), strict=True))
    ends: Counter[str] = Counter()
    used = 0
    for _ in range(studies):
        shared = np.sqrt(truth.correlation) * rng.normal(size=len(plans))
        own = np.sqrt(1 - truth.correlation) * rng.normal(size=(2, len(plans)))
        helper = NOISE_DEG * truth.noisier * (shared + own[0]) - truth.better_deg
        end, seeds = _end(helper, NOISE_DEG * (shared + own[1]), plans, at, zone_deg)
        ends[end] += 1
        used += seeds
    names = ("better", "worse", "equal", "undecided")
    return {name: ends[name] / studies for name in names}, used / studies


def _end(
    helper: np.ndarray,
    baseline: np.ndarray,
    plans: Sequence[Plan],
    at: Sequence[tuple[float | None, float | None]],
    zone_deg: float | None,
) -> tuple[str, int]:
    for place, (plan, (level, of_equality)) in enumerate(zip(plans, at, strict=True), start=1):
        if level is None or of_equality is None:
            continue
        here = look(helper[:place], baseline[:place])
        found = here.interval(level)
        if found.sign:
            return ("better" if found.mean < 0 else "worse"), place
        close = here.interval(of_equality)
        low, high = close.low or 0.0, close.high or 0.0
        if zone_deg is not None and -zone_deg < low and high < zone_deg:
            return "equal", place
        last = at[plan.most - 1] if plan.most <= len(at) else (None, None)
        known = None if last[0] is None or last[1] is None else (last[0], last[1])
        hopeless = known is not None and here.chance(plan.most, known, zone_deg) < HOPELESS
        if hopeless and FUTILITY_FROM * plan.most <= place < plan.most and plan == plans[-1]:
            return "undecided", place
    return "undecided", len(at)
