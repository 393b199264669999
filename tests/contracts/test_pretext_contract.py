"""What every pretext task keeps, whatever its views show and its branches learn."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import Any

import pytest
import torch
from pydantic import ValidationError
from support.pretext_tasks import TASKS, cases, random_images, seeded
from torch import Tensor

from trainables.model.backbones import ResNet10Config
from trainables.model.heads import RegressionConfig
from trainables.model.network import HeadPoseNetwork, build_network, build_pretraining_network
from trainables.pretext import PretextTask
from trainables.pretext.views import VIEWS
from trainables.pretext.views.alone import AloneView

STAGE = re.compile(r"(^|\.)layer[1-4]$")
HELPERS = sorted(TASKS.keys() - {"none"})

each_task = pytest.mark.parametrize(("name", "settings"), list(cases(TASKS)), ids=str)
each_helper = pytest.mark.parametrize("name", HELPERS)


def build(name: str, settings: dict[str, Any]) -> PretextTask:
    return TASKS[name](**settings).build()


def network(name: str, **settings: Any) -> HeadPoseNetwork:
    """Return the smallest network with a task's branches, in training."""
    config = TASKS[name](**settings)
    branches, attachment = config.build().branches, config.attachment()
    return build_network(
        ResNet10Config(),
        RegressionConfig(),
        ("yaw",),
        dropout=0.0,
        seed=1,
        branches=branches,
        attachment=attachment,
    ).train()


def batch(px: int = 64) -> Tensor:
    return random_images(4, px) / (4 * 3 * px * px)


@each_task
def test_a_task_makes_as_many_views_of_every_image_as_it_says(name: str, settings: dict[str, Any]) -> None:
    task, images = build(name, settings), random_images()
    before = images.clone()
    made = task.perturb(images, seeded())
    assert made.images.shape == (len(task.uses) * len(images), *images.shape[1:])
    assert (made.images.dtype, made.images.device) == (images.dtype, images.device)
    assert made.images.isfinite().all()
    assert torch.equal(images, before)
    assert all(len(labels) == len(images) for labels in made.labels.values())
    assert made.labels.keys() <= {branch.name for branch in task.branches}
    assert name == "none" or task.uses == TASKS[name].uses


@each_task
def test_views_that_the_pose_learns_from_come_last(name: str, settings: dict[str, Any]) -> None:
    uses = build(name, settings).uses
    assert set(uses) <= {"helper", "both"} and uses.count("both") <= 1
    assert uses and "both" not in uses[:-1]


@each_task
def test_a_seed_gives_the_same_batch_and_the_global_generator_is_not_used(
    name: str, settings: dict[str, Any]
) -> None:
    task, images = build(name, settings), random_images()
    state = torch.get_rng_state()
    first, second = task.perturb(images, seeded(7)), task.perturb(images, seeded(7))
    assert torch.equal(first.images, second.images)
    assert first.labels.keys() == second.labels.keys()
    assert all(torch.equal(first.labels[branch], second.labels[branch]) for branch in first.labels)
    assert torch.equal(torch.get_rng_state(), state)


@each_helper
def test_the_generator_draws_anew_for_every_batch(name: str) -> None:
    task, images, generator = build(name, {}), random_images(), seeded()
    first, second = (task.perturb(images, generator) for _ in range(2))
    assert not torch.equal(first.images, second.images)
    assert all(not torch.equal(first.labels[branch], second.labels[branch]) for branch in first.labels)


@each_helper
def test_without_heads_images_are_perturbed_all_the_same_or_that_is_refused(name: str) -> None:
    try:
        without = TASKS[name](heads=False)
    except ValidationError as error:
        assert "heads: false" in str(error) and TASKS[name].uses != ("both",)
        return
    with_heads = TASKS[name]()
    assert with_heads.attachment() is not None and without.attachment() is None
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
        task = config.build()
        count = 2 * len(task.uses)
        assert task.perturb(random_images(2, px), seeded()).images.shape == (count, 3, px, px)
    else:
        assert f"{px} px" in reason


@each_helper
def test_losses_and_measures_have_the_names_of_the_plans_and_begin_with_the_branch_s(name: str) -> None:
    trained, task = network(name), build(name, {})
    output = trained.learn(TASKS[name]().build_view().arrange(task, batch(), seeded()))
    losses, measures = trained.pretext_losses(output), trained.pretext_measures(output)
    assert [*losses] == [loss for branch in task.branches for loss in branch.loss_names]
    assert [*measures] == [measure for branch in task.branches for measure in branch.measures]
    for branch in task.branches:
        several = len(branch.loss_names) > 1
        assert all(loss == branch.name or several for loss in branch.loss_names)
        assert all(each.startswith(f"{branch.name}_") for each in branch.measures)
        assert sum(measure.chance is not None for measure in branch.measures.values()) <= 1
    for value in (*losses.values(), *measures.values()):
        assert value.shape == () and value.dtype == torch.float32 and value.isfinite()
    assert not any(value.requires_grad for value in measures.values())


