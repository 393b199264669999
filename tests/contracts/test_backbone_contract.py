"""The contract of backbones, and that the residual networks are torchvision's."""

from __future__ import annotations

import pytest
import torch
from torchvision.models import resnet

from hpsearch.testing import BackboneContract, rows
from trainables.model.backbones import BACKBONES


@pytest.mark.parametrize("config", rows(BACKBONES))
class TestBackbones(BackboneContract):
    pass


@pytest.mark.parametrize("name", ["resnet18", "resnet34", "resnet50"])
def test_a_residual_network_is_torchvisions_to_the_bit(name: str) -> None:
    torch.manual_seed(7)
    theirs = getattr(resnet, name)()
    torch.manual_seed(7)
    ours = BACKBONES[name]().build()
    weights = {key: value for key, value in theirs.state_dict().items() if not key.startswith("fc.")}
    assert list(weights) == list(ours.state_dict())
    assert all(map(torch.equal, weights.values(), ours.state_dict().values()))
    theirs.fc = torch.nn.Identity()
    images = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        pooled = ours.eval()(images)[-1].mean(dim=(2, 3))
        torch.testing.assert_close(theirs.eval()(images), pooled)
