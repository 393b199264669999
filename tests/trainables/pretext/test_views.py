"""Which images the pose and the task learn from, and what of the network they reach."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Any, cast

import pytest
import torch
import torch.nn.functional as F
from support.toy import CPU, blobs, toy_config, toy_session
from torch import Tensor, nn

from trainables.base.schema import Config
from trainables.losses.weighting import LossWeight
from trainables.model.backbones import ResNet10Config
from trainables.model.heads import RegressionConfig
from trainables.model.network import HeadPoseNetwork, build_network
from trainables.pretext import PretextConfig, PuzzlingConfig, RotationConfig
from trainables.pretext.lone_image import lone_image
from trainables.pretext.task_config import TaskConfig
from trainables.pretext.tiles import Tiles
from trainables.pretext.uncut_copy import uncut_copy
from trainables.pretext.views import VIEWS, MultiScaleConfig, SharedConfig, SplitConfig, TwoConfig, Views
from trainables.pretext.views.view import Mean
from trainables.training.config import TrainConfig, parse_config
from trainables.training.session import Session

pytestmark = pytest.mark.usefixtures("narrow")


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def arranged(view: Config, batch: int = 8, unlabelled: int = 0) -> tuple[Views, Tensor]:
    images, _ = blobs(batch, 32)
    beside = blobs(unlabelled, 32, seed=1)[0] if unlabelled else None
    return view.build().arrange(PuzzlingConfig().build(), images, seeded(), beside), images


def network(view: Config, *, heads: bool = True, dropout: float = 0.0) -> HeadPoseNetwork:
    config = toy_config(pretext={"puzzling": {"heads": heads, "dropout": dropout}})
    task = config.pretext
    return build_network(
        ResNet10Config(),
        config.head,
        ("yaw", "pitch", "roll"),
        dropout=0.0,
        seed=0,
        branches=task.build().branches,
        attachment=task.attachment(),
    ).train()


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_shared_perturbs_a_share_and_learns_the_pose_from_all(share: float) -> None:
    views, images = arranged(SharedConfig(share=share))
    count = round(share * 8)
    assert (views.perturbed, views.pose_from, views.first_pose, len(views.images)) == (count, 0, 0, 8)
    assert torch.equal(views.images[count:], images[count:])
    assert not torch.equal(views.images[:count], images[:count])
    assert views.labels["puzzle"].shape == (count, 4)


def test_the_whole_batch_shared_is_the_paper_s_form() -> None:
    views, images = arranged(SharedConfig())
    perturbed = PuzzlingConfig().build().perturb(images, seeded())
    assert torch.equal(views.images, perturbed.images)
    assert torch.equal(views.labels["puzzle"], perturbed.labels["puzzle"])


def test_split_learns_the_pose_from_the_clean_rest_alone() -> None:
    views, images = arranged(SplitConfig(share=0.25))
    assert (views.perturbed, views.pose_from, views.first_pose, len(views.images)) == (2, 2, 2, 8)
    assert torch.equal(views.images[2:], images[2:])


def test_split_leaves_something_to_both_of_the_smallest_batch() -> None:
    for share in (0.01, 0.99):
        views, _ = arranged(SplitConfig(share=share), batch=2)
        assert views.perturbed == 1


def test_two_adds_a_perturbed_copy_to_the_clean_batch() -> None:
    views, images = arranged(TwoConfig(share=0.5))
    assert (views.perturbed, views.pose_from, views.first_pose, len(views.images)) == (4, 4, 0, 12)
    assert torch.equal(views.images[4:], images)
    assert not torch.equal(views.images[:4], images[:4])


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_two_views_may_both_have_the_pose(share: float) -> None:
    views, _ = arranged(TwoConfig(share=share, pose_on="all"))
    count = round(share * 8)
    assert (views.perturbed, views.pose_from, len(views.images)) == (count, 0, count + 8)
    labels = torch.arange(8.0)[:, None]
    assert torch.equal(views.poses(labels), torch.cat([labels[:count], labels]))
    plain, _ = arranged(TwoConfig(share=share))
    assert torch.equal(views.images, plain.images)  # nothing else is drawn


def test_copies_of_several_sizes_are_puzzled_each_in_its_own_way() -> None:
    views, images = arranged(MultiScaleConfig(scales=(0.5, 1.0, 1.25)))
    assert torch.equal(views.images, images) and (views.perturbed, views.pose_from) == (0, 0)
    assert [each.images.shape[-1] for each in views.further] == [16, 32, 40]
    assert not any(each.has_pose for each in views.further)
    orders = [each.labels["puzzle"] for each in views.further]
    assert not torch.equal(orders[0], orders[1]) and not torch.equal(orders[1], orders[2])
    half, whole, _ = views.further
    restored = Tiles(2).rearrange(whole.images, order=whole.labels["puzzle"].argsort(dim=1))
    assert torch.equal(restored, images)
    small = Tiles(2).rearrange(half.images, order=half.labels["puzzle"].argsort(dim=1))
    torch.testing.assert_close(small, F.interpolate(images, 16, mode="bilinear", antialias=True))


def test_a_range_of_scales_is_drawn_anew_for_each_batch_and_follows_from_the_seed() -> None:
    view, images = MultiScaleConfig(scales=((0.5, 1.0), 1.0)).build(), blobs(2, 64)[0]
    task, sides = PuzzlingConfig().build(), []
    for _ in range(2):
        generator = seeded()
        drawn = [view.arrange(task, images, generator).further for _ in range(40)]
        sides.append([tuple(each.images.shape[-1] for each in further) for further in drawn])
    assert sides[0] == sides[1]
    assert {side for _, side in sides[0]} == {64}
    assert len({side for side, _ in sides[0]}) > 15
    assert all(32 <= side <= 64 for side, _ in sides[0])


@pytest.mark.parametrize("mean", ["arithmetic", "geometric"])
def test_losses_of_several_sizes_are_means_of_those_of_each_size_alone(mean: Mean) -> None:
    view = MultiScaleConfig(scales=(0.5, 1.0), pose_on="all", pose_mean=mean)
    views, _ = arranged(view)
    labels = blobs(8, 32)[1]
    trained = network(view)
    output = trained.learn(views)
    losses, helped = trained.pose_losses(output, views, labels), trained.pretext_losses(output)
    alone = network(view)
    outputs = [alone.learn(replace(views, further=())), *(alone.learn(each) for each in views.further)]
    each = [alone.head.losses(out.pose_raw, labels) for out in outputs]
    for name, loss in losses.items():
        of = torch.stack([found[name] for found in each])
        expected = of.mean() if mean == "arithmetic" else of.prod() ** (1 / 3)
        torch.testing.assert_close(loss, expected)
    puzzles = torch.stack([alone.pretext_losses(out)["puzzle"] for out in outputs[1:]])
    torch.testing.assert_close(helped["puzzle"], puzzles.mean())


def test_copies_of_other_sizes_move_no_running_statistics_and_need_no_stage_after_the_flag() -> None:
    view = MultiScaleConfig()
    views, images = arranged(view)
    trained, alone = network(view), network(view)
    rows: list[int] = []
    trained.trunk.get_submodule("layer4").register_forward_hook(lambda _, inputs, out: rows.append(len(out)))
    trained.learn(views)
    alone.trunk(images)
    assert rows == [8]
    for mine, theirs in zip(norms(trained.trunk), norms(alone.trunk), strict=True):
        assert torch.equal(mine.running_mean, theirs.running_mean)
        assert mine.track_running_stats and int(mine.num_batches_tracked) == 1


EVERY_VIEW = [
    SharedConfig(share=0.5),
    SharedConfig(share=0.5, norm="split"),
    SharedConfig(),
    SplitConfig(share=0.5),
    SplitConfig(share=0.5, norm="split"),
    TwoConfig(),
    TwoConfig(share=0.5, norm="split"),
    TwoConfig(share=0.5, pose_on="all"),
    TwoConfig(pose_on="all", norm="split"),
]
each_view = pytest.mark.parametrize("view", EVERY_VIEW, ids=repr)


@each_view
def test_poses_and_answers_come_for_the_images_that_have_them(view: Config) -> None:
    views, _ = arranged(view)
    output = network(view).learn(views)
    assert output.pose_raw.shape[0] == len(views.poses(torch.zeros(8, 3)))
    assert output.pretext["puzzle"].logits.shape == (views.perturbed, 4, 4)


@each_view
def test_no_image_without_a_label_has_a_pose_and_none_is_lost_to_the_task(view: Config) -> None:
    """In evaluation, where BatchNorm does not mix images, poses of clean ones are what they are without."""
    (views, _), (alone, _) = arranged(view, unlabelled=6), arranged(view)
    trained = network(view).eval()
    output, without = trained.learn(views), trained.learn(alone)
    assert len(output.pretext["puzzle"].logits) == views.perturbed == alone.perturbed + 6
    rows = slice(views.perturbed - views.pose_from, None)  # of the clean images
    torch.testing.assert_close(output.pose_raw[rows], without.pose_raw[rows])


@each_view
def test_the_task_s_gradient_ends_at_the_flag_and_the_pose_s_reaches_all(view: Config) -> None:
    views, _ = arranged(view)
    trained = network(view)
    trained.learn(views).pretext["puzzle"].logits.sum().backward()
    reached = {name: p.grad is not None for name, p in trained.trunk.named_parameters()}
    assert all(reached[name] == (not name.startswith("layer4")) for name in reached)
    assert trained.head.linear.weight.grad is None


@each_view
def test_the_gradient_is_the_sum_of_pose_s_and_task_s(view: Config) -> None:
    views, _ = arranged(view)
    views = replace(views, images=views.images.double())
    gradients = []
    for weights in ((1.0, 1.0), (1.0, 0.0), (0.0, 1.0)):
        trained = network(view).double()
        output = trained.learn(views)
        (weights[0] * output.pose_raw.sum() + weights[1] * output.pretext["puzzle"].logits.sum()).backward()
        gradients.append(trained.trunk.conv1.weight.grad)
    both, pose, task = gradients
    assert both is not None and pose is not None and task is not None
    torch.testing.assert_close(both, pose + task)


def norms(trained: nn.Module) -> list[nn.BatchNorm2d]:
    return [layer for layer in trained.modules() if isinstance(layer, nn.BatchNorm2d)]


@pytest.mark.parametrize("view", [SplitConfig(share=0.5, norm="split"), TwoConfig(norm="split")], ids=repr)
def test_with_split_norms_running_statistics_are_those_of_clean_images(view: Config) -> None:
    views, _ = arranged(view)
    trained, alone = network(view), network(view)
    trained.learn(views)
    alone.trunk(views.images[views.perturbed :])
    for mine, theirs in zip(norms(trained.trunk), norms(alone.trunk), strict=True):
        assert torch.equal(mine.running_mean, theirs.running_mean)
        assert torch.equal(mine.running_var, theirs.running_var)
        assert mine.track_running_stats and int(mine.num_batches_tracked) == 1


@pytest.mark.parametrize(("view", "posed"), [(SplitConfig(share=0.5), 4), (TwoConfig(), 8)], ids=repr)
def test_images_without_a_pose_go_no_further_than_the_flag(view: Config, posed: int) -> None:
    views, _ = arranged(view)
    trained, rows = network(view), {}
    for name in ("layer3", "layer4"):
        getattr(trained.trunk, name).register_forward_hook(
            lambda module, inputs, output, name=name: rows.update({name: len(output)})
        )
    trained.learn(views)
    assert rows == {"layer3": len(views.images), "layer4": posed}


def steps(session: Session, epochs: int) -> dict[str, Tensor]:
    for _ in range(epochs):
        session.run_epoch()
    return {name: value.clone() for name, value in session.network.supervised().state_dict().items()}


def trained(pretext: Any, *, epochs: int = 10) -> dict[str, Tensor]:
    return steps(toy_session(images=32, pretext=pretext, epochs=epochs, device=CPU), epochs)


def test_two_views_whose_task_weighs_nothing_train_as_supervised_learning_to_the_bit() -> None:
    """Twenty steps: nothing of the copy may reach trunk, head or running statistics."""
    helped = trained({"puzzling": {"view": {"two": {"norm": "split"}}, "ssl_weight": 0.0, "dropout": 0.0}})
    alone = trained("none")
    assert helped.keys() == alone.keys()
    assert [name for name in alone if not torch.equal(helped[name], alone[name])] == []


@pytest.mark.parametrize(
    "view", ["shared", "split", "two", {"multi_scale": {"scales": [0.75, [0.75, 1.0]], "pose_on": "all"}}]
)
def test_a_task_that_is_off_leaves_supervised_learning(view: object) -> None:
    settings = {"view": view, "weight_end": 0.5, "ssl_weight": 3.0}
    session = toy_session(images=32, pretext={"puzzling": settings}, epochs=2, device=CPU)
    first, second = session.run_epoch(), session.run_epoch()
    assert "train/loss_puzzle" in first.metrics() and "pretext/puzzle_accuracy" in first.metrics()
    assert not any("puzzle" in name for name in second.metrics())


@pytest.mark.parametrize(
    ("kind", "end", "factors"),
    [
        ("constant", 1.0, [1, 1, 1, 1]),
        ("constant", 0.5, [1, 1, 0, 0]),
        ("linear", 1.0, [1, 0.75, 0.5, 0.25]),
        ("linear", 0.5, [1, 0.5, 0, 0]),
        ("cosine", 1.0, [1, 0.853553, 0.5, 0.146447]),
    ],
)
def test_the_weight_falls_until_its_end(kind: Any, end: float, factors: list[float]) -> None:
    weight = LossWeight(1.0, kind, end, 4)
    assert [weight.factor(epoch) for epoch in range(4)] == pytest.approx(factors, abs=1e-6)


@pytest.mark.parametrize("kind", ["constant", "linear", "cosine"])
def test_it_ends_after_its_share_of_the_epochs_whatever_floats_make_of_it(kind: Any) -> None:
    for hundredths in range(1, 101):
        weight = LossWeight(1.0, kind, hundredths / 100, 100)
        assert [weight.on(epoch) for epoch in range(100)] == [epoch < hundredths for epoch in range(100)]
        assert [weight.factor(epoch) > 0 for epoch in range(100)] == [
            epoch < hundredths for epoch in range(100)
        ]


def refusal(settings: dict[str, Any], image_px: int, batch: int) -> str:
    """Return what is said of rotation in this form, empty where it is accepted."""
    data = {"train": {"dataset": "heads"}, "image_px": image_px, "batch": batch}
    network = {"backbone": "resnet10"}
    parsed = parse_config({"data": data, "network": network, "pretext": {"rotation": settings}})
    return "" if isinstance(parsed, TrainConfig) else str(parsed[0][1])


def learns(settings: dict[str, Any], image_px: int, batch: int) -> None:
    """Forward one batch as a training step does."""
    task = RotationConfig.model_validate(settings)
    built = build_network(
        ResNet10Config(),
        RegressionConfig(),
        ("yaw",),
        dropout=0.0,
        seed=0,
        branches=task.build().branches,
        attachment=task.attachment(),
    )
    images = torch.zeros(batch, 3, image_px, image_px)
    with torch.no_grad():
        built.train().learn(task.build_view().arrange(task.build(), images, seeded()))


@pytest.mark.parametrize("norm", ["shared", "split"])
@pytest.mark.parametrize("view", ["shared", "split", "two"])
def test_one_image_that_cannot_be_normalised_is_refused_before_it_is_trained(view: str, norm: str) -> None:
    refused = 0
    for batch, share, (flag, stride) in product(
        (2, 4), (0.25, 0.75), ((1, None), (3, 1), (3, None), (4, None))
    ):
        settings = {
            "flag": flag,
            "branch": {"stride": stride},
            "view": {view: {"share": share, "norm": norm}},
        }
        assert refusal(settings, 64, batch) == "", "two pixels each way are enough"
        if reason := refusal(settings, 32, batch):
            refused += 1
            assert "one of" in reason and "BatchNorm cannot normalise" in reason
            with pytest.raises(ValueError, match="more than 1 value per channel"):
                learns(settings, 32, batch)
        else:
            learns(settings, 32, batch)
    assert refused


def test_tiles_of_the_smallest_size_are_large_enough_or_it_is_refused() -> None:
    reasons = [
        refusal({"grid": 3, "view": {"multi_scale": {"scales": [low, 1.0]}}}, 64, 8) for low in (0.3, 0.4)
    ]
    assert "a grid of 3 cuts 19 px into tiles below 8 px, and a scale of 0.3 of 64 px is that" in reasons[0]
    assert reasons[1] == ""


def test_one_image_of_the_smallest_size_that_cannot_be_normalised_is_refused() -> None:
    view = {"multi_scale": {"share": 0.25, "scales": [0.5, 1.0]}}
    assert "BatchNorm cannot normalise" in refusal({"view": view}, 64, 4)
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        learns({"view": view}, 64, 4)
    for settings, batch in (({"view": view}, 8), ({"view": view, "flag": 2}, 4)):
        assert refusal(settings, 64, batch) == ""
        learns(settings, 64, batch)


@pytest.mark.parametrize(
    ("settings", "rule"),
    [
        ({"view": {"shared": {"norm": "split"}}}, "take a share below 1"),
        ({"view": {"split": {"share": 1.0}}}, "less than 1"),
        ({"view": {"two": {"share": 0.0}}}, "greater than 0"),
        ({"view": "two", "heads": False}, "heads: false leaves nothing to learn"),
        ({"view": "split", "heads": False}, "heads: false leaves nothing to learn"),
        ({"view": "twice"}, "'twice' is unknown"),
        ({"view": {"two": {"pose_on": "half"}}}, "'clean' or 'all'"),
        ({"view": {"multi_scale": {"scales": []}}}, "at least 1 item"),
        (
            {"view": {"multi_scale": {"scales": [[0.9, 0.6]]}}},
            "a range of scales is [low, high], got [0.9, 0.6]",
        ),
        ({"view": "multi_scale", "heads": False}, "heads: false leaves nothing to learn"),
    ],
)
def test_forms_that_make_no_sense_are_refused(settings: dict[str, Any], rule: str) -> None:
    tree = {"data": {"train": {"dataset": "heads"}}, "pretext": {"puzzling": settings}}
    parsed = parse_config(tree)
    assert not isinstance(parsed, TrainConfig)
    assert any(rule in str(fault) for _, fault in parsed), [str(fault) for _, fault in parsed]


def test_every_view_is_a_setting_of_every_task() -> None:
    for name in VIEWS:
        assert TaskConfig.model_validate({"view": name}).build_view() is not None


class OfAnotherClass:
    """A task's settings that answer all questions and inherit nothing, as those of a package may be."""

    def __init__(self, settings: TaskConfig) -> None:
        self._settings = settings

    def __getattr__(self, name: str) -> Any:
        return getattr(self._settings, name)


def test_a_task_that_inherits_nothing_is_asked_for_its_view_as_any_other() -> None:
    lone = RotationConfig(view=TwoConfig(share=0.25))
    assert (reason := lone_image(lone, 32, batch=4)) is not None and "one of 4 images" in reason
    assert lone_image(cast(PretextConfig, OfAnotherClass(lone)), 32, batch=4) == reason
    cut = RotationConfig(view=MultiScaleConfig(scales=(0.75, 1.0)))
    assert (reason := uncut_copy(cut, 32, patch_px=16)) is not None and "copies of 24 px" in reason
    assert uncut_copy(cast(PretextConfig, OfAnotherClass(cut)), 32, patch_px=16) == reason
