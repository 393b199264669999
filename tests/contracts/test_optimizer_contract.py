"""The contract of optimizers: steps follow gradient and learning rate, and a run resumes bit for bit."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from trainables.base.atomic import load_state, save_state
from trainables.optim.optimizers import OPTIMIZERS

each_optimizer = pytest.mark.parametrize("name", sorted(OPTIMIZERS))


def start(seed: int = 0) -> list[nn.Parameter]:
    generator = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((4, 3), (4,))]


def build(name: str, parameters: list[nn.Parameter], **settings: object) -> Optimizer:
    return OPTIMIZERS[name](**settings).build(iter(parameters))


def distance(parameters: list[nn.Parameter]) -> Tensor:
    """Return a convex loss whose least value is at 2."""
    return sum((parameter - 2).square().sum() for parameter in parameters) / 2


def step(optimizer: Optimizer, parameters: list[nn.Parameter]) -> float:
    """Make one step and return the loss before it."""
    optimizer.zero_grad()
    loss = distance(parameters)
    loss.backward()
    optimizer.step()
    return loss.item()


def same(left: list[nn.Parameter], right: list[nn.Parameter]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(left, right, strict=True))


@each_optimizer
def test_the_name_alone_is_a_complete_config_and_building_it_prints_nothing(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        build(name, start())
    assert capfd.readouterr() == ("", "")


@each_optimizer
def test_a_step_lowers_a_convex_loss_and_further_steps_lower_it_further(name: str) -> None:
    parameters = start()
    optimizer = build(name, parameters)
    losses = [step(optimizer, parameters) for _ in range(100)]
    assert losses[1] < losses[0] and losses[-1] < losses[1]


@each_optimizer
def test_a_parameter_without_a_gradient_is_left_alone(name: str) -> None:
    trained, frozen = start()
    before = frozen.detach().clone()
    optimizer = build(name, [trained, frozen])
    for _ in range(3):
        trained.grad = torch.ones_like(trained)
        optimizer.step()
    assert torch.equal(frozen, before)


@each_optimizer
def test_a_step_is_as_long_as_the_learning_rate_of_its_group_says(name: str) -> None:
    moved = {}
    for factor in (0.0, 0.5, 1.0):
        parameters = start()
        optimizer = build(name, parameters)
        assert [group["lr"] for group in optimizer.param_groups] == [OPTIMIZERS[name]().lr]
        for group in optimizer.param_groups:
            group["lr"] *= factor  # as a schedule does
        step(optimizer, parameters)
        moved[factor] = torch.cat([(p - q).flatten() for p, q in zip(parameters, start(), strict=True)])
    assert not moved[0.0].any() and moved[1.0].all()
    torch.testing.assert_close(2 * moved[0.5], moved[1.0], rtol=1e-3, atol=1e-6)


@each_optimizer
def test_equal_runs_make_equal_steps(name: str) -> None:
    runs = []
    for _ in range(2):
        parameters = start()
        optimizer = build(name, parameters)
        for _ in range(8):
            step(optimizer, parameters)
        runs.append(parameters)
    assert same(*runs)


@each_optimizer
@pytest.mark.parametrize("done", [0, 1, 7])
def test_a_run_goes_on_from_a_checkpoint_to_the_bit(name: str, done: int, tmp_path: Path) -> None:
    parameters = start()
    optimizer = build(name, parameters)
    for _ in range(done):
        step(optimizer, parameters)
    save_state({"weights": list(parameters), "optimizer": optimizer.state_dict()}, tmp_path / "state.pt")
    state = load_state(tmp_path / "state.pt")  # reads tensors and plain values alone
    resumed = [nn.Parameter(weights.detach()) for weights in state["weights"]]
    resumed_optimizer = build(name, resumed)
    resumed_optimizer.load_state_dict(state["optimizer"])
    for _ in range(5):
        step(optimizer, parameters)
        step(resumed_optimizer, resumed)
    assert same(parameters, resumed)
