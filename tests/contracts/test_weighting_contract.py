"""The contract of loss weightings, of those that make one loss and of those that work on gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.weightings import GeometricMeanConfig, PCGradConfig, UncertaintyConfig
from torch import Tensor, nn

from trainables.base.atomic import load_state, save_state
from trainables.losses.weighting import WEIGHTINGS, GradientWeighting, LossWeight, Weighting
from trainables.losses.weighting.backward import backward

CASES = {
    **WEIGHTINGS,
    "uncertainty": UncertaintyConfig,
    "geometric_mean": GeometricMeanConfig,
    "pcgrad": PCGradConfig,
}
WEIGHTS = {
    "yaw": LossWeight(),
    "pitch": LossWeight(),
    "puzzle": LossWeight(3.0, group="helper"),
    "rotation": LossWeight(0.1, group="helper"),
}
each_weighting = pytest.mark.parametrize("name", sorted(CASES))


def build(name: str, weights: Mapping[str, LossWeight] = WEIGHTS) -> Weighting | GradientWeighting:
    return CASES[name]().build(weights)


class Step:
    """A shared vector, a head of its own for each loss, and losses above 0 that meet at the vector."""

    def __init__(self, *names: str, scale: float | None = None) -> None:
        generator = torch.Generator().manual_seed(0)
        self.shared = nn.Parameter(torch.randn(5, generator=generator))
        self.heads = {name: nn.Parameter(torch.randn(5, generator=generator)) for name in WEIGHTS}
        self.losses = {name: 0.1 + (self.heads[name] @ self.shared).square() for name in names or WEIGHTS}
        self.scaler = torch.amp.GradScaler("cpu", enabled=scale is not None, init_scale=scale or 1.0)

    def run(self, weighting: Weighting | GradientWeighting, completed: int = 0) -> Tensor:
        return backward(weighting, self.losses, completed, shared=[self.shared], scaler=self.scaler)

    @property
    def gradient(self) -> Tensor:
        assert self.shared.grad is not None
        return self.shared.grad


@each_weighting
def test_the_total_is_a_number_and_every_parameter_gets_a_finite_gradient(name: str) -> None:
    step, weighting = Step(), build(name)
    total = step.run(weighting)
    assert total.shape == () and total.dtype == torch.float32 and total.isfinite()
    for parameter in (step.shared, *step.heads.values(), *weighting.parameters()):
        assert parameter.grad is not None and parameter.grad.isfinite().all() and parameter.grad.any()


@each_weighting
def test_the_order_of_the_losses_does_not_matter(name: str) -> None:
    one, other = Step(), Step(*reversed(WEIGHTS))
    torch.testing.assert_close(one.run(build(name)), other.run(build(name)))
    torch.testing.assert_close(one.gradient, other.gradient)


@each_weighting
def test_one_loss_alone_is_stepped_along(name: str) -> None:
    step = Step("yaw")
    step.run(build(name, {"yaw": LossWeight()}))
    [own] = torch.autograd.grad(0.1 + (step.heads["yaw"] @ step.shared).square(), step.shared)
    cosine = torch.nn.functional.cosine_similarity(step.gradient, own, dim=0)
    assert float(cosine) == pytest.approx(1.0, abs=1e-6)


@each_weighting
def test_a_loss_that_weighs_nothing_changes_nothing_and_its_own_head_stays(name: str) -> None:
    off = {**WEIGHTS, "puzzle": LossWeight(0.0, group="helper")}
    step, without = Step(), Step("yaw", "pitch", "rotation")
    step.run(build(name, off))
    without.run(build(name, {key: weight for key, weight in WEIGHTS.items() if key != "puzzle"}))
    torch.testing.assert_close(step.gradient, without.gradient)
    assert step.heads["puzzle"].grad is not None and not step.heads["puzzle"].grad.any()


@each_weighting
def test_a_heavier_loss_has_more_of_its_head_s_gradient(name: str) -> None:
    light, heavy = Step(), Step()
    light.run(build(name))
    heavy.run(build(name, {**WEIGHTS, "puzzle": LossWeight(6.0, group="helper")}))
    norms = [step.heads["puzzle"].grad.norm() / step.heads["yaw"].grad.norm() for step in (light, heavy)]
    assert norms[1] > norms[0]


@each_weighting
def test_a_scheduled_weight_is_that_of_its_epoch(name: str) -> None:
    falling = replace(WEIGHTS["puzzle"], kind="linear", end=1.0, epochs=4)
    scheduled, fixed = Step(), Step()
    scheduled.run(build(name, {**WEIGHTS, "puzzle": falling}), completed=3)
    fixed.run(build(name, {**WEIGHTS, "puzzle": LossWeight(0.75, group="helper")}), completed=3)
    torch.testing.assert_close(scheduled.gradient, fixed.gradient)


@each_weighting
def test_a_helper_that_is_off_leaves_the_pose_alone(name: str) -> None:
    step, alone = Step("yaw", "pitch"), Step("yaw", "pitch")
    step.run(build(name))
    alone.run(build(name, {key: WEIGHTS[key] for key in ("yaw", "pitch")}))
    torch.testing.assert_close(step.gradient, alone.gradient)


@each_weighting
def test_a_loss_without_a_weight_is_an_error_not_a_guess(name: str) -> None:
    weights = {key: weight for key, weight in WEIGHTS.items() if key != "pitch"}
    with pytest.raises(KeyError, match="pitch"):
        Step().run(build(name, weights))


@each_weighting
@pytest.mark.parametrize("scale", [1.0, 2.0**16])
def test_a_scaled_step_has_scaled_gradients_of_the_same_direction(name: str, scale: float) -> None:
    plain, scaled = Step(), Step(scale=scale)
    totals = plain.run(build(name)), scaled.run(build(name))
    torch.testing.assert_close(*totals)
    torch.testing.assert_close(scaled.gradient, scale * plain.gradient)
    for loss in WEIGHTS:
        torch.testing.assert_close(scaled.heads[loss].grad, scale * plain.heads[loss].grad)


@each_weighting
def test_what_it_has_learned_is_in_its_state_and_a_number_for_each_loss(name: str, tmp_path: Path) -> None:
    """The trainer adds its parameters to those of the network, and a checkpoint holds its state."""
    weighting, fresh = build(name), build(name)
    assert isinstance(weighting, nn.Module)
    with torch.no_grad():
        for parameter in weighting.parameters():
            parameter.add_(torch.rand_like(parameter))
    save_state(dict(weighting.state_dict()), tmp_path / "weighting.pt")
    fresh.load_state_dict(load_state(tmp_path / "weighting.pt"))
    steps = Step(), Step()
    assert torch.equal(steps[0].run(weighting), steps[1].run(fresh))
    assert torch.equal(steps[0].gradient, steps[1].gradient)
    assert weighting.learned() == fresh.learned() and weighting.learned().keys() <= WEIGHTS.keys()
    assert bool(list(weighting.parameters())) == bool(weighting.learned())
