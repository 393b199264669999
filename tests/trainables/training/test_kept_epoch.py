"""`keep: loss`: the epoch whose weights are kept is that of the least loss on unperturbed images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from support.toy import blobs, toy_session
from torch import Tensor

from trainables.base.atomic import load_state, save_state
from trainables.training.config import TrainConfig, parse_config
from trainables.training.validation_loss import ValidationLoss

pytestmark = pytest.mark.usefixtures("narrow")


def weights(session: Any) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in session.network.state_dict().items()}


def differ(one: dict[str, Tensor], other: dict[str, Tensor]) -> list[str]:
    assert one.keys() == other.keys()
    return [name for name in one if not torch.equal(one[name], other[name])]


@pytest.mark.parametrize("task", ["puzzling", "rotation", "puzzling_rotation"])
def test_it_is_the_sum_over_head_and_branches_of_images_with_their_tiles_in_place(task: str) -> None:
    settings = {task: {"ssl_weight": 3.0}}
    session = toy_session(pretext=settings, head={"regression": {"reg_loss": "mse"}}, keep="loss", images=24)
    found = session.run_epoch().metrics()["validation/loss"]
    images, pose_deg = blobs(24, 32)
    network, sums = session.network.eval(), []
    with torch.no_grad():
        for batch, labels in zip(images.split(16), pose_deg.split(16), strict=True):
            maps = network.trunk(batch)
            errors = network.head.decode(network(batch).pose_raw) - labels
            loss = errors.pow(2).mean(dim=0).sum()
            for name, branch in network.branches.items():
                features = branch.block(maps[2]).mean(dim=(2, 3))
                logits = branch.linear(features).view(len(batch), 4, 4)
                right = torch.arange(4) if name == "puzzle" else torch.zeros(4, dtype=torch.long)
                loss = loss + 3 * sum(
                    F.cross_entropy(logits[:, region], right[region].expand(len(batch)))
                    for region in range(4)
                )
            sums.append(len(batch) * float(loss))
    assert found == pytest.approx(sum(sums) / 24, rel=1e-4)


def test_without_a_helper_it_is_the_head_s_alone_and_may_be_that_of_averaged_weights() -> None:
    session = toy_session(
        head={"regression": {"reg_loss": "mse"}}, keep="loss", average={"last": {"epochs": 1}}
    )
    report = session.run_epoch()
    measured = session.predict(session._validation)  # the averaged network's
    expected = ((measured.predicted - measured.true) ** 2).mean(axis=0).sum()
    assert report.loss == pytest.approx(float(expected), rel=1e-4)


def test_training_is_as_with_the_error_to_the_bit() -> None:
    by_error, by_loss = (
        toy_session(pretext="puzzling", dropout=0.4, epochs=2, keep=keep) for keep in ("error", "loss")
    )
    for _ in range(2):
        one, other = by_error.run_epoch(), by_loss.run_epoch()
        assert one.training.losses == other.training.losses and one.validation == other.validation
    assert differ(weights(by_error), weights(by_loss)) == []
    assert "validation/loss" not in one.metrics()


def test_the_least_loss_decides_and_an_interrupted_run_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: Iterator[float] = iter(())
    monkeypatch.setattr(ValidationLoss, "of", lambda *_: next(measured))
    whole, second = (toy_session(epochs=4, keep="loss") for _ in range(2))
    measured = iter((3.0, 1.0, 2.0, 1.5))
    reports = [whole.run_epoch() for _ in range(2)]
    at_best = whole.network.supervised().state_dict()
    at_best = {name: value.clone() for name, value in at_best.items()}
    save_state({**whole.state_dict(), "best_weights": whole.best_weights()}, tmp_path / "state.pt")
    reports += [whole.run_epoch() for _ in range(2)]
    assert [report.best_epoch for report in reports] == [1, 2, 2, 2]
    assert reports[3].best_value == reports[1].validation["mae_deg"]
    assert reports[3].validation["mae_deg"] < reports[3].best_value  # by the error it would be another epoch
    assert differ(whole.best_weights(), at_best) == []
    measured = iter((2.0, 1.5))
    second.load_state_dict(load_state(tmp_path / "state.pt"))
    assert [second.run_epoch().metrics() for _ in range(2)][1]["validation/best_epoch"] == 2


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"pretext": "simsiam"}, "the helper has no loss on unperturbed images"),
        ({"pretext": "puzzling", "average": "ema"}, "the helper's branches are not averaged"),
        ({"pretext": "puzzling"}, ""),
        ({"pretext": "none", "average": "ema"}, ""),
        ({"pretext": {"puzzling": {"heads": False}}, "average": "ema"}, ""),
    ],
)
def test_where_a_helper_has_no_such_loss_it_is_refused(settings: dict[str, Any], rule: str) -> None:
    parsed = parse_config({"data": {"train": {"dataset": "heads"}}, "keep": "loss", **settings})
    if not rule:
        assert isinstance(parsed, TrainConfig)
    else:
        assert not isinstance(parsed, TrainConfig)
        assert [str(fault) for _, fault in parsed if rule in str(fault)]
