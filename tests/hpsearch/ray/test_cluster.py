"""A launch on a cluster whose nodes are lost, or do not see what the driver sees."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster
from support.launches import HALVING, board, runs, start, wait_for_epochs, write_space
from support.mounts import may_unshare
from support.networks import machines, may_make_networks
from support.nodes import ray_cluster
from support.patience import PATIENCE_S

from hpsearch.ray.cluster import check_address
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
@pytest.mark.quick
def test_the_trials_of_a_lost_node_go_on_elsewhere(cluster: Cluster, tmp_path: Path) -> None:
    other = cluster.add_node(**NODE)
    space = write_space(tmp_path, epochs=12)
    space.write_text(space.read_text().replace(HALVING, "none"))
    # a cluster as `ray start` makes it where no token is asked for
    with start(space, tmp_path, "--trials", "2", "--address", cluster.address, "--without-token") as launch:
        wait_for_epochs(tmp_path, 6)
        cluster.remove_node(other, allow_graceful=False)
        printed, _ = launch.communicate(timeout=PATIENCE_S)
    assert launch.returncode == 0, printed
    assert "2 in parallel" in printed
    assert re.search(r"trial \d: starts again: ", printed), printed
    assert [(trial["state"], trial["epochs"]) for trial in board(tmp_path)] == [("complete", 12)] * 2
    assert f"--address {cluster.address}" in printed  # in the command that goes on searching


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.quick
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


OWN_FILES = ("unshare", "--mount")
"""Begins the command of a node that may see other files than this process does."""


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.skipif(not may_unshare(), reason="this user may not mount")
def test_nodes_that_do_not_see_the_root_are_left_out_and_cost_no_trial_a_try(tmp_path: Path) -> None:
    space = write_space(tmp_path, epochs=12)
    space.write_text(space.read_text().replace(HALVING, "none").replace("search:", "search:\n  retries: 0"))
    root = tmp_path / "runs"
    root.mkdir()
    hide = f"mount -t tmpfs none {root}"
    with ray_cluster(tmp_path) as cluster:
        cluster.add_node("127.0.0.2", within=[*OWN_FILES, "sh", "-c", f'{hide} && exec "$@"', "sh"])
        later = cluster.add_node("127.0.0.3", within=OWN_FILES)
        words = ("--trials", "2", "--address", cluster.address)
        with start(space, root, *words, **cluster.environment) as launch:
            wait_for_epochs(root, 6)
            subprocess.run(["nsenter", "--target", str(later.pid), "--mount", *hide.split()], check=True)
            printed, _ = launch.communicate(timeout=PATIENCE_S)
    assert launch.returncode == 0, printed
    assert re.search(r"node \S+ \(127.0.0.2\) is left out: it does not see ", printed), printed
    assert "2 in parallel" in printed
    assert re.search(r"node \S+ \(127.0.0.3\) is left out: it does not see ", printed), printed
    assert [(trial["state"], trial["epochs"]) for trial in board(root)] == [("complete", 12)] * 2
    assert "starts again" not in printed


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.skipif(not may_make_networks(), reason="this user may not make networks")
def test_the_trials_of_a_node_whose_network_is_cut_go_on_elsewhere(tmp_path: Path) -> None:
    space = write_space(tmp_path, epochs=100, concurrent=1)
    space.write_text(space.read_text().replace(HALVING, "none"))
    with (
        machines(3) as (first, *others),
        ray_cluster(tmp_path, cpus=0, host=first.host, within=first.within) as cluster,
    ):
        for machine in others:
            cluster.add_node(machine.host, within=machine.within)
        words = [sys.executable, "-m", "hpsearch", "launch", space, "--root", tmp_path, "--trials", "1"]
        launch = subprocess.Popen(
            [*first.within, *words, "--address", cluster.address],
            env=cluster.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        wait_for_epochs(tmp_path, 3)
        trainable = ("ray::RayTrainable", "ray::ResourceTrainable")  # waiting, and in a method
        next(machine for machine in others if machine.runs(*trainable)).cut()
        printed, _ = launch.communicate(timeout=PATIENCE_S)
    assert launch.returncode == 0, printed
    assert "trial 0: starts again: " in printed
    assert [(trial["state"], trial["epochs"]) for trial in board(tmp_path)] == [("complete", 100)]


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.parametrize("process", ["gcs_server", "raylet"])
def test_a_launch_on_one_machine_whose_ray_is_killed_ends_in_order_within_30_s(
    tmp_path: Path, process: str
) -> None:
    space = write_space(tmp_path, epochs=60, concurrent=1)
    with start(space, tmp_path) as launch:
        wait_for_epochs(tmp_path, 2)
        children = subprocess.run(["pgrep", "-P", str(launch.pid), process], capture_output=True, check=True)
        os.kill(int(children.stdout), signal.SIGKILL)
        printed, _ = launch.communicate(timeout=30)
    assert launch.returncode == 1, printed
    assert re.search(r"Ray's (head|node) process on this machine, \S+, is gone; everything is kept", printed)
    assert "hpsearch launch" in printed and "Traceback" not in printed
    assert {run.info.status for run in runs(tmp_path)} == {"KILLED"}
