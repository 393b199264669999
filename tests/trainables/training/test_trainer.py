"""The training loop: losses before their weights, branches with state, weightings of every kind."""

from __future__ import annotations

from math import isfinite
from pathlib import Path
from typing import Any

import pytest
import torch
from support.toy import CPU, blobs, toy_config
from torch import Tensor

from trainables.base.atomic import load_state, save_state
from trainables.base.schema import Config
from trainables.data.memory_loader import MemoryLoader
from trainables.data.sources import TrainSource
from trainables.losses.weighting import (
    DwaConfig,
    FamoConfig,
    PCGradConfig,
    RandomConfig,
    UncertaintyConfig,
)
from trainables.model.backbones import ResNet10Config
from trainables.model.inits import Pretraining, SslConfig
from trainables.model.network import build_network
from trainables.optim.optimizers import AdamWConfig, SGDConfig
from trainables.pose.angles import ANGLES
from trainables.pretext import (
    BarlowTwinsConfig,
    ByolConfig,
    EquivarianceConfig,
    PuzzlingConfig,
    PuzzlingRotationConfig,
    SimSiamConfig,
    VicregConfig,
)
from trainables.pretext.task_config import TaskConfig
from trainables.target import HeadPoseConfig
from trainables.training.build import build_session
from trainables.training.footprint import MemoryShape
from trainables.training.pretraining import Pretrainer, build_pretrainer
from trainables.training.session import Session

UNMEASURED = ("speed/", "memory/")

HELPERS = (SimSiamConfig(), ByolConfig(view="two"), VicregConfig(), BarlowTwinsConfig(features=32))
WEIGHTINGS = (UncertaintyConfig(), DwaConfig(), FamoConfig(), RandomConfig(), PCGradConfig())

each_helper = pytest.mark.parametrize("task", HELPERS, ids=lambda task: type(task).__name__)
each_weighting = pytest.mark.parametrize("weighting", WEIGHTINGS, ids=lambda each: type(each).__name__)


def session(**settings: Any) -> Session:
    """Return a session on 32 blobs; a config in `settings` need be in no table."""
    own = {key: value for key, value in settings.items() if isinstance(value, Config)}
    plain = {key: value for key, value in settings.items() if key not in own}
    config = toy_config(**plain).model_copy(update=own)
    train, validation = (MemoryLoader(*blobs(32, 32), batch=16, shuffle=each) for each in (True, False))
    return build_session(
        config, train=train, validation=validation, labels=HeadPoseConfig().labels, device=CPU
    )


def pretrainer(**settings: Any) -> Pretrainer:
    own = SslConfig(batch=8, epochs=4).model_copy(update=settings)
    train = MemoryLoader(*blobs(16, 32), batch=8, shuffle=True)
    pretraining = Pretraining(own, TrainSource(dataset="blobs"), "5c0ffee", ResNet10Config(), image_px=32)
    return build_pretrainer(pretraining, train=train, device=CPU)


def numbers(run: Session | Pretrainer, epochs: int) -> list[dict[str, float]]:
    reports = [run.run_epoch().metrics() for _ in range(epochs)]
    return [{k: v for k, v in each.items() if not k.startswith(UNMEASURED)} for each in reports]


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []


def assert_resumes(
    whole: Session, other: Session, *, epochs: tuple[int, int], file: Path
) -> list[dict[str, float]]:
    """Compare the later epochs of a run with those of one that goes on from its state there; return all."""
    begun = numbers(whole, epochs[0])
    save_state({**whole.state_dict(), "best_weights": whole.best_weights()}, file)
    rest = numbers(whole, epochs[1])
    other.load_state_dict(load_state(file))
    assert numbers(other, epochs[1]) == rest
    assert_same(other.network.state_dict(), whole.network.state_dict())
    return begun + rest


def test_a_loss_is_shown_before_its_weight_and_no_schedule_looks_like_learning() -> None:
    falling = PuzzlingConfig(weight_schedule="linear", ssl_weight=10.0, heads=True)
    still = session(pretext=falling, optimizer=SGDConfig(lr=1e-12), epochs=4)
    reports = [each.training.losses for each in (still.run_epoch() for _ in range(4))]
    shown = [losses["puzzle"] for losses in reports]
    assert max(shown) / min(shown) < 1.05  # a fall to a quarter before
    for completed, losses in enumerate(reports):
        pose = sum(losses[angle] for angle in ANGLES)
        weight = 10 * (1 - completed / 4)
        assert losses["total"] == pytest.approx(pose + weight * losses["puzzle"], rel=1e-5)


