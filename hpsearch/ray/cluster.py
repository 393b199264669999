"""The connection to Ray: a cluster of one's own on this machine, or a running one; and what fits on it."""

from __future__ import annotations

import logging
import math
import os
import signal
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import ray
from ray._private import ray_constants
from ray._private.runtime_env.constants import RAY_JOB_CONFIG_JSON_ENV_VAR
from ray.exceptions import AuthenticationError

from hpsearch.ray.authentication import AUTH_TOKEN, authentication, environment
from hpsearch.ray.import_path import job_config, uv_left_alone
from hpsearch.ray.mps import Mps
from hpsearch.ray.nodes import Node, Nodes
from hpsearch.ray.reaper import KEEP_ENVIRONMENT, MARK, reaped
from hpsearch.work.resources import TRIAL_BYTES, Share, TrialResources, describe_lack, fitting
from trainables.base.allowance import allowed_bytes, allowed_cores
from trainables.base.errors import InputError, why
from trainables.training.cards import VISIBLE, named_instances

UNBOUNDED = 1_000_000
"""Tune's number of trials where the source alone decides when there is none left."""

CONNECT_TIMEOUT_S = 5.0

LISTED_EVERY_S = 1.0
"""How often Ray is asked for its nodes, at most, while trials are handed out: it takes milliseconds."""

OBJECT_STORE_BYTES = 128 * 2**20
"""Room for results between processes on one machine: plain numbers, far below this."""

_QUIET = {
    "RAY_AIR_NEW_OUTPUT": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # MLflow keeps what Tune would write three times
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C is the launch's to handle
    "TUNE_GLOBAL_CHECKPOINT_S": "100000",  # Tune's experiment state is never read
    "TUNE_MAX_PENDING_TRIALS_PG": str(UNBOUNDED),  # how many may wait for a node is ours to say
}


def check_address(address: str) -> None:
    """See that something listens where a cluster should: Ray itself tries for minutes.

    Raises `InputError` where nothing does, and for an address of another form than HOST:PORT or `auto`, the
    cluster on this machine, which Ray finds by itself.
    """
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or "/" in host:
        raise InputError(
            f"--address must be HOST:PORT, as `ray start --head` prints it, or auto; got {address!r}"
        )
    try:
        socket.create_connection((host, int(port)), CONNECT_TIMEOUT_S).close()
    except (OSError, OverflowError) as error:
        raise InputError(f"nothing answers at {address} ({why(error)}): is its head running?") from None


def joined_address(wanted: str | None) -> str | None:
    """Return the address of the cluster to join; None for this machine alone.

    It is the one that is wanted, else that of the cluster which runs this process as a Ray job. Raises
    `InputError` as `check_address` does.
    """
    address = wanted or ("auto" if RAY_JOB_CONFIG_JSON_ENV_VAR in os.environ else None)
    if address is not None:
        check_address(address)
    return address


@contextmanager
def cluster(
    address: str | None, scratch: Path, *, without_token: bool, verbose: bool, mps: Mps | None = None
) -> Iterator[None]:
    """Hold a connection to the cluster at `address`, or a local one in `scratch` that ends with this block.

    A local one listens on the loopback address alone, asks for a token that only this launch knows, and runs
    under `mps`. Raises `InputError` where the cluster refuses the launch.
    """
    level = logging.INFO if verbose else logging.CRITICAL  # the user sees errors as the trial's reason
    logging.getLogger("ray").setLevel(level)
    quiet: dict[str, Any] = {"configure_logging": False, "log_to_driver": verbose, "logging_level": level}
    local = address is None
    settings = _QUIET | authentication(address, scratch, without_token)
    settings |= {MARK: str(scratch), KEEP_ENVIRONMENT: "1"} if local else {}
    with (
        reaped(scratch) if local else nullcontext(),
        environment(settings),
        mps.running(scratch) if local and mps else nullcontext(),
    ):
        on_sigterm = signal.getsignal(signal.SIGTERM)
        try:
            with uv_left_alone():
                if local:
                    _start_local(scratch, quiet)
                else:
                    ray.init(address, job_config=job_config(one_machine=False), **quiet)
        except (ConnectionError, ValueError, RuntimeError, AuthenticationError) as error:
            raise InputError(_describe_refusal(address, error)) from None
        finally:
            signal.signal(signal.SIGTERM, on_sigterm)  # Ray's own handler aborts the process
        try:
            yield
        finally:
            ray.shutdown()


