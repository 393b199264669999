"""What an exported network costs and how true it is: one trained as HMTL beside one trained as SL.

    python benchmarks/export_latency.py [--backbone resnet18] [--root hpsearch-runs] [--rounds 300]

Both are trained for a few epochs on small rendered heads, exported, compared with the trained network on 100
images, and timed on ONNX Runtime, taking turns in random order, one thread, one image a call. SL is timed a
second time as another network, which tells what the machine's noise is. The goals: at most 1e-4 degrees, and
a ratio of 1: the self-supervised branches are gone.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from trainables.data.images import face_square, upright
from trainables.data.loader import LoaderPool
from trainables.exported import ONNX, NetworkCard, compare, write_network
from trainables.exported.costs import call_times_ms
from trainables.exported.onnx_file import OnnxNetwork
from trainables.training.build import build_trial_session
from trainables.training.config import TrainConfig
from trainables.training.training_data import ensure_data

IMAGES = 100
DESIGNS = {"SL": "none", "HMTL": {"puzzling": {"grid": 2, "flag": 3}}}


def config(arguments: argparse.Namespace, pretext: object) -> TrainConfig:
    """Return a short training run on small images."""
    heads = {"images": 400, "subjects": 40, "image_px": arguments.px}
    return TrainConfig.model_validate(
        {
            "data": {"train": {"dataset": {"rendered-heads": heads}}, "image_px": arguments.px, "batch": 32},
            "network": {"backbone": arguments.backbone},
            "pretext": pretext,
            "optimizer": {"adamw": {"lr": 0.001}},
            "epochs": arguments.epochs,
        }
    )


def exported(arguments: argparse.Namespace, name: str, folder: Path) -> OnnxNetwork:
    """Train, export and check one design; print a line."""
    settings = config(arguments, DESIGNS[name])
    data = ensure_data(settings, arguments.root / "datasets", lambda done, total: None)
    session = build_trial_session(settings, data, device=torch.device("cpu"), threads=1, pool=LoaderPool())
    reports = [session.run_epoch() for _ in range(settings.epochs)]
    card = NetworkCard(
        backbone=arguments.backbone, head=settings.head, angles=data.train.label_names, image_px=arguments.px
    )
    folder.mkdir()
    started = time.perf_counter()
    write_network(folder, session.network.supervised().eval(), card)
    wrote_s = time.perf_counter() - started
    files = data.train.files[:IMAGES]
    squares = np.stack([np.asarray(face_square(upright(file), arguments.px)) for file in files])
    images = np.ascontiguousarray(squares.transpose(0, 3, 1, 2))
    differences = compare(folder, session.network, images)
    print(
        f"{name}: {reports[-1].validation['mae_deg']:.2f} deg after {settings.epochs} epochs; "
        f"on {len(files)} images safetensors {differences.safetensors:.1e} deg, "
        f"ONNX {differences.onnx:.1e} deg; "
        f"{sum(p.numel() for p in session.network.parameters())} parameters trained, "
        f"{sum(p.numel() for p in session.network.supervised().parameters())} exported, "
        f"ONNX file {(folder / ONNX).stat().st_size} bytes, written in {wrote_s:.1f} s",
        flush=True,
    )
    assert differences.allowed
    return OnnxNetwork(folder / ONNX)


def main() -> None:
    """Print a line a design, then their latencies."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--backbone", default="resnet18")
    parser.add_argument("--px", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--root", type=Path, default=Path("hpsearch-runs"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        networks = {name: exported(arguments, name, Path(folder) / name) for name in DESIGNS}
        networks["SL again"] = OnnxNetwork(Path(folder) / "SL" / ONNX)
    calls = call_times_ms(list(networks.values()), [arguments.px] * len(networks), arguments.rounds)
    times_ms = {name: [took for _, took in each] for name, each in zip(networks, calls, strict=True)}
    print(f"one {arguments.px} px image on one thread, ms, median and least; median ratio to SL of a round:")
    for name, values in times_ms.items():
        ratio = statistics.median(other / sl for sl, other in zip(times_ms["SL"], values, strict=True))
        print(f"  {name:8} {statistics.median(values):7.3f} {min(values):7.3f}   {ratio:.3f}")


if __name__ == "__main__":
    main()
