"""The losses of a run: the weight of each, and the weighting that makes one loss of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from trainables.losses.signed import signed
from trainables.losses.weighting import WEIGHTINGS, GradientWeighting, LossWeight, Weighting, WeightingConfig
from trainables.model.network import HeadPoseNetwork
from trainables.pretext.branch import BranchPlan


def loss_weights(
    network: HeadPoseNetwork, branches: Iterable[BranchPlan], weight_of: Callable[[str], LossWeight]
) -> dict[str, LossWeight]:
    """Return the weight of each loss: 1 for those of the head, `weight_of` a name for those of branches."""
    weights = dict.fromkeys(network.head.loss_names, LossWeight(signed=signed(network.head)))
    for plan in branches:
        is_signed = signed(network.branches[plan.name])
        weights |= {name: replace(weight_of(name), signed=is_signed) for name in plan.loss_names}
    return weights


def build_weighting(
    config: WeightingConfig, weights: Mapping[str, LossWeight]
) -> Weighting | GradientWeighting:
    """Make the weighting. A lone loss has nothing to be weighed against: it trains as with fixed weights."""
    return (config if len(weights) > 1 else WEIGHTINGS["fixed"]()).build(weights)
