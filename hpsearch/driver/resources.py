"""CPUs and GPUs per trial, and the checks that refuse a launch before any trial starts."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from hpsearch.study.config import ResourcesConfig
from hpsearch.study.spec import StudySpec
from trainables.base.errors import Fault, InputError
from trainables.model.backbones import TRUNK_VALUES
from trainables.training.checkpoints import checkpoints_bytes


@dataclass(frozen=True)
class TrialResources:
    """CPUs and GPUs per trial, and how many trials run side by side at most (None: as many as fit)."""

    cpus: int
    gpus: float
    concurrent: int | None


def resolve_resources(wanted: ResourcesConfig, gpus_in_cluster: float) -> TrialResources:
    """Return what a trial takes of the cluster that is connected; `auto` becomes a number."""
    gpus = wanted.gpus if wanted.gpus != "auto" else min(1.0, gpus_in_cluster)
    return TrialResources(wanted.cpus, gpus, None if wanted.concurrent == "auto" else wanted.concurrent)


def check_precision(spec: StudySpec, resources: TrialResources) -> None:
    """Refuse mixed precision where trials have no GPU. Raises `InputError`."""
    mixed = any(spec.config(params).precision == "mixed" for params in spec.space.probes())
    if mixed and not resources.gpus:
        line = spec.document.line(("precision",))
        fault = "'mixed' needs a GPU, and trials have none: 'auto' takes it where there is one"
        raise InputError(Fault(fault, "precision", spec.document.file, line))


def check_room(spec: StudySpec, concurrent: int, folder: Path) -> None:
    """Refuse to begin where the checkpoints of so many trials at once cannot fit. Raises `InputError`.

    Counts the trunk only: a launch that passes may still fill the disk; one that is refused certainly would.
    """
    backbones = {spec.config(params).network.backbone for params in spec.space.probes()}
    weights = max(TRUNK_VALUES[backbone] for backbone in backbones)
    needed_mib, free_mib = concurrent * checkpoints_bytes(weights) >> 20, shutil.disk_usage(folder).free >> 20
    if needed_mib > free_mib:
        raise InputError(
            f"the checkpoints of {concurrent} trials side by side need {needed_mib} MiB, and "
            f"{free_mib} MiB are free below {folder}: make room, give another --root, or lower "
            "search.resources.concurrent"
        )
