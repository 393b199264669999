"""CPUs and GPUs per trial, and the checks that refuse a launch before any trial starts."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from hpsearch.study.config import ResourcesConfig
from hpsearch.study.spec import StudySpec
from hpsearch.work.known_designs import KnownDesigns
from hpsearch.work.shares import (
    floor_to_ray_unit,
    needed_mib,
    per_gpu,
    share_of,
    smallest_share,
    threads_to_feed,
)
from trainables.base.errors import Fault, InputError
from trainables.training.checkpoint_size import checkpoints_bytes
from trainables.training.config import HALF, TrainConfig
from trainables.training.footprint import Footprint, MemoryShape
from trainables.training.packing import Together, worth_packing

MOST_THREADS = 4
"""CPU threads per trial beside a GPU where nothing was measured."""

TRIAL_BYTES = 1100 * 2**20
"""Memory that the process of a trial takes at least: the interpreter, torch and DALI, before any image."""


@dataclass(frozen=True)
class Machines:
    """The GPUs of a cluster: how many there are, the fewest CPU cores beside one, and beside all of them."""

    gpus: float
    cores_per_gpu: int
    cores: int


@dataclass(frozen=True)
class Measured:
    """What designs take of a GPU (None: it could not be measured), and the memory of the smallest GPU.

    `together` holds what trainings of a design do in parallel, where that was measured.
    """

    gpu_mib: float
    footprints: Mapping[MemoryShape, Footprint | None]
    together: Mapping[MemoryShape, Together] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True)
class Share:
    """CPUs and GPUs of one trial."""

    cpus: int
    gpus: float


@dataclass(frozen=True)
class Spread:
    """GPUs, and how many trials run in parallel at most, for CPUs and `concurrent` allow no more."""

    gpus: float
    most: int

    def least(self, left: int | None) -> float:
        """Return the smallest share that leaves no GPU idle while so many trials are `left` (None: enough).

        Ray packs shares onto as few GPUs as hold them: eight small ones all go to the first.
        """
        parallel = self.most if left is None else min(self.most, left)
        return 1.0 if parallel <= self.gpus else floor_to_ray_unit(self.gpus / parallel)


def fitting(cpus: float, gpus: float, share: Share, memory_bytes: float) -> int:
    """Return how many trials of a share fit on a machine; memory for less than one counts as for one."""
    by_memory = max(1.0, memory_bytes / TRIAL_BYTES)
    fit = min(cpus // share.cpus, by_memory)
    return int(min(fit, int(gpus) * per_gpu(share.gpus)) if share.gpus else fit)


@dataclass(frozen=True)
class TrialResources:
    """CPUs and GPUs per trial, and how many trials run in parallel at most (None: as many as fit).

    Designs whose memory was measured have shares of their own, `by_shape`, which `spread` makes larger where
    GPUs would be idle. What a trial learned of the memory of its kind of design, `known` holds for the next.
    On a cluster that starts nodes on demand, `autoscale`, as many trials wait for them.
    """

    cpus: int
    gpus: float
    concurrent: int | None
    by_shape: Mapping[MemoryShape, Share] = field(default_factory=lambda: MappingProxyType({}))
    autoscale: bool = False
    spread: Spread | None = None
    known: KnownDesigns = field(default_factory=KnownDesigns, compare=False)

    def of(self, config: TrainConfig, left: int | None = None) -> Share:
        """Return the share of a trial while so many are left to run, it among them (None: enough)."""
        shape = MemoryShape.of(config)
        share = self.by_shape.get(shape, Share(self.cpus, self.gpus))
        if not share.gpus:
            return share
        spread = 0.0 if self.spread is None else self.spread.least(left)
        return replace(share, gpus=max(share.gpus, self.known.of(shape).least_share, spread))

    @property
    def smallest(self) -> Share:
        """The fewest CPUs and GPUs that a trial takes while enough are left."""
        shares = self.by_shape.values() or (Share(self.cpus, self.gpus),)
        return Share(min(share.cpus for share in shares), min(share.gpus for share in shares))


def resolve_resources(
    wanted: ResourcesConfig,
    machines: Machines,
    measured: Measured | None = None,
    known: KnownDesigns | None = None,
) -> TrialResources:
    """Return what trials take of the cluster that is connected; `auto` becomes a number.

    Beside measured designs, one that was not takes as much as the largest of them.
    """
    known = known or KnownDesigns()
    concurrent = None if wanted.concurrent == "auto" else wanted.concurrent
    if wanted.gpus != "auto" or measured is None:
        gpus = min(1.0, machines.gpus) if wanted.gpus == "auto" else floor_to_ray_unit(wanted.gpus)
        cpus = _cpus(wanted, machines, gpus, MOST_THREADS)
        return TrialResources(cpus, gpus, concurrent, autoscale=wanted.autoscale, known=known)
    most = machines.cores // (1 if wanted.cpus == "auto" else wanted.cpus)
    spread = Spread(machines.gpus, max(1, most if concurrent is None else min(most, concurrent)))
    spread_least = 0.0 if wanted.autoscale else spread.least(None)
    shares = {
        shape: _measured_share(
            wanted,
            machines,
            measured.gpu_mib,
            footprint,
            max(spread_least, _worthwhile_share(measured.together.get(shape))),
        )
        for shape, footprint in measured.footprints.items()
    }
    cpus = max(share.cpus for share in shares.values())
    gpus = max(share.gpus for share in shares.values())
    return TrialResources(
        cpus,
        gpus,
        concurrent,
        MappingProxyType(shares),
        wanted.autoscale,
        None if wanted.autoscale else spread,  # of nodes that are still to come nothing is known
        known,
    )


def _worthwhile_share(together: Together | None) -> float:
    """Return the share below which trials on a GPU do no more work together; 0 where that is not known."""
    worth = worth_packing(together) if together else None
    return 0.0 if worth is None else share_of(worth)


def _measured_share(
    wanted: ResourcesConfig, machines: Machines, gpu_mib: float, footprint: Footprint | None, least: float
) -> Share:
    if footprint is None:
        return Share(_cpus(wanted, machines, 1.0, MOST_THREADS), 1.0)
    gpus = max(least, smallest_share(needed_mib(footprint), gpu_mib))
    return Share(_cpus(wanted, machines, gpus, threads_to_feed(footprint.wait_share)), gpus)


def _cpus(wanted: ResourcesConfig, machines: Machines, gpus: float, threads: int) -> int:
    """Return a trial's CPUs; `auto`: 1, beside a GPU so many threads, at most what all trials can have."""
    if wanted.cpus != "auto":
        return wanted.cpus
    return 1 if not gpus else max(1, min(threads, machines.cores_per_gpu // per_gpu(gpus)))


def describe_lack(resources: TrialResources, cpus: float, gpus: float, where: str) -> str:
    """Return that a trial takes more than there is at most, in words."""
    return (
        f"search.resources asks for {resources.cpus} CPUs and {resources.gpus:g} GPUs per trial, "
        f"but {where} has {cpus:g} CPUs and {gpus:g} GPUs"
    )


def designs_to_measure(spec: StudySpec) -> dict[MemoryShape, TrainConfig]:
    """Return a config of each memory shape that the space can reach: of those alike, the most augmented."""
    chosen: dict[MemoryShape, TrainConfig] = {}
    for params in (*spec.enqueued, *spec.space.probes(), *spec.space.pairs()):
        config = spec.config(params)
        shape = MemoryShape.of(config)
        if shape not in chosen or _operations(config) > _operations(chosen[shape]):
            chosen[shape] = config
    return chosen


def _operations(config: TrainConfig) -> int:
    plan = config.augmentation.build()
    return len(plan.operations) if plan else 0


def check_precision(spec: StudySpec, resources: TrialResources) -> None:
    """Refuse half precision where trials have no GPU. Raises `InputError`."""
    asked = {spec.config(params).precision for params in spec.space.probes()} & HALF
    if asked and not resources.gpus:
        line = spec.document.line(("precision",))
        fault = f"{min(asked)!r} needs a GPU, and trials have none: 'auto' takes what a device is fast at"
        raise InputError(Fault(fault, "precision", spec.document.file, line))


def compiles(spec: StudySpec) -> bool:
    """Return whether a design of the space is compiled, which needs a compiler on each machine."""
    return any(spec.config(params).compile for params in spec.space.probes())


def check_room(spec: StudySpec, concurrent: int, folder: Path) -> None:
    """Refuse to begin where the checkpoints of so many trials at once cannot fit. Raises `InputError`.

    Counts the trunk only: a launch that passes may still fill the disk; one that is refused certainly would.
    """
    each = max(checkpoints_bytes(spec.config(params)) for params in spec.space.probes())
    needed, free = concurrent * each >> 20, shutil.disk_usage(folder).free >> 20
    if needed > free:
        raise InputError(
            f"the checkpoints of {concurrent} trials in parallel need {needed} MiB, and "
            f"{free} MiB are free below {folder}: make room, give another --root, or lower "
            "search.resources.concurrent"
        )
