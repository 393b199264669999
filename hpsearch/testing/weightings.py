"""The contract of loss weightings, of those that make one loss and of those that work on gradients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from trainables.base.atomic import load_state, save_state
from trainables.losses.weighting import GradientWeighting, LossWeight, Weighting, WeightingConfig
from trainables.losses.weighting.backward import backward

WEIGHTS = {
    "yaw": LossWeight(),
    "pitch": LossWeight(),
    "puzzle": LossWeight(3.0, group="helper"),
    "rotation": LossWeight(0.1, group="helper"),
}


class Step:
    """A shared vector, a head of its own for each loss, and losses above 0 that meet at the vector."""

    def __init__(self, *names: str, scale: float | None = None) -> None:
        generator = torch.Generator().manual_seed(0)
        self.shared = nn.Parameter(torch.randn(5, generator=generator))
        self.heads = {name: nn.Parameter(torch.randn(5, generator=generator)) for name in WEIGHTS}
        self.losses = {name: 0.1 + (self.heads[name] @ self.shared).square() for name in names or WEIGHTS}
        self.scaler = torch.amp.GradScaler("cpu", enabled=scale is not None, init_scale=scale or 1.0)

    def run(self, weighting: Weighting | GradientWeighting, completed: int = 0) -> Tensor:
        """Set the gradients; return the total []."""
        return backward(weighting, self.losses, completed, shared=[self.shared], scaler=self.scaler)

    @property
    def gradient(self) -> Tensor:
        """The gradient [5] of what is shared."""
        return gradient_of(self.shared)


def gradient_of(parameter: nn.Parameter) -> Tensor:
    """Return a parameter's gradient, which must be there."""
    assert parameter.grad is not None
    return parameter.grad


def stepped(config: WeightingConfig, weights: Mapping[str, LossWeight] = WEIGHTS, completed: int = 0) -> Step:
    """Return a step of all losses after its backward pass."""
    step = Step()
    step.run(config.build(weights), completed)
    return step


class WeightingContract:
    """What every weighting keeps; parametrise a subclass with `config`."""

    def test_the_total_is_a_number_and_every_parameter_gets_a_finite_gradient(
        self, config: WeightingConfig
    ) -> None:
        step, weighting = Step(), config.build(WEIGHTS)
        total = step.run(weighting)
        assert total.shape == () and total.dtype == torch.float32 and total.isfinite()
        for parameter in (step.shared, *step.heads.values(), *weighting.parameters()):
            gradient = gradient_of(parameter)
            assert gradient.isfinite().all() and gradient.any()

    def test_the_order_of_the_losses_does_not_matter(self, config: WeightingConfig) -> None:
        one, other = Step(), Step(*reversed(WEIGHTS))
        torch.testing.assert_close(one.run(config.build(WEIGHTS)), other.run(config.build(WEIGHTS)))
        torch.testing.assert_close(one.gradient, other.gradient)

    def test_one_loss_alone_is_stepped_along(self, config: WeightingConfig) -> None:
        step = Step("yaw")
        step.run(config.build({"yaw": LossWeight()}))
        [own] = torch.autograd.grad(0.1 + (step.heads["yaw"] @ step.shared).square(), step.shared)
        cosine = torch.nn.functional.cosine_similarity(step.gradient, own, dim=0)
        assert float(cosine) == pytest.approx(1.0, abs=1e-6)

    def test_a_loss_that_weighs_nothing_changes_nothing_and_its_own_head_stays(
        self, config: WeightingConfig
    ) -> None:
        step = stepped(config, {**WEIGHTS, "puzzle": LossWeight(0.0, group="helper")})
        without = Step("yaw", "pitch", "rotation")
        without.run(config.build({key: weight for key, weight in WEIGHTS.items() if key != "puzzle"}))
        torch.testing.assert_close(step.gradient, without.gradient)
        assert not gradient_of(step.heads["puzzle"]).any()

    def test_a_heavier_loss_has_more_of_its_head_s_gradient(self, config: WeightingConfig) -> None:
        light, heavy = (
            stepped(config, {**WEIGHTS, "puzzle": LossWeight(weight, group="helper")})
            for weight in (3.0, 6.0)
        )
        ratios = [
            gradient_of(step.heads["puzzle"]).norm() / gradient_of(step.heads["yaw"]).norm()
            for step in (light, heavy)
        ]
        assert ratios[1] > ratios[0]

    def test_a_scheduled_weight_is_that_of_its_epoch(self, config: WeightingConfig) -> None:
        falling = replace(WEIGHTS["puzzle"], kind="linear", end=1.0, epochs=4)
        scheduled = stepped(config, {**WEIGHTS, "puzzle": falling}, completed=3)
        fixed = stepped(config, {**WEIGHTS, "puzzle": LossWeight(0.75, group="helper")}, completed=3)
        torch.testing.assert_close(scheduled.gradient, fixed.gradient)

    def test_losses_below_0_give_a_finite_step_along_what_each_weighs(self, config: WeightingConfig) -> None:
        """A log-likelihood of the pose and a cosine of a helper, which say that they are signed."""
        below = {name: replace(WEIGHTS[name], signed=True) for name in ("yaw", "puzzle")}
        step, weighting = Step(), config.build({**WEIGHTS, **below})
        for name in below:
            step.losses[name] = step.losses[name] - 50.0
        assert step.run(weighting).isfinite()
        for parameter in (step.shared, *step.heads.values(), *weighting.parameters()):
            assert gradient_of(parameter).isfinite().all()
        for name in below:
            own = (step.heads[name].detach() @ step.shared.detach()) * 2 * step.shared.detach()
            assert (gradient_of(step.heads[name]) * own).sum() > 0

    def test_a_helper_that_is_off_leaves_the_pose_alone(self, config: WeightingConfig) -> None:
        step, alone = Step("yaw", "pitch"), Step("yaw", "pitch")
        step.run(config.build(WEIGHTS))
        alone.run(config.build({key: WEIGHTS[key] for key in ("yaw", "pitch")}))
        torch.testing.assert_close(step.gradient, alone.gradient)

    def test_a_loss_without_a_weight_is_an_error_not_a_guess(self, config: WeightingConfig) -> None:
        weights = {key: weight for key, weight in WEIGHTS.items() if key != "pitch"}
        with pytest.raises(KeyError, match="pitch"):
            Step().run(config.build(weights))

    @pytest.mark.parametrize("scale", [1.0, 2.0**16])
    def test_a_scaled_step_has_scaled_gradients_of_the_same_direction(
        self, config: WeightingConfig, scale: float
    ) -> None:
        plain, scaled = Step(), Step(scale=scale)
        totals = plain.run(config.build(WEIGHTS)), scaled.run(config.build(WEIGHTS))
        torch.testing.assert_close(*totals)
        torch.testing.assert_close(scaled.gradient, scale * plain.gradient)
        for loss in WEIGHTS:
            expected = scale * gradient_of(plain.heads[loss])
            torch.testing.assert_close(gradient_of(scaled.heads[loss]), expected)

    def test_what_it_has_learned_is_in_its_state_and_a_number_for_each_loss(
        self, config: WeightingConfig, tmp_path: Path
    ) -> None:
        """The trainer adds its parameters to those of the network, and a checkpoint holds its state."""
        weighting, fresh = config.build(WEIGHTS), config.build(WEIGHTS)
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
        assert weighting.learned() or not list(weighting.parameters())
