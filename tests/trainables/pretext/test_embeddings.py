"""Helpers that compare the embeddings of two views: their losses, their views, and whether they collapse."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch
from support.toy import blobs
from torch import Tensor, nn

from trainables.pretext.appearance import Appearance
from trainables.pretext.embeddings.barlow_twins import BarlowLoss
from trainables.pretext.embeddings.byol import ByolConfig
from trainables.pretext.embeddings.byol_branch import ByolBranch
from trainables.pretext.embeddings.collapse import COLLAPSED
from trainables.pretext.embeddings.projector import other_view, spread
from trainables.pretext.embeddings.simsiam_branch import Predictions
from trainables.pretext.embeddings.vicreg import EPSILON, VicregConfig, VicregLoss
from trainables.pretext.teacher import copied, follow

Doubles = npt.NDArray[np.float64]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def pair(count: int = 6, features: int = 5) -> tuple[Tensor, Tensor]:
    one = torch.randn(count, features, generator=seeded(1), dtype=torch.float64)
    return one, one + 0.5 * torch.randn(count, features, generator=seeded(2), dtype=torch.float64)


def vicreg_by_loops(one: Doubles, other: Doubles) -> float:
    """Return the paper's formulas 1 to 6, feature by feature; invariance as in its algorithm 1."""
    count, features = one.shape
    total = 25 * sum((a - b) ** 2 for a, b in zip(one.flat, other.flat, strict=True)) / (count * features)
    for view in (one, other):
        for j in range(features):
            total += 25 * max(0.0, 1 - math.sqrt(view[:, j].var(ddof=1) + EPSILON)) / features
            total += (
                sum(np.cov(view[:, i], view[:, j])[0, 1] ** 2 for i in range(features) if i != j) / features
            )
    return float(total)


def test_vicreg_is_the_papers_formulas() -> None:
    one, other = pair()
    expected = vicreg_by_loops(one.numpy(), other.numpy())
    assert VicregLoss(25, 25, 1)(one, other).item() == pytest.approx(expected, rel=1e-12)


def test_vicreg_by_hand() -> None:
    """Two images, two features: of either view variances 2 and 0, and no covariance."""
    view = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)
    dead = 1 - math.sqrt(EPSILON)  # of the feature that says the same of both
    assert VicregLoss(1, 0, 0)(view, -view).item() == 2.0
    assert VicregLoss(0, 1, 0)(view, view).item() == pytest.approx(dead)
    assert VicregLoss(0, 0, 1)(view, view).item() == 0.0


def test_barlow_twins_is_the_distance_of_the_correlations_from_the_identity() -> None:
    one, other = pair()
    expected = 0.0
    for i in range(one.shape[1]):
        for j in range(one.shape[1]):
            correlation = np.corrcoef(one[:, i].numpy(), other[:, j].numpy())[0, 1]
            expected += (1 - correlation) ** 2 if i == j else 5e-3 * correlation**2
    assert BarlowLoss(5e-3)(one, other).item() == pytest.approx(expected, rel=1e-3)  # an epsilon is added


def test_simsiam_and_byol_compare_each_view_with_the_other() -> None:
    """Of two images the first is predicted right in both views, the second at right angles: cos 1, 0."""
    right, aside = [2.0, 0.0], [0.0, 3.0]
    predicted = torch.tensor([right, right, [1.0, 0.0], [1.0, 0.0]])
    embedded = torch.tensor([right, right, [5.0, 0.0], aside])
    output = Predictions(predicted, other_view(embedded))
    assert output.constant.tolist() == [[5.0, 0.0], aside, right, right]
    assert output.cosine().item() == pytest.approx(0.75)


def test_the_teacher_says_what_byol_predicts_and_a_loss_of_0_is_agreement() -> None:
    branch = ByolBranch.__new__(ByolBranch)
    nn.Module.__init__(branch)
    branch.name = "byol"
    same = torch.randn(4, 3, generator=seeded())
    assert branch.losses(Predictions(same, 2 * same))["byol"].item() == pytest.approx(0.0, abs=1e-6)
    unit = nn.functional.normalize(same)
    other = nn.functional.normalize(torch.randn(4, 3, generator=seeded(3)))
    squared = (unit - other).square().sum(dim=1)  # [2N]: a row for each direction
    assert branch.losses(Predictions(same, other))["byol"].item() == pytest.approx(2 * squared.mean().item())


