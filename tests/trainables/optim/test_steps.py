"""Optimizers, schedules and weightings against their rules written out."""

from __future__ import annotations

import math

import pytest
import torch
from pydantic import ValidationError
from torch import nn

from trainables.losses.weighting import FixedConfig, LossWeight
from trainables.optim.optimizers import OPTIMIZERS, AdaBeliefConfig, AdamWConfig, SGDConfig
from trainables.optim.schedules import SCHEDULES, ConstantConfig, CosineConfig, MultiStepConfig


def gradients(steps: int) -> torch.Tensor:
    return torch.randn(steps, 5, generator=torch.Generator().manual_seed(4))


def stepped(config: object, steps: int) -> torch.Tensor:
    """Return the parameter after each step along `gradients`, from ones."""
    parameter = nn.Parameter(torch.ones(5))
    optimizer = config.build([parameter])
    trace = []
    for gradient in gradients(steps):
        parameter.grad = gradient.clone()
        optimizer.step()
        trace.append(parameter.detach().clone())
    return torch.stack(trace)


def adabelief_by_hand(
    steps: int, *, eps: float, rectify: bool, to_sgd: bool, decay: float = 0.0
) -> torch.Tensor:
    """AdaBelief with RAdam's rectification, in double precision."""
    lr, b1, b2 = 1e-3, 0.9, 0.999
    p, m, s = (torch.full((5,), v, dtype=torch.float64) for v in (1.0, 0.0, 0.0))
    trace, rho_max = [], 2 / (1 - b2) - 1
    for t, gradient in enumerate(gradients(steps).double(), start=1):
        p = p * (1 - lr * decay)
        m = b1 * m + (1 - b1) * gradient
        s = b2 * s + (1 - b2) * (gradient - m) ** 2 + eps
        rho = rho_max - 2 * t * b2**t / (1 - b2**t)
        mean = m / (1 - b1**t)
        if not rectify:
            p = p - lr * mean / ((s / (1 - b2**t)).sqrt() + eps)
        elif rho >= 5:
            shrink = math.sqrt((rho - 4) * (rho - 2) * rho_max / ((rho_max - 4) * (rho_max - 2) * rho))
            p = p - lr * shrink * math.sqrt(1 - b2**t) * mean / (s.sqrt() + eps)
        elif to_sgd:
            p = p - lr * mean
        trace.append(p)
    return torch.stack(trace)


@pytest.mark.parametrize("eps", [1e-16, 1e-8])
@pytest.mark.parametrize(("rectify", "to_sgd"), [(True, True), (True, False), (False, True)])
def test_adabelief_steps_as_written_out(eps: float, rectify: bool, to_sgd: bool) -> None:
    config = AdaBeliefConfig(eps=eps, rectify=rectify, degenerated_to_sgd=to_sgd, weight_decay=0.1)
    expected = adabelief_by_hand(30, eps=eps, rectify=rectify, to_sgd=to_sgd, decay=0.1)
    torch.testing.assert_close(stepped(config, 30), expected.float(), rtol=0, atol=2e-6)


def test_adabelief_s_first_five_steps_are_sgd_and_the_sixth_is_short() -> None:
    trace = torch.cat([torch.ones(1, 5), stepped(AdaBeliefConfig(), 6)])
    lengths = trace.diff(dim=0).norm(dim=1)
    torch.testing.assert_close(trace[1], 1 - 1e-3 * gradients(6)[0])
    assert lengths[5] < 0.1 * lengths[:5].max()
    skipped = stepped(AdaBeliefConfig(degenerated_to_sgd=False), 6)
    assert torch.equal(skipped[4], torch.ones(5)) and not torch.equal(skipped[5], torch.ones(5))


def test_adabelief_s_defaults_are_the_package_s() -> None:
    parameter = nn.Parameter(torch.ones(1))
    optimizer = AdaBeliefConfig().build([parameter])
    group = optimizer.param_groups[0]
    assert (group["lr"], group["betas"], group["eps"]) == (1e-3, (0.9, 0.999), 1e-16)


@pytest.mark.parametrize("name", sorted(OPTIMIZERS))
def test_optimizers_are_made_in_silence(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    OPTIMIZERS[name]().build([nn.Parameter(torch.ones(1))])
    assert capfd.readouterr() == ("", "")


def test_adamw_s_first_step() -> None:
    # bias-corrected, the first step has length lr in every coordinate
    expected = 1 - 1e-3 * 0.01 - 1e-3 * gradients(1)[0].sign()
    torch.testing.assert_close(stepped(AdamWConfig(), 1)[0], expected, rtol=0, atol=1e-6)


def test_sgd_with_momentum() -> None:
    g = gradients(2)
    expected = 1 - 0.01 * g[0] - 0.01 * (0.9 * g[0] + g[1])
    torch.testing.assert_close(stepped(SGDConfig(), 2)[1], expected)


def test_nesterov_without_momentum_is_refused() -> None:
    with pytest.raises(ValidationError, match="nesterov needs a momentum above 0"):
        SGDConfig(nesterov=True, momentum=0.0)


def test_multi_step_counts_completed_epochs() -> None:
    schedule = MultiStepConfig(epochs=(30, 40), gamma=0.1).build(110)
    factors = [schedule.factor(e) for e in (0, 29, 30, 39, 40, 109)]
    assert factors == pytest.approx([1, 1, 0.1, 0.1, 0.01, 0.01])


@pytest.mark.parametrize("epochs", [(), (0, 3), (5, 5), (9, 2)])
def test_multi_step_epochs_must_rise(epochs: tuple[int, ...]) -> None:
    with pytest.raises(ValidationError):
        MultiStepConfig(epochs=epochs)


def test_cosine_falls_from_one_to_its_floor() -> None:
    schedule = CosineConfig(floor=0.2).build(10)
    factors = [schedule.factor(e) for e in range(11)]
    assert factors[0] == 1 and factors[5] == pytest.approx(0.6) and factors[10] == pytest.approx(0.2)
    assert factors == sorted(factors, reverse=True)
    assert schedule.factor(25) == pytest.approx(0.2)


def test_a_warm_up_rises_in_equal_steps_and_leaves_the_cosine_the_rest() -> None:
    schedule, rest = CosineConfig(floor=0.2, warmup_epochs=3).build(10), CosineConfig(floor=0.2).build(7)
    assert [schedule.factor(e) for e in range(3)] == pytest.approx([0.25, 0.5, 0.75])
    assert [schedule.factor(e) for e in range(3, 11)] == [rest.factor(e) for e in range(8)]
    never = CosineConfig(warmup_epochs=9).build(4)
    assert [never.factor(e) for e in range(4)] == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_constant_stays() -> None:
    assert {ConstantConfig().build(3).factor(e) for e in range(5)} == {1.0}


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_every_schedule_starts_at_the_learning_rate(name: str) -> None:
    assert SCHEDULES[name]().build(50).factor(0) == 1.0


def test_fixed_weights() -> None:
    losses = {"yaw": torch.tensor(2.0), "puzzle": torch.tensor(3.0)}
    weighting = FixedConfig().build({"yaw": LossWeight(), "puzzle": LossWeight(50.0)})
    assert float(weighting.total(losses, 0)) == 152.0
    assert not list(weighting.parameters())
