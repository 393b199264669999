"""Rehearses trainings on the connected Ray cluster, each alone, on the share that a trial has."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import ray
import torch

from hpsearch.work.resources import TrialResources
from trainables.training.config import TrainConfig
from trainables.training.rehearsal import Rehearsal, rehearse

PATIENCE_S = 300.0
"""Seconds that one rehearsal may take: a node may have to start first, or be free of other work."""


def rehearse_on_cluster(
    configs: Sequence[TrainConfig], resources: TrialResources, datasets: Path
) -> list[Rehearsal | str]:
    """Return what a few steps of each config came to, or why they could not be trained, in words."""
    found: list[Rehearsal | str] = []
    for config in configs:
        share = resources.of(config)
        task = _rehearse.options(num_cpus=share.cpus, num_gpus=share.gpus)
        asked = task.remote(config, datasets, share.cpus)
        try:
            found.append(ray.get(asked, timeout=PATIENCE_S))
        except ray.exceptions.GetTimeoutError:
            ray.cancel(asked, force=True)
            found.append(f"not done within {PATIENCE_S:.0f} s: the cluster may be busy")
        except ray.exceptions.RayError as error:
            cause = getattr(error, "cause", None) or error
            lines = str(cause).strip().splitlines()
            found.append(f"{type(cause).__name__}: {lines[0] if lines else ''}".rstrip(": "))
    return found


@ray.remote(max_calls=1, max_retries=0)
def _rehearse(config: TrainConfig, datasets: Path, threads: int) -> Rehearsal:
    device = torch.device("cuda", 0) if ray.get_gpu_ids() else torch.device("cpu")
    return rehearse(config, datasets, device, threads)
