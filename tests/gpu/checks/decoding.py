"""Pixels: beside PIL's, whatever the image's place in its batch, and whatever the decoder saw before."""

from __future__ import annotations

import time

import numpy as np
from bench import Bench
from material import decoded, jpegs
from PIL import Image

from trainables.data.loader import Loader
from trainables.data.loader import pipeline as settings
from trainables.data.loader.pipeline import ImagePipeline, PipelineSpec


def check(bench: Bench) -> None:
    count = 64
    samples = jpegs(bench.data, count, 112)
    many = jpegs(bench.data, 2048 if bench.on_gpu else 64, 224)
    pil = np.stack([np.asarray(Image.open(file), float) for file in samples.files])
    where = "mixed" if bench.on_gpu else "cpu"
    spec = PipelineSpec(112, count, frozenset(), bench.device, 4, where)
    chosen = settings.HW_DECODER_LOAD
    for load in (0.0, 1.0) if bench.on_gpu else (chosen,):
        settings.HW_DECODER_LOAD = load
        first = decoded(ImagePipeline(spec), samples, range(count))
        gap = np.abs(first - pil)
        turned = decoded(ImagePipeline(spec), samples, range(count - 1, -1, -1))[::-1]
        used = ImagePipeline(spec)
        decoded(used, samples, range(20))
        later = decoded(used, samples, range(count))
        place, history = np.abs(first - turned).max(), np.abs(first - later).max()
        loader = Loader(
            many,
            image_px=224,
            batch=64,
            augmentation=None,
            shuffle=True,
            device=bench.device,
            threads=4,
            decode="mixed",
        )
        list(loader.epoch(0))
        began_s = time.perf_counter()
        images = sum(float(batch.images[0, 0, 0, 0]) * 0 + len(batch.images) for batch in loader.epoch(1))
        bench.figure(
            f"hw_decoder_load {load:g}",
            mean_levels=gap.mean(),
            p999_levels=float(np.percentile(gap, 99.9)),
            max_levels=gap.max(),
            by_place=place,
            by_history=history,
            images_per_s=images / (time.perf_counter() - began_s),
        )
        if load == chosen:
            bench.require(place == 0, f"pixels depend on the place in the batch: {place:.1f} levels")
            bench.require(history == 0, f"pixels depend on earlier batches: {history:.1f} levels")
            bench.require(gap.mean() <= 0.5, f"{gap.mean():.2f} levels from PIL in the mean, 0.5 allowed")
            bench.require(np.percentile(gap, 99.9) <= 4, "more than 4 levels from PIL in 0.1 % of pixels")