@each_helper
@pytest.mark.parametrize("view", sorted(VIEWS))
def test_its_loss_reaches_the_trunk_up_to_the_flag_and_nothing_after(name: str, view: str) -> None:
    config = TASKS[name](view=view)
    trained = network(name, view=view)
    output = trained.learn(config.build_view().arrange(config.build(), batch(), seeded()))
    torch.stack([*trained.pretext_losses(output).values()]).sum().backward()
    trunk = trained.trunk
    stages = [trunk.layer1, trunk.layer2, trunk.layer3, trunk.layer4]
    before, after = [trunk.conv1, *stages[: config.flag]], [*stages[config.flag :], trained.head]
    assert all(p.grad is not None and p.grad.any() for module in before for p in module.parameters())
    assert all(p.grad is None for module in after for p in module.parameters())


@each_helper
def test_a_trunk_is_pretrained_on_it_alone(name: str) -> None:
    task = build(name, {})
    trained = build_pretraining_network(ResNet10Config(), task.branches, seed=1).train()
    output = trained.learn(AloneView().arrange(task, batch(), seeded()))
    torch.stack([*trained.pretext_losses(output).values()]).sum().backward()
    assert len(output.pose_raw) == 0
    assert all(p.grad is not None for p in trained.trunk.parameters())


@each_helper
def test_its_modules_follow_from_the_seed_and_its_state_is_loaded_back(name: str) -> None:
    torch.manual_seed(1)
    one = network(name)
    torch.manual_seed(2)  # whatever the process did before
    other = network(name)
    assert_same(one.state_dict(), other.state_dict())
    view, task = TASKS[name]().build_view(), build(name, {})
    for step in range(2):
        one.learn(view.arrange(task, batch(), seeded(step)))
        one.after_step(step / 2)
    other.load_state_dict(one.state_dict())
    for trained in (one, other):
        trained.eval()
    views = view.arrange(task, batch(), seeded(9))
    assert_same(*(trained.pretext_losses(trained.learn(views)) for trained in (one, other)))


@each_helper
def test_what_it_keeps_for_itself_has_no_gradient_and_after_a_step_none_is_recorded(name: str) -> None:
    trained = network(name)
    trained.learn(TASKS[name]().build_view().arrange(build(name, {}), batch(), seeded()))
    trained.after_step(0.0)
    assert all(
        value.is_leaf and value.isfinite().all() for value in trained.state_dict(keep_vars=True).values()
    )


@each_helper
def test_dropping_its_branches_leaves_the_supervised_network(name: str) -> None:
    supervised = network(name).supervised()
    assert {key.partition(".")[0] for key in supervised.state_dict()} == {"trunk", "head"}


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [key for key in one if not torch.equal(one[key], other[key])] == []


@each_helper
def test_its_cost_is_what_the_network_forwards(name: str) -> None:
    """Counted at each stage, also of a trunk that a branch has of its own, over every view of four images."""
    rows: list[int] = []
    for view in sorted(VIEWS):
        config = TASKS[name](view={view: {"share": 0.5}}, flag=2)
        trained = network(name, view=config.view, flag=2)
        rows.clear()
        for layer in (each for key, each in trained.named_modules() if STAGE.search(key)):
            layer.register_forward_hook(lambda _, inputs, out: rows.append(len(out)))
        trained.learn(config.build_view().arrange(config.build(), batch(), seeded()))
        assert config.cost(0, 1).forwards == sum(rows) / 4 / 4
        assert config.cost(0, 1).branches > 0


def test_once_it_is_off_it_costs_nothing() -> None:
    for name in HELPERS:
        config = TASKS[name](view="two", weight_end=0.5)
        assert config.cost(1, 4).forwards > config.cost(2, 4).forwards == 1.0


def test_none_leaves_images_alone_and_has_no_branch() -> None:
    task, images = build("none", {}), random_images()
    assert torch.equal(task.perturb(images, seeded()).images, images)
    assert not task.branches and TASKS["none"]().attachment() is None
    assert TASKS["none"]().cost(0, 1).forwards == 1.0


def test_settings_are_read_and_judged_without_torch() -> None:
    code = (
        "import sys\n"
        "from trainables.pretext import PRETEXT_TASKS\n"
        "for row in PRETEXT_TASKS.values():\n"
        "    config = row()\n"
        "    config.attachment(), config.incompatibility(64), config.cost(0, 1), config.memory()\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