@pytest.mark.usefixtures("narrow")
@each_helper
def test_a_branch_with_a_loss_and_a_state_of_its_own_resumes_to_the_bit(
    task: TaskConfig, tmp_path: Path
) -> None:
    runs = [session(pretext=task, dropout=0.4, epochs=4) for _ in range(2)]
    expected = assert_resumes(*runs, epochs=(2, 2), file=tmp_path / "session.pt")
    [name] = [branch.name for branch in task.build().branches]
    assert expected[-1][f"train/loss_{name}"] < expected[0][f"train/loss_{name}"]
    assert 0 < expected[-1][f"pretext/{name}_spread"] <= 1
    assert f"pretext/{name}_chance" not in expected[-1]


@pytest.mark.usefixtures("narrow")
def test_equivariance_and_its_teacher_resume_to_the_bit(tmp_path: Path) -> None:
    settings = {"pretext": EquivarianceConfig(momentum=0.9), "dropout": 0.4, "epochs": 3}
    whole, second = (session(**settings) for _ in range(2))
    expected = assert_resumes(whole, second, epochs=(2, 1), file=tmp_path / "session.pt")
    assert second.network.branches["equivariance"].head is second.network.head
    assert 0 < expected[-1]["pretext/equivariance_error"] < 180


@pytest.mark.usefixtures("narrow")
@each_helper
def test_what_is_exported_is_the_supervised_network_alone(task: TaskConfig) -> None:
    trained = session(pretext=task)
    trained.run_epoch()
    plain = build_network(ResNet10Config(), toy_config().head, ANGLES, dropout=0.0, seed=9)
    plain.load_state_dict(trained.best_weights())


@pytest.mark.usefixtures("narrow")
@each_helper
def test_a_trunk_is_pretrained_on_it_and_its_branch_starts_from_that_trunk(task: TaskConfig) -> None:
    run = pretrainer(pretext=task)
    begun = run.trunk()
    [name] = [branch.name for branch in task.build().branches]
    assert all(isfinite(each[f"train/loss_{name}"]) for each in numbers(run, 2))
    trunk = run.trunk()
    assert not torch.equal(begun["conv1.weight"], trunk["conv1.weight"])
    network = build_network(
        ResNet10Config(),
        toy_config().head,
        ANGLES,
        dropout=0.0,
        seed=3,
        branches=task.build().branches,
        attachment=task.attachment(),
        trunk_weights=trunk,
    )
    assert_same(network.trunk.state_dict(), trunk)
    if isinstance(task, ByolConfig):
        assert_same(network.branches["byol"].teacher_trunk.state_dict(), trunk)


def test_a_copy_follows_the_trunk_and_is_no_parameter_of_the_optimizer() -> None:
    followed = session(pretext=ByolConfig(momentum=0.0), optimizer=SGDConfig(lr=0.01), epochs=1)
    begun = {key: value.clone() for key, value in followed.network.trunk.state_dict().items()}
    followed.run_epoch()
    copied = dict(followed.network.branches["byol"].teacher_trunk.named_parameters())
    trained = dict(followed.network.trunk.named_parameters())
    for name, value in trained.items():
        torch.testing.assert_close(copied[name], value)
    assert not torch.equal(begun["conv1.weight"], trained["conv1.weight"])
    [group] = followed.state_dict()["optimizer"]["param_groups"]
    assert len(group["params"]) == sum(p.requires_grad for p in followed.network.parameters())


def test_designs_whose_branches_take_other_memory_are_measured_apart() -> None:
    tasks: list[Config] = [SimSiamConfig(), SimSiamConfig(features=64), ByolConfig(), PuzzlingConfig()]
    configs = [toy_config().model_copy(update={"pretext": task}) for task in tasks]
    configs.append(configs[-1].model_copy(update={"weighting": PCGradConfig()}))
    assert len({MemoryShape.of(config) for config in configs}) == 5


