"""The ways of `data.decode`: images/s by size and threads; `cache` beside `cpu` to the bit on the device."""

from __future__ import annotations

import time
from typing import get_args

import torch
from bench import Bench
from material import jpegs

from trainables.data.augmentation import AUGMENTATIONS
from trainables.data.datasets.prepared import Samples
from trainables.data.loader import Loader
from trainables.data.sources import Decode

WAYS = tuple(way for way in get_args(Decode) if way != "auto")


def check(bench: Bench) -> None:
    for px in (64, 112, 224) if bench.on_gpu else (32,):
        samples = jpegs(bench.data, 2048 if bench.on_gpu else 64, px)
        for threads in (1, 2, 4) if bench.on_gpu else (1,):
            loaders = {way: loader(bench, samples, px, way, threads) for way in WAYS}
            rates = {way: rate(reader, len(samples)) for way, reader in loaders.items()}
            bench.figure(f"{px} px, {threads} threads", **{f"{way}_images_per_s": rates[way] for way in WAYS})
        first, second = (loaders[way].epoch(7) for way in ("cpu", "cache"))
        alike = [torch.equal(a.images, b.images) for a, b in zip(first, second, strict=True)]
        bench.require(all(alike), f"{px} px: an epoch of kept images is not that of decoded ones")


def loader(bench: Bench, samples: Samples, px: int, way: Decode, threads: int) -> Loader:
    """Return a loader of augmented images."""
    return Loader(
        samples,
        image_px=px,
        batch=64,
        augmentation=AUGMENTATIONS["1"]().build(),
        shuffle=True,
        device=bench.device,
        threads=threads,
        decode=way,
    )


def rate(reader: Loader, images: int) -> float:
    """Return images/s of an epoch after the one in which images are decoded and kept."""
    for seed in (0, 1):
        began_s = time.perf_counter()
        total = sum(float(batch.images[0, 0, 0, 0]) for batch in reader.epoch(seed))  # waits for the device
        taken_s = time.perf_counter() - began_s
    assert total == total, "a pixel is not a number"
    return images / taken_s
