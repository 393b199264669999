"""The loss of an angle and of a branch of regions, against their formulas."""

from __future__ import annotations

import pytest
import torch

from trainables.losses.losses import angle_loss, region_cross_entropy


def test_rmse_has_a_finite_gradient_at_zero_error() -> None:
    predicted = torch.tensor([1.0, 2.0], requires_grad=True)
    angle_loss(predicted, predicted.detach(), "rmse").backward()
    assert predicted.grad is not None and torch.equal(predicted.grad, torch.zeros(2))


def test_region_losses_are_summed_or_averaged() -> None:
    logits, labels = torch.randn(6, 4, 4), torch.randint(4, (6, 4))
    each = [torch.nn.functional.cross_entropy(logits[:, r], labels[:, r]) for r in range(4)]
    torch.testing.assert_close(region_cross_entropy(logits, labels, "sum"), torch.stack(each).sum())
    torch.testing.assert_close(region_cross_entropy(logits, labels, "mean"), torch.stack(each).mean())


@pytest.mark.parametrize(("regions", "classes", "loss"), [(4, 4, 5.545), (9, 9, 19.775)])
def test_region_loss_at_chance(regions: int, classes: int, loss: float) -> None:
    labels = torch.zeros(2, regions, dtype=torch.int64)
    assert float(region_cross_entropy(torch.zeros(2, regions, classes), labels, "sum")) == pytest.approx(
        loss, abs=1e-3
    )


def test_an_angle_s_error_is_the_root_of_its_mean_square_or_that_itself() -> None:
    predicted, true = torch.tensor([1.0, 2.0, -3.0]), torch.tensor([0.0, 4.0, -1.0])
    assert float(angle_loss(predicted, true, "mse")) == pytest.approx(3.0)
    assert float(angle_loss(predicted, true, "rmse")) == pytest.approx(3.0**0.5)


def test_losses_of_half_precision_are_computed_in_single() -> None:
    far = torch.tensor([300.0], dtype=torch.float16)  # its square is beyond fp16
    assert float(angle_loss(far, torch.zeros(1), "mse")) == 90_000
    logits = torch.zeros(1, 2, 3, dtype=torch.float16)
    loss = region_cross_entropy(logits, torch.zeros(1, 2, dtype=torch.int64), "sum")
    assert loss.dtype == torch.float32 and float(loss) == pytest.approx(2 * 1.0986, abs=1e-4)