@pytest.mark.usefixtures("narrow")
@each_weighting
@pytest.mark.parametrize(
    "task", [PuzzlingRotationConfig(ssl_weight=2.0), PuzzlingConfig(view="two")], ids=str
)
def test_a_run_with_any_weighting_resumes_to_the_bit(weighting: Config, task: Config, tmp_path: Path) -> None:
    settings = {"pretext": task, "weighting": weighting, "clip_norm": 10.0, "epochs": 3}
    runs = [session(**settings) for _ in range(2)]
    expected = assert_resumes(*runs, epochs=(1, 2), file=tmp_path / "session.pt")
    assert expected[0]["train/loss_yaw"] > 0


@each_weighting
def test_a_pretraining_uses_its_weighting(weighting: Config) -> None:
    fixed, weighted = (
        pretrainer(pretext=PuzzlingRotationConfig(), **more) for more in ({}, {"weighting": weighting})
    )
    one, other = numbers(fixed, 1)[0], numbers(weighted, 1)[0]
    if isinstance(weighting, PCGradConfig | DwaConfig):  # one group, and one epoch, change nothing yet
        assert one["train/loss"] == pytest.approx(other["train/loss"], rel=1e-4)
    else:
        assert one["train/loss"] != pytest.approx(other["train/loss"], rel=1e-2)


def test_a_weighting_is_trained_at_its_own_rate_and_what_it_learned_is_a_metric() -> None:
    weighting = UncertaintyConfig(start=0.0, lr=0.5)
    trained = session(
        pretext=PuzzlingConfig(), weighting=weighting, optimizer=AdamWConfig(lr=1e-6, weight_decay=0.3)
    )
    report = trained.run_epoch().metrics()
    network, own = trained.state_dict()["optimizer"]["param_groups"]
    assert (network["lr"], network["weight_decay"]) == (1e-6, 0.3)
    assert (own["lr"], own["weight_decay"], len(own["params"])) == (0.5, 0.0, 4)
    assert report["train/learning_rate"] == 1e-6
    # two steps of Adam at 0.5 from s = 0, up where the loss is above 1: s is near 1, 1 / (2 e) = 0.18
    assert report["train/weight_yaw"] == pytest.approx(0.184, abs=0.01)
    assert {key for key in report if key.startswith("train/weight_")} == {
        f"train/weight_{part}" for part in (*ANGLES, "puzzle")
    }


def test_what_the_losses_do_not_share_is_stepped_as_by_fixed_weights() -> None:
    """One step of PCGrad, which changes the trunk's gradients up to the flag alone."""
    task = PuzzlingConfig(ssl_weight=2.0)
    fixed, projected = (
        session(pretext=task, **more, batch=32, optimizer=SGDConfig(lr=0.1, momentum=0.0))
        for more in ({}, {"weighting": PCGradConfig()})
    )
    for run in (fixed, projected):
        run.train_epoch()
    one, other = fixed.network.state_dict(), projected.network.state_dict()
    beyond = ("head.", "branches.", "trunk.layer4.")
    for name in one:
        if name.startswith(beyond):
            torch.testing.assert_close(one[name], other[name], rtol=1e-2, atol=1e-3)


def test_a_weighting_that_looks_back_forwards_each_batch_again_and_leaves_no_trace_of_it() -> None:
    """With a rate that moves nothing, BatchNorm's statistics are those that fixed weights leave."""
    still = {"optimizer": SGDConfig(lr=1e-12), "pretext": PuzzlingConfig(view="two", dropout=0.0)}
    forwarded: list[int] = []
    statistics = []
    for weighting in ("fixed", "famo"):
        trained = session(**still, weighting=weighting)
        trained.network.trunk.conv1.register_forward_hook(lambda _, images, out: forwarded.append(len(out)))
        trained.train_epoch()
        state = trained.network.state_dict()
        statistics.append({key: state[key] for key in state if "running_" in key or "tracked" in key})
    assert forwarded == (2 + 2 * 2) * [16 + 16]  # two steps
    torch.testing.assert_close(*statistics)
    famo, fixed = (toy_config(weighting=each, pretext="puzzling") for each in ("famo", "fixed"))
    assert famo.cost(0).forwards == pytest.approx(4 / 3 * fixed.cost(0).forwards)
