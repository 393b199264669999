"""Initial weights from self-supervised pretraining: the trunk is trained on a pretext task alone first."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from trainables.base.schema import Config, Variant
from trainables.data.augmentation import AUGMENTATIONS, AugmentationConfig
from trainables.data.datasets import open_dataset
from trainables.data.sources import TrainSource
from trainables.losses.weighting import WEIGHTINGS, WeightingConfig
from trainables.model.backbones import Backbone, written
from trainables.model.inits.request import TRUNK, InitRequest
from trainables.optim.optimizers import OPTIMIZERS, OptimizerConfig
from trainables.optim.schedules import SCHEDULES, ScheduleConfig
from trainables.pretext import PRETEXT_TASKS, PretextConfig

TASKS = PRETEXT_TASKS.without("none").without("several")
"""The tasks that a trunk can be pretrained on."""

FORMAT = 1
"""Raised whenever the same settings result in other weights, so that stored ones are not reused."""

TRIAL = "trial"
"""The seed of pretrainings that take the trial's."""

ATTACHMENT = ("flag", "heads", "branch", "view", "weight_schedule", "weight_end")
"""Settings of a task that say how it stands beside the pose: a pretraining learns none."""

WITHOUT_EFFECT = ("implementation",)
"""Settings of an optimizer that change no step: a trunk is the same pretraining, whichever made it."""

ADDED: Mapping[str, Mapping[str, float]] = MappingProxyType(
    {
        "augmentation": dict.fromkeys(
            ("mirror", "turn_deg", "channel_contrast", "brightness_shift", "cutout_least"), 0.0
        ),
        "pretext": {"cutout": 0.0, "turned": 2},
        "schedule": {"warmup_epochs": 0},
    }
)
"""Settings that are no part of a key while they have this value: older keys were made without."""


