"""Equivariance: pixels turn as the target says that labels do; agreeing with the teacher costs nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from support.plain_heads import apart, plain_head
from support.toy import prepared_blobs, toy_config
from torch import Tensor, nn

from hpsearch.testing.pretext import arranged
from hpsearch.testing.pretext import network as small_network
from trainables.base.errors import InputError
from trainables.data.datasets.prepared import write_labels
from trainables.losses.weighting import LossWeight, PrimaryFirstConfig
from trainables.losses.weighting.backward import backward
from trainables.model.heads import Rot6dConfig
from trainables.model.network import HeadPoseNetwork
from trainables.pose.angles import ANGLES
from trainables.pose.rotations import matrix_from_pose
from trainables.pretext.branch import Seen
from trainables.pretext.equivariance import EquivarianceConfig
from trainables.pretext.equivariance_branch import Consistency, EquivarianceBranch
from trainables.pretext.in_plane import changed_in_plane
from trainables.target import HeadPoseConfig
from trainables.training.training_data import open_data

pytestmark = pytest.mark.usefixtures("narrow")

TARGET = HeadPoseConfig().build(HeadPoseConfig().labels)


def network(momentum: float = 0.75) -> HeadPoseNetwork:
    return small_network(EquivarianceConfig(momentum=momentum))


def branch_of(trained: HeadPoseNetwork) -> EquivarianceBranch:
    branch = trained.branches["equivariance"]
    assert isinstance(branch, EquivarianceBranch)
    return branch


@pytest.mark.parametrize("pose", [(60.0, 20.0, 0.0), (-40.0, 30.0, 20.0)])
@pytest.mark.parametrize(("mirrored", "turn_deg"), [(False, 20.0), (False, -35.0), (True, 0.0), (True, 20.0)])
def test_a_changed_head_is_a_head_in_the_pose_that_the_target_says(
    pose: tuple[float, float, float], mirrored: bool, turn_deg: float
) -> None:
    """The consistency of the true label is 0: the picture shows the pose that the label becomes."""
    pixels = torch.tensor(np.asarray(plain_head(pose, 96))).permute(2, 0, 1)[None].float()
    change = {"mirrored": torch.tensor([mirrored]), "turn_deg": torch.tensor([turn_deg])}
    changed = changed_in_plane(pixels, **change)[0].permute(1, 2, 0).numpy()
    [label] = branch_of(network()).changed(torch.tensor([pose]), torch.tensor([[float(mirrored), turn_deg]]))
    naive = (pose[0], pose[1], pose[2] + turn_deg)
    shown = Image.fromarray(changed.round().astype(np.uint8))
    assert apart(shown, plain_head(label.numpy(), 96)) < 0.25 * apart(shown, plain_head(naive, 96))


def test_a_network_that_says_what_the_labels_become_has_no_loss() -> None:
    """A head that is right about every changed image has no loss, one that ignores the change has."""
    true = torch.tensor([[60.0, 20.0, 0.0], [-40.0, 30.0, 20.0]])
    change = torch.tensor([[0.0, 25.0], [1.0, -10.0]])
    branch = branch_of(network())
    became = branch.changed(true, change)
    head = Rot6dConfig().build(8, ANGLES)
    branch.head = head

    def raw(pose_deg: Tensor) -> Tensor:
        return matrix_from_pose(pose_deg)[..., :2].transpose(-1, -2).flatten(1)

    assert branch.losses(Consistency(raw(became), became))["equivariance"].item() < 1e-3
    assert branch.losses(Consistency(raw(true), became))["equivariance"].item() > 10
    assert branch.measure(Consistency(raw(became), became))["equivariance_error"].item() < 1e-3


def test_the_teacher_sees_clean_images_and_learns_by_its_average_alone() -> None:
    trained = network(momentum=0.75)
    branch = branch_of(trained)
    changed, clean = torch.randn(2, 4, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    label = torch.cat([clean, torch.zeros(4, 2, 64, 64)], dim=1)
    output = branch(Seen(changed, trained.trunk(changed), {"equivariance": label}, views=1))
    pooled = nn.functional.adaptive_avg_pool2d(branch.teacher_trunk(clean)[-1], 1).flatten(1)
    torch.testing.assert_close(output.labels, branch.teacher_head(pooled))  # nothing is changed
    branch.losses(output)["equivariance"].backward()
    teacher = [*branch.teacher_trunk.parameters(), *branch.teacher_head.parameters()]
    assert all(each.grad is None for each in teacher)
    assert all(each.grad is not None for each in trained.head.parameters())
    begun = branch.teacher_head.linear.weight.clone()
    with torch.no_grad():
        trained.head.linear.weight.add_(1.0)
    trained.after_step(0.5)
    torch.testing.assert_close(branch.teacher_head.linear.weight, begun + 0.25)


def test_a_label_is_the_clean_image_and_how_the_view_was_changed() -> None:
    images = torch.rand(6, 3, 48, 48, generator=torch.Generator().manual_seed(0))
    plain = {"colour": 0.0, "blur_px": 0.0, "cutout": 0.0, "zoom": 0.0}
    made = (
        EquivarianceConfig(turn_deg=30.0, **plain).build().perturb(images, torch.Generator().manual_seed(1))
    )
    label = made.labels["equivariance"]
    mirrored, turn_deg = label[:, 3:, 0, 0].T
    assert torch.equal(label[:, :3], images) and 0 < mirrored.sum() < 6 and turn_deg.abs().max() <= 30
    assert torch.equal(made.images, changed_in_plane(images, mirrored=mirrored > 0, turn_deg=turn_deg))


def test_a_helper_through_the_head_never_slows_the_pose_under_primary_first() -> None:
    """To first order the pose falls as fast as alone, at the head too, which this helper learns through."""
    weights = {"yaw": LossWeight(), "pitch": LossWeight(), "roll": LossWeight()}
    weighting = PrimaryFirstConfig().build({**weights, "equivariance": LossWeight(9.0, group="helper")})
    for seed in range(8):
        trained = network()
        every = [each for part in (trained.trunk, trained.head) for each in part.parameters()]
        views = arranged(EquivarianceConfig(view="two"), seed)
        labels = 60 * torch.rand(4, 3, generator=torch.Generator().manual_seed(seed)) - 30
        output = trained.learn(views)
        pose = trained.pose_losses(output, views, labels)
        alone = torch.autograd.grad(torch.stack([*pose.values()]).sum(), every, retain_graph=True)
        losses = pose | trained.pretext_losses(output)
        unscaled = torch.amp.GradScaler("cpu", enabled=False)
        backward(weighting, losses, 0, shared=trained.shared_parameters(), scaler=unscaled)
        falls = sum((own * each.grad).sum() for own, each in zip(alone, every, strict=True))
        assert falls >= (1 - 1e-4) * sum(own.square().sum() for own in alone)


def test_turns_without_roll_are_refused_and_mirroring_is_not(tmp_path: Path) -> None:
    dataset = prepared_blobs(tmp_path / "blobs", splits=("train", "validation"))
    table = pd.read_parquet(dataset.folder / "labels.parquet").drop(columns="roll_deg")
    write_labels(dataset.folder, table, source="test")
    with pytest.raises(InputError, match=r"turn_deg 30 needs the roll .* set turn_deg to 0"):
        open_data(toy_config(pretext="equivariance", augmentation="none"), tmp_path)
    open_data(toy_config(pretext={"equivariance": {"turn_deg": 0.0}}, augmentation="none"), tmp_path)


def test_nothing_to_change_and_a_block_are_refused() -> None:
    with pytest.raises(ValueError, match="no image is changed"):
        EquivarianceConfig(turn_deg=0.0, mirror=0.0)
    with pytest.raises(ValueError, match="leave this out"):
        EquivarianceConfig(branch={"pool": "max"})
