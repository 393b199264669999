"""The nodes of the connected Ray cluster that a study may use: each is probed before it gets a trial."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from hpsearch.study.code_version import PACKAGES, code_version
from hpsearch.study.plugins import absence
from hpsearch.work.backend import NoWorkerLeft
from trainables.base.errors import Fault, InputError
from trainables.base.kernel import memory_kills
from trainables.base.package_digest import PackageDigest
from trainables.base.plugins import Plugin
from trainables.base.shared_folder import SharedFolder
from trainables.training.machine import compile_fault, machine_fault

PATIENCE_S = 180.0
"""How long a node may take to answer: its first process imports torch and DALI, maybe from a slow disk."""

LOOKED_EVERY_S = 2.0

ASKED_S = 10.0
"""How long a node may take to say what its kernel killed."""

NODE_ID = "ray.io/node-id"
"""The label of each node that Ray itself sets."""

Node = Mapping[str, Any]
"""A row of `ray.nodes()`."""


@dataclass(frozen=True)
class Probe:
    """What a node must show: the driver's folder, its code and plug-ins and, where `gpu`, CUDA.

    Where a design `compiles`, it needs a compiler too.
    """

    folder: SharedFolder
    version: str
    code: PackageDigest
    python: tuple[int, int]
    gpu: bool
    plugins: tuple[Plugin, ...] = ()
    compiles: bool = False

    @classmethod
    def of(
        cls, folder: SharedFolder, *, gpu: bool, plugins: tuple[Plugin, ...] = (), compiles: bool = False
    ) -> Probe:
        """Return the probe of a driver in this process.

        `gpu` says whether trials may take GPUs, `plugins` which ones they use.
        """
        code = PackageDigest.of(*PACKAGES)
        return cls(folder, code_version(), code, sys.version_info[:2], gpu, plugins, compiles)

    def fault(self, *, has_gpu: bool) -> str | None:
        """Return why this machine is not fit for trials, in words; None where it is."""
        if self.python != sys.version_info[:2]:
            return f"it has Python {_dotted(sys.version_info[:2])}, the driver {_dotted(self.python)}"
        version = code_version()
        if not _same(version, self.version):
            return f"it has hpsearch {version}, the driver {self.version}: install the same"
        if difference := self.code.difference(same_machine=False):
            return difference
        missing = next(filter(None, map(absence, self.plugins)), None)
        gpu = self.gpu and has_gpu
        fault = missing or self.folder.fault() or machine_fault(gpu=gpu)
        return fault or (compile_fault(gpu=gpu) if self.compiles else None)


class Nodes:
    """The nodes of the connected cluster, less those that were left out. `say` is told of each of these.

    Without a `probe` all nodes are taken: those of a launch on one machine are the driver's own.
    """

    def __init__(self, probe: Probe | None = None, say: Callable[[str], None] = lambda text: None) -> None:
        self._probe = probe
        self._say = say
        self._left_out: dict[str, str] = {}
        self._memory_kills: dict[str, int] = {}
        self._fit: set[str] = set()
        self._asked: dict[str, tuple[Any, float]] = {}
        self._looked_s = 0.0
        self._listed: list[Node] = []
        self._listed_s = -math.inf

    def usable(self, *, within_s: float = 0.0) -> list[Node]:
        """Return the nodes that are alive, as of up to `within_s` ago, and not left out."""
        if time.monotonic() - self._listed_s >= within_s:
            self._listed, self._listed_s = ray.nodes(), time.monotonic()
        return [node for node in self._listed if node["Alive"] and node["NodeID"] not in self._left_out]

    @property
    def selector(self) -> dict[str, str]:
        """Return the labels of a node for whatever is to run: none of those that were left out."""
        return {NODE_ID: f"!in({','.join(sorted(self._left_out))})"} if self._left_out else {}

    def probe_all(self) -> None:
        """Probe every node and wait for their answers. Raises `InputError` where all were found unfit."""
        while self._look():
            time.sleep(0.05)
        if self._left_out and not self._fit:
            raise InputError(list(map(Fault, self._left_out.values())))

    def watch(self) -> None:
        """Probe nodes that have joined, without waiting. Raises `NoWorkerLeft` once none is left."""
        if time.monotonic() - self._looked_s > LOOKED_EVERY_S:
            self._looked_s = time.monotonic()
            self._look()

    def heard(self, node_id: str, memory_kills: int) -> None:
        """Note how many processes the kernel of a node has killed for memory until now."""
        self._memory_kills[node_id] = memory_kills

    def memory_kills_since(self, node_id: str, before: int | None) -> int:
        """Return how many it has killed since there were `before`, or since it was last heard of (None)."""
        before = self._memory_kills.get(node_id) if before is None else before
        if before is None:
            return 0
        here = NodeAffinitySchedulingStrategy(node_id, soft=False)
        try:
            return int(ray.get(_count.options(scheduling_strategy=here).remote(), timeout=ASKED_S)) - before
        except (ray.exceptions.RayError, TimeoutError):  # the node itself is gone
            return 0

    def leave_out(self, node_id: str, reason: str, *, own: bool = False) -> bool:
        """Give a node no further trial; return whether it is left out. The driver's own only with `own`.

        Raises `NoWorkerLeft` where it was the last.
        """
        if not own and node_id == ray.get_runtime_context().get_node_id():
            return False
        if node_id not in self._left_out:
            node = next((node for node in ray.nodes() if node["NodeID"] == node_id), None)
            self._leave_out(node_id, _name(node) if node else node_id, reason)
        if not any(map(_can_work, self.usable())):
            raise NoWorkerLeft("no machine is left that can run trials")
        return True

    def _look(self) -> bool:
        """Ask the nodes that are new and take in what came; return whether an answer is still to come."""
        if self._probe is None:
            return False
        for node in self.usable():
            node_id = node["NodeID"]
            if node_id not in self._fit and node_id not in self._asked and _can_work(node):
                self._asked[node_id] = _ask(self._probe, node), time.monotonic()
        alive = {node["NodeID"]: node for node in self.usable()}
        for node_id, (asked, since_s) in list(self._asked.items()):
            answered, _ = ray.wait([asked], timeout=0)
            if not answered and time.monotonic() - since_s < PATIENCE_S and node_id in alive:
                continue
            del self._asked[node_id]
            if node_id not in alive:
                continue
            reason = f"it did not answer within {PATIENCE_S:.0f} s"
            if answered:
                reason, self._memory_kills[node_id] = _answer(asked)
            if not reason:
                self._fit.add(node_id)
            else:
                self._leave_out(node_id, _name(alive[node_id]), reason)
        return bool(self._asked)

    def _leave_out(self, node_id: str, name: str, reason: str) -> None:
        self._left_out[node_id] = f"node {name} is left out: {reason}"
        self._fit.discard(node_id)
        self._say(self._left_out[node_id])


def with_gpu(nodes: Nodes) -> list[Node]:
    """Return the nodes with GPUs that may be used."""
    return [node for node in nodes.usable() if node["Resources"].get("GPU")]


def _ask(probe: Probe, node: Node) -> Any:
    has_gpu = bool(probe.gpu and node["Resources"].get("GPU"))
    here = NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
    return _run.options(scheduling_strategy=here, num_gpus=0.01 if has_gpu else 0).remote(probe, has_gpu)


@ray.remote(num_cpus=0, max_calls=1, max_retries=0)
def _run(probe: Probe, has_gpu: bool) -> tuple[str, int]:
    return probe.fault(has_gpu=has_gpu) or "", memory_kills()


@ray.remote(num_cpus=0, max_retries=0)
def _count() -> int:
    return memory_kills()


def _answer(asked: Any) -> tuple[str, int]:
    """Return why a node is not fit, empty where it is, and how many processes its kernel killed."""
    try:
        reason, kills = ray.get(asked)
    except ray.exceptions.RayError as error:
        lines = [line.strip() for line in str(error).splitlines() if line.strip()]
        return f"hpsearch does not run there: {lines[-1] if lines else type(error).__name__}", 0
    return str(reason), int(kills)


def _can_work(node: Node) -> bool:
    return bool(node["Resources"].get("CPU"))


def _name(node: Node) -> str:
    return f"{node['NodeManagerHostname']} ({node['NodeManagerAddress']})"


def _same(one: str, other: str) -> bool:
    """Say whether two versions of the code are the same, as far as both say which commit they are."""
    (version, _, commit), (other_version, _, other_commit) = one.partition("+"), other.partition("+")
    return version == other_version and (not commit or not other_commit or commit == other_commit)


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))
