"""A training step by optimizer and precision: its kernels, its time, and an optimizer that does not wait."""

from __future__ import annotations

import torch
from bench import Bench
from material import config, memory_session

from trainables.optim.optimizers import AdaBeliefConfig
from trainables.training.session import Session

PACKAGE = {"adabelief": {"implementation": "package"}}
MULTI_TENSOR = {"adabelief": {"implementation": "multi_tensor"}}
FORMS = {
    "adabelief of the package, fp16": (PACKAGE, "fp16"),
    "adabelief, fp32": (MULTI_TENSOR, "fp32"),
    "adabelief, fp16": (MULTI_TENSOR, "fp16"),
    "adabelief, bf16": (MULTI_TENSOR, "bf16"),
    "adamw, bf16": ("adamw", "bf16"),
}
FEWER = 0.6
"""Of the package's kernels of a step."""


def check(bench: Bench) -> None:
    for backbone, px, batch in (
        (("resnet18", 64, 64), ("resnet50", 224, 64)) if bench.on_gpu else (("resnet10", 32, 4),)
    ):
        steps = 20 if bench.on_gpu else 2
        kernels = {}
        for form, (optimizer, precision) in FORMS.items():
            settings = config(
                backbone, px, batch, optimizer=optimizer, precision=precision if bench.on_gpu else "fp32"
            )
            run = memory_session(settings, bench.device, batches=steps, held=1)
            run.train_epoch()
            epoch = run.train_epoch()
            kernels[form] = launches(run, bench) / steps
            ms = epoch.train_s / steps * 1e3
            bench.figure(f"{backbone} {px} px, {form}", ms_a_step=ms, kernels_a_step=kernels[form])
        share = kernels["adabelief, fp16"] / kernels["adabelief of the package, fp16"]
        bench.require(
            not bench.on_gpu or share <= FEWER,
            f"{backbone}: {share:.2f} of the package's kernels, {FEWER} wanted",
        )
    if bench.on_gpu:
        without_a_wait(bench)


def launches(run: Session, bench: Bench) -> int:
    """Return the kernels of an epoch; on a CPU torch's operations, where a list is taken one by one."""
    kind = torch.profiler.ProfilerActivity.CUDA if bench.on_gpu else torch.profiler.ProfilerActivity.CPU
    with torch.profiler.profile(activities=[kind]) as seen:
        run.train_epoch()
    device = torch.autograd.DeviceType.CUDA if bench.on_gpu else torch.autograd.DeviceType.CPU
    return sum(event.device_type == device for event in seen.events())


def without_a_wait(bench: Bench) -> None:
    """Step with a scaled loss while torch raises at whatever waits for the device."""
    weights = [torch.nn.Parameter(torch.randn(64, 64, device=bench.device)) for _ in range(3)]
    optimizer = AdaBeliefConfig(implementation="multi_tensor", weight_decay=0.01).build(weights)
    scaler = torch.amp.GradScaler("cuda", init_scale=2.0**10)
    for watched in (False, True):  # the first step makes the state
        torch.cuda.set_sync_debug_mode("error" if watched else "default")
        try:
            loss = torch.stack([each.square().sum() for each in weights]).sum()
            torch.autograd.backward(scaler.scale(loss))
            scaler.step(optimizer)
            scaler.update()
        finally:
            torch.cuda.set_sync_debug_mode("default")
    bench.figure("multi-tensor AdaBelief", waits=0)
