"""Shares of the device's memory: measured, kept to, given back, and a shortage that says what was needed."""

from __future__ import annotations

import torch
from bench import Bench
from material import blobs, config, jpegs, session
from support.toy import toy_config

from hpsearch.work.shares import needed_mib, per_gpu, smallest_share
from trainables.training.footprint import Footprint
from trainables.training.footprint_measurement import measure
from trainables.training.gpu_share import keep_to_share, shortage


def check(bench: Bench) -> None:
    datasets = blobs(bench.folder, "blobs", 60)
    designs = [toy_config(batch=4), toy_config(batch=4, pretext="puzzling")]
    if bench.on_gpu:
        datasets = blobs(blobs(bench.data / "datasets", "blobs", 60), "many", 3000)
        designs += [config("resnet18", 64, 64, dataset="many"), config("resnet50", 224, 64, dataset="many")]
    gpu_mib = torch.cuda.mem_get_info(bench.device)[1] / 2**20 if bench.on_gpu else 80_000.0
    for design, found in zip(designs, measure(designs, datasets, bench.device), strict=True):
        bench.require(isinstance(found, Footprint), f"not measured: {found}")
        if isinstance(found, Footprint):
            share = smallest_share(needed_mib(found), gpu_mib)
            bench.figure(
                f"{design.network.backbone} {design.data.image_px} px, batch {design.data.batch}",
                torch_mib=found.torch_mib,
                other_mib=found.other_mib,
                wait_share=found.wait_share,
                per_gpu=per_gpu(share),
            )
            bench.require(not bench.on_gpu or found.torch_mib > 0, "torch took no memory")
    if bench.on_gpu:
        keeping(bench, gpu_mib)


def keeping(bench: Bench, gpu_mib: float) -> None:
    device, settings = bench.device, config("resnet50", 224, 256)
    samples = jpegs(bench.data, 512, 224)
    tight = 4096 / gpu_mib
    keep_to_share(device, tight)
    short = None
    try:
        session(settings, samples, device).run_epoch()
    except RuntimeError as error:
        short = shortage(error, device, tight)
    bench.require(short is not None, "ResNet-50 at batch 256 fits into 4 GiB, or its lack is not seen")
    if short is not None:
        bench.figure("a shortage", needed_mib=short.needed_mib, given_mib=short.given_mib)
    used_mib = gpu_mib - torch.cuda.mem_get_info(device)[0] / 2**20
    keep_to_share(device, 1.0)
    left_mib = gpu_mib - torch.cuda.mem_get_info(device)[0] / 2**20
    bench.figure("given back", before_mib=used_mib, after_mib=left_mib)
    bench.require(left_mib < used_mib, "nothing was given back")
    small = session(config("resnet18", 64, 64), jpegs(bench.data, 128, 64), device)
    bench.require(small.run_epoch().epoch == 1, "the process cannot train after a shortage")
