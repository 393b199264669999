"""What a network costs in use: its parameters and operations, counted, and its latency, measured.

None of it depends on the values of the weights: a network is described by its card alone.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from trainables.exported.folder import NetworkCard, write_graph
from trainables.exported.onnx_file import OnnxNetwork
from trainables.model.fused import fused
from trainables.model.network import HeadPoseNetwork

ROUNDS = 100
"""Calls of each network that are timed."""

WARM_UP = 10
"""Calls before these, which are not."""

TOGETHER = 8
"""Networks that take turns: all of them are in memory."""

ALONE = 1.1
"""A network had its core to itself where it took at most so many times the time that it computed."""


@dataclass(frozen=True)
class Latency:
    """How long the thread of one call computes, and how long the call took: medians, milliseconds.

    The first is the latency, which the second is where the thread has a core to itself: what else runs on the
    machine makes it wait, which says nothing about the network.
    """

    ms: float
    took_ms: float

    @property
    def alone(self) -> bool:
        """Whether it had its core to itself."""
        return self.took_ms <= ALONE * self.ms


def parameters(card: NetworkCard) -> int:
    """Return the number of weights of a network as it is exported, parallel convolutions merged."""
    return sum(weights.numel() for weights in _exported(card).parameters())


def flops(card: NetworkCard) -> int:
    """Return the floating-point operations per image of convolutions and matrix products.

    A multiplication and an addition are two operations.
    """
    images = torch.zeros(1, 3, card.image_px, card.image_px, device="meta")
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        _exported(card)(images)
    return int(counter.get_total_flops())


def _exported(card: NetworkCard) -> HeadPoseNetwork:
    return fused(card.build()).eval().to("meta")


def measure_latencies(cards: Sequence[NetworkCard]) -> list[Latency | str]:
    """Return the latency of each network with random weights on this machine, or why there is none.

    They are exported and timed in a process of their own: the exporter keeps much memory.
    """
    found: list[Latency | str] = []
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        for first in range(0, len(cards), TOGETHER):
            some = cards[first : first + TOGETHER]
            try:
                found += process.submit(_measured, some).result()
            except BrokenProcessPool:
                return found + ["its process died"] * (len(cards) - len(found))
    return found


def _measured(cards: Sequence[NetworkCard]) -> list[Latency | str]:
    torch.set_num_threads(1)
    built = [_built(card) for card in cards]
    networks = [network for network in built if isinstance(network, OnnxNetwork)]
    sides = [card.image_px for card, network in zip(cards, built, strict=True) if network in networks]
    timed = iter(latencies(networks, sides))
    return [network if isinstance(network, str) else next(timed) for network in built]


def _built(card: NetworkCard) -> OnnxNetwork | str:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.onnx"
        try:
            write_graph(card.build().eval(), card, file)
            return OnnxNetwork(file)
        except Exception as error:  # noqa: BLE001  whatever the exporter cannot do, the user is told
            lines = str(error).splitlines() or [""]
            return f"{type(error).__name__}: {lines[0]}"


def latencies(
    networks: Sequence[OnnxNetwork], sides_px: Sequence[int], rounds: int = ROUNDS
) -> list[Latency]:
    """Return the latencies of networks on images of these sides; see `call_times_ms`."""
    times_ms = call_times_ms(networks, sides_px, rounds)
    return [Latency(*map(statistics.median, zip(*calls, strict=True))) for calls in times_ms]


def call_times_ms(
    networks: Sequence[OnnxNetwork], sides_px: Sequence[int], rounds: int
) -> list[list[tuple[float, float]]]:
    """Return for each network how long each call with one image computed, and how long it took.

    The networks take turns in random order, so that what disturbs the machine for a while disturbs all.
    """
    rng = np.random.default_rng(0)
    images = [rng.integers(0, 256, (1, 3, side_px, side_px), np.uint8) for side_px in sides_px]
    times_ms: list[list[tuple[float, float]]] = [[] for _ in networks]
    for _ in range(WARM_UP + rounds):
        for place in rng.permutation(len(networks)):
            began_s, computing_s = time.perf_counter(), time.thread_time()
            networks[place].predict(images[place])
            took_s, computed_s = time.perf_counter() - began_s, time.thread_time() - computing_s
            times_ms[place].append((1e3 * computed_s, 1e3 * took_s))
    return [calls[WARM_UP:] for calls in times_ms]
