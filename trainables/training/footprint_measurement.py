"""Measures what a design takes of a device, by a few steps of it in a process of its own."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path

import torch

from trainables.data.loader import LoaderPool
from trainables.training.build import build_trial_session, decided
from trainables.training.config import TrainConfig
from trainables.training.footprint import Footprint
from trainables.training.gpu_share import keep_to_share
from trainables.training.training_data import open_data

BATCHES = 12
"""Steps of a measured epoch: cuDNN chooses its workspaces in the first, and loading settles soon after."""


def measure(configs: Sequence[TrainConfig], datasets: Path, device: torch.device) -> list[Footprint | str]:
    """Return what each config takes of a device that nothing else uses, or why it cannot be measured there.

    Another process trains; this one holds nothing but a context and watches the free memory.
    """
    free_mib = _free_mib(device) if device.type == "cuda" else 0.0
    found: list[Footprint | str] = []
    with ProcessPoolExecutor(1, get_context("spawn")) as process:
        for config in configs:
            try:
                found.append(process.submit(_measure, config, datasets, device, free_mib).result())
            except BrokenProcessPool:
                return [*found, *["its process died"] * (len(configs) - len(found))]
            except Exception as error:  # noqa: BLE001  a trial that meets it too will end with its reason
                found.append(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}")
    return found


def _measure(config: TrainConfig, datasets: Path, device: torch.device, free_mib: float) -> Footprint:
    torch.set_num_threads(1)
    keep_to_share(device, 1.0)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    data = open_data(config, datasets)
    few = data.few(BATCHES, config, validation=config.data.batch)
    session = build_trial_session(decided(config, data), few, device=device, threads=1, pool=LoaderPool())
    session.run_epoch()
    report = session.run_epoch()
    torch_mib = torch.cuda.max_memory_reserved(device) / 2**20 if device.type == "cuda" else 0.0
    other_mib = max(free_mib - _free_mib(device) - torch_mib, 0.0)
    return Footprint(torch_mib, other_mib, report.training.data_wait_share)


def _free_mib(device: torch.device) -> float:
    """Return the free memory of a GPU; for a CPU, what this process has, below 0."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0] / 2**20
    return -resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
