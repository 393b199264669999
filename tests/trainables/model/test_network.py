"""The network: shapes at the flags, weights that follow from the seed, and a supervised path of its own."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trainables.model.backbones import BACKBONES, ResNet50Config
from trainables.model.heads import BinsConfig
from trainables.model.network import (
    HeadPoseNetwork,
    Output,
    build_network,
    trunk_on_meta,
)
from trainables.pose.angles import ANGLES
from trainables.pretext import PRETEXT_TASKS, PuzzlingConfig, PuzzlingRotationConfig
from trainables.pretext.tile_config import TileConfig
from trainables.pretext.views import Views
from trainables.target import HeadPoseConfig


def network(
    backbone: str = "resnet10", task: str = "none", seed: int = 1, **settings: object
) -> HeadPoseNetwork:
    config = PRETEXT_TASKS[task](**settings)
    return build_network(
        BACKBONES[backbone](),
        BinsConfig(),
        ANGLES,
        dropout=0.4,
        seed=seed,
        branches=config.build().branches,
        attachment=config.attachment(),
        target=HeadPoseConfig().build(HeadPoseConfig().labels),
    )


def parameter_count(module: nn.Module) -> int:
    return sum(parameter.numel() for parameter in module.parameters())


def images(batch: int = 4, px: int = 64) -> torch.Tensor:
    return torch.randn(batch, 3, px, px, generator=torch.Generator().manual_seed(3))


def learned(whole: HeadPoseNetwork, images: torch.Tensor, **labels: torch.Tensor) -> Output:
    """Return the output of a step on images that are all the task's and the pose's; labels 0 where none."""
    none = {
        name: torch.zeros(len(images), branch.regions, dtype=torch.int64)
        for name, branch in whole.branches.items()
    }
    return whole.learn(Views(images, len(images), {**none, **labels}))


@pytest.mark.parametrize("backbone", BACKBONES)
def test_the_size_of_a_trunk_is_known_without_building_it(backbone: str) -> None:
    config = BACKBONES[backbone]()
    assert config.trunk_values == sum(value.numel() for value in trunk_on_meta(config).state_dict().values())


@pytest.mark.parametrize(
    ("backbone", "channels"), [("resnet10", (64, 128, 256, 512)), ("resnet50", (256, 512, 1024, 2048))]
)
def test_maps_at_the_flags(backbone: str, channels: tuple[int, ...]) -> None:
    with torch.inference_mode():
        maps = BACKBONES[backbone]().build().eval()(torch.zeros(1, 3, 224, 224))
    assert [tuple(m.shape[1:]) for m in maps] == [
        (c, s, s) for c, s in zip(channels, (56, 28, 14, 7), strict=True)
    ]


@pytest.mark.parametrize(
    ("backbone", "parameters"),
    [("resnet10", 4_905_792), ("resnet18", 11_176_512), ("resnet34", 21_284_672), ("resnet50", 23_508_032)],
)
def test_trunks_have_torchvisions_parameters(backbone: str, parameters: int) -> None:
    trunk = BACKBONES[backbone]().build()
    assert parameter_count(trunk) == parameters
    if backbone != "resnet10":
        from torchvision.models import get_model

        whole = get_model(backbone, weights=None).state_dict()
        assert {name: value.shape for name, value in trunk.state_dict().items()} == {
            name: value.shape for name, value in whole.items() if not name.startswith("fc.")
        }


@pytest.mark.parametrize(
    ("flag", "out", "stride"), [(1, 512, 2), (2, 1024, 2), (3, 2048, 2), (4, 2048, 1)], ids=str
)
def test_the_paper_s_branch_block(flag: int, out: int, stride: int) -> None:
    block = network("resnet50", "puzzling", flag=flag).branches["puzzle"].block
    assert (block.conv3.out_channels, block.conv2.stride) == (out, (stride, stride))
    if flag == 3:
        first = ResNet50Config().build().layer4[0]
        assert [p.shape for p in block.parameters()] == [p.shape for p in first.parameters()]


@pytest.mark.parametrize("flag", [1, 2, 3, 4])
@pytest.mark.parametrize("grid", [2, 3])
def test_logits_of_every_branch_and_flag(flag: int, grid: int) -> None:
    output = learned(network("resnet18", "puzzling_rotation", flag=flag, grid=grid), images())
    assert output.pose_raw.shape == (4, 3, 66)
    assert {name: tuple(answers.logits.shape) for name, answers in output.pretext.items()} == {
        "puzzle": (4, grid**2, grid**2),
        "rotation": (4, grid**2, 4),
    }


def test_branch_settings() -> None:
    branch = network(task="rotation", flag=2, dropout=0.3, branch={"out_channels": 96, "stride": 1}).branches[
        "rotation"
    ]
    assert branch.block.conv3.out_channels == 96 and branch.block.conv2.stride == (1, 1)
    assert branch.dropout.p == 0.3


def test_a_branch_is_pooled_by_the_mean_or_the_largest_value_of_each_channel() -> None:
    pools = {"average": lambda maps: maps.mean(dim=(2, 3)), "max": lambda maps: maps.amax(dim=(2, 3))}
    logits = {}
    for name, pool in pools.items():
        whole = network(task="rotation", dropout=0.3, branch={"pool": name}).eval()
        branch, found = whole.branches["rotation"], learned(whole, images()).pretext["rotation"].logits
        maps = branch.block(whole.trunk(images())[branch.stage - 1])
        assert maps.shape[2:] == (2, 2)
        torch.testing.assert_close(found, branch.linear(pool(maps)).view(4, 4, 4))
        logits[name] = found
    assert not torch.allclose(*logits.values())
    plain = network(task="rotation", dropout=0.3).eval()
    assert torch.equal(learned(plain, images()).pretext["rotation"].logits, logits["average"])


@pytest.mark.parametrize("task", sorted(PRETEXT_TASKS.without("several")))
def test_one_seed_starts_trunk_and_head_alike_whatever_the_task(task: str) -> None:
    plain = network().state_dict()
    tiles = {"grid": 3} if issubclass(PRETEXT_TASKS[task], TileConfig) else {}
    for settings in ({}, {"flag": 1, **tiles}) if task not in ("none", "equivariance") else ({},):
        mine = network(task=task, **settings).supervised().state_dict()
        assert mine.keys() == plain.keys()
        assert all(torch.equal(mine[name], plain[name]) for name in plain)
    assert not torch.equal(network(seed=2).trunk.conv1.weight, network().trunk.conv1.weight)


def test_a_branch_starts_alike_whatever_other_branches_there_are() -> None:
    alone, beside = network(task="rotation"), network(task="puzzling_rotation")
    for mine, other in zip(
        alone.branches["rotation"].parameters(), beside.branches["rotation"].parameters(), strict=True
    ):
        assert torch.equal(mine, other)
    puzzle, rotation = (beside.branches[name].block.conv1.weight for name in ("puzzle", "rotation"))
    assert not torch.equal(puzzle, rotation)


def test_building_leaves_the_global_generator_alone() -> None:
    state = torch.get_rng_state()
    network(task="puzzling")
    assert torch.equal(torch.get_rng_state(), state)


def test_the_head_computes_in_fp32_whatever_the_trunk_computes_in() -> None:
    """What is measured in half precision is then what the exported network predicts of the same features."""
    whole = network().eval()
    with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16):
        maps = whole.trunk(images())[-1]
        raw = whole(images()).pose_raw
    assert (maps.dtype, raw.dtype) == (torch.bfloat16, torch.float32)
    with torch.inference_mode():
        torch.testing.assert_close(whole.head(maps.float().mean(dim=(2, 3))), raw, rtol=1e-6, atol=1e-6)


def test_without_heads_there_is_no_branch() -> None:
    assert not network(task="puzzling", heads=False).branches
    assert parameter_count(network(task="puzzling", heads=False)) == parameter_count(network())


@pytest.mark.parametrize("task", ["puzzling", "rotation", "puzzling_rotation"])
def test_dropping_the_branches_leaves_the_poses_bit_identical(task: str) -> None:
    whole = network(task=task)
    for _ in range(2):
        whole(images())  # batch statistics that are not the initial ones
    whole.eval()
    with torch.inference_mode():
        expected = whole(images()).pose_raw
        supervised = whole.supervised().eval()
        assert torch.equal(supervised(images()).pose_raw, expected)
        fresh = network(seed=9).eval()
        fresh.load_state_dict(supervised.state_dict())
        assert torch.equal(fresh(images()).pose_raw, expected)
    assert parameter_count(supervised) == parameter_count(network())


@pytest.mark.parametrize("flag", [1, 2, 3, 4])
def test_ssl_gradient_reaches_the_trunk_up_to_the_flag_and_nothing_after(flag: int) -> None:
    config = PuzzlingRotationConfig(flag=flag)
    whole = network(task="puzzling_rotation", flag=flag)
    perturbed = config.build().perturb(images(), torch.Generator().manual_seed(0))
    sum(whole.pretext_losses(learned(whole, perturbed.images, **perturbed.labels)).values()).backward()
    stages = [whole.trunk.layer1, whole.trunk.layer2, whole.trunk.layer3, whole.trunk.layer4]
    shared = [whole.trunk.conv1, whole.trunk.bn1, *stages[:flag]]
    beyond = [*stages[flag:], whole.head]
    assert all(p.grad is not None and p.grad.any() for module in shared for p in module.parameters())
    assert all(p.grad is None for module in beyond for p in module.parameters())


def test_initial_losses_are_near_those_of_guessing() -> None:
    whole, clean = network(task="puzzling"), images(batch=32)
    perturbed = PuzzlingConfig().build().perturb(clean, torch.Generator().manual_seed(0))
    with torch.inference_mode():
        output = learned(whole.eval(), perturbed.images, **perturbed.labels)
        losses = whole.pretext_losses(output)
    assert float(losses["puzzle"]) / 4 == pytest.approx(1.386, abs=0.35)
    yaw = nn.functional.cross_entropy(output.pose_raw[:, 0], torch.randint(66, (32,)))
    assert float(yaw) == pytest.approx(4.19, abs=0.5)
