"""The loader on the device: the images and poses of a CPU, repeatable to the bit, and nothing that waits."""

from __future__ import annotations

import time

import numpy as np
import torch
from bench import Bench
from material import jpegs, levels

from trainables.data.augmentation import Magnitudes
from trainables.data.loader import Loader


def check(bench: Bench) -> None:
    samples = jpegs(bench.data, 256 if bench.on_gpu else 24, 112)
    changes = Magnitudes(
        zoom=0.3, contrast=0.3, hue_deg=20, blur_sigma_px=2, cutout=0.3, mirror=0.5, turn_deg=20, noise=0.1
    )

    def loader(device: torch.device) -> Loader:
        plan = changes.build()
        return Loader(
            samples, image_px=96, batch=8, augmentation=plan, shuffle=True, device=device, threads=2
        )

    on_cpu, reader = list(loader(torch.device("cpu")).epoch(3)), loader(bench.device)
    here, again = list(reader.epoch(3)), list(reader.epoch(3))
    gaps = [np.abs(levels(a.images) - levels(b.images)).mean() for a, b in zip(on_cpu, here, strict=True)]
    bench.figure("beside the CPU", mean_levels=float(np.mean(gaps)))
    bench.require(max(gaps) < 2, f"{max(gaps):.2f} grey levels from the CPU's images in a batch, 2 allowed")
    for one, two, three in zip(on_cpu, here, again, strict=True):
        bench.require(torch.equal(one.labels, two.labels.cpu()), "other poses than on a CPU")
        bench.require(torch.equal(two.images, three.images), "an epoch does not repeat to the bit")
        bench.require(two.images.device == two.labels.device == bench.device, "not on the device")
    if bench.on_gpu:
        torch.cuda.set_sync_debug_mode("error")  # an implicit wait for the device raises
    began_s = time.perf_counter()
    for _ in reader.epoch(4):
        pass
    if bench.on_gpu:
        torch.cuda.set_sync_debug_mode("default")
        torch.cuda.synchronize()
    taken_s, waited_s = time.perf_counter() - began_s, reader.wait_s
    bench.figure("nothing but loading", wait_share=waited_s / taken_s)
    bench.require(0 < waited_s <= 1.05 * taken_s, f"waited {waited_s:.3f} s of {taken_s:.3f} s")
