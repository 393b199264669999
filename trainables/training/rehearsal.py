"""Rehearses a training for a few steps: how fast it is on a share of a machine, and its memory."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import torch

from trainables.base.errors import InputError
from trainables.data.batches import BatchSource
from trainables.data.loader import LoaderPool
from trainables.data.memory_loader import MemoryLoader
from trainables.data.unlabelled import Unlabelled
from trainables.training.build import build_session, build_trial_session, decided
from trainables.training.config import TrainConfig
from trainables.training.session import Session
from trainables.training.training_data import open_data

BATCHES = 8
"""Steps of an epoch here; the first of two epochs warms up and is not counted."""

STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class Rehearsal:
    """What a few steps of training showed.

    `forwarded_images_per_s` is the speed for images that nothing is learned from, `peak_mib` the peak memory:
    on a GPU what torch reserved, on a CPU that of the process. `synthetic`: the images were noise in memory,
    since the dataset is not there, and loading took no time.
    """

    train_images_per_s: float
    forwarded_images_per_s: float
    peak_mib: float
    synthetic: bool


def rehearse(config: TrainConfig, datasets: Path, device: torch.device, threads: int) -> Rehearsal:
    """Train and validate a few batches twice, and measure the second time.

    Meant for a process of its own: its peak memory is measured, and `threads` are set. Raises `InputError` as
    a trial would.
    """
    torch.set_num_threads(threads)
    few = few_batches(config, datasets, BATCHES, device, threads)
    few.session.run_epoch()
    report = few.session.run_epoch()
    forwarded = few.validation_images + config.norm_images(BATCHES * config.data.batch, completed=1)
    return Rehearsal(
        train_images_per_s=report.training.images_per_s,
        forwarded_images_per_s=forwarded / max(report.epoch_s - report.training.train_s, 1e-9),
        peak_mib=_peak_mib(device),
        synthetic=few.synthetic,
    )


@dataclass(frozen=True)
class FewBatches:
    """A session whose epochs are short, how many images it validates on, and whether all are synthetic."""

    session: Session
    validation_images: int
    synthetic: bool


def few_batches(
    config: TrainConfig, datasets: Path, batches: int, device: torch.device, threads: int
) -> FewBatches:
    """Build the session of `config` on so many batches of its images; on noise where these are not there."""
    count = batches * config.data.batch
    try:
        data = open_data(config, datasets)
    except InputError:
        beside = round(config.unlabelled_share * config.data.batch)  # 0 where none is learned from
        session = build_session(
            config,
            train=_noise(config, count, config.data.batch, shuffle=True, device=device),
            validation=_noise(config, count, config.data.batch, shuffle=False, device=device),
            labels=config.target.labels,
            device=device,
            unlabelled=Unlabelled(_noise(config, beside, beside, shuffle=True, device=device))
            if beside
            else None,
        )
        return FewBatches(session, count, synthetic=True)
    few = data.few(batches, config, validation=count)
    session = build_trial_session(
        decided(config, data), few, device=device, threads=threads, pool=LoaderPool()
    )
    return FewBatches(session, len(few.validation), synthetic=False)


def _noise(
    config: TrainConfig, count: int, batch: int, *, shuffle: bool, device: torch.device
) -> BatchSource:
    side, generator = config.data.image_px, torch.Generator().manual_seed(0)
    images = torch.randn(count, 3, side, side, generator=generator).to(device)
    labels = torch.zeros(count, len(config.target.labels), device=device)
    return MemoryLoader(images, labels, batch=batch, shuffle=shuffle)


def _peak_mib(device: torch.device) -> float:
    """Return the peak of this process; not by `getrusage`, which knows that of the parent too."""
    if device.type == "cuda":
        return torch.cuda.max_memory_reserved(device) / 2**20
    found = re.search(r"^VmHWM:\s+(\d+) kB", STATUS.read_text(), re.MULTILINE)
    return int(found[1]) / 2**10 if found else 0.0
