"""How many trials run in parallel on nodes that are there, or still to be started."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import pytest
from pydantic import ValidationError

from hpsearch.ray.cluster import in_parallel, joined_address, room, trial_bytes
from hpsearch.ray.nodes import Nodes
from hpsearch.study.config import ResourcesConfig
from hpsearch.work.resources import TRIAL_BYTES, TrialResources
from trainables.base.errors import InputError

ONE_CPU = TrialResources(cpus=1, gpus=0, concurrent=None)
HALF_A_GPU = TrialResources(cpus=2, gpus=0.5, concurrent=None)
GPU_NODE = {"CPU": 8.0, "GPU": 2.0}


def nodes(*resources: dict[str, float]) -> Nodes:
    class There:
        def usable(self, within_s: float = 0.0) -> list[dict[str, Any]]:
            return [{"Resources": each} for each in resources]

    return cast("Nodes", There())


def test_nodes_that_are_there_have_room_for_what_fits_on_each() -> None:
    assert room(ONE_CPU, nodes({"CPU": 3.0}, {"CPU": 2.0})) == 5
    assert room(HALF_A_GPU, nodes(GPU_NODE, {"CPU": 64.0})) == 4
    with pytest.raises(InputError, match="the largest node has 3 CPUs and 0 GPUs"):
        in_parallel(HALF_A_GPU, nodes({"CPU": 3.0}))
    with pytest.raises(InputError, match="the largest node has 0 CPUs"):
        in_parallel(ONE_CPU, nodes())


def test_ray_sets_the_memory_of_a_trial_aside_as_far_as_a_node_has_it() -> None:
    assert trial_bytes(nodes({"CPU": 1.0, "memory": 8e9}, {"CPU": 1.0, "memory": 1e8})) == TRIAL_BYTES
    assert trial_bytes(nodes({"CPU": 1.0, "memory": 1e8})) == 1e8
    assert trial_bytes(nodes({"CPU": 1.0})) == trial_bytes(nodes()) == 0


def test_trials_wait_for_nodes_that_an_autoscaler_starts() -> None:
    growing = replace(HALF_A_GPU, concurrent=12, autoscale=True)
    assert in_parallel(growing, nodes({"CPU": 4.0})) == in_parallel(growing, nodes(GPU_NODE)) == 12
    assert room(replace(HALF_A_GPU, concurrent=5), nodes(GPU_NODE, GPU_NODE)) == 5
    with pytest.raises(ValidationError, match="autoscale needs concurrent"):
        ResourcesConfig(autoscale=True)


def test_a_process_under_a_ray_job_finds_the_cluster_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_JOB_CONFIG_JSON_ENV_VAR", raising=False)
    assert joined_address(None) is None
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}")
    assert joined_address(None) == "auto"
