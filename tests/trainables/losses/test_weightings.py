"""Weightings against their formulas worked out by hand."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from trainables.losses.weighting import (
    CAGradConfig,
    DwaConfig,
    FixedConfig,
    GcsConfig,
    GeometricMeanConfig,
    LossWeight,
    PCGradConfig,
    PrimaryFirstConfig,
    RandomConfig,
    UncertaintyConfig,
    WeightingConfig,
)
from trainables.losses.weighting.backward import backward

POSE_AND_HELPER = {"yaw": LossWeight(), "puzzle": LossWeight(2.0, group="helper")}
UNSCALED = torch.amp.GradScaler("cpu", enabled=False)


def losses(yaw: float, puzzle: float) -> dict[str, Tensor]:
    return {"yaw": torch.tensor(yaw, requires_grad=True), "puzzle": torch.tensor(puzzle, requires_grad=True)}


def slopes(weighting: Any, yaw: float, puzzle: float, completed: int = 0) -> tuple[float, list[float]]:
    """Return the total and its derivatives by both losses."""
    given = losses(yaw, puzzle)
    total = weighting.total(given, completed)
    return total.item(), [float(each) for each in torch.autograd.grad(total, list(given.values()))]


def stepped_along(config: WeightingConfig, pose: Sequence[float], helper: Sequence[float]) -> list[float]:
    """Return the gradient of what two losses share whose own gradients there are given."""
    shared = nn.Parameter(torch.zeros(len(pose)))
    own = {
        "yaw": torch.tensor(pose) @ shared,
        "puzzle": torch.tensor(helper) @ shared / 2,  # its weight is 2
    }
    backward(config.build(POSE_AND_HELPER), own, 0, shared=[shared], scaler=UNSCALED)
    assert shared.grad is not None
    return shared.grad.tolist()


def test_uncertainty_divides_by_learned_variances() -> None:
    weighting = UncertaintyConfig(start=0.0, most=100.0).build(POSE_AND_HELPER)
    total, (yaw, puzzle) = slopes(weighting, 10.0, 0.05)
    assert total == pytest.approx(10 / 2 + 2 * 0.05 / 2) and (yaw, puzzle) == (0.5, 1.0)
    with torch.no_grad():
        weighting.log_variances["yaw"].fill_(math.log(10.0))
        weighting.log_variances["puzzle"].fill_(math.log(0.05))
    _, (yaw, puzzle) = slopes(weighting, 10.0, 0.05)
    assert (yaw, puzzle) == (pytest.approx(0.05), pytest.approx(2 * 5.0))  # most is 100: it bounds at 5
    assert weighting.learned() == {"yaw": pytest.approx(0.05), "puzzle": pytest.approx(5.0)}


def test_a_helper_that_is_solved_does_not_take_over() -> None:
    weighting = UncertaintyConfig(lr=0.1).build(POSE_AND_HELPER)
    optimizer = torch.optim.SGD(weighting.parameters(), lr=0.1)
    for _ in range(500):
        optimizer.zero_grad()
        torch.autograd.backward(weighting.total(losses(10.0, 0.05), 0))
        optimizer.step()
    learned = weighting.learned()
    assert learned["yaw"] == pytest.approx(1 / 20, rel=0.05)  # 1 / (2 L), where its own loss is least
    assert learned["puzzle"] == pytest.approx(learned["yaw"])
    assert all(parameter.isfinite() for parameter in weighting.parameters())
    _, (_, floored) = slopes(GeometricMeanConfig().build(POSE_AND_HELPER), 10.0, 0.05)
    _, (_, bare) = slopes(GeometricMeanConfig(floor=1e-8).build(POSE_AND_HELPER), 10.0, 0.05)
    assert floored < bare


def test_the_geometric_mean_of_equal_weights_is_a_root_of_the_product() -> None:
    equal = {"yaw": LossWeight(), "puzzle": LossWeight(group="helper")}
    total, (yaw, puzzle) = slopes(GeometricMeanConfig(floor=1e-8).build(equal), 8.0, 2.0)
    assert (total, yaw, puzzle) == (pytest.approx(4.0), pytest.approx(0.25), pytest.approx(1.0))
    total, (yaw, puzzle) = slopes(GeometricMeanConfig().build(equal), 8.0, 2.0)
    assert total == pytest.approx(math.sqrt(9 * 3)) and yaw / puzzle == pytest.approx(3 / 9)


def test_dwa_gives_more_to_what_fell_less() -> None:
    weighting = DwaConfig(temperature=2.0).build(POSE_AND_HELPER)
    for completed, (yaw, puzzle) in enumerate([(8.0, 1.0), (4.0, 0.9)]):
        for shift in (-0.5, 0.5):  # their mean counts
            assert slopes(weighting, yaw + shift, puzzle, completed)[1] == [1.0, 2.0]
    exps = math.exp(0.5 / 2), math.exp(0.9 / 2)
    expected = [2 * each / sum(exps) for each in exps]
    _, (yaw, puzzle) = slopes(weighting, 3.0, 0.8, 2)
    assert [yaw, puzzle / 2] == pytest.approx(expected)
    assert list(weighting.learned().values()) == pytest.approx(expected)


def test_dwa_takes_a_loss_that_was_off_for_one_that_did_not_change() -> None:
    weighting = DwaConfig().build(POSE_AND_HELPER)
    alone = {"yaw": torch.tensor(2.0)}
    weighting.total(losses(4.0, 1.0), 0)
    weighting.total(alone, 1)
    assert float(weighting.total(alone, 2)) == 2.0
    factors = list(weighting.learned().values())
    assert factors[0] < 1 < factors[1]  # the yaw's halved, the puzzle's counts as 1


def test_random_weights_change_with_every_step_and_come_again() -> None:
    one, other = (RandomConfig().build(POSE_AND_HELPER) for _ in range(2))
    drawn = [slopes(one, 1.0, 1.0)[1] for _ in range(400)]
    assert drawn == [slopes(other, 1.0, 1.0)[1] for _ in range(400)]
    yaw = [step[0] for step in drawn]
    assert all(step[0] + step[1] / 2 == pytest.approx(2.0) for step in drawn) and len(set(yaw)) == 400
    assert sum(yaw) / 400 == pytest.approx(1.0, abs=0.1)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (PCGradConfig(), [0.5, 1.5]),  # (1, 0) + (-1, 1) / 2, and (-1, 1) + (1, 0)
        (PrimaryFirstConfig(), [1.0, 1.0]),
        (GcsConfig(), [1.0, 0.0]),
    ],
)
def test_gradients_at_odds_are_combined_as_written(config: WeightingConfig, expected: list[float]) -> None:
    assert stepped_along(config, [1.0, 0.0], [-1.0, 1.0]) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("pose", "helper"),
    [
        ([1.0, 0.0], [0.0, 1.0]),
        ([1.0, 0.0], [-1.0, 1.0]),
        ([4.0, 1.0], [-0.2, 0.3]),
        ([0.1, 0.0], [3.0, 1.0]),
        ([1.0, 2.0], [2.0, 4.0]),
    ],
)
@pytest.mark.parametrize("c", [0.2, 0.5])
def test_cagrad_is_the_best_for_the_worse_off_of_all_steps_near_the_sum(
    pose: list[float], helper: list[float], c: float
) -> None:
    """Against every step of a fine net over the disc around the sum of the gradients."""
    found = (1 + c**2) * torch.tensor(stepped_along(CAGradConfig(c=c), pose, helper))
    one, other = torch.tensor(pose), torch.tensor(helper)
    radius = c * (one + other).norm()
    angles, shares = torch.arange(0, 2 * math.pi, 0.002), torch.linspace(0, 1, 21)
    around = torch.stack([angles.cos(), angles.sin()], dim=-1)  # [A, 2]
    steps = one + other + radius * shares[:, None, None] * around
    best = torch.minimum(steps @ one, steps @ other).max()
    assert torch.linalg.vector_norm(found - one - other) <= 1.001 * radius
    assert float(torch.minimum(found @ one, found @ other)) == pytest.approx(float(best), rel=1e-3, abs=1e-4)


def test_cagrad_of_perpendicular_gradients_and_without_room_is_along_their_sum() -> None:
    assert stepped_along(CAGradConfig(c=0.5), [1.0, 0.0], [0.0, 1.0]) == pytest.approx([1.2, 1.2], rel=1e-4)
    assert stepped_along(CAGradConfig(c=0.0), [1.0, 0.5], [-2.0, 1.0]) == pytest.approx([-1.0, 1.5])


def test_gradients_that_agree_are_added_by_how_far_they_do() -> None:
    pose, helper = [1.0, 0.0], [1.0, 1.0]
    assert stepped_along(PCGradConfig(), pose, helper) == pytest.approx([2.0, 1.0])
    assert stepped_along(PrimaryFirstConfig(), pose, helper) == pytest.approx([2.0, 1.0])
    root = math.sqrt(0.5)
    assert stepped_along(GcsConfig(), pose, helper) == pytest.approx([1 + root, root])


def test_a_helper_against_the_pose_leaves_supervised_learning_s_step() -> None:
    pose = [0.3, -1.2, 0.7]
    against = [-each for each in pose]
    for config in (PrimaryFirstConfig(), GcsConfig()):
        assert stepped_along(config, pose, against) == pytest.approx(pose)


@pytest.mark.parametrize("config", [PCGradConfig(), CAGradConfig(), GcsConfig(), PrimaryFirstConfig()])
def test_the_pose_alone_is_stepped_to_the_bit_as_by_fixed_weights(config: WeightingConfig) -> None:
    steps = []
    for each in (FixedConfig(), config):
        shared = nn.Parameter(torch.randn(1000, generator=torch.Generator().manual_seed(0)))
        alone = {"yaw": (shared.square() * torch.arange(1000)).mean().sqrt()}
        backward(each.build(POSE_AND_HELPER), alone, 0, shared=[shared], scaler=UNSCALED)
        steps.append(shared.grad)
    assert torch.equal(*steps)
