"""AdaBelief over all parameters at once, beside the package's as its oracle."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._python_dispatch import TorchDispatchMode

from hpsearch.testing import OptimizerContract
from trainables.optim.optimizers import AdaBeliefConfig

SHAPES = ((4, 3), (4,), (2, 3, 3, 3))


@pytest.mark.parametrize("config", [AdaBeliefConfig(implementation="multi_tensor")])
class TestMultiTensor(OptimizerContract):
    pass


class Run:
    """Parameters and their optimizer on noisy gradients, the same for each implementation."""

    def __init__(self, implementation: str, **settings: Any) -> None:
        generator = torch.Generator().manual_seed(0)
        self.parameters = [nn.Parameter(torch.randn(shape, generator=generator)) for shape in SHAPES]
        self.config = AdaBeliefConfig(implementation=implementation, **settings)
        self.optimizer: Optimizer = self.config.build(self.parameters)
        self.scaler = torch.amp.GradScaler("cpu", init_scale=4.0, growth_interval=3)

    def step(self, number: int, *, rests: bool = False) -> None:
        """Step along the gradients of this number; with `rests` the second parameter has none."""
        self._differentiate(number, 1.0)
        if rests:
            self.parameters[1].grad = None
        self.optimizer.step()

    def scaled_step(self, number: int, spoilt: float | None = None, *, clip: bool = False) -> None:
        """Step by the scaler, one element of the gradient `spoilt`."""
        self.scaler.scale(torch.zeros(()))
        self._differentiate(number, self.scaler.get_scale())
        if spoilt is not None:
            gradient = self.parameters[2].grad
            assert gradient is not None
            gradient.view(-1)[5] = spoilt
        if clip:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.scaler.step(self.optimizer)
        self.scaler.update()

    def _differentiate(self, number: int, scale: float) -> None:
        generator = torch.Generator().manual_seed(number)
        for parameter in self.parameters:
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.grad = ((parameter.detach() - 2) / 2 + noise) * scale

    def distance(self, other: Run) -> float:
        pairs = zip(self.parameters, other.parameters, strict=True)
        return max((mine - its).abs().max().item() for mine, its in pairs)


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"weight_decay": 0.01},
        {"weight_decay": 0.01, "weight_decouple": False},
        {"rectify": False, "eps": 1e-8},
        {"degenerated_to_sgd": False, "beta2": 0.9},
    ],
)
def test_a_thousand_steps_are_the_package_s(settings: dict[str, Any]) -> None:
    package, ours = Run("package", **settings), Run("multi_tensor", **settings)
    for number in range(1000):
        for run in (package, ours):
            run.step(number, rests=number % 7 == 3)  # as a helper's branch while it is off
    assert ours.distance(package) <= 1e-6


@pytest.mark.parametrize("clip", [False, True])
@pytest.mark.parametrize("weight_decouple", [True, False])
def test_steps_that_overflow_change_nothing_from_the_first_on(clip: bool, weight_decouple: bool) -> None:
    settings = {"weight_decay": 0.01, "weight_decouple": weight_decouple}
    package, ours = Run("package", **settings), Run("multi_tensor", **settings)
    spoilt = {0: float("inf"), 4: float("nan"), 5: float("-inf"), 20: float("nan")}
    for number in range(40):
        for run in (package, ours):
            run.scaled_step(number, spoilt.get(number), clip=clip)
        assert ours.distance(package) <= 1e-6
    assert [state["step"] for state in ours.optimizer.state_dict()["state"].values()] == [36, 36, 36]
    assert ours.scaler.get_scale() == package.scaler.get_scale()


@pytest.mark.parametrize("begun", ["package", "multi_tensor"])
def test_a_run_goes_on_with_the_other(begun: str) -> None:
    other = "multi_tensor" if begun == "package" else "package"
    through, first, then = Run(begun), Run(begun), Run(other)
    for number in range(9):
        through.step(number, rests=number == 2)
        first.step(number, rests=number == 2)
    for mine, its in zip(then.parameters, first.parameters, strict=True):
        mine.data.copy_(its.data)
    then.optimizer.load_state_dict(first.optimizer.state_dict())
    for number in range(9, 30):
        through.step(number)
        then.step(number)
    assert then.distance(through) <= 1e-6
    counts = [state["step"] for state in then.optimizer.state_dict()["state"].values()]
    assert counts == [30, 29, 30] and all(type(count) is int for count in counts)


def test_groups_of_equal_steps_are_counted_apart_after_a_checkpoint() -> None:
    def run() -> tuple[list[nn.Parameter], Optimizer]:
        parameters = [nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(3))]
        return parameters, AdaBeliefConfig(implementation="multi_tensor").build(
            [{"params": parameters[:1]}, {"params": parameters[1:], "lr": 0.1}]  # type: ignore[list-item]
        )

    (parameters, optimizer), (_, resumed) = run(), run()
    for each in parameters:
        each.grad = torch.ones_like(each)
    optimizer.step()
    resumed.load_state_dict(optimizer.state_dict())
    for group in resumed.param_groups:
        for each in group["params"]:
            each.grad = torch.ones_like(each)
    resumed.step()
    assert [state["step"] for state in resumed.state_dict()["state"].values()] == [2, 2]


class Operations(TorchDispatchMode):
    """Notes what torch is told to do."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(func.__name__)
        return func(*args, **(kwargs or {}))


def operations(implementation: str, parameters: int) -> list[str]:
    """Return the operations of the second step with this many parameters."""
    owned = [nn.Parameter(torch.ones(3)) for _ in range(parameters)]
    optimizer = AdaBeliefConfig(implementation=implementation).build(owned)  # type: ignore[arg-type]
    for _ in range(2):
        for each in owned:
            each.grad = torch.ones(3)
        with Operations() as counted:
            optimizer.step()
    return counted.names


def test_its_operations_do_not_grow_with_the_parameters() -> None:
    assert len(operations("multi_tensor", 3)) == len(operations("multi_tensor", 60)) < 60
    assert len(operations("package", 60)) >= 9 * 60


def test_on_a_cpu_the_package_steps_unless_told_otherwise() -> None:
    from adabelief_pytorch import AdaBelief

    assert isinstance(AdaBeliefConfig().build([nn.Parameter(torch.ones(1))]), AdaBelief)


def test_a_gradient_of_another_layout_is_taken() -> None:
    weights = torch.randn(4, 3, 2, 2, generator=torch.Generator().manual_seed(1))
    stepped: list[Tensor] = []
    for layout in (torch.contiguous_format, torch.channels_last):
        parameter = nn.Parameter(weights.clone().contiguous(memory_format=layout))
        optimizer = AdaBeliefConfig(implementation="multi_tensor").build([parameter])
        for _ in range(7):
            parameter.grad = (parameter.detach() * 2).contiguous()
            optimizer.step()
        stepped.append(parameter.detach())
    torch.testing.assert_close(stepped[0], stepped[1])
