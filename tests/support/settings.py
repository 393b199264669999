"""Settings of any config that follow from what it says of itself: the ranges of its numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from trainables.base.schema import Config


def numbers(row: type[Config]) -> Iterator[tuple[str, dict[str, Any], bool]]:
    """Yield the key and the JSON schema of each number of a config, and whether it stands in a list.

    A number of few allowed values (`enum`) is no range and left out.
    """
    for key, schema in row.model_json_schema().get("properties", {}).items():
        for part in schema.get("anyOf", [schema]):
            listed = part.get("type") == "array"
            number = part.get("items", {}) if listed else part
            if number.get("type") in ("number", "integer") and not number.keys() & {"enum", "const"}:
                yield key, number, listed


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


def smallest(row: type[Config]) -> dict[str, int]:
    """Return the least value of each whole number of a config: the least work that it can stand for."""
    whole = [
        (key, number) for key, number, listed in numbers(row) if number["type"] == "integer" and not listed
    ]
    return {key: number["minimum"] for key, number in whole if "minimum" in number}
