"""Export of weights trained on the device: safetensors and ONNX give the poses of the trained network."""

from __future__ import annotations

import numpy as np
from bench import Bench
from support.toy import toy_session

from trainables.exported import NetworkCard, compare, write_network
from trainables.model.backbones import ResNet10Config
from trainables.model.heads import BinsConfig
from trainables.model.network import build_network
from trainables.pose.angles import ANGLES


def check(bench: Bench) -> None:
    bench.needs("onnx", "onnxruntime", "onnxscript", "safetensors")
    session = toy_session(device=bench.device, pretext="puzzling", images=64)
    for _ in range(3):
        session.run_epoch()
    network = build_network(ResNet10Config(), BinsConfig(), ANGLES, dropout=0.0, seed=0)
    network.load_state_dict(session.best_weights())
    network.eval()
    card = NetworkCard(backbone=ResNet10Config(), head=BinsConfig(), angles=ANGLES, image_px=32)
    folder = bench.folder / "network"
    folder.mkdir()
    write_network(folder, network, card)
    images = np.random.default_rng(0).integers(0, 256, (8, 3, 32, 32)).astype(np.uint8)
    gaps = compare(folder, network, images)
    bench.figure("differences", safetensors_deg=gaps.safetensors, onnx_deg=gaps.onnx)
    bench.require(gaps.allowed, f"the export differs: {gaps}")
