"""The contract of supervised heads: one finite loss per angle, poses in degrees, gradients at zero error."""

from __future__ import annotations

import itertools

import pytest
import torch

from trainables.model.heads import HEADS, Head

ANGLE_SETS = [("yaw", "pitch", "roll"), ("yaw", "pitch")]

each_head = pytest.mark.parametrize(("name", "angles"), list(itertools.product(sorted(HEADS), ANGLE_SETS)))


def build(name: str, angles: tuple[str, ...]) -> Head:
    torch.manual_seed(0)
    return HEADS[name]().build(16, angles)


def poses(batch: int, angles: tuple[str, ...]) -> torch.Tensor:
    return torch.rand(batch, len(angles)) * 100 - 50


@each_head
def test_one_finite_loss_per_angle_and_poses_in_degrees(name: str, angles: tuple[str, ...]) -> None:
    head = build(name, angles)
    raw = head(torch.randn(8, 16))
    losses = head.losses(raw, poses(8, angles))
    assert list(losses) == list(angles)
    assert all(loss.shape == () and loss.isfinite() for loss in losses.values())
    assert head.decode(raw).shape == (8, len(angles))
    assert head.decode(raw).dtype == torch.float32


@each_head
def test_the_loss_of_an_angle_depends_on_that_angle_alone(name: str, angles: tuple[str, ...]) -> None:
    head, pose = build(name, angles), poses(8, angles)
    raw = head(torch.randn(8, 16))
    before = head.losses(raw, pose)
    pose[:, 0] += 10
    after = head.losses(raw, pose)
    assert before["yaw"] != after["yaw"]
    assert all(torch.equal(before[angle], after[angle]) for angle in angles[1:])


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
    assert all(half[angle].dtype == torch.float32 for angle in angles)
    assert all(torch.equal(half[angle], rounded[angle]) for angle in angles)


@each_head
def test_out_of_range_labels_are_learned_from_like_any_other(name: str, angles: tuple[str, ...]) -> None:
    head = build(name, angles)
    far = torch.tensor([[-120.0, 99.0, 170.0], [140.0, -99.5, -180.0]])[:, : len(angles)]
    assert all(loss.isfinite() for loss in head.losses(head(torch.randn(2, 16)), far).values())