class SslConfig(Config):
    """The trunk is first trained on a pretext task, without labels; trials with the same settings share it.

    It depends on the trial's backbone and image size alone (and on its training images where `data` is left
    out, on its seed with `seed: trial`), so that the trial's other values may vary without another
    pretraining.
    """

    pretext: Annotated[PretextConfig, Variant(TASKS)] = TASKS["rotation"]()
    """The task; its heads stand after the last stage, so `flag`, `heads` and `branch` do not apply. 2x2
    rotation was better than 2x2 puzzling. [paper 4.2]"""
    data: TrainSource | None = None
    """The images, whose labels are never read; null: the trial's training images."""
    epochs: Annotated[int, Field(ge=1)] = 110
    """Full passes over the images; the weights after the last are used. [paper: 110, as for the networks]"""
    batch: Annotated[int, Field(ge=2, le=4096)] = 64
    """Images per step. [paper: 64]"""
    augmentation: Annotated[AugmentationConfig, Variant(AUGMENTATIONS)] = AUGMENTATIONS["1"]()
    """Random changes to the images before they are perturbed."""
    optimizer: Annotated[OptimizerConfig, Variant(OPTIMIZERS)] = OPTIMIZERS["adabelief"]()
    """The optimizer. [paper: AdaBelief]"""
    weighting: Annotated[WeightingConfig, Variant(WEIGHTINGS)] = WEIGHTINGS["fixed"]()
    """How the losses of the task's branches are combined into one."""
    schedule: Annotated[ScheduleConfig, Variant(SCHEDULES)] = SCHEDULES["multi_step"]()
    """The learning rate over the epochs. [paper 4.1: a tenth after 30 and 40]"""
    seed: Annotated[int, Field(ge=0, lt=2**31)] | Literal["trial"] = 0
    """Seeds weights, order, augmentation and pretext labels. A number: trials of all seeds share one
    pretraining, so that no interval over seeds contains its variance; `trial`: each seed has its own."""

    @field_validator("pretext")
    @classmethod
    def _is_learned_alone(cls, pretext: PretextConfig) -> PretextConfig:
        if not pretext.pretrains:
            name = TASKS.name_of(pretext)
            raise ValueError(f"{name} learns through the head, and a pretraining has none: take another task")
        return pretext

    @field_validator("pretext")
    @classmethod
    def _has_no_branch(cls, pretext: Config) -> Config:
        fields = type(pretext).model_fields
        set_ = [key for key in ATTACHMENT if key in fields and getattr(pretext, key) != fields[key].default]
        if set_:
            raise ValueError(f"{', '.join(set_)}: a pretraining learns no pose: leave this out")
        return pretext

    @field_validator("data")
    @classmethod
    def _reads_no_label(cls, data: TrainSource | None) -> TrainSource | None:
        if data is not None and data.labels != 1:
            raise ValueError(
                "labels: a pretraining reads no label and learns from every image: leave this out"
            )
        return data

    @property
    def is_random(self) -> bool:
        """Return False."""
        return False

    @property
    def pretraining(self) -> SslConfig:
        """The settings themselves."""
        return self

    @property
    def follows_the_trial(self) -> bool:
        """Whether each seed of the trials has a pretraining of its own."""
        return self.seed == TRIAL

    def shaping(self) -> dict[str, Any]:
        """Return every setting that shapes the weights, as plain values; where the images lie is none."""
        settings = self.model_dump(mode="json", exclude={"data"})
        for task in settings["pretext"].values():
            for key in ATTACHMENT:
                task.pop(key, None)
        for optimizer in settings["optimizer"].values():
            for key in WITHOUT_EFFECT:
                optimizer.pop(key, None)
        for section, added in ADDED.items():
            for chosen in settings[section].values():
                for key, silent in added.items():
                    if chosen.get(key) == silent:
                        del chosen[key]
        if self.weighting == WEIGHTINGS["fixed"]():  # older keys were made without
            del settings["weighting"]
        return settings

    @property
    def files(self) -> tuple[str, ...]:
        """None: the pretraining is known by all that shapes it."""
        return ()

    def incompatibility(self, backbone: Backbone, image_px: int) -> str | None:
        """Return why the task cannot perturb images of this side, or None."""
        return self.pretext.incompatibility(image_px)

    def check(self, request: InitRequest, *, datasets: Path) -> None:
        """Open the images. Raises `InputError` for a dataset, split or subject that is not there."""
        source = self.images(request.train)
        open_dataset(source.dataset, datasets).samples(source.split, source.subjects)

    def trunk(self, request: InitRequest, *, datasets: Path, store: Path) -> Path | Pretraining:
        """Return the pretraining, or its trunk where it is done. Raises `InputError` as `check` does."""
        self.check(request, datasets=datasets)  # raises here what would end every trial later
        dataset = open_dataset(self.images(request.train).dataset, datasets)
        pretraining = self.planned(request, dataset.card.content_hash)
        trunk = pretraining.trunk(store)
        return trunk if trunk.is_file() else pretraining

    def images(self, train: TrainSource) -> TrainSource:
        """Return the images that it learns from, for a trial with these training images."""
        return self.data or train

    def planned(self, request: InitRequest, content_hash: str) -> Pretraining:
        """Return the pretraining of a network over images with this hash."""
        settings = self.model_copy(update={"seed": request.seed}) if self.follows_the_trial else self
        source = self.images(request.train)
        return Pretraining(settings, source, content_hash, request.backbone, request.image_px)


@dataclass(frozen=True)
class Pretraining:
    """The identity of one pretraining: everything that its weights follow from.

    `settings` have a number as seed; `source` says where its images lie, `content_hash` what they are.
    """

    settings: SslConfig
    source: TrainSource
    content_hash: str
    backbone: Backbone
    image_px: int

    @property
    def config(self) -> dict[str, Any]:
        """Everything that the key follows from, as plain values. Where the images lie is no part of it."""
        return {
            "format": FORMAT,
            **self.settings.shaping(),
            "data": {
                "content_hash": self.content_hash,
                "split": self.source.split,
                "subjects": sorted(self.source.subjects),
            },
            "backbone": written(self.backbone),
            "image_px": self.image_px,
        }

    @cached_property
    def key(self) -> str:
        """SHA-256 of the config."""
        return hashlib.sha256(json.dumps(self.config, sort_keys=True).encode()).hexdigest()

    @property
    def title(self) -> str:
        """What it learns in words, such as `rotation 2x2`, and its seed where that is not 0."""
        return f"{self._task} seed {self.settings.seed}" if self.settings.seed else self._task

    @property
    def _task(self) -> str:
        task = next(iter(self.config["pretext"]))
        grid = getattr(self.settings.pretext, "grid", None)
        return task if grid is None else f"{task} {grid}x{grid}"

    @property
    def name(self) -> str:
        """The folder's name below the store, such as `rotation-2x2-0123456789ab`."""
        return f"{self._task.replace(' ', '-')}-{self.key[:12]}"

    @property
    def epochs(self) -> int:
        """Full passes over the images."""
        return self.settings.epochs

    def trunk(self, store: Path) -> Path:
        """Return the path of the trunk's weights, which exists once the pretraining is done."""
        return store / self.name / TRUNK
