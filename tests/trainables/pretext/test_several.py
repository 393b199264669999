"""Several helpers at once: each learns what it would alone, and is weighted and counted by itself."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from support.toy import CPU, blobs, toy_config
from torch import Tensor

from hpsearch.testing.configs import assert_read_without_torch
from hpsearch.testing.pretext import network
from trainables.data.memory_loader import MemoryLoader
from trainables.pose.angles import ANGLES
from trainables.pretext import PRETEXT_TASKS, SeveralConfig
from trainables.pretext.branch import Seen
from trainables.target import HeadPoseConfig
from trainables.training.build import build_session
from trainables.training.config import parse_config
from trainables.training.session import Session

pytestmark = pytest.mark.usefixtures("narrow")

BOTH: dict[str, Any] = {
    "puzzling": {"flag": 2, "view": {"two": {"share": 0.5}}, "ssl_weight": 3.0, "dropout": 0.0},
    "byol": {"flag": 3, "ssl_weight": 0.5},
}


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def images() -> Tensor:
    return blobs(8, 64)[0]


def session(pretext: object, epochs: int = 2) -> Session:
    config = toy_config(pretext=pretext, epochs=epochs)
    train, validation = (MemoryLoader(*blobs(32, 32), batch=16, shuffle=each) for each in (True, False))
    return build_session(
        config, train=train, validation=validation, labels=HeadPoseConfig().labels, device=CPU
    )


def test_each_has_its_own_rows_before_the_clean_batch() -> None:
    config = SeveralConfig(**BOTH)
    views = config.build_view().arrange(config.build(), images(), seeded())
    puzzle, byol = views.parts
    assert (puzzle.branches, puzzle.first, puzzle.count, puzzle.copies) == (("puzzle",), 0, 4, 1)
    assert (byol.branches, byol.first, byol.count, byol.copies) == (("byol",), 4, 16, 2)
    assert (views.perturbed, views.pose_from, views.first_pose, len(views.images)) == (20, 20, 0, 28)
    assert torch.equal(views.images[20:], images())
    alone = PRETEXT_TASKS["puzzling"]().build().perturb(images()[:4], seeded())
    assert torch.equal(views.images[:4], alone.images)
    assert torch.equal(puzzle.labels["puzzle"], alone.labels["puzzle"])


def test_each_loss_is_what_the_helper_has_alone() -> None:
    """With BatchNorm's running statistics: in training the images of both are normalised together."""
    several = SeveralConfig(**BOTH)
    both = network(several).eval()
    views = several.build_view().arrange(several.build(), images(), seeded())
    losses = both.pretext_losses(both.learn(views))
    for name, member in several.members.items():
        alone = network(member).eval()
        [part] = [part for part in views.parts if part.branches[0] in alone.branches]
        rows = slice(part.first, part.first + part.count)
        maps = alone.trunk(views.images[rows])
        [(own, branch)] = alone.branches.items()
        expected = branch.losses(branch(Seen(views.images[rows], maps, part.labels, part.copies)))
        torch.testing.assert_close(losses[own], expected[own], msg=name)


def test_each_has_a_weight_of_its_own_and_all_are_reported() -> None:
    trained = session({"several": BOTH})
    found = trained.run_epoch().metrics()
    pose = sum(found[f"train/loss_{angle}"] for angle in ANGLES)
    helpers = 3.0 * found["train/loss_puzzle"] + 0.5 * found["train/loss_byol"]
    assert found["train/loss"] == pytest.approx(pose + helpers, rel=1e-5)
    assert {"pretext/puzzle_accuracy", "pretext/puzzle_chance", "pretext/byol_spread"} <= found.keys()


def test_normalised_apart_and_weighing_nothing_they_leave_supervised_learning_to_the_bit() -> None:
    apart = {"view": {"two": {"norm": "split"}}, "ssl_weight": 0.0}
    helped = session({"several": {"puzzling": {**apart, "dropout": 0.0}, "byol": apart}})
    alone = session("none")
    for run in (helped, alone):
        run.train_epoch()
    states = [run.network.supervised().state_dict() for run in (helped, alone)]
    assert [name for name in states[0] if not torch.equal(states[0][name], states[1][name])] == []


def test_a_run_resumes_to_the_bit() -> None:
    whole, first, second = (session({"several": BOTH}) for _ in range(3))
    whole.run_epoch()
    expected = whole.run_epoch().metrics()
    first.run_epoch()
    second.load_state_dict(first.state_dict())
    again = second.run_epoch().metrics()
    measured = ("speed/", "memory/")
    assert {k: v for k, v in again.items() if not k.startswith(measured)} == {
        k: v for k, v in expected.items() if not k.startswith(measured)
    }


def test_its_cost_is_what_the_network_forwards() -> None:
    config = SeveralConfig(**BOTH, equivariance={"view": {"two": {"share": 0.5}}})
    trained = network(config).train()
    rows: list[float] = []
    for key, layer in trained.named_modules():
        if key.rpartition(".")[2] in ("layer1", "layer2", "layer3", "layer4"):
            layer.register_forward_hook(
                lambda _, inputs, out: rows.append(len(out) * (1 if torch.is_grad_enabled() else 1 / 3))
            )
    beside = blobs(6, 64, seed=1)[0]
    trained.learn(config.build_view().arrange(config.build(), images(), seeded(), beside))
    cost, more = config.cost(0, 1), config.unlabelled_cost(0, 1)
    assert 8 * cost.forwards + 6 * more.forwards == pytest.approx(sum(rows) / 4)
    assert config.attachment().flag == 4 and config.view_turn_deg == 30.0


def test_settings_are_read_and_judged_without_torch() -> None:
    assert_read_without_torch(
        SeveralConfig(**BOTH),
        "config.attachment(), config.incompatibility(64), config.cost(0, 1), config.memory()",
    )


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({}, "several needs two helpers or more"),
        ({"puzzling": {}, "rotation": None}, "several needs two helpers or more"),
        (
            {"puzzling": {}, "rotation": {"view": "split"}},
            "rotation: of several helpers each takes view",
        ),
        ({"puzzling": {"weight_end": 0.5}, "rotation": {}}, "weight_end differs"),
        ({"puzzling": {"view": {"two": {"norm": "split"}}}, "rotation": {}}, "norm differs"),
        ({"puzzling": {}, "puzzling_rotation": {}}, "two of the helpers have a loss 'puzzle'"),
        ({"puzzling": {"grid": 5}, "rotation": {}}, "a grid of 5 cuts 32 px"),
    ],
)
def test_what_does_not_go_together_is_refused_with_the_rule(written: Any, words: str) -> None:
    tree = {"data": {"train": {"dataset": "blobs"}, "image_px": 32}, "pretext": {"several": written}}
    faults = parse_config({**tree, "network": {"backbone": "resnet10"}})
    assert isinstance(faults, list) and words in str(faults)
