"""The network: a trunk with a supervised head and, while training, self-supervised branches.

    images -> trunk: stem, stages 1 to 4 -> global average -> dropout -> head -> pose
                       \\ after stage `flag`: block -> global average -> dropout -> linear -> pretext answers

The supervised path never changes with the branches: of one seed, trunk and head start from the same weights
whatever the pretext task, and the network without its branches gives bit-identical poses.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainables.model.backbones import Backbone
from trainables.model.backbones.trunk import STAGES, Trunk
from trainables.model.heads.head import Head, HeadConfig
from trainables.pretext.task import BranchSpec, Pool, SslHeads
from trainables.pretext.views import Views

POOLS: Mapping[Pool, type[nn.Module]] = {"average": nn.AdaptiveAvgPool2d, "max": nn.AdaptiveMaxPool2d}
EXPANSION = 4  # of the bottleneck block: its output channels beside its width


@dataclass(frozen=True)
class Output:
    """The network's output: the head's raw outputs, and logits [B, R, C] of each branch by name."""

    pose_raw: Tensor
    pretext: dict[str, Tensor]


class Branch(nn.Module):
    """A self-supervised branch: a residual bottleneck block, then a linear classifier for each region.

    The block is ResNet50's (1x1, 3x3, 1x1, each with BN, and a projection shortcut) for every backbone, as in
    the paper; at flag 3 of a ResNet50 it equals the first block of stage 4. One linear layer gives all
    regions, which equals one layer per region.
    """

    def __init__(self, spec: BranchSpec, heads: SslHeads, channels: Sequence[int]) -> None:
        super().__init__()
        from torchvision.models.resnet import Bottleneck

        last = heads.flag == STAGES
        inputs = channels[heads.flag - 1]
        outputs = heads.out_channels or min(2 * inputs, channels[-1])
        stride = heads.stride or (1 if last else 2)
        projection = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel_size=1, stride=stride, bias=False), nn.BatchNorm2d(outputs)
        )
        self.flag, self.regions, self.classes = heads.flag, spec.regions, spec.classes
        self.block = Bottleneck(inputs, outputs // EXPANSION, stride=stride, downsample=projection)
        for module in self.block.modules():
            if isinstance(module, nn.Conv2d):  # as torchvision starts its ResNets
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
        self.pool = POOLS[heads.pool](1)
        self.dropout = nn.Dropout(heads.dropout)
        self.linear = nn.Linear(outputs, spec.regions * spec.classes)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return logits [B, R, C] of the trunk's feature maps, of which it takes those after its stage."""
        logits: Tensor = self.linear(self.dropout(self.pool(self.block(maps[self.flag - 1])).flatten(1)))
        return logits.view(-1, self.regions, self.classes)


class HeadPoseNetwork(nn.Module):
    """Trunk, supervised head and branches; `dropout` stands before the head."""

    def __init__(
        self, trunk: Trunk, head: Head, *, dropout: float, branches: Mapping[str, nn.Module] | None = None
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.dropout = nn.Dropout(dropout)
        self.head = head
        self.branches = nn.ModuleDict(dict(branches or {}))

    def forward(self, images: Tensor) -> Output:
        """Return raw poses and pretext logits of normalised images [B, 3, H, W]."""
        maps = self.trunk(images)
        pose_raw = self.head(self.dropout(_pooled(maps[-1])))
        pretext = {name: branch(maps) for name, branch in self.branches.items()}
        return Output(pose_raw, pretext)

    def learn(self, views: Views) -> Output:
        """Return the raw poses, and the logits of each branch, of those images of a step that have them.

        Perturbed images without a pose go no further than the stage that the branches fork after.
        """
        count = views.perturbed
        depth = STAGES if views.pose_from == 0 else self._depth
        if count and views.norm_split:
            with _running_statistics_kept(self.trunk):
                task_maps = self.trunk(views.images[:count], stages=depth)
            last = self.trunk(views.images[count:])[-1]
            if views.pose_from == 0:
                last = torch.cat([task_maps[-1], last])
        else:
            maps = self.trunk(views.images, leaving=views.pose_from, after=depth)
            task_maps = maps if count == len(views.images) else [m[:count] for m in maps[:depth]]
            last = maps[-1][views.pose_from :] if depth == STAGES else maps[-1]
        branches = self.branches.items() if count else ()
        pretext = {name: branch(task_maps) for name, branch in branches}
        return Output(self.head(self.dropout(_pooled(last))), pretext)

    @property
    def _depth(self) -> int:
        """The last stage whose feature maps a branch takes."""
        return max((getattr(branch, "flag", STAGES) for branch in self.branches.values()), default=0)

    def supervised(self) -> HeadPoseNetwork:
        """Return the network without its branches: the same modules, bit-identical poses."""
        return HeadPoseNetwork(self.trunk, self.head, dropout=self.dropout.p)


class NoHead(nn.Module):
    """The supervised head of a network without one: a pretraining learns no pose."""

    loss_names = ()

    def forward(self, features: Tensor) -> Tensor:
        """Return the features [B, F] as they are."""
        return features

    def losses(self, raw: Tensor, labels: Tensor) -> dict[str, Tensor]:
        """Return no loss; the poses are ignored."""
        return {}

    def decode(self, raw: Tensor) -> Tensor:
        """Return poses without an angle [B, 0]."""
        return raw[:, :0]


class RegionHeads(nn.Module):
    """The heads of a pretext task on the trunk's last features: dropout, then one linear layer per region."""

    def __init__(self, spec: BranchSpec, features: int, *, dropout: float) -> None:
        super().__init__()
        self.regions, self.classes = spec.regions, spec.classes
        self.dropout = nn.Dropout(dropout)
        self.linear = nn.Linear(features, spec.regions * spec.classes)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Return logits [B, R, C] of the trunk's feature maps, of which it takes the last."""
        logits: Tensor = self.linear(self.dropout(_pooled(maps[-1])))
        return logits.view(-1, self.regions, self.classes)


@contextmanager
def _running_statistics_kept(module: nn.Module) -> Iterator[None]:
    """Let BatchNorm normalise by the batch, as in training, without a trace in its running statistics."""
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm2d)]
    for layer in norms:
        layer.track_running_stats = False
    try:
        yield
    finally:
        for layer in norms:
            layer.track_running_stats = True


