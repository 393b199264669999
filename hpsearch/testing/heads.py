"""The contract of supervised heads: the losses that they name, poses in degrees, gradients at zero error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from trainables.base.errors import InputError
from trainables.model.heads import HEADS, Head, HeadConfig
from trainables.target import TARGETS

Angles = tuple[str, ...]

ANGLE_SETS: tuple[Angles, ...] = (("yaw", "pitch", "roll"), ("yaw", "pitch"))
"""The angles that a dataset may have labels of."""

FEATURES = 16


def incompatibility(config: HeadConfig, angles: Angles) -> str | None:
    """Return why a head cannot learn the first angles of a head pose, or None."""
    return config.incompatibility(TARGETS["head_pose"]().labels[: len(angles)])


def build(config: HeadConfig, angles: Angles, seed: int = 0) -> Head:
    """Return a head with the weights of a seed."""
    torch.manual_seed(seed)
    return config.build(FEATURES, angles)


def heads(config: HeadConfig) -> Iterator[tuple[Head, Angles, Tensor, Tensor]]:
    """Yield a head per set of angles that it learns, the angles, raw outputs [8, ...] and poses [8, A]."""
    for angles in ANGLE_SETS:
        if incompatibility(config, angles) is None:
            head = build(config, angles)
            yield head, angles, head(torch.randn(8, FEATURES)), poses(8, angles)


def poses(batch: int, angles: Angles) -> Tensor:
    """Return poses [B, A] within 50 degrees."""
    return torch.rand(batch, len(angles)) * 100 - 50


def total(losses: dict[str, Tensor]) -> Tensor:
    """Return the sum of all losses."""
    return torch.stack([*losses.values()]).sum()


class HeadContract:
    """What every head keeps; parametrise a subclass with `config`."""

    def test_all_angles_can_be_learned_and_what_cannot_is_refused_with_the_way_out(
        self, config: HeadConfig
    ) -> None:
        assert incompatibility(config, ANGLE_SETS[0]) is None
        for angles in ANGLE_SETS[1:]:
            if reason := incompatibility(config, angles):
                assert " and ".join(angles) in reason
                assert any(
                    name in reason for name, row in HEADS.items() if not incompatibility(row(), angles)
                )
                with pytest.raises(InputError) as caught:
                    build(config, angles)
                assert str(caught.value) == f"head: {reason}"

    def test_the_losses_that_it_names_and_poses_in_degrees(self, config: HeadConfig) -> None:
        for head, angles, raw, pose in heads(config):
            losses = head.losses(raw, pose)
            assert tuple(losses) == head.loss_names
            assert head.loss_names in (angles, ("pose",))
            assert all(loss.shape == () and loss.isfinite() for loss in losses.values())
            assert head.decode(raw).shape == (8, len(angles))
            assert head.decode(raw).dtype == torch.float32

    def test_a_loss_depends_on_its_own_angle_alone_that_of_the_pose_on_each(self, config: HeadConfig) -> None:
        for head, angles, raw, pose in heads(config):
            before = head.losses(raw, pose)
            for column, moved in enumerate(angles):
                after = head.losses(raw, pose + 10 * torch.eye(len(angles))[column])
                for loss in head.loss_names:
                    assert torch.equal(before[loss], after[loss]) == (loss not in (moved, "pose"))

    def test_the_poses_that_it_gives_have_the_smallest_loss(self, config: HeadConfig) -> None:
        for head, _, raw, _ in heads(config):
            exact, near, far = (total(head.losses(raw, head.decode(raw) + error)) for error in (0, 9, 18))
            assert exact < near < far

    def test_the_weights_are_all_that_it_remembers(self, config: HeadConfig) -> None:
        for head, angles, _, _ in heads(config):
            features, other = torch.randn(8, FEATURES), build(config, angles, seed=1)
            assert isinstance(head, nn.Module) and isinstance(other, nn.Module)
            assert not torch.equal(other(features), head(features))
            other.load_state_dict(head.state_dict())
            assert torch.equal(other(features), head(features))

    def test_the_gradient_is_finite_at_zero_error(self, config: HeadConfig) -> None:
        for head, _, made, _ in heads(config):
            raw = made.detach().requires_grad_()
            torch.autograd.backward(total(head.losses(raw, head.decode(raw).detach())))
            assert raw.grad is not None and raw.grad.isfinite().all()

    def test_losses_are_computed_in_fp32(self, config: HeadConfig) -> None:
        for head, _, raw, pose in heads(config):
            half = head.losses(raw.detach().half(), pose)
            rounded = head.losses(raw.detach().half().float(), pose)
            assert all(loss.dtype == torch.float32 for loss in half.values())
            assert all(torch.equal(half[loss], rounded[loss]) for loss in head.loss_names)

    def test_autocast_changes_no_digit_of_a_pose(self, config: HeadConfig) -> None:
        for head, _, made, _ in heads(config):
            raw = made.detach().half()
            with torch.autocast("cpu", torch.bfloat16):
                inside = head.decode(raw)
                assert (raw.float() @ raw.float().mT).dtype == torch.bfloat16  # it is on
            assert torch.equal(inside, head.decode(raw.float()))

    def test_out_of_range_labels_are_learned_from_like_any_other(self, config: HeadConfig) -> None:
        for head, angles, raw, _ in heads(config):
            far = torch.tensor([[-120.0, 99.0, 170.0], [140.0, -99.5, -180.0]])[:, : len(angles)]
            assert all(loss.isfinite() for loss in head.losses(raw[:2], far).values())
