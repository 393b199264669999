"""Half precision beside fp32: losses after many steps, steps left out, and poses decoded in fp32."""

from __future__ import annotations

import torch
from bench import Bench
from support.toy import toy_session

from trainables.model.heads.bins_head import BinsHead
from trainables.pose.angles import ANGLES
from trainables.pretext import PuzzlingConfig

EPOCH_IMAGES = 1024
GAP = 0.1
"""Largest relative difference of a loss from fp32's: steps differ by rounding, and drift apart."""


def check(bench: Bench) -> None:
    on_a_gpu = ("fp32", "bf16", "fp16", "auto") if bench.on_gpu else ("fp32", "auto")
    losses = {}
    for precision in on_a_gpu:
        for weight in (1.0, 200.0):
            pretext = PuzzlingConfig(grid=3, ssl_weight=weight)
            run = toy_session(
                pretext=pretext, precision=precision, device=bench.device, images=EPOCH_IMAGES, batch=32
            )
            epochs = [run.run_epoch().training for _ in range(3 if bench.on_gpu else 1)]
            losses[precision, weight] = epochs[-1].losses["total"]
            skipped = sum(epoch.skipped_steps or 0 for epoch in epochs)
            what = f"{precision}, ssl_weight {weight:g}"
            bench.figure(what, loss=losses[precision, weight], skipped_steps=skipped)
            gap = abs(losses[precision, weight] / losses["fp32", weight] - 1)
            bench.require(gap <= GAP, f"{what}: the loss is {gap:.1%} off fp32's after {len(epochs)} epochs")
            bench.require(skipped <= 1, f"{what}: {skipped} steps were left out")

    head, raw = BinsHead(8, ANGLES).to(bench.device), 3 * torch.randn(512, 3, 66, device=bench.device)
    exact = head.decode(raw)
    with torch.autocast(bench.device.type, dtype=torch.float16):
        got = head.decode(raw)
    gap_deg = (got.float() - exact).abs().max().item()
    bench.figure("bins decoded under autocast", dtype=str(got.dtype), max_deg=gap_deg)
    bench.require(gap_deg < 1e-3, f"bins are off by {gap_deg:.4f} deg under autocast")
