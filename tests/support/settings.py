"""Settings that the ranges of a config's numbers exclude."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from hpsearch.testing.configs import numbers
from trainables.base.schema import Config


def out_of_range(row: type[Config]) -> Iterator[tuple[str, Any]]:
    """Yield the key of each number of a config with values that its range excludes."""
    for key, number, listed in numbers(row):
        values: list[float] = []
        whole = number["type"] == "integer"
        beyond = 1 if whole else 1e-9
        if "minimum" in number:
            values.append(number["minimum"] - beyond)
        if "exclusiveMinimum" in number:
            values.append(number["exclusiveMinimum"])
        if "maximum" in number:
            values.append(number["maximum"] + beyond)
        if "exclusiveMaximum" in number:
            values.append(number["exclusiveMaximum"])
        if not whole:
            values += [math.nan, math.inf, -math.inf]
        for value in values:
            yield key, [value] if listed else value
