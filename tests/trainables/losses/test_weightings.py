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
    FamoConfig,
    FixedConfig,
    GcsConfig,
    GeometricMeanConfig,
    LooksBack,
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


FAMO_POSE = {"yaw": LossWeight(), "pitch": LossWeight(3.0)}


def test_famo_steps_along_the_losses_logarithms_and_learns_from_what_a_step_did() -> None:
    """Two steps worked out by hand: Adam's first is its rate, whatever the gradient."""
    weighting = FamoConfig(lr=0.1, weight_decay=0.0).build(FAMO_POSE)

    def given(yaw: float, pitch: float) -> dict[str, Tensor]:
        return {
            "yaw": torch.tensor(yaw, requires_grad=True),
            "pitch": torch.tensor(pitch, requires_grad=True),
        }

    def factors(yaw: float, pitch: float) -> list[float]:
        before = given(yaw, pitch)
        return [float(each) for each in torch.autograd.grad(weighting.total(before, 0), [*before.values()])]

    # z is 1/2 each: factors in proportion to 1/8 and 1/2, that of pitch times its weight
    assert factors(8.0, 2.0) == pytest.approx([0.4, 3 * 1.6])
    weighting.after_step({"yaw": torch.tensor(4.0), "pitch": torch.tensor(2.0)})  # the yaw alone fell
    assert weighting.logits.tolist() == pytest.approx([-0.1, 0.1], abs=1e-6)
    z = [math.exp(each) / (math.exp(-0.1) + math.exp(0.1)) for each in (-0.1, 0.1)]
    shares = z[0] / 4, z[1] / 2
    expected = [2 * each / sum(shares) for each in shares]
    assert factors(4.0, 2.0) == pytest.approx([expected[0], 3 * expected[1]])
    assert list(weighting.learned().values()) == pytest.approx(expected)


def famo_by_autograd(steps: Tensor, lr: float, weight_decay: float) -> list[list[float]]:
    """Return the logits after each step [S, 2, L] of losses before and after, as the paper writes it."""
    logits = nn.Parameter(torch.zeros(steps.shape[-1]))
    optimizer = torch.optim.Adam([logits], lr=lr, weight_decay=weight_decay)
    found = []
    for before, after in steps:
        fell = before.log() - after.log()
        [logits.grad] = torch.autograd.grad(torch.softmax(logits, dim=0), logits, grad_outputs=fell)
        optimizer.step()
        found.append(logits.tolist())
    return found


def test_famo_s_logits_are_those_of_adam_on_the_losses_fall() -> None:
    steps = 0.1 + 5 * torch.rand(30, 2, 3, generator=torch.Generator().manual_seed(2))
    names = ("yaw", "pitch", "puzzle")
    weighting = FamoConfig(weight_decay=0.01).build(dict.fromkeys(names, LossWeight()))
    expected = famo_by_autograd(steps, lr=0.025, weight_decay=0.01)
    for (before, after), logits in zip(steps, expected, strict=True):
        weighting.total(dict(zip(names, before, strict=True)), 0)
        weighting.after_step(dict(zip(names, after, strict=True)))
        assert weighting.logits.tolist() == pytest.approx(logits, rel=1e-5)


def test_famo_bounds_a_solved_helper_and_a_loss_without_a_floor() -> None:
    weighting = FamoConfig(lr=0.1).build(POSE_AND_HELPER)
    for _ in range(200):  # the helper's loss no longer falls, and its logit grows
        slopes(weighting, 10.0, 0.05)
        weighting.after_step({"yaw": torch.tensor(9.0), "puzzle": torch.tensor(0.05)})
    assert weighting.logits[1] > weighting.logits[0] + 1
    _, (yaw, puzzle) = slopes(weighting, 10.0, 0.05)
    assert puzzle == pytest.approx(2 * yaw)  # its weight is 2, and `most` is 1
    free = FamoConfig(most=1e6).build(POSE_AND_HELPER)
    _, (yaw, puzzle) = slopes(free, 10.0, 0.05)
    assert puzzle / yaw == pytest.approx(2 * 200)
    below = FamoConfig().build(FAMO_POSE)  # of a plug-in that does not say so: log(-5) is no number
    total = below.total({"yaw": torch.tensor(-5.0), "pitch": torch.tensor(4.0)}, 0)
    below.after_step({"yaw": torch.tensor(-6.0), "pitch": torch.tensor(4.0)})
    assert total.isfinite() and below.logits.tolist() == pytest.approx([0.0, 0.0])
    assert all(0 < each < 2 for each in below.learned().values())


def test_famo_leaves_the_logit_of_a_loss_that_is_off() -> None:
    weighting = FamoConfig().build(POSE_AND_HELPER)
    slopes(weighting, 4.0, 1.0)
    weighting.after_step({"yaw": torch.tensor(2.0), "puzzle": torch.tensor(1.0)})
    kept = weighting.logits.tolist()
    assert float(weighting.total({"yaw": torch.tensor(2.0)}, 1)) == 2.0
    assert weighting.logits.tolist() == kept and kept[0] < 0 < kept[1]


@pytest.mark.parametrize("config", [UncertaintyConfig(), GeometricMeanConfig(), FamoConfig(), DwaConfig()])
def test_a_signed_loss_keeps_its_weight_for_ever_and_bounds_helpers_as_any_pose_s(
    config: WeightingConfig,
) -> None:
    """Two hundred steps of a likelihood that goes on rising, beside a helper that is solved."""
    weights = {"yaw": LossWeight(3.0, signed=True), "puzzle": LossWeight(2.0, group="helper")}
    weighting = config.build(weights)
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(())), *weighting.parameters()], lr=0.1)
    for step in range(200):
        optimizer.zero_grad()
        total, (yaw, puzzle) = slopes(weighting, -5.0 - step, 0.05, step // 20)
        assert math.isfinite(total) and yaw == 3.0 and 0 < puzzle <= 2.0 + 1e-6
        torch.autograd.backward(weighting.total(losses(-5.0 - step, 0.05), step // 20))
        optimizer.step()
        if isinstance(weighting, LooksBack):
            weighting.after_step({"yaw": torch.tensor(-6.0 - step), "puzzle": torch.tensor(0.05)})


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
