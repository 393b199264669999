"""The contract of optimizers: steps follow gradient and learning rate, and a run resumes bit for bit."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from trainables.base.atomic import load_state, save_state
from trainables.optim.optimizers import OptimizerConfig


def start(seed: int = 0) -> list[nn.Parameter]:
    """Return a matrix and a vector to optimize, the same for each seed."""
    generator = torch.Generator().manual_seed(seed)
    return [nn.Parameter(torch.randn(shape, generator=generator)) for shape in ((4, 3), (4,))]


def distance(parameters: list[nn.Parameter]) -> Tensor:
    """Return a convex loss whose least value is at 2."""
    return torch.stack([(parameter - 2).square().sum() for parameter in parameters]).sum() / 2


def step(optimizer: Optimizer, parameters: list[nn.Parameter]) -> float:
    """Make one step and return the loss before it."""
    optimizer.zero_grad()
    loss = distance(parameters)
    torch.autograd.backward(loss)
    optimizer.step()
    return loss.item()


def same(left: list[nn.Parameter], right: list[nn.Parameter]) -> bool:
    """Return whether two lists of parameters are equal to the bit."""
    return all(torch.equal(one, other) for one, other in zip(left, right, strict=True))


class OptimizerContract:
    """What every optimizer keeps; parametrise a subclass with `config`, whose setting `lr` is the rate."""

    def test_building_it_prints_nothing(
        self, config: OptimizerConfig, capfd: pytest.CaptureFixture[str]
    ) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            config.build(iter(start()))
        assert capfd.readouterr() == ("", "")

    def test_a_step_lowers_a_convex_loss_and_further_steps_lower_it_further(
        self, config: OptimizerConfig
    ) -> None:
        parameters = start()
        optimizer = config.build(iter(parameters))
        losses = [step(optimizer, parameters) for _ in range(100)]
        assert losses[1] < losses[0] and losses[-1] < losses[1]

    def test_a_parameter_without_a_gradient_is_left_alone(self, config: OptimizerConfig) -> None:
        trained, frozen = start()
        before = frozen.detach().clone()
        optimizer = config.build(iter([trained, frozen]))
        for _ in range(3):
            trained.grad = torch.ones_like(trained)
            optimizer.step()
        assert torch.equal(frozen, before)

    def test_a_step_is_as_long_as_the_learning_rate_of_its_group_says(self, config: OptimizerConfig) -> None:
        moved = {}
        for factor in (0.0, 0.5, 1.0):
            parameters = start()
            optimizer = config.build(iter(parameters))
            assert [group["lr"] for group in optimizer.param_groups] == [getattr(config, "lr", None)]
            for group in optimizer.param_groups:
                group["lr"] *= factor  # as a schedule does
            step(optimizer, parameters)
            pairs = zip(parameters, start(), strict=True)
            moved[factor] = torch.cat([(one - other).flatten() for one, other in pairs])
        assert not moved[0.0].any() and moved[1.0].all()
        torch.testing.assert_close(2 * moved[0.5], moved[1.0], rtol=1e-3, atol=1e-6)

    def test_it_says_truly_whether_its_steps_fit_the_gradients_of_each_weight(
        self, config: OptimizerConfig
    ) -> None:
        weights = nn.Parameter(torch.zeros(2))
        optimizer = config.build(iter([weights]))
        for _ in range(20):  # some begin with steps of another kind
            before = weights.detach().clone()
            weights.grad = torch.tensor([0.01, 1.0])
            optimizer.step()
        short, long = (weights.detach() - before).abs().tolist()
        assert config.adapts_steps == (long < 10 * short)

    def test_equal_runs_make_equal_steps(self, config: OptimizerConfig) -> None:
        runs = []
        for _ in range(2):
            parameters = start()
            optimizer = config.build(iter(parameters))
            for _ in range(8):
                step(optimizer, parameters)
            runs.append(parameters)
        assert same(*runs)

    @pytest.mark.parametrize("done", [0, 1, 7])
    def test_a_run_goes_on_from_a_checkpoint_to_the_bit(
        self, config: OptimizerConfig, done: int, tmp_path: Path
    ) -> None:
        parameters = start()
        optimizer = config.build(iter(parameters))
        for _ in range(done):
            step(optimizer, parameters)
        save_state({"weights": list(parameters), "optimizer": optimizer.state_dict()}, tmp_path / "state.pt")
        state = load_state(tmp_path / "state.pt")  # reads tensors and plain values alone
        resumed = [nn.Parameter(weights.detach()) for weights in state["weights"]]
        resumed_optimizer = config.build(iter(resumed))
        resumed_optimizer.load_state_dict(state["optimizer"])
        for _ in range(5):
            step(optimizer, parameters)
            step(resumed_optimizer, resumed)
        assert same(parameters, resumed)
