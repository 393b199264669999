"""Lookahead by hand, around every optimizer, beside an average, and after an interruption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from support.toy import toy_session
from torch import nn

from trainables.base.atomic import load_state, save_state
from trainables.optim.lookahead import LookaheadConfig
from trainables.optim.optimizers import OPTIMIZERS, SGDConfig
from trainables.training.session import Session

pytestmark = pytest.mark.usefixtures("narrow")


def test_slow_weights_go_a_share_of_the_way_after_every_third_step() -> None:
    parameter = nn.Parameter(torch.tensor([10.0]))
    optimizer = SGDConfig(lr=1.0, momentum=0.0).build([parameter])
    lookahead = LookaheadConfig(steps=3, share=0.25).build([parameter])
    trace = []
    for gradient in (1.0, 2.0, 1.0, 4.0, 2.0, 2.0, 5.0):
        parameter.grad = torch.tensor([gradient])
        optimizer.step()
        lookahead.after_step()
        trace.append(float(parameter.detach()))
    # slow: 10; fast 9, 7, 6, so slow 10 - 4 / 4 = 9; fast 5, 3, 1, so slow 9 - 8 / 4 = 7; fast 2
    assert trace == [9.0, 7.0, 9.0, 5.0, 3.0, 7.0, 2.0]


def epochs_of(session: Session, epochs: int = 3) -> dict[str, torch.Tensor]:
    for _ in range(epochs):
        session.run_epoch()
    return {name: value.clone() for name, value in session.weights().items()}


def differ(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> list[str]:
    assert one.keys() == other.keys()
    return [name for name in one if not torch.equal(one[name], other[name])]


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
def test_a_whole_share_trains_as_without_to_the_bit_and_half_of_it_does_not(optimizer: str) -> None:
    plain, whole, half = (
        epochs_of(toy_session(optimizer=optimizer, epochs=3, lookahead=lookahead))
        for lookahead in (None, {"steps": 2, "share": 1.0}, {"steps": 2})
    )
    assert differ(plain, whole) == []
    assert "trunk.conv1.weight" in differ(plain, half)


def test_an_average_takes_the_weights_that_lookahead_leaves() -> None:
    """With a period of one step these are the slow weights, the mean of which is taken here."""
    settings: dict[str, Any] = {"epochs": 2, "optimizer": {"sgd": {"lr": 0.001}}, "lookahead": {"steps": 1}}
    session = toy_session(average={"last": {"epochs": 2}}, **settings)
    steps: list[torch.Tensor] = []
    network, after = session.network, session.network.after_step

    def noted(progress: float) -> None:
        after(progress)
        steps.append(network.get_parameter("trunk.conv1.weight").detach().clone())

    network.after_step = noted  # type: ignore[method-assign]  # the last that a step does before the average
    mean = epochs_of(session, 2)["trunk.conv1.weight"]
    torch.testing.assert_close(mean, torch.stack(steps).mean(dim=0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("average", ["none", {"ema": {"decay": 0.7}}], ids=["none", "ema"])
def test_an_interrupted_run_goes_on_to_the_same_digits(average: Any, tmp_path: Path) -> None:
    """Within a period: two steps an epoch, three a period; a weighting's parameters are slow too."""
    settings: dict[str, Any] = {
        "average": average,
        "epochs": 4,
        "dropout": 0.4,
        "pretext": "puzzling",
        "weighting": "uncertainty",
        "lookahead": {"steps": 3},
    }
    whole, first, second = (toy_session(**settings) for _ in range(3))
    expected = epochs_of(whole, 4)
    epochs_of(first, 2)
    save_state({**first.state_dict(), "best_weights": first.best_weights()}, tmp_path / "state.pt")
    second.load_state_dict(load_state(tmp_path / "state.pt"))
    assert differ(epochs_of(second, 2), expected) == []


def test_a_state_without_lookahead_is_that_of_other_settings() -> None:
    assert "lookahead" not in toy_session().state_dict()
    with pytest.raises(KeyError):
        toy_session(lookahead={}).load_state_dict(toy_session().state_dict())
