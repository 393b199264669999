"""A Ray cluster of several nodes on this machine, started by the commands that a person types.

Each node has a loopback address of its own, as if it were another machine, and may see other files.
"""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from support.patience import PATIENCE_S

STORE_BYTES = 100 * 2**20
HEAD_HOST = "127.0.0.1"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HEAD_HOST, 0))
        return int(probe.getsockname()[1])


@dataclass
class RayCluster:
    """A head that asks for a token, and its nodes: `environment` is what a client of it needs.

    `within` begins each command that is to reach it.
    """

    folder: Path
    environment: dict[str, str]
    address: str
    url: str
    within: Sequence[str] = ()
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add_node(self, host: str, *, cpus: int = 1, within: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        """Start a node at a loopback address, `within` another command, and wait until it is in."""
        words = ["--address", self.address, "--node-ip-address", host, "--num-cpus", str(cpus)]
        process = self.start(words, within)
        self.await_nodes(host)
        assert process.poll() is None, self.log
        return process

    def await_nodes(self, *hosts: str) -> None:
        """Return once the nodes with these addresses are in, and any at all."""
        until_s = time.monotonic() + PATIENCE_S
        while not (there := set(self._nodes().split())) or not {f"{host}:" for host in hosts} <= there:
            assert time.monotonic() < until_s, self.log
            time.sleep(0.5)

    def start(self, words: Sequence[str], within: Sequence[str] = ()) -> subprocess.Popen[bytes]:
        command = [*within, sys.executable, "-m", "ray.scripts.scripts", "start", "--block", *words]
        command += ["--num-gpus", "0", "--object-store-memory", str(STORE_BYTES), "--disable-usage-stats"]
        with (self.folder / "nodes.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.processes.append(process)
        return process

    @property
    def log(self) -> str:
        return (self.folder / "nodes.log").read_text()

    def _nodes(self) -> str:
        command = [*self.within, sys.executable, "-c", NODES, self.address]
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        return done.stdout


NODES = """
import sys
from ray._raylet import GcsClient
print(*(f"{node.node_manager_address}:" for node in GcsClient(sys.argv[1]).get_all_node_info().values()
        if node.state == 0))
"""


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a node with all its processes at once, as if its machine had lost power."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


@contextmanager
def ray_cluster(
    folder: Path, *, cpus: int = 1, host: str = HEAD_HOST, within: Sequence[str] = ()
) -> Iterator[RayCluster]:
    """Run a head in this block, `within` another command; it and all nodes end with it."""
    token = folder / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    environment = os.environ | {
        "RAY_AUTH_MODE": "token",
        "RAY_raylet_start_wait_time_s": "120",  # several start on one machine
        "RAY_AUTH_TOKEN_PATH": str(token),
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    environment.pop("HPSEARCH_ROOT", None)
    names = ("port", "dashboard-port", "dashboard-agent-listen-port", "ray-client-server-port")
    ports = {name: free_port() for name in names}
    cluster = RayCluster(
        folder,
        environment,
        f"{host}:{ports['port']}",
        f"http://127.0.0.1:{ports['dashboard-port']}",
        within,
    )
    # Ray's sockets have short paths only
    words = ["--head", "--num-cpus", str(cpus), "--temp-dir", f"/tmp/hn{os.getpid()}"]  # noqa: S108
    words += ["--node-ip-address", host]
    words += [word for name, port in ports.items() for word in (f"--{name}", str(port))]
    try:
        head = cluster.start(words, within)
        cluster.await_nodes()  # Ray gives a head on 127.0.0.1 the address of the machine
        assert head.poll() is None, cluster.log
        yield cluster
    finally:
        for process in reversed(cluster.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)  # its processes end with it
                try:
                    process.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    kill(process)
