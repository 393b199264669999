"""The bounds of `search.constraints`: which a network breaks, by how much, and in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from trainables.training.config import TrainConfig
from trainables.training.metric_names import COSTS

Costs = Callable[[TrainConfig], Mapping[str, float]]
"""Returns what the network of a design costs, of the metrics that a search looks at."""


def not_known(config: TrainConfig) -> Mapping[str, float]:
    """Stand for `Costs` where a study is only read, which asks for no trial."""
    raise RuntimeError("the study was opened without a way to know what networks cost")


def excesses(costs: Mapping[str, float], bounds: Mapping[str, float]) -> dict[str, float]:
    """Return by how much each bound of a known cost is broken, a share of it; 0 or less where it is kept."""
    return {name: costs[name] / most - 1 for name, most in bounds.items() if name in costs}


def broken(costs: Mapping[str, float], bounds: Mapping[str, float]) -> str:
    """Return in words which bounds are broken; empty where none is."""
    over = [name for name, excess in excesses(costs, bounds).items() if excess > 0]
    return "; ".join(
        f"{name} is {_shown(name, costs[name])}, at most {_shown(name, bounds[name])}" for name in over
    )


def _shown(name: str, value: float) -> str:
    return COSTS[name].shown(value)
