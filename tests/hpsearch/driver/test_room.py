"""How many trials run side by side on nodes that are there, left out, or still to be started."""

from __future__ import annotations

from typing import Any, cast

import pytest

from hpsearch.driver import ray_cluster
from hpsearch.driver.ray_cluster import HEAD, address_of_job, room, side_by_side
from hpsearch.driver.ray_node_types import NodeType
from hpsearch.driver.ray_nodes import Nodes
from hpsearch.driver.resources import TrialResources
from trainables.base.errors import InputError

ONE_CPU = TrialResources(cpus=1, gpus=0, concurrent=None)
HALF_A_GPU = TrialResources(cpus=2, gpus=0.5, concurrent=None)
GPU_NODE = {"CPU": 8.0, "GPU": 2.0}


def nodes(*resources: dict[str, float]) -> Nodes:
    class There:
        def usable(self) -> list[dict[str, Any]]:
            return [{"Resources": each} for each in resources]

    return cast("Nodes", There())


@pytest.fixture
def growing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A cluster whose autoscaler starts up to three nodes with two GPUs each."""
    monkeypatch.setattr(ray_cluster, "node_types", lambda: [NodeType(GPU_NODE, 3)])


@pytest.fixture
def fixed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ray_cluster, "node_types", list)


@pytest.mark.usefixtures("fixed")
def test_nodes_that_are_there_have_room_for_what_fits_on_each() -> None:
    assert room(ONE_CPU, nodes({"CPU": 3.0}, {"CPU": 2.0})) == 5
    assert room(HALF_A_GPU, nodes(GPU_NODE, {"CPU": 64.0})) == 4
    with pytest.raises(InputError, match="the largest node has 3 CPUs and 0 GPUs"):
        side_by_side(HALF_A_GPU, nodes({"CPU": 3.0}))
    with pytest.raises(InputError, match="the largest node has 0 CPUs"):
        side_by_side(ONE_CPU, nodes())


@pytest.mark.usefixtures("growing")
def test_trials_may_wait_for_nodes_that_an_autoscaler_starts_and_the_head_counts_beside_them() -> None:
    assert side_by_side(HALF_A_GPU, nodes({"CPU": 4.0, HEAD: 1.0})) == 12
    assert side_by_side(HALF_A_GPU, nodes(GPU_NODE, GPU_NODE, {"CPU": 4.0, HEAD: 1.0})) == 12
    assert side_by_side(ONE_CPU, nodes({"CPU": 4.0, HEAD: 1.0})) == 28
    assert room(TrialResources(2, 0.5, concurrent=5), nodes()) == 5


def test_a_process_under_a_ray_job_finds_the_cluster_of_the_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAY_JOB_CONFIG_JSON_ENV_VAR", raising=False)
    assert address_of_job() is None
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", "{}")
    assert address_of_job() == "auto"
