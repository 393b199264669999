"""What every pretext task keeps, whatever it does to an image."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from support.pretext_tasks import TASKS, cases, random_images, seeded

from trainables.losses.losses import region_cross_entropy
from trainables.model.backbones import ResNet10Config
from trainables.model.heads import RegressionConfig
from trainables.model.network import build_network
from trainables.pretext import PretextTask

HELPERS = sorted(TASKS.keys() - {"none"})

each_task = pytest.mark.parametrize(("name", "settings"), list(cases(TASKS)), ids=str)
each_helper = pytest.mark.parametrize("name", HELPERS)


def build(name: str, settings: dict[str, Any]) -> PretextTask:
    return TASKS[name](**settings).build()


@each_task
def test_labels_are_those_of_the_branches(name: str, settings: dict[str, Any]) -> None:
    task, images = build(name, settings), random_images()
    labels = task.perturb(images, seeded()).labels
    assert list(labels) == list(task.branches)
    for branch, spec in task.branches.items():
        assert labels[branch].shape == (len(images), spec.regions)
        assert labels[branch].dtype == torch.int64
        assert 0 <= int(labels[branch].min()) <= int(labels[branch].max()) < spec.classes


@each_task
def test_images_keep_their_shape_and_type_and_the_input_is_left_as_it_was(
    name: str, settings: dict[str, Any]
) -> None:
    images = random_images()
    before = images.clone()
    out = build(name, settings).perturb(images, seeded()).images
    assert (out.shape, out.dtype, out.device) == (images.shape, images.dtype, images.device)
    assert out.isfinite().all()
    assert torch.equal(images, before)


@each_task
def test_a_seed_gives_the_same_batch_and_the_global_generator_is_not_used(
    name: str, settings: dict[str, Any]
) -> None:
    task, images = build(name, settings), random_images()
    state = torch.get_rng_state()
    first, second = task.perturb(images, seeded(7)), task.perturb(images, seeded(7))
    assert torch.equal(first.images, second.images)
    assert all(torch.equal(first.labels[branch], second.labels[branch]) for branch in task.branches)
    assert torch.equal(torch.get_rng_state(), state)


@each_helper
def test_the_generator_draws_anew_for_every_batch(name: str) -> None:
    task, images, generator = build(name, {}), random_images(), seeded()
    first, second = (task.perturb(images, generator) for _ in range(2))
    assert not torch.equal(first.images, second.images)
    assert all(not torch.equal(first.labels[branch], second.labels[branch]) for branch in task.branches)


@each_task
def test_chance_is_the_share_of_the_most_frequent_class(name: str, settings: dict[str, Any]) -> None:
    task, images = build(name, settings), torch.zeros(8000, 3, 10, 10)
    labels = task.perturb(images, seeded()).labels
    for branch, spec in task.branches.items():
        counts = torch.bincount(labels[branch].flatten(), minlength=spec.classes)
        assert float(counts.max()) / labels[branch].numel() == pytest.approx(spec.chance, abs=0.015)


@each_helper
def test_without_heads_images_are_perturbed_all_the_same(name: str) -> None:
    with_heads, without = (TASKS[name](heads=heads) for heads in (True, False))
    assert with_heads.ssl_heads() is not None and without.ssl_heads() is None
    images = random_images()
    ours, theirs = (config.build().perturb(images, seeded()) for config in (with_heads, without))
    assert torch.equal(ours.images, theirs.images) and not torch.equal(ours.images, images)


@each_task
@pytest.mark.parametrize("px", [32, 33, 64, 225])
def test_images_of_a_size_are_perturbed_or_refused_with_a_reason(
    name: str, settings: dict[str, Any], px: int
) -> None:
    config = TASKS[name](**settings)
    reason = config.incompatibility(px)
    if reason is None:
        assert config.build().perturb(random_images(2, px), seeded()).images.shape == (2, 3, px, px)
    else:
        assert f"{px} px" in reason


@each_helper
def test_its_loss_reaches_the_trunk_up_to_the_flag_and_nothing_after(name: str) -> None:
    config, images = TASKS[name](), random_images(4, 64) / (4 * 3 * 64 * 64)
    task, heads = config.build(), config.ssl_heads()
    network = build_network(
        ResNet10Config(),
        RegressionConfig(),
        ("yaw",),
        dropout=0.0,
        seed=1,
        branches=task.branches,
        ssl_heads=heads,
    )
    perturbed = task.perturb(images, seeded())
    logits = network(perturbed.images).pretext
    assert {branch: tuple(answer.shape) for branch, answer in logits.items()} == {
        branch: (4, spec.regions, spec.classes) for branch, spec in task.branches.items()
    }
    losses = [region_cross_entropy(logits[branch], perturbed.labels[branch], "sum") for branch in logits]
    torch.stack(losses).sum().backward()
    trunk = network.trunk
    stages = [trunk.layer1, trunk.layer2, trunk.layer3, trunk.layer4]
    before, after = [trunk.conv1, *stages[: heads.flag]], [*stages[heads.flag :], network.head]
    assert all(p.grad is not None and p.grad.any() for module in before for p in module.parameters())
    assert all(p.grad is None for module in after for p in module.parameters())


def test_none_leaves_images_alone_and_has_no_branch() -> None:
    task, images = build("none", {}), random_images()
    assert torch.equal(task.perturb(images, seeded()).images, images)
    assert not task.branches and TASKS["none"]().ssl_heads() is None


def test_settings_are_read_and_judged_without_torch() -> None:
    code = (
        "import sys\n"
        "from trainables.pretext import PRETEXT_TASKS\n"
        "for row in PRETEXT_TASKS.values(): row().ssl_heads(), row().incompatibility(64)\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
