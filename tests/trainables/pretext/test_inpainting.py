"""Inpainting: which blocks are blank, and what counts of the painting."""

from __future__ import annotations

import pytest
import torch

from trainables.model.backbones import ResNet10Config
from trainables.model.heads import RegressionConfig
from trainables.model.network import HeadPoseNetwork, build_network
from trainables.pretext.inpainting import InpaintingConfig
from trainables.pretext.inpainting_branch import InpaintingBranch, Painting


def seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def network(config: InpaintingConfig) -> HeadPoseNetwork:
    plans, attachment = config.build().branches, config.attachment()
    return build_network(
        ResNet10Config(),
        RegressionConfig(),
        ("yaw",),
        dropout=0.0,
        seed=1,
        branches=plans,
        attachment=attachment,
    ).train()


@pytest.mark.parametrize("px", [32, 45])
def test_a_share_of_the_blocks_is_blank_each_equally_often_and_the_rest_is_as_it_was(px: int) -> None:
    images = torch.randn(2000, 3, px, px, generator=seeded())
    made = InpaintingConfig(blocks=4, masked=0.25).build().perturb(images, seeded())
    meant, blank = made.labels["inpainting"].split([3, 1], dim=1)
    assert torch.equal(meant, images)
    assert torch.equal(made.images, torch.where(blank > 0, 0.0, images))
    block = torch.arange(px) * 4 // px
    first = [int((block == number).nonzero()[0]) for number in range(4)]
    cells = blank[:, 0][:, first][:, :, first]  # [N, 4, 4]: the first pixel of each block
    assert torch.equal(cells[:, block][:, :, block], blank[:, 0])
    assert (cells.sum(dim=(1, 2)) == 4).all()
    assert (cells.mean(dim=0) - 0.25).abs().max() < 0.05


def test_only_blank_pixels_count_and_the_mean_colour_explains_nothing() -> None:
    meant = torch.tensor([[[[1.0, 3.0, 100.0]]]]).expand(1, 3, 1, 3)
    blank = torch.tensor([[[[1.0, 1.0, 0.0]]]])
    branch = InpaintingBranch.__new__(InpaintingBranch)
    torch.nn.Module.__init__(branch)
    branch.name = "inpainting"
    mean = Painting(torch.full_like(meant, 2.0), meant, blank)
    assert branch.losses(mean)["inpainting"].item() == 1.0
    assert branch.measure(mean)["inpainting_explained"].item() == 0.0
    right = Painting(torch.where(blank > 0, meant, 0.0), meant, blank)
    assert branch.losses(right)["inpainting"].item() == 0.0
    assert branch.measure(right)["inpainting_explained"].item() == 1.0


@pytest.mark.parametrize("flag", [1, 2, 3, 4])
def test_paintings_are_of_the_images_size_at_every_flag(flag: int) -> None:
    config = InpaintingConfig(flag=flag)
    trained = network(config)
    views = config.build_view().arrange(config.build(), torch.randn(2, 3, 72, 72), seeded())
    output = trained.learn(views).pretext["inpainting"]
    assert output.painted.shape == (2, 3, 72, 72)


def test_a_pool_is_refused() -> None:
    with pytest.raises(ValueError, match="inpainting needs its maps whole"):
        InpaintingConfig(branch={"pool": "max"})
