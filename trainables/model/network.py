"""The network: a trunk with a supervised head and, while training, self-supervised branches.

    images -> trunk: stem, stages 1 to 4 -> global average -> dropout -> head -> pose
                       \\ after stage `flag`: the branches of a pretext task

The supervised path never changes with the branches: of one seed, trunk and head start from the same weights
whatever the pretext task, and the network without its branches gives bit-identical poses.
"""

from __future__ import annotations

import copy
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainables.base.precision import in_fp32
from trainables.model.backbones import Backbone
from trainables.model.backbones.trunk import Trunk
from trainables.model.backbones.vit_trunk import VitTrunk
from trainables.model.heads.head import Head, HeadConfig
from trainables.model.output import Output, mean_of
from trainables.pretext.attachment import STAGES, Attachment
from trainables.pretext.branch import Branch, BranchPlan, Seen
from trainables.pretext.fork import Fork, Supervised
from trainables.pretext.views import Views
from trainables.pretext.views.view import Part
from trainables.target import Target


class HeadPoseNetwork(nn.Module):
    """Trunk, supervised head and branches; `dropout` stands before the head."""

    def __init__(
        self,
        trunk: Trunk | VitTrunk,
        head: Head,
        *,
        dropout: float,
        branches: Mapping[str, Branch] | None = None,
    ) -> None:
        super().__init__()
        self.trunk = trunk
        self.dropout = nn.Dropout(dropout)
        self.head = head
        self.branches = nn.ModuleDict(cast(dict[str, nn.Module], dict(branches or {})))

    def forward(self, images: Tensor) -> Output:
        """Return raw poses of normalised images [B, 3, H, W]."""
        return Output(self._raw(self.trunk(images)[-1]))

    def learn(self, views: Views) -> Output:
        """Return the raw poses, and the output of each branch, of those images of a step that have them.

        Perturbed images without a pose go no further than the stage that the branches fork after. Images of
        other sizes are forwarded after the others, size by size.
        """
        output = self._learn(views)
        if not views.further:
            return output
        with running_statistics_kept(self.trunk):
            return replace(output, further=tuple(map(self._learn_further, views.further)))

    def _learn_further(self, views: Views) -> Output:
        """Return the output of perturbed images of another size."""
        if views.has_pose:
            return self._learn(views)
        maps = self.trunk(views.images, stages=self.branch_stage)
        return Output(views.images.new_empty(0), self._branch_outputs(views, maps))

    def _learn(self, views: Views) -> Output:
        """Return the output of images of one size."""
        count, first = views.perturbed, views.pose_from
        # images [:count] are perturbed, [first:] have a pose: with first == 0 all of them go the whole way
        depth = STAGES if first == 0 else self.branch_stage
        if count and views.norm_split:
            # two forwards, since BatchNorm normalises what is forwarded together; and only the clean images
            # may move its running statistics, with which the network is evaluated on clean images
            with running_statistics_kept(self.trunk):
                stages = depth if first == count else STAGES
                task_maps = self.trunk(views.images[:count], stages=stages, leaving=first, after=depth)
            last = self.trunk(views.images[count:])[-1]
            if first < count:
                posed = task_maps[-1][first:] if depth == STAGES else task_maps[-1]
                last = torch.cat([posed, last])
        else:
            maps = self.trunk(views.images, leaving=first, after=depth)
            task_maps = maps if count == len(views.images) else [m[:count] for m in maps[:depth]]
            last = maps[-1][first:] if depth == STAGES else maps[-1]
        # branches before the head: dropout draws from one generator, and a run of older versions drew so
        pretext = self._branch_outputs(views, task_maps) if count else {}
        return Output(self._raw(last), pretext)

    def _raw(self, maps: Tensor) -> Tensor:
        """Return the head's raw outputs of the last maps [B, C, H, W]."""
        return in_fp32(lambda last: self.head(self.dropout(_pooled(last))), maps)

    def _branch_outputs(self, views: Views, maps: Sequence[Tensor]) -> dict[str, Any]:
        """Return the output of each branch, by name, for its part of the perturbed images."""
        whole = Part(tuple(self._branches), 0, views.perturbed, views.labels, views.copies)
        outputs: dict[str, Any] = {}
        for part in views.parts or (whole,):
            rows = slice(part.first, part.first + part.count)
            own = maps if part is whole else [each[rows] for each in maps]
            seen = Seen(views.images[rows], own, part.labels, part.copies)
            outputs |= {name: self._branches[name](seen) for name in part.branches}
        return outputs

    def pose_losses(self, output: Output, views: Views, labels: Tensor) -> dict[str, Tensor]:
        """Return the head's losses [] by name for the labels [B, L] of a step's batch.

        Where the pose is learned from images of several sizes, each is the mean over these that `views` says.
        """
        sizes = zip(output.each, views.each, strict=True)
        found = [self.head.losses(each.pose_raw, seen.poses(labels)) for each, seen in sizes if seen.has_pose]
        return mean_of(found, views.pose_mean)

    def pretext_losses(self, output: Output) -> dict[str, Tensor]:
        """Return the losses [] of all branches by name, in fp32, before any weight; means over sizes."""
        return mean_of([self._branch_losses(each) for each in output.each if each.pretext])

    def _branch_losses(self, output: Output) -> dict[str, Tensor]:
        parts = (self._branches[name].losses(found) for name, found in output.pretext.items())
        return {name: loss for losses in parts for name, loss in losses.items()}

    @torch.no_grad()
    def pretext_measures(self, output: Output) -> dict[str, Tensor]:
        """Return the measures [] of all branches by name; means over sizes."""
        return mean_of([self._branch_measures(each) for each in output.each if each.pretext])

    def _branch_measures(self, output: Output) -> dict[str, Tensor]:
        parts = (self._branches[name].measure(found) for name, found in output.pretext.items())
        return {name: value for measures in parts for name, value in measures.items()}

    @torch.no_grad()
    def after_step(self, progress: float) -> None:
        """Let each branch change its state; see `Branch.after_step`."""
        for branch in self._branches.values():
            branch.after_step(self.trunk, progress)

    def shared_parameters(self) -> list[nn.Parameter]:
        """Return the parameters that pose and branches share: the trunk's up to the branches' stage.

        All of the trunk's where there is no branch; the head's too where a branch learns through the head.
        """
        shared = self.trunk.parameters_up_to(self.branch_stage or STAGES)
        head = cast(nn.Module, self.head)
        through_head = any(module is head for module in self.branches.modules())
        return [*shared, *(head.parameters() if through_head else ())]

    @property
    def _branches(self) -> Mapping[str, Branch]:
        return cast(Mapping[str, Branch], self.branches)

    @property
    def branch_stage(self) -> int:
        """The last stage whose feature maps a branch takes; 0 without branches."""
        return max((branch.stage for branch in self._branches.values()), default=0)

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


