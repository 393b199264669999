"""Round numbers for axes, on linear and logarithmic scales."""

from __future__ import annotations

import math


def ticks(low: float, high: float, count: int = 5, *, log: bool = False) -> list[float]:
    """Return about `count` round values from `low` to `high`."""
    if log:
        return _log_ticks(low, high, count)
    step = _round_step((high - low) / max(count, 1))
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(n * step, 12) for n in range(first, last + 1)]


def whole_ticks(low: int, high: int, count: int = 6) -> list[int]:
    """Return about `count` whole numbers from `low` to `high`, both of them among these."""
    step = max(1, math.ceil((high - low) / max(count, 1)))
    return sorted({*range(low, high + 1, step)} - set(range(high - step // 2, high)) | {high})


def _log_ticks(low: float, high: float, count: int) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1,), (1, 3), (1, 2, 5), (1, 1.5, 2, 3, 4, 5, 6, 8)):
        found = [step * 10.0**d for d in decades for step in steps if low <= step * 10.0**d <= high]
        if len(found) >= min(count, 3):
            return [float(f"{value:.3g}") for value in found]
    return ticks(low, high, count)


def _round_step(rough: float) -> float:
    if rough <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(rough))
    return power * next(step for step in (1, 2, 2.5, 5, 10) if rough <= step * power * (1 + 1e-9))
