"""Mixed precision beside fp32: the losses of an epoch, and poses decoded in fp32."""

from __future__ import annotations

import torch
from bench import Bench
from support.toy import toy_session

from trainables.model.heads.bins_head import BinsHead
from trainables.pose.angles import ANGLES


def check(bench: Bench) -> None:
    fp32 = toy_session(pretext="puzzling", precision="fp32", device=bench.device, batch=32)
    auto = toy_session(pretext="puzzling", precision="auto", device=bench.device, batch=32)
    one, two = (each.run_epoch().training.losses["total"] for each in (fp32, auto))
    bench.figure("loss of an epoch", fp32=one, auto=two)
    bench.require(abs(one - two) <= 0.02 * one, f"the loss is {two:.4g} mixed, {one:.4g} in fp32")
    scaled = bool(auto.state_dict()["scaler"])
    bench.require(scaled is bench.on_gpu, "auto is not mixed on a GPU and fp32 on a CPU")

    head, raw = BinsHead(8, ANGLES).to(bench.device), 3 * torch.randn(512, 3, 66, device=bench.device)
    exact = head.decode(raw)
    with torch.autocast(bench.device.type, dtype=torch.float16):
        got = head.decode(raw)
    gap_deg = (got.float() - exact).abs().max().item()
    bench.figure("bins decoded under autocast", dtype=str(got.dtype), max_deg=gap_deg)
    bench.require(gap_deg < 1e-3, f"bins are off by {gap_deg:.4f} deg under autocast")
