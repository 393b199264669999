"""Ray as the backend of a launch: its cluster or one of this machine's own, and what trials take of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from hpsearch.ray.authentication import check_token
from hpsearch.ray.cluster import cluster, in_parallel, joined_address, needed_addresses
from hpsearch.ray.gpus import compiler_fault, gpu_fault, resources_in_cluster, unused_instances
from hpsearch.ray.lost_cluster import AWAY_HERE_S, AWAY_S, ray_watched
from hpsearch.ray.mps import Mps
from hpsearch.ray.nodes import Nodes, Probe
from hpsearch.ray.scratch import scratch_folder
from hpsearch.ray.tune import run_work
from hpsearch.study.folders import machines_folder, root_of
from hpsearch.study.plugins import plugins_of
from hpsearch.study.spec import StudySpec
from hpsearch.study.trial_log import Log
from hpsearch.work.backend import Watcher
from hpsearch.work.items import WorkSource
from hpsearch.work.resources import TrialResources, compiles
from trainables.base.errors import InputError
from trainables.base.shared_folder import SharedFolder, shared


@dataclass(frozen=True)
class RayBackend:
    """Ray at `address`, None for this machine, and under a Ray job for the cluster of that job.

    `without_token` takes a Ray that whoever reaches its ports can use. See `hpsearch.work.backend.Backend`.
    """

    address: str | None = None
    without_token: bool = False
    verbose: bool = False

    def check(self) -> None:
        """See that a token is asked for and that something answers at the address. Raises `InputError`."""
        check_token(self.without_token)
        joined_address(self.address)

    @contextmanager
    def opened(
        self, spec: StudySpec, folder: Path, datasets: Path, watcher: Watcher
    ) -> Iterator[RayWorkplace]:
        """Join or start the cluster, probe its nodes and measure what trials take. Raises `InputError`."""
        address = joined_address(self.address)
        watcher.doing("starting the workers" if address is None else f"joining the cluster at {address}")
        with (
            scratch_folder() as scratch,
            cluster(
                address,
                scratch,
                without_token=self.without_token,
                verbose=self.verbose,
                mps=Mps.wanted(spec.search.resources, watcher.say),
            ),
            nullcontext() if address is None else shared(folder) as shared_folder,
        ):
            watcher.doing("determining resources per trial")
            with _ray_watched(address, watcher.interrupted):
                nodes = probed(shared_folder, spec, Log(folder).spoken(watcher.say))
                known = machines_folder(root_of(folder))
                resources = resources_in_cluster(spec, datasets, known, nodes, watcher.say)
                concurrent = in_parallel(resources, nodes)
            yield RayWorkplace(
                resources, concurrent, nodes, shared_folder, address, scratch, verbose=self.verbose
            )


@dataclass(frozen=True)
class RayWorkplace:
    """A connected cluster; see `hpsearch.work.backend.Workplace`.

    `folder` is the study's where all nodes must see it, None on one machine; Ray's files go below `scratch`.
    """

    resources: TrialResources
    in_parallel: int
    nodes: Nodes
    folder: SharedFolder | None
    address: str | None
    scratch: Path
    verbose: bool

    def now_s(self) -> float:
        """Return monotonic seconds."""
        return monotonic()

    def watched(self, give_up: Callable[[str], None]) -> AbstractContextManager[None]:
        """Watch what the launch needs of Ray: the head, and the node on this machine."""
        return _ray_watched(self.address, give_up)

    def run(self, source: WorkSource, *, retries: int, epoch_timeout_s: float) -> None:
        """Run the source's items; see `run_work`."""
        run_work(
            source,
            self.resources,
            self.nodes,
            folder=self.folder,
            retries=retries,
            epoch_timeout_s=epoch_timeout_s,
            scratch=self.scratch,
            verbose=self.verbose,
        )


def _ray_watched(address: str | None, give_up: Callable[[str], None]) -> AbstractContextManager[None]:
    away_s = AWAY_HERE_S if address is None else AWAY_S
    return ray_watched(needed_addresses(local=address is None), away_s, give_up)


def probed(folder: SharedFolder | None, spec: StudySpec, say: Callable[[str], None]) -> Nodes:
    """Return the nodes of the cluster, each probed; of one machine's own Ray what trials use: GPU, compiler.

    Raises `InputError` where none is fit.
    """
    gpu = spec.search.resources.gpus != 0
    if folder is None:
        nodes = Nodes(say=say)
        if gpu and (unused := unused_instances()):
            say(unused)
        if gpu and (reason := gpu_fault(nodes)):
            raise InputError(f"{reason}. Mend that, or train on the CPU: search.resources.gpus: 0")
        if compiles(spec) and (reason := compiler_fault(nodes, gpu=gpu)):
            raise InputError(reason)
        return nodes
    nodes = Nodes(Probe.of(folder, gpu=gpu, plugins=plugins_of(spec), compiles=compiles(spec)), say)
    nodes.probe_all()
    return nodes