def _pooled(maps: Tensor) -> Tensor:
    return F.adaptive_avg_pool2d(maps, 1).flatten(1)


def build_network(
    backbone: Backbone,
    head: HeadConfig,
    angles: Sequence[str],
    *,
    dropout: float,
    seed: int,
    branches: Mapping[str, BranchSpec] | None = None,
    ssl_heads: SslHeads | None = None,
) -> HeadPoseNetwork:
    """Make a network with random weights that follow from `seed` alone; without `ssl_heads` no branch.

    Trunk and head are drawn first, and every branch from a stream of its own (the seed and its name), so no
    part's weights depend on which other parts there are. The global random state stays as it was.
    """
    with torch.random.fork_rng(devices=[]):
        trunk = _drawn_trunk(backbone, seed)
        built_head = head.build(trunk.channels[-1], angles)
        built_branches = {}
        if ssl_heads is not None:
            for name, spec in (branches or {}).items():
                torch.manual_seed(zlib.crc32(f"{seed}/{name}".encode()))
                built_branches[name] = Branch(spec, ssl_heads, trunk.channels)
    return HeadPoseNetwork(trunk, built_head, dropout=dropout, branches=built_branches)


def build_pretraining_network(
    backbone: Backbone, branches: Mapping[str, BranchSpec], *, dropout: float, seed: int
) -> HeadPoseNetwork:
    """Make the supervised network with the heads of a pretext task in place of its own [paper 4.2].

    Its weights follow from `seed` alone; the trunk starts as that of `build_network` does.
    """
    with torch.random.fork_rng(devices=[]):
        trunk = _drawn_trunk(backbone, seed)
        heads = {}
        for name, spec in branches.items():
            torch.manual_seed(zlib.crc32(f"{seed}/{name}".encode()))
            heads[name] = RegionHeads(spec, trunk.channels[-1], dropout=dropout)
    return HeadPoseNetwork(trunk, NoHead(), dropout=0.0, branches=heads)


def _drawn_trunk(backbone: Backbone, seed: int) -> Trunk:
    """Return a trunk with the weights of a seed, and leave torch's random state as drawing them does."""
    trunk, random_state = _draw_trunk(backbone, seed)
    torch.set_rng_state(random_state)
    return copy.deepcopy(trunk)


@lru_cache(maxsize=1)
def _draw_trunk(backbone: Backbone, seed: int) -> tuple[Trunk, Tensor]:
    """Draw the weights; the last are kept: most trials of a search share them, and a copy costs a tenth."""
    torch.manual_seed(seed)
    return backbone.build(), torch.get_rng_state()


def trunk_tensors(backbone: Backbone) -> dict[str, Tensor]:
    """Return a trunk's tensors by name, with shape and type and without values."""
    with torch.device("meta"):
        return dict(backbone.build().state_dict())
