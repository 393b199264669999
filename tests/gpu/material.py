"""Images, configs and sessions that the checks share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from support.toy import prepared_blobs

from trainables.data.augmentation import AUGMENTATIONS
from trainables.data.datasets.prepared import Samples
from trainables.data.loader import Loader
from trainables.data.loader.pipeline import Feed, ImagePipeline
from trainables.data.memory_loader import MemoryBatch, MemoryLoader
from trainables.data.normalization import IMAGENET_MEAN, IMAGENET_STD
from trainables.target import HeadPoseConfig
from trainables.training.build import build_session
from trainables.training.config import TrainConfig
from trainables.training.session import Session


def jpegs(data: Path, count: int, px: int) -> Samples:
    """Return images with soft shapes and grain, in 4:2:0 as the importers write them; makes missing ones."""
    folder, files = data / f"jpegs-{px}", []
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        files.append(folder / f"{number:05d}.jpg")
        if files[-1].is_file():
            continue
        random = np.random.default_rng(number)
        coarse = Image.fromarray(random.integers(0, 256, (9, 9, 3)).astype(np.uint8))
        soft = np.asarray(coarse.resize((px, px), Image.Resampling.BICUBIC), float)
        grain = random.normal(0, 4, (px, px, 3))
        Image.fromarray(np.clip(soft + grain, 0, 255).astype(np.uint8)).save(files[-1], quality=92)
    pose_deg = np.random.default_rng(0).uniform(-60, 60, (count, 3)).astype(np.float32)
    target = HeadPoseConfig()
    return Samples(tuple(files), pose_deg, ("a",) * count, target.build(target.labels), "made up")


def blobs(datasets: Path, name: str, count: int) -> Path:
    """Return the folder of datasets, in which there is one of blobs with this name then."""
    if not (datasets / name).is_dir():
        prepared_blobs(datasets / name, splits=("train", "train", "validation"), count=count)
    return datasets


def levels(images: torch.Tensor) -> npt.NDArray[np.float64]:
    """Return normalised images [B, 3, H, W] as grey levels [B, H, W, 3]."""
    x = images.float().cpu().permute(0, 2, 3, 1).double().numpy()
    return (x * np.array(IMAGENET_STD) + np.array(IMAGENET_MEAN)) * 255


def decoded(pipeline: ImagePipeline, samples: Samples, places: Sequence[int]) -> npt.NDArray[np.float64]:
    """Return the grey levels of some images, in one batch."""
    chosen = np.asarray(places)
    feed = Feed([samples.files[place] for place in chosen], samples.labels[chosen], None)
    ((images, _),) = pipeline.run([feed])
    return levels(images)


def config(backbone: str, px: int, batch: int, *, dataset: str = "made-up", **more: Any) -> TrainConfig:
    """Return a config with puzzling as its helper."""
    data = {"train": {"dataset": dataset}, "image_px": px, "batch": batch}
    plain = {"epochs": 4, "schedule": "constant", "pretext": "puzzling", "optimizer": "adamw"}
    return TrainConfig.model_validate({"data": data, "network": {"backbone": backbone}, **plain, **more})


def session(
    settings: TrainConfig, samples: Samples, device: torch.device, *, threads: int = 4, level: str = "2"
) -> Session:
    """Return a session that is fed by the loader."""

    def loader(*, train: bool) -> Loader:
        return Loader(
            samples,
            image_px=settings.data.image_px,
            batch=settings.data.batch,
            augmentation=AUGMENTATIONS[level]().build() if train else None,
            shuffle=train,
            device=device,
            threads=threads,
        )

    return build_session(
        settings,
        train=loader(train=True),
        validation=loader(train=False),
        labels=HeadPoseConfig().labels,
        device=device,
    )


def memory_session(settings: TrainConfig, device: torch.device, *, batches: int, held: int) -> Session:
    """Return a session of `batches` steps over `held` different batches on the device."""
    px, batch = settings.data.image_px, settings.data.batch
    images = torch.randn(held * batch, 3, px, px, device=device)
    pose_deg = torch.rand(held * batch, 3, device=device) * 100 - 50
    train = Repeated(images, pose_deg, batch=batch, rounds=batches // held)
    few = MemoryLoader(images[:2], pose_deg[:2], batch=2, shuffle=False)
    return build_session(settings, train=train, validation=few, labels=HeadPoseConfig().labels, device=device)


class Repeated(MemoryLoader):
    """Batches that come again and again; a single one is synthetic input, which costs nothing."""

    def __init__(self, images: torch.Tensor, pose_deg: torch.Tensor, *, batch: int, rounds: int) -> None:
        super().__init__(images, pose_deg, batch=batch, shuffle=False)
        self.rounds = rounds

    def epoch(self, seed: int) -> Iterator[MemoryBatch]:
        for _ in range(self.rounds):
            for images, pose_deg in zip(
                self.images.split(self.batch), self.labels.split(self.batch), strict=True
            ):
                yield MemoryBatch(images, pose_deg)