def test_a_teacher_is_the_moving_average_and_takes_no_gradient() -> None:
    student = nn.Linear(2, 1)
    teacher = copied(student)
    begun = teacher.weight.clone()
    with torch.no_grad():
        student.weight.add_(1.0)
    follow(teacher, student, 0.75)
    torch.testing.assert_close(teacher.weight, 0.75 * begun + 0.25 * student.weight.detach())
    assert not any(parameter.requires_grad for parameter in teacher.parameters())
    before = teacher.weight.clone()
    follow(teacher, student, 1.0)
    assert torch.equal(teacher.weight, before)


def test_spread_is_1_for_all_directions_alike_and_0_once_collapsed() -> None:
    directions = torch.randn(4000, 64, generator=seeded())
    assert spread(directions).item() == pytest.approx(1.0, abs=0.02)
    assert spread(7 * directions).item() == pytest.approx(spread(directions).item())
    one = torch.ones(8, 64)
    assert spread(one).item() == 0.0
    assert spread(one + 0.05 * directions[:8]).item() < COLLAPSED < spread(one + 0.5 * directions[:8]).item()


def brightest(images: Tensor) -> Tensor:
    """Return where the spot of blobs lies [B, 2], rows and columns, by its blurred brightness."""
    smooth = nn.functional.avg_pool2d(images.mean(dim=1, keepdim=True), 5, 1, 2)
    flat = smooth.flatten(1).argmax(dim=1)
    return torch.stack([flat // images.shape[-1], flat % images.shape[-1]], dim=1)


def test_a_look_leaves_the_spot_where_it_is_and_the_input_as_it_was() -> None:
    images, _ = blobs(16, 64)
    before = images.clone()
    seen = Appearance(colour=0.3, blur_px=4.0, cutout=0.0, zoom=0.05).of(images, seeded())
    assert torch.equal(images, before) and not torch.equal(seen, images)
    assert (brightest(seen) - brightest(images)).abs().max() <= 3


def test_each_part_of_a_look_does_what_it_says() -> None:
    images = torch.randn(4, 3, 64, 64, generator=seeded())
    off = {"colour": 0.0, "blur_px": 0.0, "cutout": 0.0, "zoom": 0.0}
    blurred = Appearance(**{**off, "blur_px": 8.0}).of(images, seeded())
    assert blurred.std() < 0.8 * images.std()
    torch.testing.assert_close(blurred.mean(dim=(2, 3)), images.mean(dim=(2, 3)), atol=0.03, rtol=0.0)
    cut = Appearance(**{**off, "cutout": 0.5}).of(images, seeded())
    blank = (cut == 0).all(dim=1)
    assert torch.equal(cut[:, 0][~blank], images[:, 0][~blank])
    for each in blank:
        rows, columns = each.any(dim=1).sum(), each.any(dim=0).sum()
        assert abs(int(rows) - int(columns)) <= 1 and int(each.sum()) == int(rows * columns) <= 33 * 33
    ramp = torch.linspace(-1, 1, 65).expand(4, 3, 65, 65)
    zoomed = Appearance(**{**off, "zoom": 0.5}).of(ramp, seeded())
    torch.testing.assert_close(zoomed[..., 32], torch.zeros(4, 3, 65))  # the centre stays the centre
    assert (zoomed[..., -1] < 1).all() and (zoomed[..., -1] >= 0.45).all()
    colour = Appearance(**{**off, "colour": 0.4}).of(images, seeded())
    gain = colour.std(dim=(2, 3)) / images.std(dim=(2, 3))
    assert (gain - 1).abs().max() <= 0.4 and gain.std() > 0.05


def test_views_that_are_the_same_are_refused() -> None:
    with pytest.raises(ValueError, match="two views that are the same teach nothing"):
        VicregConfig(colour=0.0, blur_px=0.0, cutout=0.0, zoom=0.0)


def test_byol_forwards_both_views_through_its_copy() -> None:
    config = ByolConfig(flag=2, view={"two": {"share": 0.5}}, weight_end=0.5)
    to_flag = 2 * 0.5 * 2 / 4
    assert config.cost(0, 4).forwards == pytest.approx(1 + to_flag + to_flag / 3)  # nothing goes back there
    assert config.cost(2, 4).forwards == 1.0
