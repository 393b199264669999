"""The contract of loss weightings: they begin as the sum of the losses times their configured weights."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from trainables.base.atomic import load_state, save_state
from trainables.losses.weighting import WEIGHTINGS, Weighting

WEIGHTS = {"yaw": 1.0, "pitch": 1.0, "puzzle": 50.0, "rotation": 0.1}
each_weighting = pytest.mark.parametrize("name", sorted(WEIGHTINGS))


def build(name: str, weights: Mapping[str, float]) -> Weighting:
    return WEIGHTINGS[name]().build(weights)


def losses(names: Mapping[str, float], seed: int = 0) -> dict[str, Tensor]:
    values = 0.5 + 4 * torch.rand(len(names), generator=torch.Generator().manual_seed(seed))
    return {name: value.clone().requires_grad_() for name, value in zip(names, values, strict=True)}


@each_weighting
def test_one_loss_of_weight_one_is_that_loss(name: str) -> None:
    given = losses({"yaw": 1.0})
    total = build(name, {"yaw": 1.0}).total(given)
    assert total.shape == () and total.dtype == torch.float32
    assert torch.equal(total, given["yaw"])


@each_weighting
@pytest.mark.parametrize("factor", [0.0, 0.5, 3.0])
def test_before_any_step_the_total_is_the_sum_of_the_losses_times_their_weights(
    name: str, factor: float
) -> None:
    weights = {loss: factor * weight for loss, weight in WEIGHTS.items()}
    given = losses(weights)
    expected = sum(weight * given[loss].item() for loss, weight in weights.items())
    assert build(name, weights).total(given).item() == pytest.approx(expected, rel=1e-6)


@each_weighting
def test_the_order_of_the_losses_does_not_matter(name: str) -> None:
    given = losses(WEIGHTS)
    backwards = {loss: given[loss] for loss in reversed(given)}
    weighting = build(name, WEIGHTS)
    torch.testing.assert_close(weighting.total(backwards), weighting.total(given))


@each_weighting
def test_the_gradient_reaches_each_loss(name: str) -> None:
    given = losses(WEIGHTS)
    build(name, WEIGHTS).total(given).backward()
    for loss in given.values():
        assert loss.grad is not None and loss.grad.isfinite() and loss.grad > 0


@each_weighting
def test_a_loss_without_a_weight_is_an_error_not_a_guess(name: str) -> None:
    with pytest.raises(KeyError, match="roll"):
        build(name, WEIGHTS).total(losses({**WEIGHTS, "roll": 1.0}))


@each_weighting
def test_what_it_has_learned_is_in_its_state(name: str, tmp_path: Path) -> None:
    """The trainer adds its parameters to those of the network, and a checkpoint holds its state."""
    weighting, fresh, given = build(name, WEIGHTS), build(name, WEIGHTS), losses(WEIGHTS)
    assert isinstance(weighting, nn.Module)
    with torch.no_grad():
        for parameter in weighting.parameters():
            parameter.add_(torch.rand_like(parameter))
    save_state(dict(weighting.state_dict()), tmp_path / "weighting.pt")
    fresh.load_state_dict(load_state(tmp_path / "weighting.pt"))
    assert torch.equal(fresh.total(given), weighting.total(given))
