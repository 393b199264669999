"""A training step by optimizer and precision: its kernels, its time, and an optimizer that does not wait."""

from __future__ import annotations

from typing import Any

import torch
from bench import Bench
from material import config, memory_session

from trainables.optim.optimizers import AdaBeliefConfig
from trainables.training.session import Session

SAME = 0.01
"""Of the mean loss of 20 steps, whose sums a GPU takes in any order."""

PACKAGE = {"adabelief": {"implementation": "package"}}
MULTI_TENSOR = {"adabelief": {"implementation": "multi_tensor"}}
FORMS: dict[str, dict[str, Any]] = {
    "adabelief of the package, fp16": {"optimizer": PACKAGE, "precision": "fp16"},
    "adabelief, fp16": {"optimizer": MULTI_TENSOR, "precision": "fp16"},
    "adabelief, bf16": {"optimizer": MULTI_TENSOR, "precision": "bf16"},
    "adabelief, bf16, graph": {"optimizer": MULTI_TENSOR, "precision": "bf16", "cuda_graph": True},
    "adamw, bf16": {"optimizer": "adamw", "precision": "bf16"},
}
BF16 = FORMS["adabelief, bf16"]
SMALL_ALONE: dict[str, dict[str, Any]] = {
    "adabelief, fp32": {**BF16, "precision": "fp32"},
    "adabelief, bf16, compiled": {**BF16, "compile": True},
    "adabelief, bf16, compiled, graph": {**BF16, "compile": True, "cuda_graph": True},
}
"""What a small network is tried with besides: compiling a large one takes a minute."""

PLAIN = {"precision": "fp32", "compile": False, "cuda_graph": False}
"""What a CPU does: it has no graphs, and compiling takes it minutes."""

LARGE_PX = 200

FEWER = 0.6
"""Of the package's kernels of a step."""


def check(bench: Bench) -> None:
    for backbone, px, batch in (
        (("resnet18", 64, 64), ("resnet50", 224, 64)) if bench.on_gpu else (("resnet10", 32, 4),)
    ):
        steps = 20 if bench.on_gpu else 2
        kernels = {}
        forms = FORMS | SMALL_ALONE if px < LARGE_PX else FORMS
        for form, wanted in forms.items():
            settings = config(backbone, px, batch, **(wanted if bench.on_gpu else {**wanted, **PLAIN}))
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
        recorded_steps_are_the_plain_ones(bench)


def recorded_steps_are_the_plain_ones(bench: Bench) -> None:
    """Compare the losses of an epoch of recorded steps with those of plain ones, dropout and clipping too."""
    for optimizer in (MULTI_TENSOR, "adamw", "sgd"):
        losses = []
        for graph in (False, True):
            settings = config(
                "resnet10",
                32,
                16,
                optimizer=optimizer,
                precision="fp32",
                cuda_graph=graph,
                clip_norm=1.0,
                pretext="rotation",
            )
            torch.manual_seed(0)  # of the images
            run = memory_session(settings, bench.device, batches=20, held=20)
            losses.append(run.train_epoch().losses["total"])
        difference = abs(losses[1] / losses[0] - 1)
        bench.figure(f"recorded beside plain, {optimizer}", relative=difference)
        bench.require(difference < SAME, f"recorded steps differ from plain ones by {difference:.1%}")


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