def _start_local(scratch: Path, quiet: Mapping[str, Any]) -> None:
    """Start a cluster of this machine, on the loopback address as Ray itself does on macOS.

    Ray opens its own folder to every user: it stands in one that is private.
    """
    of_all, ray_constants.ENABLE_RAY_CLUSTER = ray_constants.ENABLE_RAY_CLUSTER, False
    try:
        ray.init(
            "local",
            num_cpus=allowed_cores(),
            num_gpus=len(named_instances(os.environ.get(VISIBLE))) or None,  # Ray counts whole GPUs
            _memory=allowed_bytes(),
            job_config=job_config(one_machine=True),
            include_dashboard=False,
            object_store_memory=OBJECT_STORE_BYTES,
            _temp_dir=str(scratch / "r"),
            **quiet,
        )
    except Exception as error:
        if type(error) is not Exception:  # Ray raises a bare one where its processes are slow to start
            raise
        raise RuntimeError(str(error)) from None
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = of_all


def _describe_refusal(address: str | None, error: Exception) -> str:
    reason = str(error).rstrip(".")
    if address is None:
        return f"Ray does not start on this machine: {reason}"
    return (
        f"the Ray cluster at {address} does not accept this launch: {reason}. It needs its token: put the "
        f"head's into {AUTH_TOKEN} or ~/.ray/auth_token; for a cluster without one, pass --without-token"
    )


def needed_addresses(*, local: bool) -> dict[str, str]:
    """Return HOST:PORT of what the driver needs of Ray, by its name: the head, and its own machine's node."""
    context = ray.get_runtime_context()
    own = next(node for node in ray.nodes() if node["NodeID"] == context.get_node_id())
    head = "Ray's head process on this machine" if local else "the head of the cluster"
    return {
        head: str(context.gcs_address),
        "Ray's node process on this machine": f"{own['NodeManagerAddress']}:{own['NodeManagerPort']}",
    }


def in_parallel(resources: TrialResources, usable: Nodes) -> int:
    """Return how many trials of the smallest share fit on the cluster's usable nodes, or wait for others.

    Raises `InputError` where one trial fits on none of them: Tune would wait for ever.
    """
    nodes = [node["Resources"] for node in usable.usable()]
    fits = any(_fitting(node, Share(resources.cpus, resources.gpus)) for node in nodes)
    if not fits and not resources.autoscale:
        cpus = max((node.get("CPU", 0) for node in nodes), default=0)
        gpus = max((node.get("GPU", 0) for node in nodes), default=0)
        lack = describe_lack(resources, cpus, gpus, "the largest node")
        demand = "Where the cluster starts nodes on demand, set search.resources.autoscale and concurrent"
        raise InputError(f"{lack}. {demand}")
    return room(resources, usable)


def room(resources: TrialResources, usable: Nodes) -> int:
    """Return how many trials of the smallest share fit on the usable nodes now, or shall wait for others.

    Trials that wait are what makes an autoscaler start nodes.
    """
    most = resources.concurrent or UNBOUNDED
    if resources.autoscale:
        return most
    return min(sum(fitting_on(node, resources) for node in usable.usable(within_s=LISTED_EVERY_S)), most)


def fitting_on(node: Node, resources: TrialResources) -> int:
    """Return how many trials of the smallest share run on a node in parallel."""
    return _fitting(node["Resources"], resources.smallest)


def trial_bytes(usable: Nodes) -> float:
    """Return the memory that Ray sets aside for a trial: what one takes at least, if any node has so much."""
    nodes = usable.usable(within_s=LISTED_EVERY_S)
    return min(TRIAL_BYTES, max((node["Resources"].get("memory", 0) for node in nodes), default=0))


def _fitting(node: Mapping[str, float], share: Share) -> int:
    return fitting(node.get("CPU", 0), node.get("GPU", 0), share, node.get("memory", math.inf))
