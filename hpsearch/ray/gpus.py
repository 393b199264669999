"""The GPUs of the connected Ray cluster: how many there are, and what designs take of one of them."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Mapping
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import ray
from ray.util.placement_group import placement_group, remove_placement_group

from hpsearch.ray.deaths import COLOUR
from hpsearch.ray.measuring import measure_designs
from hpsearch.ray.mps import PIPES
from hpsearch.ray.nodes import Nodes, with_gpu
from hpsearch.study.spec import StudySpec
from hpsearch.work.known_designs import KnownDesigns
from hpsearch.work.resources import (
    Machines,
    TrialResources,
    designs_to_measure,
    resolve_resources,
)
from trainables.base.errors import InputError
from trainables.training.cards import VISIBLE, mig_instances, named_instances
from trainables.training.machine import compile_fault, machine_fault

PATIENCE_S = 900.0
"""Seconds that a launch waits for the first GPU."""

PROBED_S = 180.0
"""Seconds in which a GPU must show that it works: its first process imports torch and DALI."""

LONGEST_NAME = 100
"""Characters of a kind of machine; those of a cluster of many kinds are hashed."""


def resources_in_cluster(
    spec: StudySpec, datasets: Path, machines: Path, nodes: Nodes, say: Callable[[str], None]
) -> TrialResources:
    """Return what each trial takes of the connected cluster; where it is `auto`, GPUs measure designs.

    `machines` is the folder of what is known of designs by kind of machine: that is not measured again.
    """
    wanted = spec.search.resources
    if wanted.gpus == "auto" and wanted.autoscale and not with_gpu(nodes):
        _await_gpu(nodes, say)
    found = machines_in_cluster(nodes)
    kept = machines / f"{machine_name(nodes)}.json"
    known = KnownDesigns(kept if machines.parent.is_dir() else None)  # a plan makes no root
    if wanted.gpus == "auto" and found.gpus:
        measured = measure_designs(wanted, designs_to_measure(spec), datasets, found, nodes, known, say)
        return resolve_resources(wanted, found, measured, known)
    return resolve_resources(wanted, found, None, known)


def gpu_fault(nodes: Nodes) -> str | None:
    """Return why the GPUs of this machine cannot train, in words; None where they can, or there are none."""
    if not with_gpu(nodes):
        return None
    reason = _answer(_machine_fault.remote())
    return reason and f"the GPU of this machine cannot train: {reason}"


def compiler_fault(nodes: Nodes, *, gpu: bool) -> str | None:
    """Return why this machine cannot compile for its GPU, or for its CPU, in words; None where it can."""
    gpu = gpu and bool(with_gpu(nodes))
    return _answer(_compile_fault.options(num_gpus=0.01 if gpu else 0).remote(gpu))


def _answer(asked: Any) -> str | None:
    """Return what a process of its own says is wrong; that it died or does not answer is wrong too."""
    try:
        reason: str | None = ray.get(asked, timeout=PROBED_S)
    except ray.exceptions.GetTimeoutError:
        return f"nothing came of a sum within {PROBED_S:.0f} s"
    except ray.exceptions.RayError as error:
        lines = [line for line in COLOUR.sub("", str(error)).splitlines() if line.strip()]
        return lines[-1].strip() if lines else type(error).__name__
    return reason


def unused_instances() -> str | None:
    """Return how to use the MIG instances of this machine that Ray does not see; None where it sees all."""
    instances, named = mig_instances(), named_instances(os.environ.get(VISIBLE))
    if not instances or named:
        return None
    return (
        f"its GPUs are cut into {len(instances)} MIG instances, and Ray counts whole GPUs, so trials use one "
        f"instance of each: to use all, launch with {VISIBLE}=$(nvidia-smi -L | grep -o 'MIG-[^)]*' | "
        "paste -sd,)"
    )


@ray.remote(num_cpus=0, num_gpus=0.01, max_calls=1, max_retries=0)
def _machine_fault() -> str | None:
    return machine_fault(gpu=True)


@ray.remote(num_cpus=0, max_calls=1, max_retries=0)
def _compile_fault(gpu: bool) -> str | None:
    return compile_fault(gpu=gpu)


def _await_gpu(nodes: Nodes, say: Callable[[str], None]) -> None:
    """Ask an autoscaler for a node with a GPU and wait for it. Raises `InputError` where none comes."""
    say("no node has a GPU yet: waiting for the first that the cluster starts ...")
    asked = placement_group([{"GPU": 1}])  # it stands in line as long as this process lives, and no longer
    try:
        until_s = time.monotonic() + PATIENCE_S
        while not with_gpu(nodes):
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
    found = [node["Resources"] for node in with_gpu(nodes)]
    cores = (int(node.get("CPU", 0) // node["GPU"]) for node in found)
    beside = sum(int(node.get("CPU", 0)) for node in found)
    return Machines(sum(node["GPU"] for node in found), min(cores, default=0), beside)


def place_count(nodes: Nodes) -> int:
    """Return how many GPUs there are, whole ones, or machines where there are none."""
    return int(machines_in_cluster(nodes).gpus) or len(nodes.usable())


def machine_name(nodes: Nodes) -> str:
    """Return what kind of machines trials run on, as the name of a file: GPUs and CPUs of each kind of node.

    Another version of torch makes another one of it: its kernels may be others.
    """
    kinds = sorted({_kind_of(node["Resources"]) for node in with_gpu(nodes) or nodes.usable()})
    mps = ["mps"] if PIPES in os.environ else []  # then several do more work together
    name = "+".join([*kinds, *mps, f"torch{version('torch').partition('+')[0]}"])
    return name if len(name) <= LONGEST_NAME else sha256(name.encode()).hexdigest()[:16]


def _kind_of(resources: Mapping[str, float]) -> str:
    """Return a node's GPUs and CPUs: `8xH100-128cpu`. Ray itself names the card."""
    cpus = f"{resources.get('CPU', 0):g}cpu"
    if not resources.get("GPU"):
        return cpus
    cards = [name.partition(":")[2] for name in resources if name.startswith("accelerator_type:")]
    return f"{resources['GPU']:g}x{re.sub(r'[^A-Za-z0-9-]', '', '-'.join(sorted(cards))) or 'GPU'}-{cpus}"
