"""`TrainConfig`: all settings of one training run, parsed once into frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from trainables.base.capture import capture_fault
from trainables.base.errors import Fault
from trainables.base.schema import Config, KeyPath, Variant, faults_of
from trainables.data.augmentation import AUGMENTATIONS, AugmentationConfig
from trainables.data.datasets import DatasetRef
from trainables.losses.weighting import WEIGHTINGS, WeightingConfig, backs_again, forwards_again
from trainables.model.backbones import (
    BACKBONES,
    Backbone,
    HubBackbone,
    needs_adaptive_steps,
    normalises_batches,
    patch_px,
    strides_of,
    title,
)
from trainables.model.heads import HEADS, HeadConfig
from trainables.model.inits import INITS, InitConfig, InitRequest
from trainables.optim.averages import AVERAGES, NORM_BATCHES, AverageConfig
from trainables.optim.lookahead import LookaheadConfig
from trainables.optim.optimizers import OPTIMIZERS, OptimizerConfig
from trainables.optim.schedules import SCHEDULES, ScheduleConfig
from trainables.pretext import PRETEXT_TASKS, PretextConfig
from trainables.pretext.attachment import STRIDES
from trainables.pretext.cost import BACK_AGAIN, FORWARD_ALONE, Cost
from trainables.pretext.lone_image import lone_image
from trainables.pretext.uncut_copy import uncut_copy
from trainables.target import TARGETS, TargetConfig
from trainables.training.data_config import DataConfig

Precision = Literal["auto", "bf16", "fp16", "fp32"]
HALF: frozenset[Precision] = frozenset({"bf16", "fp16"})
"""What only a GPU computes fast."""

STEPPED = ("head", "pretext", "weighting", "optimizer")
"""Keys of the variants that take part in a step."""

FP16_IS_NOT_RECORDED = "the scale of an fp16 loss is corrected by the CPU in the first steps"
"""Why no CUDA graph holds such a step."""


class NetworkConfig(Config):
    """The supervised network: a trunk and dropout before its heads."""

    backbone: Backbone = BACKBONES["resnet50"]()
    """The trunk that pose and pretext task share. [paper: resnet50]"""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.4
    """Share of features dropped before the supervised heads. [paper 4.1: 0.4; 4.2: 0.5]"""


class TrainConfig(Config):
    """One training run. SL is HMTL with `pretext: none`.

    The defaults are no recipe of the paper: `search_spaces/paper/` has each of its recipes, written out.
    """

    data: DataConfig
    """Training and validation images."""
    target: Annotated[TargetConfig, Variant(TARGETS)] = TARGETS["head_pose"]()
    """What the network learns for its own sake: labels and metrics. One study has one."""
    augmentation: Annotated[AugmentationConfig, Variant(AUGMENTATIONS)] = AUGMENTATIONS["1"]()
    """Random changes to training images, by level. [paper 4.1, 4.2, 5.2]"""
    network: NetworkConfig = NetworkConfig()
    """Trunk and supervised dropout."""
    init: Annotated[InitConfig, Variant(INITS)] = INITS["random"]()
    """Where the trunk's weights start from. [paper 4.2]"""
    head: Annotated[HeadConfig, Variant(HEADS), Field(validate_default=True)] = HEADS["bins"]()
    """How the labels are computed from the features, and the supervised loss."""
    pretext: Annotated[PretextConfig, Variant(PRETEXT_TASKS)] = PRETEXT_TASKS["none"]()
    """The self-supervised helper."""
    weighting: Annotated[WeightingConfig, Variant(WEIGHTINGS)] = WEIGHTINGS["fixed"]()
    """How the losses are combined into one."""
    optimizer: Annotated[OptimizerConfig, Variant(OPTIMIZERS)] = OPTIMIZERS["adabelief"]()
    """The optimizer. [paper: AdaBelief]"""
    lookahead: LookaheadConfig | None = None
    """Slow weights that follow those of the optimizer, whichever it is; null: none. What is measured are the
    optimizer's own weights; `average` takes these too, after each step."""
    schedule: Annotated[ScheduleConfig, Variant(SCHEDULES)] = SCHEDULES["cosine"]()
    """The learning rate over the epochs."""
    average: Annotated[AverageConfig, Variant(AVERAGES)] = AVERAGES["none"]()
    """What of the weights is measured, kept and exported: those of the last step, or a mean over steps."""
    keep: Literal["error", "loss"] = "error"
    """Which epoch's weights are kept, exported and tested: that of the least `error` on the validation
    images, or of the least `loss` there, the helper's on unperturbed images included, times `ssl_weight`."""
    epochs: Annotated[int, Field(ge=1)] = 110
    """Full passes over the training images. [paper: 110]"""
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    """Largest global gradient norm; off where null."""
    precision: Precision = "auto"
    """`bf16` and `fp16`: mixed with fp32 where sums need it. `auto`: bf16 on a GPU from Ampere (sm_80) on,
    fp16 on an older one with tensor cores (sm_70), fp32 elsewhere. `fp32` convolves in TF32 where a GPU can.
    [paper: mixed]"""
    compile: bool = False
    """Train by what `torch.compile` makes of the network: fewer, larger kernels, other rounding and dropout,
    and a minute or more of compiling in each trial. It needs a C++ compiler, on a GPU too. Not measured on a
    GPU yet."""
    cuda_graph: bool = False
    """Record the kernels of a step once an epoch and launch them as a whole, where small networks wait for
    launches; no effect on a CPU. Not with fp16, nor where a step works on the CPU. Not measured on a GPU
    yet."""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Seeds weights, order, augmentation and pretext labels."""

    @field_validator("precision", mode="before")
    @classmethod
    def _was_called_mixed(cls, precision: object) -> object:
        return "fp16" if precision == "mixed" else precision  # in spaces of before there was a second half

    @field_validator("network")
    @classmethod
    def _takes_such_images(cls, network: NetworkConfig, fields: ValidationInfo) -> NetworkConfig:
        data = fields.data.get("data")  # absent where it has faults of its own
        if data and (incompatibility := network.backbone.incompatibility(data.image_px)):
            raise ValueError(incompatibility)
        return network

    @field_validator("init")
    @classmethod
    def _fits_the_network(cls, init: InitConfig, fields: ValidationInfo) -> InitConfig:
        data, network = fields.data.get("data"), fields.data.get("network")  # absent where at fault
        if data and network and (incompatibility := init.incompatibility(network.backbone, data.image_px)):
            raise ValueError(incompatibility)
        if data and network and not init.is_random:
            hub = isinstance(network.backbone, HubBackbone) and not init.pretraining
            if data.normalization != "imagenet" and not (hub and data.normalization == "half"):
                raise ValueError(
                    "initial weights were trained on images normalised as ImageNet is (some of timm's as by "
                    "half): take init: random, or data.normalization: imagenet"
                )
        if data and init.pretraining and (seen := init.pretraining.data):
            met = [t.name for t in data.test if t.shares_images(seen.dataset, seen.split, seen.subjects)]
            if met:
                raise ValueError(
                    f"test set {met[0]!r} is also the pretraining's, and an error on images that the network "
                    "has learned from says nothing: give either a split or subjects of its own"
                )
        return init

    @field_validator("head")
    @classmethod
    def _learns_such_labels(cls, head: HeadConfig, fields: ValidationInfo) -> HeadConfig:
        target = fields.data.get("target")  # absent where it has faults of its own
        if target and (incompatibility := head.incompatibility(target.labels)):
            raise ValueError(incompatibility)
        return head

    @field_validator("pretext")
    @classmethod
    def _perturbs_such_images(cls, pretext: PretextConfig, fields: ValidationInfo) -> PretextConfig:
        data, network = fields.data.get("data"), fields.data.get("network")  # absent where at fault
        if data and (incompatibility := pretext.incompatibility(data.image_px)):
            raise ValueError(incompatibility)
        strides = strides_of(network.backbone) if network else STRIDES
        if data and (lone := lone_image(pretext, data.image_px, data.batch, strides)):
            raise ValueError(lone)
        side = patch_px(network.backbone) if network else None
        if data and side and (uncut := uncut_copy(pretext, data.image_px, side)):
            raise ValueError(uncut)
        return pretext

    @field_validator("optimizer")
    @classmethod
    def _suits_the_network(cls, optimizer: OptimizerConfig, fields: ValidationInfo) -> OptimizerConfig:
        network = fields.data.get("network")  # absent where it has faults of its own
        if network and needs_adaptive_steps(network.backbone) and not optimizer.adapts_steps:
            raise ValueError(
                f"{title(network.backbone)} normalises by LayerNorm, whose weights plain gradient steps "
                "train badly: take optimizer: adamw, or a backbone with BatchNorm"
            )
        return optimizer

    @field_validator("keep")
    @classmethod
    def _has_such_a_loss(cls, keep: str, fields: ValidationInfo) -> str:
        pretext, average = fields.data.get("pretext"), fields.data.get("average")  # absent where at fault
        if keep == "error" or pretext is None or pretext.attachment() is None:
            return keep
        if not pretext.judges_clean_images:
            raise ValueError(
                "the helper has no loss on unperturbed images, which those with tiles alone have: take "
                "keep: error, or one of these"
            )
        if average is not None and average.build(1) is not None:
            raise ValueError("the helper's branches are not averaged: take keep: error, or average: none")
        return keep

    @field_validator("cuda_graph")
    @classmethod
    def _holds_the_step(cls, cuda_graph: bool, fields: ValidationInfo) -> bool:
        if not cuda_graph:
            return cuda_graph
        if fields.data.get("precision") == "fp16":
            raise ValueError(f"{FP16_IS_NOT_RECORDED}: take bf16 or fp32")
        for key in STEPPED:
            if fault := capture_fault(fields.data.get(key)):  # None where it has faults of its own
                raise ValueError(
                    f"{key}: {fault}, and a graph repeats what the GPU did: leave cuda_graph out"
                )
        return cuda_graph

    @property
    def validation_dataset(self) -> DatasetRef:
        """The dataset behind `data.validation`."""
        return self.data.validation.dataset or self.data.train.dataset

    @property
    def dataset_paths(self) -> dict[KeyPath, DatasetRef]:
        """Every dataset that this run names, its tests and its pretraining included, by its key's path."""
        paths: dict[KeyPath, DatasetRef] = {("data", "train", "dataset"): self.data.train.dataset}
        if self.data.unlabelled.dataset is not None:
            paths["data", "unlabelled", "dataset"] = self.data.unlabelled.dataset
        if self.data.validation.dataset is not None:
            paths["data", "validation", "dataset"] = self.data.validation.dataset
        for index, test in enumerate(self.data.test):
            paths["data", "test", index, "dataset"] = test.dataset
        if self.init.pretraining and (images := self.init.pretraining.data):
            paths["init", INITS.name_of(self.init), "data", "dataset"] = images.dataset
        return paths

    @property
    def datasets(self) -> tuple[DatasetRef, ...]:
        """Every dataset that this run needs, each once."""
        return tuple(dict.fromkeys(self.dataset_paths.values()))

    @property
    def unlabelled_share(self) -> float:
        """Unlabelled images per labelled one in a step that the task learns from; 0 where there are none."""
        data = self.data
        there = data.unlabelled.dataset is not None or data.train.labels < 1
        learned = there and self.pretext.attachment() is not None
        return data.unlabelled.per_step(data.batch) / data.batch if learned else 0.0

    def cost(self, completed: int) -> Cost:
        """Return what the epoch after `completed` ones costs per labelled image, unlabelled ones included."""
        cost, share = self.pretext.cost(completed, self.epochs), self.unlabelled_share
        if share:
            cost += self.pretext.unlabelled_cost(completed, self.epochs) * share
        back_again = Cost(BACK_AGAIN * backs_again(self.weighting) * cost.shared)
        return cost * (1 + FORWARD_ALONE * forwards_again(self.weighting)) + back_again

    @property
    def turn_deg(self) -> float:
        """Largest turn of training images and of a task's views in their plane, degrees; it changes all three
        angles."""
        return max(self.augmentation.turn_deg, self.pretext.view_turn_deg)

    @property
    def evaluation_zoom(self) -> float:
        """Share of the side that is cut off around the centre of images that are not trained on."""
        zoom = self.data.evaluation_zoom
        if zoom != "auto":
            return zoom
        plan = self.augmentation.build()
        return 0.0 if plan is None else plan.mean_zoom

    @property
    def weights_licence(self) -> str | None:
        """What initial weights are fetched from a backbone's hub and under which licence; None: from none."""
        fetched = not (self.init.is_random or self.init.pretraining or self.init.files)
        backbone = self.network.backbone
        return (
            f"{title(backbone)}: {backbone.licence}"
            if fetched and isinstance(backbone, HubBackbone)
            else None
        )

    def norm_images(self, train_images: int, completed: int) -> int:
        """Return how many training images are forwarded again after the epoch after `completed` epochs.

        Those are what BatchNorm's statistics of averaged weights are estimated from.
        """
        average = self.average.build(self.epochs)
        if average is None or not average.on(completed) or not normalises_batches(self.network.backbone):
            return 0
        return min(train_images, NORM_BATCHES * self.data.batch)

    @property
    def init_request(self) -> InitRequest:
        """The part of this config that a source of initial weights may depend on."""
        own = self.init.pretraining is not None and self.init.pretraining.follows_the_trial
        seed = self.seed if own else None  # else trials of all seeds ask for the same
        return InitRequest(self.network.backbone, self.data.image_px, self.data.train, seed)


def parse_config(tree: Mapping[str, Any]) -> TrainConfig | list[tuple[KeyPath, Fault]]:
    """Return the config that `tree` describes, or every fault in it with the path it is about."""
    try:
        return TrainConfig.model_validate(tree)
    except ValidationError as error:
        return list(faults_of(error, TrainConfig))
