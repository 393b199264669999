"""Measures designs on a GPU of the connected Ray cluster: their memory, and what several do together.

What is known already is not measured again, and what is found is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import ceil
from pathlib import Path
from typing import Any

import ray
import torch
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from hpsearch.ray.nodes import Nodes, with_gpu
from hpsearch.study.config import ResourcesConfig
from hpsearch.work.known_designs import KnownDesigns
from hpsearch.work.resources import Machines, Measured
from hpsearch.work.shares import needed_mib, per_gpu, smallest_share, threads_to_feed
from trainables.training.config import TrainConfig
from trainables.training.footprint import Footprint, MemoryShape
from trainables.training.footprint_measurement import measure
from trainables.training.packing import settled
from trainables.training.packing_measurement import Candidate, measure_together

PATIENCE_S = 900.0
"""Seconds that a launch waits for a free GPU and for the measurements on it."""

MOST_MEASURED = 48
"""Designs that are measured, at most: some ten seconds for the first, one or two for each other."""

TOGETHER_S = 300.0
"""Seconds after which no further design is measured in parallel with itself: one takes some ten."""

Designs = Mapping[MemoryShape, TrainConfig]


def measure_designs(
    wanted: ResourcesConfig,
    designs: Designs,
    datasets: Path,
    machines: Machines,
    nodes: Nodes,
    known: KnownDesigns,
    say: Callable[[str], None],
) -> Measured | None:
    """Measure designs on a GPU that nothing else uses; None where there is none, which is said."""
    chosen = dict(list(designs.items())[:MOST_MEASURED])
    each = (NodeAffinitySchedulingStrategy(node["NodeID"], soft=False) for node in with_gpu(nodes))
    tasks = [_gpu_mib.options(scheduling_strategy=node).remote() for node in each]
    try:
        gpu_mib = min(ray.get(tasks, timeout=PATIENCE_S))
        _measure_memory(chosen, datasets, nodes, known, say)
    except ray.exceptions.RayError as error:
        say(f"not measured, so each trial takes a whole GPU: {type(error).__name__}, {_first_line(error)}")
        return None
    _measure_packing(wanted, chosen, datasets, machines, gpu_mib, nodes, known, say)
    return Measured(
        gpu_mib,
        {shape: known.of(shape).footprint for shape in chosen},
        {shape: known.of(shape).together for shape in chosen},
    )


def _measure_memory(
    designs: Designs, datasets: Path, nodes: Nodes, known: KnownDesigns, say: Callable[[str], None]
) -> None:
    """Measure what is not known of the designs' memory. Raises `RayError`."""
    new = {shape: config for shape, config in designs.items() if known.of(shape).footprint is None}
    if not new:
        return
    say(f"measuring the GPU memory of {len(new)} designs ...")
    measuring = _measure.options(label_selector=nodes.selector).remote(list(new.values()), datasets)
    found = _got(measuring)
    for reason in {each for each in found if isinstance(each, str)}:
        say(f"not measured, so its trials take a whole GPU: {reason}")
    pairs = zip(new, found, strict=True)
    known.learn({shape: {"footprint": each} for shape, each in pairs if isinstance(each, Footprint)})


def _measure_packing(
    wanted: ResourcesConfig,
    designs: Designs,
    datasets: Path,
    machines: Machines,
    gpu_mib: float,
    nodes: Nodes,
    known: KnownDesigns,
    say: Callable[[str], None],
) -> None:
    """Measure what is not known of designs of which several fit on a GPU; what fails is said."""
    fitting = {
        shape: candidate(wanted, config, footprint, machines, gpu_mib)
        for shape, config in designs.items()
        if (footprint := known.of(shape).footprint) is not None
    }
    new = {shape: each for shape, each in fitting.items() if not settled(known.of(shape).together, each.most)}
    new = {shape: each for shape, each in new.items() if each.most > 1}
    if not new:
        return
    say(f"measuring what several trials on one GPU do together, for {len(new)} designs ...")
    measuring = _measure_together.options(label_selector=nodes.selector).remote(list(new.values()), datasets)
    try:
        found = _got(measuring)
    except ray.exceptions.RayError as error:
        say(f"not measured, so memory alone decides how many share a GPU: {_first_line(error)}")
        return
    for reason in {each for each in found if isinstance(each, str)}:
        say(f"not measured, so memory alone decides how many of its trials share a GPU: {reason}")
    pairs = zip(new, found, strict=True)
    known.learn({shape: {"together": each} for shape, each in pairs if not isinstance(each, str)})


def candidate(
    wanted: ResourcesConfig, config: TrainConfig, footprint: Footprint, machines: Machines, gpu_mib: float
) -> Candidate:
    """Return a design as it is measured in parallel: as many as memory, CPUs and `concurrent` allow."""
    most = [per_gpu(smallest_share(needed_mib(footprint), gpu_mib))]
    most.append(machines.cores_per_gpu // (1 if wanted.cpus == "auto" else wanted.cpus))
    if wanted.concurrent != "auto":
        most.append(ceil(wanted.concurrent / machines.gpus))
    threads = threads_to_feed(footprint.wait_share) if wanted.cpus == "auto" else wanted.cpus
    return Candidate(config, max(1, min(most)), threads, machines.cores_per_gpu)


@ray.remote(num_cpus=0, num_gpus=0.01)  # Ray may hide all GPUs from a task without any
def _gpu_mib() -> float:
    """Return the free memory of a node's GPU, which may drive a display; those of a node count as alike."""
    return float(torch.cuda.mem_get_info(0)[0] / 2**20)


@ray.remote(num_gpus=1, max_calls=1, max_retries=0)
def _measure(configs: list[TrainConfig], datasets: Path) -> list[Footprint | str]:
    return measure(configs, datasets, torch.device("cuda", 0))


@ray.remote(num_gpus=1, max_calls=1, max_retries=0)
def _measure_together(candidates: list[Candidate], datasets: Path) -> list[dict[int, float] | str]:
    return measure_together(candidates, datasets, torch.device("cuda", 0), TOGETHER_S)


def _got(task: Any) -> Any:
    """Return what a task came to; one that raises, or does not end in time, is cancelled."""
    try:
        return ray.get(task, timeout=PATIENCE_S)
    except ray.exceptions.RayError:
        ray.cancel(task, force=True)
        raise


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "")
