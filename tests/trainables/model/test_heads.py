"""Bins, their decoding and the losses, against values written out."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import nn

from trainables.model.heads.bins_head import BinsHead
from trainables.model.heads.fisher import FisherConfig
from trainables.model.heads.regression_head import RegressionHead
from trainables.model.heads.rot6d import Rot6dConfig
from trainables.pose import geometry
from trainables.pose.matrix_fisher import log_normaliser
from trainables.pose.rotations import matrix_from_pose

ANGLES = ("yaw", "pitch", "roll")


def bins_head(**settings: object) -> BinsHead:
    return BinsHead(8, ANGLES, **settings)


@pytest.mark.parametrize(
    ("angle_deg", "label"),
    [
        (-99, 0),
        (-96, 1),
        (-0.01, 32),
        (0, 33),
        (95.9, 64),
        (96, 65),
        (98.99, 65),
        (99, 65),
        (-150, 0),
        (720, 65),
    ],
)
def test_bins_of_three_degrees(angle_deg: float, label: int) -> None:
    assert int(bins_head().labels(torch.tensor(angle_deg))) == label


@pytest.mark.parametrize("bin_deg", [1, 3])
def test_labels_are_those_of_digitize(bin_deg: int) -> None:
    head = bins_head(bin_deg=bin_deg)
    edges = np.arange(-99, 99 + bin_deg, bin_deg)
    angles = np.concatenate([np.random.default_rng(0).uniform(-99, 99, 5000), edges[:-1]]).astype(np.float32)
    assert head.bins == len(edges) - 1 == 198 // bin_deg
    np.testing.assert_array_equal(head.labels(torch.from_numpy(angles)), np.digitize(angles, edges) - 1)


@pytest.mark.parametrize(("bin_deg", "bins"), [(3, 68), (1, 200)])
def test_overflow_bins_are_the_two_outcomes_of_digitize_beyond_the_edges(bin_deg: int, bins: int) -> None:
    head = bins_head(bin_deg=bin_deg, overflow=True)
    edges = np.arange(-99, 99 + bin_deg, bin_deg)
    angles = np.concatenate([np.random.default_rng(0).uniform(-300, 300, 5000), edges]).astype(np.float32)
    labels = head.labels(torch.from_numpy(angles))
    np.testing.assert_array_equal(labels, np.digitize(angles, edges))
    assert head.bins == bins == len(edges) + 1 == len(torch.unique(labels))
    assert head(torch.zeros(1, 8)).shape == (1, 3, bins)


@pytest.mark.parametrize("bin_deg", [1, 3])
@pytest.mark.parametrize("centers", [False, True])
def test_overflow_bins_move_no_other_and_stand_one_width_beyond(bin_deg: int, centers: bool) -> None:
    plain = bins_head(bin_deg=bin_deg, centers=centers)
    more = bins_head(bin_deg=bin_deg, centers=centers, overflow=True)
    values_deg = [float(more.decode(1e4 * one.expand(1, 3, -1))[0, 0]) for one in torch.eye(more.bins)]
    assert values_deg[1:-1] == plain.values_deg.tolist()
    half = bin_deg / 2 if centers else 0
    assert (values_deg[0], values_deg[-1]) == (-99 - bin_deg + half, 99 + half)


@pytest.mark.parametrize(("centers", "uniform"), [(False, -1.5), (True, 0.0)])
def test_decoding(centers: bool, uniform: float) -> None:
    head = bins_head(centers=centers)
    flat = torch.zeros(1, 3, 66)
    torch.testing.assert_close(head.decode(flat), torch.full((1, 3), uniform), atol=1e-4, rtol=0)
    flat[..., 33] = 1e4
    torch.testing.assert_close(head.decode(flat), torch.full((1, 3), uniform + 1.5), atol=1e-4, rtol=0)


def test_bins_loss_is_cross_entropy_and_alpha_times_rmse() -> None:
    head = bins_head(alpha=2.0)
    logits, pose = (
        torch.randn(5, 3, 66),
        torch.tensor([[0.0, 10, -20], [50, -50, 5], [1, 2, 3], [-90, 9, 9], [7, 7, 7]]),
    )
    losses = head.losses(logits, pose)
    for a, angle in enumerate(("yaw", "pitch", "roll")):
        cross_entropy, squares = 0.0, 0.0
        for b in range(5):
            p = np.exp(logits[b, a].double().numpy())
            p /= p.sum()
            truth = float(pose[b, a])
            cross_entropy -= math.log(p[math.floor((truth + 99) / 3)]) / 5
            squares += (sum(p[i] * (3 * i - 99) for i in range(66)) - truth) ** 2 / 5
        assert float(losses[angle]) == pytest.approx(cross_entropy + 2 * math.sqrt(squares), rel=1e-5)


def test_regression_losses() -> None:
    head = RegressionHead(8, ("yaw", "pitch"))
    raw, pose = torch.tensor([[3.0, 0.0], [-4.0, 0.0]]), torch.zeros(2, 2)
    assert float(head.losses(raw, pose)["yaw"]) == pytest.approx(math.sqrt(12.5))
    assert float(head.losses(raw, pose)["pitch"]) == pytest.approx(1e-4)
    squared = RegressionHead(8, ("yaw", "pitch"), reg_loss="mse")
    assert float(squared.losses(raw, pose)["yaw"]) == pytest.approx(12.5)
    assert torch.equal(head.decode(raw), raw)


def test_rot6d_s_loss_is_the_mean_geodesic_error_of_the_poses_that_it_gives() -> None:
    head = Rot6dConfig().build(8, ANGLES)
    raw, pose = torch.randn(64, 6), torch.rand(64, 3) * 120 - 60
    with torch.no_grad():
        loss = float(head.losses(raw, pose)["pose"])
        errors = geometry.geodesic_deg(head.decode(raw).numpy(), pose.numpy())
    assert loss == pytest.approx(errors.mean(), abs=1e-4)


def test_rot6d_gives_labels_back_beyond_a_yaw_of_90_too() -> None:
    head = Rot6dConfig().build(8, ANGLES)
    pose = torch.rand(500, 3) * 170 - 85
    pose[:, 0] *= 99 / 85
    pose = pose[(pose[:, 0].abs() - 90).abs() > 1]  # gimbal lock
    raw = matrix_from_pose(pose)[..., :2].mT.flatten(1)
    torch.testing.assert_close(head.decode(raw), pose, rtol=0, atol=1e-3)
    assert float(head.losses(raw, pose)["pose"]) < 1e-4


def test_rot6d_that_has_learned_nothing_looks_straight_ahead() -> None:
    head = Rot6dConfig().build(8, ANGLES)
    assert torch.equal(head.decode(head(torch.zeros(1, 8))), torch.zeros(1, 3))


def test_bins_loss_at_chance() -> None:
    for bin_deg, loss in ((3, 4.19), (1, 5.288)):
        head = bins_head(bin_deg=bin_deg, alpha=0.0)
        losses = head.losses(torch.zeros(1, 3, head.bins), torch.zeros(1, 3))
        assert float(losses["yaw"]) == pytest.approx(loss, abs=1e-3)


def test_fisher_s_loss_is_the_negative_log_likelihood() -> None:
    """Of a pose at the mode of `A = s R`: `log c - 3 s`, and so much more as tr(A^T R) is less elsewhere."""
    pose, other = torch.tensor([[20.0, -30.0, 10.0]]), torch.tensor([[32.0, -30.0, 10.0]])
    raw = 40.0 * matrix_from_pose(pose).flatten(1)
    head = FisherConfig(normaliser_weight=1.0).build(8, ANGLES)
    log_c = log_normaliser(torch.tensor([40.0, 40.0, 40.0]).double())
    at_mode, away = (float(head.losses(raw, each)["pose"]) for each in (pose, other))
    assert at_mode == pytest.approx(float(log_c) - 120, abs=1e-4)
    turn = math.radians(float(geometry.geodesic_deg(pose.numpy(), other.numpy())[0]))
    assert away - at_mode == pytest.approx(40 * 2 * (1 - math.cos(turn)), abs=1e-3)
    weighed = FisherConfig(normaliser_weight=1.1).build(8, ANGLES)
    assert float(weighed.losses(raw, pose)["pose"]) == pytest.approx(at_mode + 0.1 * float(log_c), abs=1e-3)


def test_fisher_gives_labels_back_beyond_a_yaw_of_90_too() -> None:
    pose = torch.tensor([[95.0, 0.0, 0.0], [-98.0, 20.0, -30.0], [60.0, 40.0, 50.0], [0.0, 0.0, 0.0]])
    head = FisherConfig().build(8, ANGLES)
    decoded = head.decode(7.0 * matrix_from_pose(pose).flatten(1))
    torch.testing.assert_close(decoded, pose, rtol=0, atol=1e-3)


def test_fisher_is_surer_of_larger_matrices_and_knows_nothing_at_first() -> None:
    head = FisherConfig().build(8, ANGLES)
    rotation = matrix_from_pose(torch.tensor([[20.0, -30.0, 10.0]])).flatten(1)
    entropies = head.decode_with_entropy(torch.cat([0 * rotation, rotation, 10 * rotation, 1000 * rotation]))[
        1
    ]
    assert float(entropies[0]) == pytest.approx(0.0, abs=1e-5) and (entropies.diff() < 0).all()
    with torch.no_grad():
        nn.init.zeros_(head.linear.weight)
        assert head.decode(head(torch.randn(2, 8))).abs().max() < 1e-4


def test_fisher_learns_to_be_less_sure_of_what_it_errs_in() -> None:
    """Of two groups with the same mean pose, that with spread labels gets the higher entropy."""
    generator = torch.Generator().manual_seed(0)
    spread = torch.tensor([2.0, 20.0]).repeat(64)[:, None]
    poses = spread * torch.randn(128, 3, generator=generator)
    head = FisherConfig().build(2, ANGLES)
    features = torch.eye(2).repeat(64, 1)
    optimizer = torch.optim.Adam(head.parameters(), lr=0.5)
    for _ in range(200):
        optimizer.zero_grad()
        torch.autograd.backward(head.losses(head(features), poses)["pose"])
        optimizer.step()
    sure, unsure = head.decode_with_entropy(head(features[:2]))[1].tolist()
    assert sure < unsure - 2
