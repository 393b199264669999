"""Rehearses trainings on the connected Ray cluster: alone, on the share that a trial has, and together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ray
import torch

from hpsearch.ray.cluster import fitting_on
from hpsearch.ray.nodes import Nodes
from hpsearch.work.resources import TrialResources
from trainables.training.config import TrainConfig
from trainables.training.footprint import MemoryShape
from trainables.training.packing_measurement import Candidate, measure_together
from trainables.training.rehearsal import Rehearsal, rehearse

PATIENCE_S = 300.0
"""Seconds that one rehearsal may take: a node may have to start first, or be free of other work."""

TOGETHER_S = 240.0
"""Seconds after which no further design is rehearsed in parallel with itself."""


def rehearse_on_cluster(
    configs: Sequence[TrainConfig], resources: TrialResources, datasets: Path
) -> list[Rehearsal | str]:
    """Return what a few steps of each config came to, or why they could not be trained, in words."""
    found: list[Rehearsal | str] = []
    for config in configs:
        share = resources.of(config)
        task = _rehearse.options(num_cpus=share.cpus, num_gpus=share.gpus)
        found.append(_outcome(task.remote(config, datasets, share.cpus)))
    return found


def rehearse_together(
    configs: Sequence[TrainConfig],
    resources: TrialResources,
    nodes: Nodes,
    datasets: Path,
    say: Callable[[str], None],
) -> None:
    """Measure what several trials of each config do in parallel on a node without a GPU; what fails is said.

    It is measured each time, since a CPU's other work changes, and kept in `resources.known`. Beside GPUs it
    was measured with the shares.
    """
    most, cpus = max((fitting_on(node, resources) for node in nodes.usable()), default=0), resources.cpus
    if resources.gpus or most < 2:
        return
    designs = {MemoryShape.of(each): Candidate(each, most, cpus, most * cpus) for each in configs}
    task = _rehearse_together.options(num_cpus=most * cpus, label_selector=nodes.selector)
    found = _outcome(task.remote(list(designs.values()), datasets))
    outcomes = [found] * len(designs) if isinstance(found, str) else found
    for reason in {each for each in outcomes if isinstance(each, str)}:
        say(f"not measured, what several trials in parallel do: {reason}")
    pairs = zip(designs, outcomes, strict=True)
    resources.known.learn({shape: {"together": each} for shape, each in pairs if not isinstance(each, str)})


def _outcome(task: Any) -> Any:
    """Return what a task came to; where it raised or took too long, why, in words."""
    try:
        return ray.get(task, timeout=PATIENCE_S)
    except ray.exceptions.GetTimeoutError:
        ray.cancel(task, force=True)
        return f"not done within {PATIENCE_S:.0f} s: the cluster may be busy"
    except ray.exceptions.RayError as error:
        cause = getattr(error, "cause", None) or error
        lines = str(cause).strip().splitlines()
        return f"{type(cause).__name__}: {lines[0] if lines else ''}".rstrip(": ")


@ray.remote(max_calls=1, max_retries=0)
def _rehearse(config: TrainConfig, datasets: Path, threads: int) -> Rehearsal:
    device = torch.device("cuda", 0) if ray.get_gpu_ids() else torch.device("cpu")
    return rehearse(config, datasets, device, threads)


@ray.remote(max_calls=1, max_retries=0)
def _rehearse_together(candidates: list[Candidate], datasets: Path) -> list[dict[int, float] | str]:
    return measure_together(candidates, datasets, torch.device("cpu"), TOGETHER_S)
