"""A launch on a cluster of two nodes, of which one is lost."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster
from support.launches import HALVING, board, runs, start, wait_for_epochs, write_space

from hpsearch.driver.ray_cluster import check_address
from trainables.base.errors import InputError

NODE = {"num_cpus": 1, "object_store_memory": 100 * 2**20}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    yield cluster
    cluster.shutdown()


@pytest.mark.parametrize("address", ["host", ":6379", "ray://host:10001", "host:port"])
def test_an_address_is_a_host_and_a_port(address: str) -> None:
    with pytest.raises(InputError, match="must be HOST:PORT"):
        check_address(address)


def test_an_address_where_nothing_listens_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"127.0.0.1:{server.getsockname()[1]}"
        check_address(address)
    with pytest.raises(InputError, match=f"nothing answers at {address}"):
        check_address(address)


@pytest.mark.slow
@pytest.mark.faults
def test_the_trials_of_a_lost_node_go_on_elsewhere(cluster: Cluster, tmp_path: Path) -> None:
    other = cluster.add_node(**NODE)
    space = write_space(tmp_path, epochs=12)
    space.write_text(space.read_text().replace(HALVING, "none"))
    # a cluster as `ray start` makes it where no token is asked for
    with start(space, tmp_path, "--trials", "2", "--address", cluster.address, "--without-token") as launch:
        wait_for_epochs(tmp_path, 6)
        cluster.remove_node(other, allow_graceful=False)
        printed, _ = launch.communicate(timeout=240)
    assert launch.returncode == 0, printed
    assert "2 side by side" in printed
    assert re.search(r"trial \d: starts again: ", printed), printed
    assert [(trial["state"], trial["epochs"]) for trial in board(tmp_path)] == [("complete", 12)] * 2
    assert f"--address {cluster.address}" in printed  # in the command that goes on searching


@pytest.mark.slow
@pytest.mark.faults
def test_a_lost_head_leaves_no_run_running_and_the_command_that_goes_on(
    cluster: Cluster, tmp_path: Path
) -> None:
    space = write_space(tmp_path, epochs=60, concurrent=1)
    with start(space, tmp_path, "--address", cluster.address, "--without-token") as launch:
        wait_for_epochs(tmp_path, 2)
        for started in cluster.head_node.all_processes.values():
            for one in started:
                one.process.kill()
        printed, _ = launch.communicate(timeout=58)  # before Ray aborts it
    assert launch.returncode == 1, printed
    assert f"the head of the cluster, {cluster.address}, is gone; everything is kept" in printed
    assert f"--address {cluster.address} --without-token" in printed and "Traceback" not in printed
    assert {run.info.status for run in runs(tmp_path)} == {"KILLED"}
