"""What a pretext task costs: a training step of HMTL beside one of SL, and AdamW beside AdaBelief.

    python benchmarks/step.py [--backbone resnet18] [--px 64] [--batch 32] [--rounds 7]

Steps of all tasks take turns, so that a busy machine slows all alike; a row is the median ratio to SL of the
same round. The goal for HMTL is at most 1.08.
"""

from __future__ import annotations

import argparse
import statistics

import torch

from trainables.heads import BinsConfig
from trainables.memory_loader import MemoryLoader
from trainables.network import build_network
from trainables.optimizers import OPTIMIZERS
from trainables.pretext import PRETEXT_TASKS
from trainables.schedules import ConstantConfig
from trainables.session import Session
from trainables.weighting import FixedConfig

ANGLES = ("yaw", "pitch", "roll")
STEPS = 2  # in an epoch of the benchmark


def session(task: str, optimizer: str, arguments: argparse.Namespace, **settings: object) -> Session:
    """Return a session on noise, with one step's worth of validation images."""
    config = PRETEXT_TASKS[task](**settings)
    built, heads = config.build(), config.ssl_heads()
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    count = STEPS * arguments.batch
    images = torch.randn(count, 3, arguments.px, arguments.px, device=device)
    pose_deg = torch.rand(count, 3, device=device) * 100 - 50
    return Session(
        network=build_network(
            arguments.backbone,
            BinsConfig(),
            ANGLES,
            dropout=0.4,
            seed=0,
            branches=built.branches,
            ssl_heads=heads,
        ),
        task=built,
        weighting=FixedConfig().build(dict.fromkeys((*ANGLES, *built.branches), 1.0)),
        optimizer=OPTIMIZERS[optimizer]().build,
        schedule=ConstantConfig().build(1),
        train=MemoryLoader(images, pose_deg, batch=arguments.batch, shuffle=False),
        validation=MemoryLoader(images[:2], pose_deg[:2], batch=2, shuffle=False),
        angles=ANGLES,
        device=device,
        seed=0,
    )


def main() -> None:
    """Print one line a design."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--px", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    designs = {"SL": session("none", "adabelief", arguments)}
    for task in ("puzzling", "rotation", "puzzling_rotation"):
        designs[f"{task}, flag 3"] = session(task, "adabelief", arguments)
    designs["puzzling 3x3, flag 3"] = session("puzzling", "adabelief", arguments, grid=3)
    for flag in (1, 2, 4):
        designs[f"puzzling, flag {flag}"] = session("puzzling", "adabelief", arguments, flag=flag)
    designs["puzzling without heads"] = session("puzzling", "adabelief", arguments, heads=False)
    designs["SL, adamw"] = session("none", "adamw", arguments)
    times: dict[str, list[float]] = {name: [] for name in designs}
    for one in designs.values():
        one.run_epoch()  # the first is slower
    for _ in range(arguments.rounds):
        for name, one in designs.items():
            times[name].append(arguments.batch / one.run_epoch().images_per_s)
    for name, taken in times.items():
        ratio = statistics.median(t / sl for t, sl in zip(taken, times["SL"], strict=True))
        print(f"{name:32} {statistics.median(taken) * 1e3:8.1f} ms a step {ratio:6.3f} x SL")


if __name__ == "__main__":
    main()
