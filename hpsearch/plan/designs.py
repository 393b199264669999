"""The designs of a space that a plan is about: the cheapest and the most expensive."""

from __future__ import annotations

from trainables.pretext.cost import FORWARD_ALONE
from trainables.training.config import TrainConfig

FEW = 1000
"""Training images of an epoch, where their number is not known: the order alone of works matters."""


def work_of(config: TrainConfig) -> float:
    """Return the work of a whole training, in no unit: larger trunks, images and epochs cost more."""
    trunk = config.network.backbone.trunk_values * config.data.image_px**2
    costs = [config.cost(epoch) for epoch in range(config.epochs)]
    norms = sum(config.norm_images(FEW, epoch) / FEW for epoch in range(config.epochs))
    return trunk * (sum(cost.forwards + cost.branches for cost in costs) + FORWARD_ALONE * norms)


def extremes(configs: list[TrainConfig]) -> tuple[TrainConfig, TrainConfig]:
    """Return the cheapest and the most expensive config by `work_of`."""
    return min(configs, key=work_of), max(configs, key=work_of)