@contextmanager
def running_statistics_kept(module: nn.Module) -> Iterator[None]:
    """Let BatchNorm normalise by the batch, as in training, without a trace in its running statistics."""
    norms = [layer for layer in module.modules() if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d)]
    tracking = [layer for layer in norms if layer.track_running_stats]  # none inside another such context
    for layer in tracking:
        layer.track_running_stats = False
    try:
        yield
    finally:
        for layer in tracking:
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
    branches: Sequence[BranchPlan] = (),
    attachment: Attachment | None = None,
    trunk_weights: Mapping[str, Tensor] | None = None,
    target: Target | None = None,
) -> HeadPoseNetwork:
    """Make a network with random weights that follow from `seed` alone; without an attachment no branch.

    Trunk and head are drawn first, and every branch from a stream of its own (the seed and its name), so no
    part's weights depend on which other parts there are. The global random state stays as it was.
    `trunk_weights` are the trunk's initial weights where they are not random; `target` is for branches that
    learn through the head.
    """
    with torch.random.fork_rng(devices=[]):
        trunk = _drawn_trunk(backbone, seed)
        built_head = head.build(trunk.channels[-1], angles)
        if trunk_weights is not None:
            trunk.load_state_dict(trunk_weights)
        plans = () if attachment is None else branches
        supervised = None if target is None else Supervised(built_head, target)
        built = _built_branches(
            plans, Fork(trunk, trunk.channels, attachment, supervised, trunk.strides), seed
        )
    return HeadPoseNetwork(trunk, built_head, dropout=dropout, branches=built)


def build_pretraining_network(
    backbone: Backbone, branches: Sequence[BranchPlan], *, seed: int
) -> HeadPoseNetwork:
    """Make the supervised network with the branches of a pretext task in place of its head [paper 4.2].

    Its weights follow from `seed` alone; the trunk starts as that of `build_network` does.
    """
    with torch.random.fork_rng(devices=[]):
        trunk = _drawn_trunk(backbone, seed)
        built = _built_branches(branches, Fork(trunk, trunk.channels, strides=trunk.strides), seed)
    return HeadPoseNetwork(trunk, NoHead(), dropout=0.0, branches=built)


def _built_branches(plans: Sequence[BranchPlan], fork: Fork, seed: int) -> dict[str, Branch]:
    built = {}
    for plan in plans:
        torch.manual_seed(zlib.crc32(f"{seed}/{plan.name}".encode()))
        built[plan.name] = plan.build(fork)
    return built


def _drawn_trunk(backbone: Backbone, seed: int) -> Trunk | VitTrunk:
    """Return a trunk with the weights of a seed, and leave torch's random state as drawing them does."""
    trunk, random_state = _draw_trunk(backbone, seed)
    torch.set_rng_state(random_state)
    return copy.deepcopy(trunk)


@lru_cache(maxsize=1)
def _draw_trunk(backbone: Backbone, seed: int) -> tuple[Trunk | VitTrunk, Tensor]:
    """Draw the weights; the last are kept: most trials of a search share them, and a copy costs a tenth."""
    torch.manual_seed(seed)
    return backbone.build(), torch.get_rng_state()


def trunk_on_meta(backbone: Backbone) -> Trunk | VitTrunk:
    """Return a trunk whose tensors have shape and type and no values."""
    with torch.device("meta"):
        return backbone.build()
