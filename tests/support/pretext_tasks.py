"""Pretext tasks to test with: those of the table, the documentation's example, and some without tiles."""

from __future__ import annotations

import importlib.util
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from support.hue_turn import HueTurnConfig
from support.simsiam import MomentumConfig, SimSiamConfig

from hpsearch.testing.configs import numbers
from trainables.base.schema import Config
from trainables.pretext import PRETEXT_TASKS
from trainables.pretext.region_config import RegionTaskConfig

EXTENDING = Path(__file__).parents[2] / "docs" / "extending.md"


def task_in_the_docs() -> str:
    """Return the file of a pretext task that docs/extending.md shows."""
    found = re.findall(r"```python\n(.*?)```", EXTENDING.read_text(encoding="utf-8"), flags=re.DOTALL)
    return next(block for block in found if "(RegionTaskConfig)" in block)


def _module_of(source: str, name: str) -> ModuleType:
    """Import a source as a file: pydantic reads the help texts of a config's fields from it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / f"{name}.py"
        file.write_text(source, encoding="utf-8")
        spec = importlib.util.spec_from_file_location(name, file)
        assert spec and spec.loader
        module = sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


BLANKING = _module_of(task_in_the_docs(), "blanking")

TASKS: Mapping[str, type[Config]] = {
    **PRETEXT_TASKS,
    "blanking": BLANKING.BlankingConfig,
    "hue_turn": HueTurnConfig,
    "simsiam": SimSiamConfig,
    "momentum": MomentumConfig,
}


def cases(tasks: Mapping[str, type[Config]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each task as it is, and at both ends of the range of each number that only it has."""
    for name, row in tasks.items():
        yield name, {}
        for key, number, _ in numbers(row):
            if key not in RegionTaskConfig.model_fields:
                yield from ((name, {key: number[end]}) for end in ("minimum", "maximum"))
