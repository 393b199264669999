"""Numbers as the page shows them."""

from __future__ import annotations

import re

from hpsearch.results.comparison import signed
from hpsearch.results.statistics import Interval


def degrees(value: float | None) -> str:
    """Return an error with two digits, nothing for None."""
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


def breakable(name: str) -> list[str]:
    """Return the parts of a name between which a line may break: behind each dot and underscore."""
    return re.findall(r"[^._]*[._]|[^._]+", name)
