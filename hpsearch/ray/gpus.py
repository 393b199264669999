"""The GPUs of the connected Ray cluster: how many there are, and what designs take of one of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import ray
import torch
from ray.util.placement_group import placement_group, remove_placement_group
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from hpsearch.ray.deaths import COLOUR
from hpsearch.ray.nodes import Node, Nodes
from hpsearch.study.spec import StudySpec
from hpsearch.work.resources import (
    Machines,
    Measured,
    TrialResources,
    designs_to_measure,
    resolve_resources,
)
from trainables.base.errors import InputError
from trainables.training.config import TrainConfig
from trainables.training.footprint import Footprint, MemoryShape
from trainables.training.footprint_measurement import measure
from trainables.training.machine import machine_fault

PATIENCE_S = 900.0
"""Seconds that a launch waits for a free GPU and for the measurements on it."""

PROBED_S = 180.0
"""Seconds in which a GPU must show that it works: its first process imports torch and DALI."""

MOST_MEASURED = 48
"""Designs that are measured, at most: some ten seconds for the first, one or two for each other."""


def resources_in_cluster(
    spec: StudySpec, datasets: Path, nodes: Nodes, say: Callable[[str], None]
) -> TrialResources:
    """Return what each trial takes of the connected cluster; where it is `auto`, GPU memory is measured."""
    wanted = spec.search.resources
    if wanted.gpus == "auto" and wanted.autoscale and not _with_gpu(nodes):
        _await_gpu(nodes, say)
    machines, measured = machines_in_cluster(nodes), None
    if wanted.gpus == "auto" and machines.gpus:
        measured = measure_designs(designs_to_measure(spec), datasets, nodes, say)
    return resolve_resources(wanted, machines, measured)


def gpu_fault(nodes: Nodes) -> str | None:
    """Return why the GPUs of this machine cannot train, in words; None where they can, or there are none."""
    if not _with_gpu(nodes):
        return None
    try:
        reason: str | None = ray.get(_machine_fault.remote(), timeout=PROBED_S)
    except ray.exceptions.GetTimeoutError:
        return f"the GPU of this machine did not add two numbers within {PROBED_S:.0f} s"
    except ray.exceptions.RayError as error:
        lines = [line for line in COLOUR.sub("", str(error)).splitlines() if line.strip()]
        return f"the GPU of this machine cannot train: {lines[-1].strip() if lines else type(error).__name__}"
    return reason and f"the GPU of this machine cannot train: {reason}"


@ray.remote(num_cpus=0, num_gpus=0.01, max_calls=1, max_retries=0)
def _machine_fault() -> str | None:
    return machine_fault(gpu=True)


def _await_gpu(nodes: Nodes, say: Callable[[str], None]) -> None:
    """Ask an autoscaler for a node with a GPU and wait for it. Raises `InputError` where none comes."""
    say("no node has a GPU yet: waiting for the first that the cluster starts ...")
    asked = placement_group([{"GPU": 1}])  # it stands in line as long as this process lives, and no longer
    try:
        until_s = time.monotonic() + PATIENCE_S
        while not _with_gpu(nodes):
            if time.monotonic() > until_s:
                raise InputError(
                    f"no node with a GPU came within {PATIENCE_S:.0f} s: see `ray status` on the head, or "
                    "set search.resources.gpus to 0"
                )
            time.sleep(1.0)
            nodes.probe_all()
    finally:
        remove_placement_group(asked)


def machines_in_cluster(nodes: Nodes) -> Machines:
    """Return the GPUs of the connected cluster."""
    found = [node["Resources"] for node in _with_gpu(nodes)]
    cores = (int(node.get("CPU", 0) // node["GPU"]) for node in found)
    beside = sum(int(node.get("CPU", 0)) for node in found)
    return Machines(sum(node["GPU"] for node in found), min(cores, default=0), beside)


def measure_designs(
    designs: Mapping[MemoryShape, TrainConfig], datasets: Path, nodes: Nodes, say: Callable[[str], None]
) -> Measured | None:
    """Measure designs on a GPU that nothing else uses; None where there is none, which is said."""
    chosen = dict(list(designs.items())[:MOST_MEASURED])
    say(f"measuring the GPU memory of {len(chosen)} designs ...")
    each = (NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in _with_gpu(nodes))
    tasks = [_gpu_mib.options(scheduling_strategy=node).remote() for node in each]
    measuring = _measure.options(label_selector=nodes.selector).remote(list(chosen.values()), datasets)
    try:
        gpu_mib = min(ray.get(tasks, timeout=PATIENCE_S))
        found = ray.get(measuring, timeout=PATIENCE_S)
    except ray.exceptions.RayError as error:
        ray.cancel(measuring, force=True)
        say(f"not measured, so each trial takes a whole GPU: {type(error).__name__}, {_first_line(error)}")
        return None
    for reason in {each for each in found if isinstance(each, str)}:
        say(f"not measured, so its trials take a whole GPU: {reason}")
    footprints = [each if isinstance(each, Footprint) else None for each in found]
    return Measured(gpu_mib, dict(zip(chosen, footprints, strict=True)))


def _with_gpu(nodes: Nodes) -> list[Node]:
    return [node for node in nodes.usable() if node["Resources"].get("GPU")]


@ray.remote(num_cpus=0, num_gpus=0.01)  # Ray may hide all GPUs from a task without any
def _gpu_mib() -> float:
    """Return the free memory of a node's GPU, which may drive a display; those of a node count as alike."""
    return float(torch.cuda.mem_get_info(0)[0] / 2**20)


@ray.remote(num_gpus=1, max_calls=1, max_retries=0)
def _measure(configs: list[TrainConfig], datasets: Path) -> list[Footprint | str]:
    return measure(configs, datasets, torch.device("cuda", 0))


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "")
