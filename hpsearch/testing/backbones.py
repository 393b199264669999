"""The contract of backbones: four stages of maps, a known size, weights that follow from the seed."""

from __future__ import annotations

import math
import re

import torch
from torch import nn

from hpsearch.testing.configs import assert_read_without_torch
from trainables.model.backbones import BackboneConfig, normalises_batches, strides_of
from trainables.model.backbones.trunk import Trunk
from trainables.model.backbones.vit_trunk import VitTrunk
from trainables.pretext.attachment import STAGES

BATCH_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.SyncBatchNorm)

PX = 64
"""Side of the images that trunks are tried with, pixels."""


def build(config: BackboneConfig, seed: int = 1) -> Trunk | VitTrunk:
    """Return a trunk with the weights of a seed, as it is evaluated; torch's generator stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return config.build().eval()


def images(batch: int = 4) -> torch.Tensor:
    """Return normalised images [B, 3, PX, PX], the same each time."""
    return torch.randn(batch, 3, PX, PX, generator=torch.Generator().manual_seed(3))


@torch.no_grad()
def maps_of(trunk: Trunk | VitTrunk, **how: int) -> list[torch.Tensor]:
    """Return the trunk's maps of four images."""
    return list(trunk(images(), **how))


class BackboneContract:
    """What every backbone keeps; parametrise a subclass with `config`, settings that take 64 px images."""

    def test_the_size_of_its_state_is_known_without_building_it(self, config: BackboneConfig) -> None:
        values = sum(math.prod(value.shape) for value in build(config).state_dict().values())
        assert config.trunk_values == values

    def test_it_gives_the_maps_of_four_stages_with_the_channels_it_names(
        self, config: BackboneConfig
    ) -> None:
        trunk = build(config)
        maps = maps_of(trunk)
        assert len(maps) == len(trunk.channels) == STAGES
        assert [(len(found), found.shape[1]) for found in maps] == [(4, count) for count in trunk.channels]
        sides = [found.shape[-1] for found in maps]
        assert sides == sorted(sides, reverse=True), "a later stage has smaller maps, or as large ones"
        assert all(found.ndim == 4 and found.isfinite().all() for found in maps)

    def test_stages_that_are_not_asked_for_do_not_run(self, config: BackboneConfig) -> None:
        trunk = build(config)
        whole = maps_of(trunk)
        for stages in range(1, STAGES):
            part = maps_of(trunk, stages=stages)
            assert len(part) == stages
            assert all(torch.equal(one, other) for one, other in zip(part, whole, strict=False))

    def test_images_that_leave_after_a_stage_change_no_others(self, config: BackboneConfig) -> None:
        trunk = build(config)
        whole, left = maps_of(trunk), maps_of(trunk, leaving=1, after=2)
        assert [len(found) for found in left] == [4, 4, 3, 3]
        torch.testing.assert_close(left[-1], whole[-1][1:])

    def test_what_it_says_of_its_maps_and_its_normalisation_is_true(self, config: BackboneConfig) -> None:
        trunk = build(config)
        assert trunk.strides == strides_of(config), "see PatchBackbone"
        norms = [module for module in trunk.modules() if isinstance(module, BATCH_NORMS)]
        assert normalises_batches(config) == bool(norms), "see NormalisedBackbone"

    def test_its_weights_follow_from_the_seed(self, config: BackboneConfig) -> None:
        first, again, other = build(config, 1), build(config, 1), build(config, 2)
        assert all(
            torch.equal(one, same)
            for one, same in zip(first.state_dict().values(), again.state_dict().values(), strict=True)
        )
        assert not all(map(torch.equal, first.parameters(), other.parameters()))

    def test_the_weights_are_all_that_it_remembers(self, config: BackboneConfig) -> None:
        first, second = build(config, 1), build(config, 2)
        second.load_state_dict(first.state_dict())
        assert all(map(torch.equal, maps_of(first), maps_of(second)))

    def test_a_gradient_reaches_every_weight(self, config: BackboneConfig) -> None:
        trunk = build(config).train()
        loss = torch.stack([found.square().mean() for found in trunk(images())]).sum()
        torch.autograd.backward(loss)
        without = [name for name, value in trunk.named_parameters() if value.grad is None]
        assert without == []

    def test_weights_of_imagenet_have_their_checksum_in_their_name(self, config: BackboneConfig) -> None:
        url = config.imagenet_url
        assert url is None or re.fullmatch(r"https://\S+-[0-9a-f]{8,64}\.\w+", url)

    def test_images_that_are_too_small_are_refused_with_the_way_out(self, config: BackboneConfig) -> None:
        assert config.incompatibility(PX) is None
        reason = config.incompatibility(32)
        assert reason is None or ("32" in reason and " " in reason)

    def test_settings_are_read_and_judged_without_torch(self, config: BackboneConfig) -> None:
        assert_read_without_torch(
            config, "config.trunk_values, config.imagenet_url, config.incompatibility(64), hash(config)"
        )
