"""The contract of pretext tasks, whatever their views show and their branches learn."""

from __future__ import annotations

import re
from typing import Any, Protocol

import pytest
import torch
from pydantic import ValidationError
from torch import Tensor

from hpsearch.testing.configs import assert_read_without_torch, changed
from trainables.model.backbones import ResNet10Config
from trainables.model.heads import HeadConfig, RegressionConfig
from trainables.model.inits import SslConfig
from trainables.model.network import HeadPoseNetwork, build_network, build_pretraining_network
from trainables.pretext import PretextConfig
from trainables.pretext.cost import FORWARD_ALONE
from trainables.pretext.task import ONE_VIEW, Uses
from trainables.pretext.views import VIEWS, Views
from trainables.pretext.views.alone import AloneView
from trainables.target import HeadPoseConfig


class HelperConfig(PretextConfig, Protocol):
    """A task with its branches, whose settings are those of `TaskConfig` and its own."""

    @property
    def flag(self) -> int:
        """The stage that its branches fork after."""

    @property
    def uses(self) -> Uses:
        """What each of its views is for."""


STAGE = re.compile(r"(^|\.)layer[1-4]$")
"""The names of a trunk's stages."""


def random_images(batch: int = 16, px: int = 60) -> Tensor:
    """Return images [B, 3, px, px] of which no two pixels are alike, so that a moved one is seen."""
    values = torch.randperm(batch * 3 * px * px, generator=torch.Generator().manual_seed(5))
    return values.float().view(batch, 3, px, px)


def seeded(seed: int = 0) -> torch.Generator:
    """Return a generator of its own."""
    return torch.Generator().manual_seed(seed)


def small_batch() -> Tensor:
    """Return four images [4, 3, 64, 64] with values below 1."""
    return random_images(4, 64) / (4 * 3 * 64 * 64)


def network(config: HelperConfig, head: HeadConfig | None = None) -> HeadPoseNetwork:
    """Return the smallest network with a task's branches, in training."""
    return build_network(
        ResNet10Config(),
        head or RegressionConfig(),
        [label.name for label in HeadPoseConfig().labels],
        dropout=0.0,
        seed=1,
        branches=config.build().branches,
        attachment=config.attachment(),
        target=HeadPoseConfig().build(HeadPoseConfig().labels),
    ).train()


def at_flag(config: HelperConfig, flag: int, **settings: Any) -> HelperConfig:
    """Return a task at another flag; as it was where it has but one."""
    try:
        return changed(config, flag=flag, **settings)
    except ValidationError:
        return changed(config, **settings)


def learns_through_the_head(trained: HeadPoseNetwork) -> bool:
    """Say whether a branch has the network's own head."""
    return any(module is trained.get_submodule("head") for module in trained.branches.modules())


def arranged(config: HelperConfig, seed: int = 0, unlabelled: int = 0) -> Views:
    """Return what a step with four images forwards, and so many without labels."""
    beside = random_images(unlabelled, 64) / (unlabelled * 3 * 64 * 64) if unlabelled else None
    return config.build_view().arrange(config.build(), small_batch(), seeded(seed), beside)


