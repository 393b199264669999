"""Plans a search: what it needs and does, and what its cheapest and most expensive design cost, measured."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from hpsearch.driver.request import LaunchRequest
from hpsearch.plan.designs import extremes
from hpsearch.plan.runs import Runs, plan_runs
from hpsearch.ray.cluster import cluster, in_parallel, joined_address
from hpsearch.ray.gpus import place_count, resources_in_cluster
from hpsearch.ray.mps import Mps
from hpsearch.ray.nodes import Nodes
from hpsearch.ray.rehearsal import rehearse_on_cluster, rehearse_together
from hpsearch.ray.scratch import scratch_folder
from hpsearch.results.epoch_time import epoch_s
from hpsearch.study.folders import datasets_folder, machines_folder, pretrained_folder
from hpsearch.study.needs import Needs, images_of, needs_of
from hpsearch.study.spec import StudySpec, load_spec
from hpsearch.study.store import find_study
from hpsearch.work.network_costs import within
from hpsearch.work.resources import Share, TrialResources
from trainables.base.disk import existing
from trainables.base.errors import InputError
from trainables.training.checkpoint_size import checkpoints_bytes
from trainables.training.config import TrainConfig
from trainables.training.footprint import MemoryShape
from trainables.training.packing import Together, gain
from trainables.training.rehearsal import Rehearsal

VALUE_BYTES = 4


@dataclass(frozen=True)
class Measured:
    """A design, its share of a machine, what a few steps of it came to (or why not), and its images.

    `together` holds what several trainings of it do in parallel, on a GPU or on a machine without one; it is
    empty where that was not measured.
    """

    config: TrainConfig
    share: Share
    rehearsal: Rehearsal | str
    images: tuple[int, int] | None
    """Images that it trains and validates on; None where not known."""
    together: Together = field(default_factory=dict)

    @property
    def epoch_s(self) -> float | None:
        """Seconds of an epoch, in the mean over a run; None where not known."""
        if self.images is None or isinstance(self.rehearsal, str):
            return None
        train, validation = self.images
        epochs = range(self.config.epochs)
        norms = sum(self.config.norm_images(train, completed) for completed in epochs) / len(epochs)
        forwarded_s = (validation + norms) / self.rehearsal.forwarded_images_per_s
        return train / self.rehearsal.train_images_per_s + forwarded_s


@dataclass(frozen=True)
class Disk:
    """Bytes that a search writes, at most, and that are free below the root."""

    running: int
    frozen: int
    weights: int | None
    """The weights of complete trials; None where their number is not bounded."""
    free: int


@dataclass(frozen=True)
class Plan:
    """All of it. `combinations` is None where a range has no end of values."""

    spec: StudySpec
    combinations: int | None
    needs: Needs
    runs: Runs
    resources: TrialResources
    in_parallel: int
    places: int
    """The GPUs that trials in parallel spread over, or the machines where there are none."""
    cheapest: Measured
    costliest: Measured
    disk: Disk
    trained_epoch_s: float | None = None
    """Seconds of an epoch as the study's own took, where it has trained any below this root."""

    @property
    def epochs(self) -> int | None:
        """Epochs of all runs, at most; None where hours alone end the search."""
        if self.runs.search_epochs is None:
            return None
        return self.runs.search_epochs + self.runs.pretraining_epochs + self.runs.confirmation_epochs

    def seconds(self, design: Measured, epochs: int) -> tuple[float, float] | None:
        """Return how long epochs take that are as long as this design's; None where that is not known.

        At least, if trials in parallel cost each other nothing; at most, as was measured of several. Once the
        study has trained, epochs are as long as its own were on average, beside what ran in parallel.
        """
        if self.trained_epoch_s is not None:
            took_s = epochs * self.trained_epoch_s / self.in_parallel
            return took_s, took_s
        if design.epoch_s is None:
            return None
        alone_s = epochs * design.epoch_s
        return alone_s / self.in_parallel, alone_s / self.gain(design)

    def gain(self, design: Measured) -> float:
        """Return how many times the work of one the trials in parallel do; their number if not measured."""
        if not design.together:
            return self.in_parallel
        places = min(self.places, self.in_parallel)
        return min(places * gain(design.together, self.in_parallel / places), self.in_parallel)


def plan(request: LaunchRequest, say: Callable[[str], None]) -> Plan:
    """Plan the search that is asked for, on this machine or on its cluster.

    Nothing is written but what was measured, below a root that is there. Raises `InputError` for a fault of
    the file or the cluster; what is wrong with datasets and initial weights stands in the plan.
    """
    spec = load_spec(request.space, trials=request.trials, epochs=request.epochs)
    address, root = joined_address(request.address), request.root.absolute()
    datasets = datasets_folder(root)
    needs = needs_of(spec, datasets)
    designs = extremes(within(spec.configs, spec.search.bounds, spec.costs))
    with (
        scratch_folder() as scratch,
        cluster(
            address,
            scratch,
            without_token=request.without_token,
            verbose=False,
            mps=Mps.wanted(spec.search.resources, say),
        ),
    ):
        nodes = Nodes()
        resources = resources_in_cluster(spec, datasets, machines_folder(root), nodes, say)
        in_parallel(resources, nodes)  # before anything is measured
        distinct = list(dict.fromkeys(designs))
        say(f"training {len(distinct)} designs for a few steps ...")
        found = dict(zip(distinct, rehearse_on_cluster(distinct, resources, datasets), strict=True))
        rehearse_together(distinct, resources, nodes, datasets, say)
        concurrent, places = in_parallel(resources, nodes), place_count(nodes)
    cheapest, costliest = (
        Measured(
            config,
            resources.of(config),
            found[config],
            images_of(config, datasets),
            resources.known.of(MemoryShape.of(config)).together,
        )
        for config in designs
    )
    runs = plan_runs(spec, datasets, pretrained_folder(root))
    return Plan(
        spec=spec,
        combinations=spec.space.designs(),
        needs=needs,
        runs=runs,
        resources=resources,
        in_parallel=concurrent,
        places=places,
        cheapest=cheapest,
        costliest=costliest,
        disk=_disk(spec, runs, concurrent, root),
        trained_epoch_s=_trained_epoch_s(root, spec.name),
    )


def _trained_epoch_s(root: Path, name: str) -> float | None:
    with suppress(InputError):  # it has not begun, or a launch says what is wrong with it
        return epoch_s(find_study(root, name).trials)
    return None


def _disk(spec: StudySpec, runs: Runs, concurrent: int, root: Path) -> Disk:
    configs = [spec.config(params) for params in spec.space.probes()]
    values = max(config.network.backbone.trunk_values for config in configs)
    halving = spec.search.pruner.halving(spec.epochs)
    freezes = halving is not None and bool(halving.rungs_of(spec.epochs))
    complete = None if runs.trials is None else (runs.trials + runs.confirmations) * values * VALUE_BYTES
    return Disk(
        running=concurrent * max(map(checkpoints_bytes, configs)),
        frozen=int(spec.search.frozen_gb * 1e9) if freezes else 0,
        weights=complete,
        free=shutil.disk_usage(existing(root)).free,
    )
