"""Numbers as tables, pages and sentences show them."""

from __future__ import annotations

from hpsearch.results.statistics import Interval


def number(value: float | None) -> str:
    """Return a value with two digits and without its unit, nothing for None."""
    return "" if value is None else f"{value:.2f}"


def percent(value: float) -> str:
    """Return a share in whole percent."""
    return f"{value:.0%}"


def signed_percent(value: float | None) -> str:
    """Return a relative difference with its sign, nothing for None."""
    return "" if value is None else f"{signed(100 * value, 1)} %"


def difference(found: Interval) -> str:
    """Return a difference with its sign and, where it has one, its interval."""
    if found.low is None or found.high is None:
        return signed(found.mean)
    return f"{signed(found.mean)} [{signed(found.low)}, {signed(found.high)}]"


def mean_with_half(found: Interval) -> str:
    """Return a mean and, where it has one, half its interval."""
    return f"{found.mean:.2f}" + ("" if found.half is None else f" ±{found.half:.2f}")


def signed(value: float, digits: int = 2) -> str:
    """Return a difference with its sign, a true minus."""
    text = f"{abs(value):.{digits}f}"
    return text if float(text) == 0 else ("−" if value < 0 else "+") + text


def duration(seconds: float) -> str:
    """Return a duration: `47 s`, `3:05` in minutes, `2:10:00` in hours."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
