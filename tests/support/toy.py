"""Small sessions and datasets of generated images, whose poses a small network can learn."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from PIL import Image
from torch import Tensor

from trainables.data.batches import BatchSource
from trainables.data.datasets.prepared import PreparedDataset, write_labels
from trainables.data.memory_loader import MemoryBatch, MemoryLoader
from trainables.pose.angles import ANGLES
from trainables.target import HeadPoseConfig
from trainables.training.build import build_session
from trainables.training.config import TrainConfig
from trainables.training.session import Session

CPU = torch.device("cpu")


def blobs(count: int, px: int, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return images [N, 3, px, px] on a colour ramp whose bright spot lies where yaw and pitch say and is
    coloured as roll says, with the poses [N, 3] in degrees."""
    generator = torch.Generator().manual_seed(seed)
    place = torch.rand(count, 3, generator=generator) * 2 - 1
    axis = torch.linspace(-1, 1, px)
    dx = axis[None, None, :] - 0.7 * place[:, 0, None, None]
    dy = axis[None, :, None] - 0.7 * place[:, 1, None, None]
    spot = torch.exp(-(dx**2 + dy**2) / 0.08)  # [N, px, px]
    tint = (place[:, 2, None, None] + 1) / 2
    ramp_x, ramp_y = axis[None, None, :].expand_as(spot), axis[None, :, None].expand_as(spot)
    images = torch.stack([2 * spot * tint + ramp_x, 2 * spot * (1 - tint) + ramp_y, 2 * spot - ramp_x], dim=1)
    return images, place * torch.tensor([75.0, 40.0, 40.0])


def prepared_blobs(
    folder: Path, *, splits: Sequence[str] = ("train",), count: int = 12, moved_deg: float = 0.0
) -> PreparedDataset:
    """Write a prepared dataset of blobs at 32 px, dealt to `splits` in turn, each with two people of its own.

    `moved_deg` is added to every yaw.
    """
    (folder / "images").mkdir(parents=True)
    images, pose_deg = blobs(count, 32)
    rows = []
    for number, image in enumerate(images):
        pixels = ((image.clamp(-2, 2) + 2) / 4 * 255).byte().permute(1, 2, 0).numpy()
        Image.fromarray(pixels).save(folder / "images" / f"{number}.jpg")
        split = splits[number // 2 % len(splits)]
        subject = f"{'s' if split == splits[0] else split}{number % 2}"
        rows.append({"file": f"images/{number}.jpg", "subject": subject, "split": split})
    poses = {f"{angle}_deg": pose_deg[:, column].double() for column, angle in enumerate(ANGLES)}
    table = pd.DataFrame(rows).assign(**{name: values.numpy() for name, values in poses.items()})
    table["yaw_deg"] += moved_deg
    for edge in ("left", "top", "right", "bottom"):
        table[f"box_{edge}_px"] = 0
    return write_labels(folder, table, source="test")


class Changing(MemoryLoader):
    """Blobs whose true poses are moved from some epoch on."""

    def __init__(self, offset_deg: float, *, after: int, shuffle: bool) -> None:
        super().__init__(*blobs(32, 32), batch=16, shuffle=shuffle)
        self.offset_deg, self.after = offset_deg, after
        self.seeds: list[int] = []

    def epoch(self, seed: int) -> Iterator[MemoryBatch]:
        self.seeds.append(seed)
        moved = self.offset_deg if len(self.seeds) > self.after else 0.0
        for batch in super().epoch(seed):
            yield MemoryBatch(batch.images, batch.labels + moved)


def toy_config(**settings: Any) -> TrainConfig:
    """Return the config of a ResNet-10 on 32 px images; `settings` are keys of TrainConfig,
    and `batch`, `test`, `evaluation_zoom` and `dropout` of its sections."""
    data = {
        "train": {"dataset": "blobs"},
        "test": settings.pop("test", []),
        "image_px": 32,
        "batch": settings.pop("batch", 16),
        "evaluation_zoom": settings.pop("evaluation_zoom", "auto"),
    }
    network = {"backbone": "resnet10", "dropout": settings.pop("dropout", 0.0)}
    plain = {"schedule": "constant", "epochs": 1, "seed": 3}
    return TrainConfig.model_validate({"data": data, "network": network, **plain, **settings})


def toy_session(
    *,
    images: int = 32,
    angles: Sequence[str] = ANGLES,
    device: torch.device = CPU,
    validation: BatchSource | None = None,
    train: BatchSource | None = None,
    **settings: Any,
) -> Session:
    """Return a session of `toy_config(**settings)` on blobs, its training and its validation set."""
    config = toy_config(**settings)
    pixels, pose_deg = blobs(images, config.data.image_px)
    pose_deg = pose_deg[:, : len(angles)]
    batch = config.data.batch
    return build_session(
        config,
        train=train or MemoryLoader(pixels, pose_deg, batch=batch, shuffle=True),
        validation=validation or MemoryLoader(pixels, pose_deg, batch=batch, shuffle=False),
        labels=HeadPoseConfig().labels[: len(angles)],
        device=device,
    )
