"""What a pretext task and an optimizer cost: a step of HMTL beside one of SL, AdaBelief beside AdamW.

    python benchmarks/step.py [--of tiles] [--backbone resnet18] [--px 64] [--batch 32] [--rounds 7]

`--of` names the designs: the paper's tasks on tiles, the helpers of `search_spaces/helpers_heads.yaml`, the
weightings of puzzling in two views, or the heads and averages of supervised learning. Steps of all designs
take turns, so that a busy machine slows all alike; a row is the median ratio to SL of the same round; the
flag is 3 but where another is named. The goal for HMTL is at most 1.08. The operations are those that torch
is told to do in a step: each is at least one kernel on a GPU, where small networks wait for launches.
"""

from __future__ import annotations

import argparse
import statistics
import time
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode

from trainables.data.memory_loader import MemoryLoader
from trainables.losses.weighting import WEIGHTINGS
from trainables.model.heads import HEADS
from trainables.optim.averages import AVERAGES
from trainables.target import HeadPoseConfig
from trainables.training.build import build_session
from trainables.training.config import TrainConfig
from trainables.training.session import Session

STEPS = 2  # in an epoch of the benchmark


TWO_VIEWS = {"two": {"share": 0.5}}
PUZZLING = {"pretext": {"puzzling": {"flag": 3, "view": TWO_VIEWS}}}
APART = {"pretext": {"puzzling": {"flag": 3, "view": {"two": {"share": 0.5, "norm": "split"}}}}}
TILES: dict[str, dict[str, object]] = {
    "puzzling": {"pretext": "puzzling"},
    "rotation": {"pretext": "rotation"},
    "puzzling_rotation": {"pretext": "puzzling_rotation"},
    "puzzling 3x3": {"pretext": {"puzzling": {"grid": 3}}},
    **{f"puzzling, flag {flag}": {"pretext": {"puzzling": {"flag": flag}}} for flag in (1, 2, 4)},
    "puzzling without heads": {"pretext": {"puzzling": {"heads": False}}},
    "SL, adabelief multi_tensor": {"optimizer": {"adabelief": {"implementation": "multi_tensor"}}},
    "SL, adamw": {"optimizer": "adamw"},
}
HELPERS: dict[str, dict[str, object]] = {
    "puzzling, two views": PUZZLING,
    "rotation, two views": {"pretext": {"rotation": {"flag": 3, "view": TWO_VIEWS}}},
    "inpainting, two views": {"pretext": {"inpainting": {"flag": 3, "view": TWO_VIEWS}}},
    **{task: {"pretext": {task: {"flag": 3}}} for task in ("simsiam", "byol", "vicreg", "barlow_twins")},
    "equivariance": {"pretext": "equivariance"},
    "puzzling and equivariance": {"pretext": {"several": {"puzzling": {"flag": 3}, "equivariance": {}}}},
}
SETS = {
    "tiles": TILES,
    "helpers": HELPERS,
    "weightings": {
        **{name: {**PUZZLING, "weighting": name} for name in WEIGHTINGS},
        **{f"{name}, norm: split": {**APART, "weighting": name} for name in ("fixed", "pcgrad")},
    },
    "heads": {
        **{f"head {name}": {"head": name} for name in HEADS},
        **{f"average {name}": {"average": name} for name in AVERAGES},
    },
}


def session(arguments: argparse.Namespace, settings: dict[str, object]) -> Session:
    """Return a session on noise, `STEPS` steps an epoch."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    px, batch = arguments.px, arguments.batch
    images = torch.randn(STEPS * batch, 3, px, px, device=device)
    pose_deg = torch.rand(STEPS * batch, 3, device=device) * 100 - 50
    config = TrainConfig.model_validate(
        {
            "data": {"train": {"dataset": "noise"}, "image_px": px, "batch": batch},
            "network": {"backbone": arguments.backbone},
            "optimizer": "adabelief",
            **settings,
        }
    )
    return build_session(
        config,
        train=MemoryLoader(images, pose_deg, batch=batch, shuffle=False),
        validation=MemoryLoader(images[:2], pose_deg[:2], batch=2, shuffle=False),
        labels=HeadPoseConfig().labels,
        device=device,
    )


def step_s(trained: Session, batch: int) -> float:
    """Return the seconds of a training step: of processor time on a CPU, where other programs run too."""
    started = time.process_time()
    images_per_s = trained.run_epoch().training.images_per_s
    on_cpu = not torch.cuda.is_available()
    return (time.process_time() - started) / STEPS if on_cpu else batch / images_per_s


class Counted(TorchDispatchMode):
    """Counts operations."""

    def __init__(self) -> None:
        super().__init__()
        self.operations = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.operations += 1
        return func(*args, **(kwargs or {}))


def operations(trained: Session) -> int:
    """Return the operations of a training step, its share of the validation of two images among them."""
    with Counted() as counted:
        trained.run_epoch()
    return counted.operations // STEPS


def main() -> None:
    """Print one line a design."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--of", choices=SETS, default="tiles")
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--px", type=int, default=64)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    designs = {"SL": session(arguments, {})}
    designs |= {name: session(arguments, settings) for name, settings in SETS[arguments.of].items()}
    times: dict[str, list[float]] = {name: [] for name in designs}
    for one in designs.values():
        one.run_epoch()  # the first is slower
    for _ in range(arguments.rounds):
        for name, one in designs.items():
            times[name].append(step_s(one, arguments.batch))
    for name, taken in times.items():
        ratio = statistics.median(t / sl for t, sl in zip(taken, times["SL"], strict=True))
        milliseconds, told = statistics.median(taken) * 1e3, operations(designs[name])
        print(f"{name:32} {milliseconds:8.1f} ms a step {ratio:6.3f} x SL {told:6} operations")


if __name__ == "__main__":
    main()
