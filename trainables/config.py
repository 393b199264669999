"""`TrainConfig`: everything one training run follows from, parsed once into frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, ValidationInfo, field_validator

from trainables.augmentation import AUGMENTATIONS, AugmentationConfig
from trainables.datasets import DatasetRef
from trainables.faults import Fault
from trainables.heads import HEADS, BinsConfig, HeadConfig
from trainables.network import Backbone
from trainables.optimizers import OPTIMIZERS, AdaBeliefConfig, OptimizerConfig
from trainables.pretext import PRETEXT_TASKS, NoPretextConfig, PretextConfig
from trainables.schedules import SCHEDULES, CosineConfig, ScheduleConfig
from trainables.schema import Config, Path, Strings, Variant, faults_of
from trainables.weighting import WEIGHTINGS, FixedConfig, WeightingConfig

MIN_TILE_PX = 8
"""A tile smaller than this holds less than one cell of the network's earliest branch point."""


class TrainSource(Config):
    """The images a network learns from."""

    dataset: DatasetRef
    """A prepared dataset's name below `ROOT/datasets`, or `rendered-heads`, built on first use."""
    split: str = "train"
    """Which of the dataset's splits."""
    subjects: Strings = ()
    """Only these subjects; all where empty."""


class ValidationSource(Config):
    """The images that decide which network is better. Never the test set."""

    dataset: DatasetRef | None = None
    """As for `train`; the same dataset where left out."""
    split: str = "validation"
    """Which of the dataset's splits."""
    subjects: Strings = ()
    """Only these subjects; all where empty."""


class DataConfig(Config):
    """Where images come from, and how they reach the network."""

    train: TrainSource
    """The training set."""
    validation: ValidationSource = ValidationSource()
    """The validation set."""
    image_px: Annotated[int, Field(ge=32, le=512)] = 224
    """Side of the square network input, pixels. [paper: 224]"""
    batch: Annotated[int, Field(ge=2, le=4096)] = 64
    """Images a training step. [paper: 64]"""


class NetworkConfig(Config):
    """The supervised network: a residual trunk and dropout before its heads."""

    backbone: Backbone = "resnet50"
    """torchvision's residual networks; `resnet10` has one basic block a stage. [paper: resnet50]"""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.4
    """Share of features dropped before the supervised heads. [paper 4.1: 0.4; 4.2: 0.5]"""


class TrainConfig(Config):
    """One training run. SL is HMTL with `pretext: none`."""

    data: DataConfig
    """Training and validation images."""
    augmentation: Annotated[AugmentationConfig, Variant(AUGMENTATIONS)] = AUGMENTATIONS["1"]()
    """Random changes to training images, by level. [paper 4.1, 4.2, 5.2]"""
    network: NetworkConfig = NetworkConfig()
    """Trunk and supervised dropout."""
    head: Annotated[HeadConfig, Variant(HEADS)] = BinsConfig()
    """How angles are read off the features, and the supervised loss."""
    pretext: Annotated[PretextConfig, Variant(PRETEXT_TASKS)] = NoPretextConfig()
    """The self-supervised helper."""
    weighting: Annotated[WeightingConfig, Variant(WEIGHTINGS)] = FixedConfig()
    """How the losses become one."""
    optimizer: Annotated[OptimizerConfig, Variant(OPTIMIZERS)] = AdaBeliefConfig()
    """The step. [paper: AdaBelief]"""
    schedule: Annotated[ScheduleConfig, Variant(SCHEDULES)] = CosineConfig()
    """The learning rate over the epochs."""
    epochs: Annotated[int, Field(ge=1)] = 110
    """Full passes over the training images. [paper: 110]"""
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    """Largest global gradient norm; off where null."""
    precision: Literal["auto", "fp32", "mixed"] = "auto"
    """`auto`: mixed on a GPU, fp32 on a CPU. [paper: mixed]"""
    seed: Annotated[int, Field(ge=0, lt=2**31)] = 0
    """Seeds weights, order, augmentation and pretext labels."""

    @field_validator("pretext")
    @classmethod
    def _tiles_are_large_enough(cls, pretext: PretextConfig, fields: ValidationInfo) -> PretextConfig:
        grid = getattr(pretext, "grid", 1)
        data = fields.data.get("data")  # absent where it has faults of its own
        if data is not None and data.image_px // grid < MIN_TILE_PX:
            raise ValueError(
                f"a grid of {grid} cuts {data.image_px} px into tiles below {MIN_TILE_PX} px: "
                "take a smaller grid or a larger data.image_px"
            )
        return pretext

    @property
    def validation_dataset(self) -> DatasetRef:
        """The dataset behind `data.validation`."""
        return self.data.validation.dataset or self.data.train.dataset


def parse_config(tree: Mapping[str, Any]) -> TrainConfig | list[tuple[Path, Fault]]:
    """Return the config that `tree` describes, or every fault in it with the path it is about."""
    try:
        return TrainConfig.model_validate(tree)
    except ValidationError as error:
        return list(faults_of(error, TrainConfig))
