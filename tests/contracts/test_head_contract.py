"""The contract of supervised heads: the losses that they name, poses in degrees, gradients at zero error."""

from __future__ import annotations

import itertools

import pytest
import torch

from trainables.base.errors import InputError
from trainables.model.heads import HEADS, Head
from trainables.target import HeadPoseConfig

ANGLE_SETS = [("yaw", "pitch", "roll"), ("yaw", "pitch")]
CASES = list(itertools.product(sorted(HEADS), ANGLE_SETS))


def incompatibility(name: str, angles: tuple[str, ...]) -> str | None:
    return HEADS[name]().incompatibility(HeadPoseConfig().labels[: len(angles)])


each_head = pytest.mark.parametrize(
    ("name", "angles"), [case for case in CASES if not incompatibility(*case)]
)


def build(name: str, angles: tuple[str, ...]) -> Head:
    torch.manual_seed(0)
    return HEADS[name]().build(16, angles)


def poses(batch: int, angles: tuple[str, ...]) -> torch.Tensor:
    return torch.rand(batch, len(angles)) * 100 - 50


@pytest.mark.parametrize("name", sorted(HEADS))
def test_all_angles_can_be_learned_and_what_cannot_is_refused_with_the_way_out(name: str) -> None:
    assert incompatibility(name, ANGLE_SETS[0]) is None
    for angles in ANGLE_SETS[1:]:
        if reason := incompatibility(name, angles):
            assert " and ".join(angles) in reason
            assert any(other in reason for other in HEADS if not incompatibility(other, angles))
            with pytest.raises(InputError) as caught:
                build(name, angles)
            assert str(caught.value) == f"head: {reason}"


@each_head
def test_the_losses_that_it_names_and_poses_in_degrees(name: str, angles: tuple[str, ...]) -> None:
    head = build(name, angles)
    raw = head(torch.randn(8, 16))
    losses = head.losses(raw, poses(8, angles))
    assert tuple(losses) == head.loss_names in (angles, ("pose",))
    assert all(loss.shape == () and loss.isfinite() for loss in losses.values())
    assert head.decode(raw).shape == (8, len(angles))
    assert head.decode(raw).dtype == torch.float32


@each_head
def test_a_loss_depends_on_its_own_angle_alone_that_of_the_pose_on_each(
    name: str, angles: tuple[str, ...]
) -> None:
    head, pose = build(name, angles), poses(8, angles)
    raw = head(torch.randn(8, 16))
    before = head.losses(raw, pose)
    for column, moved in enumerate(angles):
        after = head.losses(raw, pose + 10 * torch.eye(len(angles))[column])
        for loss in head.loss_names:
            assert torch.equal(before[loss], after[loss]) == (loss not in (moved, "pose"))


@each_head
def test_the_poses_that_it_gives_have_the_smallest_loss(name: str, angles: tuple[str, ...]) -> None:
    head = build(name, angles)
    raw = head(torch.randn(8, 16))
    exact, near, far = (
        sum(head.losses(raw, head.decode(raw) + error_deg).values()) for error_deg in (0, 9, 18)
    )
    assert exact < near < far


@each_head
def test_the_weights_are_all_that_it_remembers(name: str, angles: tuple[str, ...]) -> None:
    head, features = build(name, angles), torch.randn(8, 16)
    other = HEADS[name]().build(16, angles)
    assert not torch.equal(other(features), head(features))
    other.load_state_dict(head.state_dict())
    assert torch.equal(other.decode(other(features)), head.decode(head(features)))


@each_head
def test_the_gradient_is_finite_at_zero_error(name: str, angles: tuple[str, ...]) -> None:
    head = build(name, angles)
    raw = head(torch.randn(8, 16)).detach().requires_grad_()
    sum(head.losses(raw, head.decode(raw).detach()).values()).backward()
    assert raw.grad is not None and raw.grad.isfinite().all()


@each_head
def test_losses_are_computed_in_fp32(name: str, angles: tuple[str, ...]) -> None:
    head = build(name, angles)
    raw = head(torch.randn(8, 16)).detach()
    pose = poses(8, angles)
    half = head.losses(raw.half(), pose)
    rounded = head.losses(raw.half().float(), pose)
    assert all(loss.dtype == torch.float32 for loss in half.values())
    assert all(torch.equal(half[loss], rounded[loss]) for loss in head.loss_names)


@each_head
def test_autocast_changes_no_digit_of_a_pose(name: str, angles: tuple[str, ...]) -> None:
    head = build(name, angles)
    raw = head(torch.randn(8, 16)).detach().half()
    with torch.autocast("cpu", torch.bfloat16):
        inside = head.decode(raw)
        assert (raw.float() @ raw.float().mT).dtype == torch.bfloat16  # it is on
    assert torch.equal(inside, head.decode(raw.float()))


@each_head
def test_out_of_range_labels_are_learned_from_like_any_other(name: str, angles: tuple[str, ...]) -> None:
    head = build(name, angles)
    far = torch.tensor([[-120.0, 99.0, 170.0], [140.0, -99.5, -180.0]])[:, : len(angles)]
    assert all(loss.isfinite() for loss in head.losses(head(torch.randn(2, 16)), far).values())
