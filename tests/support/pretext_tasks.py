"""Pretext tasks to test with: those of the table, the documentation's examples, and some without tiles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from support import documented
from support.hue_turn import HueTurnConfig

from hpsearch.testing.configs import numbers
from trainables.base.schema import Config
from trainables.pretext import PRETEXT_TASKS
from trainables.pretext.region_config import RegionTaskConfig

TASKS: Mapping[str, type[Config]] = {
    **PRETEXT_TASKS.without("several"),  # which has no default
    **documented.rows_of("PRETEXT_TASKS"),
    "hue_turn": HueTurnConfig,
}


def cases(tasks: Mapping[str, type[Config]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each task as it is, and at both ends of the range of each number that only it has."""
    for name, row in tasks.items():
        yield name, {}
        for key, number, _ in numbers(row):
            if key not in RegionTaskConfig.model_fields:
                yield from ((name, {key: number[end]}) for end in ("minimum", "maximum"))
