"""Averaged weights: the mean that is written, statistics of its own, and what is measured is what is kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from support.toy import blobs, toy_config, toy_session
from torch import Tensor, nn

from trainables.base.atomic import load_state, save_state
from trainables.optim.averages import AverageConfig, EmaConfig, LastConfig
from trainables.training.session import Session

pytestmark = pytest.mark.usefixtures("narrow")

AVERAGING = {"ema": EmaConfig(decay=0.7), "last": LastConfig(epochs=2)}
each_average = pytest.mark.parametrize("average", AVERAGING.values(), ids=AVERAGING)


def steps_of(session: Session, monkeypatch: pytest.MonkeyPatch) -> list[list[Tensor]]:
    """Return a list that the supervised parameters are added to after each step."""
    found: list[list[Tensor]] = []
    network = session.network
    after_step = network.after_step

    def noted(progress: float) -> None:
        after_step(progress)
        found.append([each.detach().double().clone() for each in network.supervised().parameters()])

    monkeypatch.setattr(network, "after_step", noted)
    return found


def parameters(session: Session, weights: dict[str, Tensor]) -> list[Tensor]:
    names = [name for name, _ in session.network.supervised().named_parameters()]
    return [weights[name].double() for name in names]


def assert_close(found: list[Tensor], expected: list[Tensor]) -> None:
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)


def test_an_exponential_average_is_that_of_the_steps_written_out(monkeypatch: pytest.MonkeyPatch) -> None:
    session = toy_session(average=EmaConfig(decay=0.3), epochs=3)
    steps = steps_of(session, monkeypatch)
    for _ in range(3):
        session.run_epoch()
    mean = steps[0]
    for number, weights in enumerate(steps[1:], start=2):
        kept = min(0.3, (number - 1) / (number + 8))
        mean = [kept * m + (1 - kept) * w for m, w in zip(mean, weights, strict=True)]
    assert len(steps) == 6 and min(0.3, 5 / 14) == 0.3  # both the warm-up and the decay were at work
    assert_close(parameters(session, session.weights()), mean)


def test_the_mean_of_the_last_epochs_is_that_of_their_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    session = toy_session(average=LastConfig(epochs=2), epochs=3)
    steps = steps_of(session, monkeypatch)
    session.run_epoch()
    assert_close(parameters(session, session.weights()), steps[-1])  # not begun: the weights as they are
    session.run_epoch()
    session.run_epoch()
    mean = [torch.stack(each).mean(dim=0) for each in zip(*steps[2:], strict=True)]
    assert_close(parameters(session, session.weights()), mean)


@each_average
def test_statistics_of_batchnorm_are_those_of_the_averaged_weights(average: AverageConfig) -> None:
    """The first layer's weights are known, so that its mean over the training images is too."""
    session = toy_session(average=average, epochs=2, images=32)
    for _ in range(2):
        session.run_epoch()
    weights = session.weights()
    first = nn.functional.conv2d(blobs(32, 32)[0], weights["trunk.conv1.weight"], stride=2, padding=3)
    expected = torch.stack([half.mean(dim=(0, 2, 3)) for half in first.chunk(2)]).mean(dim=0)
    torch.testing.assert_close(weights["trunk.bn1.running_mean"], expected, rtol=1e-4, atol=1e-5)
    trained = session.network.state_dict()
    assert not torch.equal(trained["trunk.bn1.running_mean"], weights["trunk.bn1.running_mean"])


@each_average
def test_training_itself_is_as_without_an_average(average: AverageConfig) -> None:
    plain, averaged = (toy_session(average=each, epochs=2, dropout=0.4) for each in ("none", average))
    for _ in range(2):
        losses = [session.run_epoch().training.losses for session in (plain, averaged)]
        assert losses[0] == losses[1]
    mine, other = plain.network.state_dict(), averaged.network.state_dict()
    assert [name for name in mine if not torch.equal(mine[name], other[name])] == []


@each_average
def test_the_averaged_network_is_what_is_measured_and_kept(average: AverageConfig) -> None:
    session = toy_session(average=average, epochs=2)
    for _ in range(2):
        report = session.run_epoch()
    kept = toy_session(epochs=2)
    kept.network.supervised().load_state_dict(session.weights())
    measured = kept.validate(report.training)
    assert measured.validation == report.validation
    if report.best_epoch == 2:
        best = session.best_weights()
        assert all(torch.equal(best[name], value) for name, value in session.weights().items())


@each_average
def test_an_interrupted_run_goes_on_to_the_same_digits(average: AverageConfig, tmp_path: Path) -> None:
    settings: dict[str, Any] = {"average": average, "epochs": 4, "dropout": 0.4, "pretext": "puzzling"}
    whole, first, second = (toy_session(**settings) for _ in range(3))
    expected = [whole.run_epoch().validation for _ in range(4)]
    assert [first.run_epoch().validation for _ in range(3)] == expected[:3]
    save_state({**first.state_dict(), "best_weights": first.best_weights()}, tmp_path / "state.pt")
    second.load_state_dict(load_state(tmp_path / "state.pt"))
    assert second.run_epoch().validation == expected[3]
    mine, other = second.weights(), whole.weights()
    assert [name for name in mine if not torch.equal(mine[name], other[name])] == []


def test_a_checkpoint_without_an_average_is_as_it_always_was() -> None:
    assert toy_session().state_dict().keys() == {
        *("epoch", "best_value", "best_epoch", "best_weights"),
        *("network", "weighting", "optimizer", "scaler"),
    }


def test_images_forwarded_again_are_those_of_some_batches_while_it_averages() -> None:
    config = toy_config(average=LastConfig(epochs=2), epochs=4)
    assert [config.norm_images(1000, completed) for completed in range(4)] == [0, 0, 320, 320]
    assert config.norm_images(90, 3) == 90
    assert toy_config().norm_images(1000, 3) == 0
