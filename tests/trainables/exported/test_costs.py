"""What an exported network costs: counted against what it is made of, and timed on one thread."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import cast

import pytest
import torch
from support.forks import forked
from torch import Tensor, nn

from trainables.exported import NetworkCard
from trainables.exported.costs import flops, latencies, measure_latencies, parameters
from trainables.exported.onnx_file import OnnxNetwork
from trainables.model.fused import fused


def card(backbone: object = "resnet10", image_px: int = 32) -> NetworkCard:
    return NetworkCard.model_validate(
        {
            "backbone": backbone,
            "head": "regression",
            "angles": ["yaw", "pitch", "roll"],
            "image_px": image_px,
        }
    )


@pytest.mark.parametrize("backbone", ["resnet10", {"timm": {"model": "repvgg_a0"}}], ids=str)
def test_parameters_are_those_of_the_network_as_it_is_exported(backbone: object) -> None:
    trained = card(backbone).build()
    counted = sum(weights.numel() for weights in fused(trained).parameters())
    assert parameters(card(backbone)) == counted <= sum(weights.numel() for weights in trained.parameters())


def test_operations_are_two_per_weight_and_place_that_it_is_used_at() -> None:
    network, image_px = card().build().eval(), 32
    expected = 0

    def count(layer: nn.Module, inputs: object, output: Tensor) -> None:
        nonlocal expected
        weights = cast(nn.Conv2d | nn.Linear, layer).weight
        expected += 2 * weights.numel() * output[0, 0].numel()

    for layer in network.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.register_forward_hook(count)
    network(torch.zeros(1, 3, image_px, image_px))
    assert flops(card(image_px=image_px)) == expected


class Predicts:
    """Takes a while for an image, in which it computes or waits."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work

    def predict(self, images: object) -> None:
        self._work()


def computes() -> None:
    began_s = time.thread_time()
    while time.thread_time() < began_s + 0.002:
        pass


def test_a_wait_is_no_latency_and_is_noticed() -> None:
    networks = [cast(OnnxNetwork, Predicts(work)) for work in (computes, lambda: time.sleep(0.002))]
    computing, waiting = latencies(networks, [8, 8], rounds=5)
    assert computing.ms >= 2.0 > waiting.ms, "of the thread's own time"
    assert waiting.took_ms >= 2.0 and not waiting.alone


@pytest.mark.slow
def test_a_network_is_timed_in_a_process_of_its_own() -> None:
    with forked("trainables.exported.costs"):
        [latency] = measure_latencies([card()])
    assert not isinstance(latency, str) and 0 < latency.ms <= latency.took_ms * 1.01