def assert_same(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    """Compare tensors by name, to the bit."""
    assert one.keys() == other.keys()
    assert [key for key in one if not torch.equal(one[key], other[key])] == []


class SettingsContract:
    """What the settings of a task say without building it; parametrise a subclass with `config`."""

    def test_settings_are_read_and_judged_without_torch(self, config: PretextConfig) -> None:
        assert_read_without_torch(
            config,
            "config.attachment(), config.incompatibility(64), config.cost(0, 1), "
            "config.unlabelled_cost(0, 1), config.memory()",
        )


class PerturbContract:
    """What a pretext task does to images, `none` too; parametrise a subclass with `config`."""

    def test_a_task_makes_as_many_views_of_every_image_as_it_says(self, config: PretextConfig) -> None:
        task, images = config.build(), random_images()
        before = images.clone()
        made = task.perturb(images, seeded())
        assert made.images.shape == (len(task.uses) * len(images), *images.shape[1:])
        assert (made.images.dtype, made.images.device) == (images.dtype, images.device)
        assert made.images.isfinite().all()
        assert torch.equal(images, before)
        assert all(len(labels) == len(images) for labels in made.labels.values())
        assert made.labels.keys() <= {branch.name for branch in task.branches}

    def test_views_that_the_pose_learns_from_come_last(self, config: PretextConfig) -> None:
        uses = config.build().uses
        assert set(uses) <= {"helper", "both"} and uses.count("both") <= 1
        assert uses and "both" not in uses[:-1]

    def test_a_seed_gives_the_same_batch_and_the_global_generator_is_not_used(
        self, config: PretextConfig
    ) -> None:
        task, images = config.build(), random_images()
        state = torch.get_rng_state()
        first, second = task.perturb(images, seeded(7)), task.perturb(images, seeded(7))
        assert torch.equal(first.images, second.images)
        assert_same(first.labels, second.labels)
        assert torch.equal(torch.get_rng_state(), state)

    @pytest.mark.parametrize("px", [32, 33, 64, 225])
    def test_images_of_a_size_are_perturbed_or_refused_with_a_reason(
        self, config: PretextConfig, px: int
    ) -> None:
        reason = config.incompatibility(px)
        if reason is None:
            task = config.build()
            made = task.perturb(random_images(2, px), seeded()).images
            assert made.shape == (2 * len(task.uses), 3, px, px)
        else:
            assert f"{px} px" in reason


class BranchContract:
    """What the branches of a task are to the network; parametrise a subclass with `config`."""

    def test_the_config_says_what_the_views_are_for(self, config: HelperConfig) -> None:
        assert config.build().uses == config.uses

    def test_the_generator_draws_anew_for_every_batch(self, config: HelperConfig) -> None:
        task, images, generator = config.build(), random_images(), seeded()
        first, second = (task.perturb(images, generator) for _ in range(2))
        assert not torch.equal(first.images, second.images)
        assert all(not torch.equal(first.labels[branch], second.labels[branch]) for branch in first.labels)

    def test_without_heads_images_are_perturbed_all_the_same_or_that_is_refused(
        self, config: HelperConfig
    ) -> None:
        try:
            without = changed(config, heads=False)
        except ValidationError as error:
            assert "heads: false" in str(error) and config.uses != ONE_VIEW
            return
        assert config.attachment() is not None and without.attachment() is None
        images = random_images()
        ours, theirs = (each.build().perturb(images, seeded()) for each in (config, without))
        assert torch.equal(ours.images, theirs.images) and not torch.equal(ours.images, images)

    def test_losses_and_measures_have_the_names_of_the_plans_and_begin_with_the_branchs(
        self, config: HelperConfig
    ) -> None:
        trained, branches = network(config), config.build().branches
        output = trained.learn(arranged(config))
        losses, measures = trained.pretext_losses(output), trained.pretext_measures(output)
        assert [*losses] == [loss for branch in branches for loss in branch.loss_names]
        assert [*measures] == [measure for branch in branches for measure in branch.measures]
        for branch in branches:
            several = len(branch.loss_names) > 1
            assert all(loss == branch.name or several for loss in branch.loss_names)
            assert all(each.startswith(f"{branch.name}_") for each in branch.measures)
            assert sum(measure.chance is not None for measure in branch.measures.values()) <= 1
        for value in (*losses.values(), *measures.values()):
            assert value.shape == () and value.dtype == torch.float32 and value.isfinite()
        assert not any(value.requires_grad for value in measures.values())

    @pytest.mark.parametrize("view", sorted(VIEWS.built_in))
    def test_its_loss_reaches_the_trunk_up_to_the_flag_and_nothing_after(
        self, config: HelperConfig, view: str
    ) -> None:
        seen = changed(config, view={view: {"share": 0.5}})  # two images: one has no statistics
        trained = network(seen)
        output = trained.learn(arranged(seen))
        torch.autograd.backward(torch.stack([*trained.pretext_losses(output).values()]).sum())
        stages = [trained.trunk.get_submodule(f"layer{stage}") for stage in range(1, 5)]
        before = [trained.trunk.get_submodule("conv1"), *stages[: seen.flag]]
        assert all(p.grad is not None and p.grad.any() for module in before for p in module.parameters())
        head = [] if learns_through_the_head(trained) else [trained.get_submodule("head")]
        after = [*stages[seen.flag :], *head]
        assert all(p.grad is None for module in after for p in module.parameters())

    def test_a_trunk_is_pretrained_on_it_alone_or_that_is_refused(self, config: HelperConfig) -> None:
        if not config.pretrains:
            with pytest.raises(ValidationError, match="a pretraining has none"):
                SslConfig(pretext=config)
            return
        task = config.build()
        trained = build_pretraining_network(ResNet10Config(), task.branches, seed=1).train()
        output = trained.learn(AloneView().arrange(task, small_batch(), seeded()))
        torch.autograd.backward(torch.stack([*trained.pretext_losses(output).values()]).sum())
        assert len(output.pose_raw) == 0
        assert all(p.grad is not None for p in trained.trunk.parameters())

    def test_its_modules_follow_from_the_seed_and_its_state_is_loaded_back(
        self, config: HelperConfig
    ) -> None:
        torch.manual_seed(1)
        one = network(config)
        torch.manual_seed(2)  # whatever the process did before
        other = network(config)
        assert_same(one.state_dict(), other.state_dict())
        for step in range(2):
            one.learn(arranged(config, step))
            one.after_step(step / 2)
        other.load_state_dict(one.state_dict())
        for trained in (one, other):
            trained.eval()
        views = arranged(config, 9)
        assert_same(*(trained.pretext_losses(trained.learn(views)) for trained in (one, other)))

    def test_what_it_keeps_for_itself_has_no_gradient_and_after_a_step_none_is_recorded(
        self, config: HelperConfig
    ) -> None:
        trained = network(config)
        trained.learn(arranged(config))
        trained.after_step(0.0)
        state = trained.state_dict(keep_vars=True)
        assert all(value.is_leaf and value.isfinite().all() for value in state.values())

    def test_dropping_its_branches_leaves_the_supervised_network(self, config: HelperConfig) -> None:
        supervised = network(config).supervised()
        assert {key.partition(".")[0] for key in supervised.state_dict()} == {"trunk", "head"}

    @pytest.mark.parametrize("unlabelled", [0, 6])
    @pytest.mark.parametrize("view", sorted(VIEWS.built_in))
    def test_its_cost_is_what_the_network_forwards(
        self, config: HelperConfig, view: str, unlabelled: int
    ) -> None:
        """Counted at each stage, also of a trunk that a branch has of its own; by pixels, not by images.

        Where nothing goes back, as through a teacher, an image counts a third.
        """
        rows: list[float] = []
        seen = at_flag(config, 2, view={view: {"share": 0.5}})
        trained = network(seen)
        for key, layer in trained.named_modules():
            if STAGE.search(key):
                side = small_batch().shape[-1] / 2 ** (int(key[-1]) + 1)  # of the maps of such an image
                layer.register_forward_hook(
                    lambda _, inputs, out, side=side: rows.append(
                        len(out)
                        * (out.shape[-1] / side) ** 2
                        * (1 if torch.is_grad_enabled() else FORWARD_ALONE)
                    )
                )
        trained.learn(arranged(seen, unlabelled=unlabelled))
        cost, beside = seen.cost(0, 1), seen.unlabelled_cost(0, 1)
        assert 4 * cost.forwards + unlabelled * beside.forwards == pytest.approx(sum(rows) / 4)
        assert cost.branches > 0 and beside.branches > 0

    def test_once_it_is_off_it_costs_nothing(self, config: HelperConfig) -> None:
        half = changed(config, view="two", weight_end=0.5)
        assert half.cost(1, 4).forwards > half.cost(2, 4).forwards == 1.0
        assert half.unlabelled_cost(1, 4).forwards > half.unlabelled_cost(2, 4).forwards == 0.0


class PretextContract(SettingsContract, PerturbContract, BranchContract):
    """What every pretext task keeps; parametrise a subclass with `config`, a task with its branches."""
