"""Small sessions over generated pictures, whose poses a small network can learn."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from trainables.heads import BinsConfig, HeadConfig
from trainables.memory_loader import MemoryLoader
from trainables.network import build_network
from trainables.optimizers import AdaBeliefConfig, OptimizerConfig
from trainables.pretext import NoPretextConfig, PretextConfig
from trainables.schedules import ConstantConfig
from trainables.session import Session
from trainables.weighting import FixedConfig

ANGLES = ("yaw", "pitch", "roll")
CPU = torch.device("cpu")


def blobs(count: int, px: int, *, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Return pictures [N, 3, px, px] on a colour ramp whose bright spot lies where yaw and pitch say and is
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


def toy_session(
    *,
    pretext: PretextConfig | None = None,
    head: HeadConfig | None = None,
    optimizer: OptimizerConfig | None = None,
    images: int = 32,
    px: int = 32,
    batch: int = 16,
    dropout: float = 0.0,
    seed: int = 3,
    **settings: Any,
) -> Session:
    """Return a session of a ResNet-10 on blobs that are both its training and its validation set."""
    task_config: PretextConfig = pretext or NoPretextConfig()
    task, heads = task_config.build(), task_config.ssl_heads()
    pictures, pose_deg = blobs(images, px)
    angles = settings.pop("angles", ANGLES)
    pose_deg = pose_deg[:, : len(angles)]
    network = build_network(
        "resnet10",
        head or BinsConfig(),
        angles,
        dropout=dropout,
        seed=seed,
        branches=task.branches,
        ssl_heads=heads,
    )
    weights = dict.fromkeys(angles, 1.0) | dict.fromkeys(task.branches, heads.weight if heads else 0.0)
    return Session(
        network=network,
        task=task,
        weighting=FixedConfig().build(weights),
        optimizer=(optimizer or AdaBeliefConfig()).build,
        schedule=settings.pop("schedule", ConstantConfig().build(1)),
        train=settings.pop("train", MemoryLoader(pictures, pose_deg, batch=batch, shuffle=True)),
        validation=settings.pop("validation", MemoryLoader(pictures, pose_deg, batch=batch, shuffle=False)),
        angles=angles,
        device=settings.pop("device", CPU),
        seed=seed,
        ssl_reduction=heads.reduction if heads else "sum",
        **settings,
    )
