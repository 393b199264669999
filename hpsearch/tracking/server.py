"""`hpsearch ui`: serves MLflow's pages for the runs below a root, on this machine only."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpsearch.tracking import CHART_VIEW, TABLE_VIEW, default_uri, relocate, tracking_uri
from hpsearch.tracking.location import STORE, URI_VARIABLE, without_password
from trainables.base.errors import InputError

HOST = "127.0.0.1"
PORTS_TRIED = 20
START_TIMEOUT_S = 90.0
LOG = "mlflow-server.log"
"""File below the root with the server's output."""

QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # judges and scorers of language models
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}


def serve(root: Path, port: int, study: str | None = None, *, browse: bool = False) -> int:
    """Serve until Ctrl-C and return the exit status; `browse` opens the page of `study`, else of the latest.

    The server listens on the loopback address and answers only requests for that host, so that no other web
    page can reach it under its own host name. Where `port` is taken, the next free one is used. Where
    `MLFLOW_TRACKING_URI` names another MLflow, it says so and serves nothing. Raises `InputError` where
    nothing was tracked below `root` yet, no port is free, or the server does not start.
    """
    if (uri := tracking_uri(root)) != default_uri(root):
        print(f"The runs are in MLflow at {without_password(uri)}, as {URI_VARIABLE} says.")
        return 0
    if not (root / STORE).is_file():
        raise InputError(f"{root} holds no tracked runs yet: launch a study first, or give --root")
    if relocate(root):
        print(f"{root} was moved: MLflow finds its files there now.", flush=True)
    port = _free_port(port)
    with contextlib.suppress(KeyboardInterrupt), _server(root, port) as server:
        _wait_until_up(server, port, root / LOG)
        print(f"MLflow shows the runs of {root}; Ctrl-C ends it.", flush=True)
        pages = [page for page in _pages(port) if study in (None, page.study)]
        for page in pages:
            print(f"  {page.study}: {page.table}\n    charts: {page.charts}", flush=True)
        print(f"From another machine: ssh -N -L {port}:{HOST}:{port} {socket.gethostname()}", flush=True)
        if browse and pages:
            webbrowser.open(pages[0].table)
        server.wait()
        return 1
    return 0


@contextlib.contextmanager
def _server(root: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run MLflow's server in a session of its own, so that Ctrl-C reaches it only through this process."""
    command = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", default_uri(root)]
    command += ["--host", HOST, "--port", str(port), "--workers", "1"]
    command += ["--allowed-hosts", f"{HOST}:{port},localhost:{port}", "--uvicorn-opts", "--log-level error"]
    with (root / LOG).open("wb") as log:
        server = subprocess.Popen(  # noqa: S603
            command, cwd=root, env=QUIET | os.environ, stdout=log, stderr=log, start_new_session=True
        )
    try:
        yield server
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait()


def _wait_until_up(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline_s = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline_s:
        if server.poll() is not None:
            raise InputError(f"MLflow's server ended with status {server.returncode}; see {log}")
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            urllib.request.urlopen(f"http://{HOST}:{port}/health", timeout=5).close()
            return
        time.sleep(0.2)
    raise InputError(f"MLflow's server did not answer within {START_TIMEOUT_S:.0f} s; see {log}")


@dataclass(frozen=True)
class _Page:
    """The addresses of a study's saved views."""

    study: str
    table: str
    charts: str


def _pages(port: int) -> Iterator[_Page]:
    """Yield the pages of each study, the latest study first."""
    request = urllib.request.Request(
        f"http://{HOST}:{port}/api/2.0/mlflow/experiments/search",
        data=json.dumps({"max_results": 100, "order_by": ["last_update_time DESC"]}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
        experiments = json.load(answer).get("experiments", [])
    for experiment in experiments:
        if experiment["name"] != "Default":
            page = f"http://{HOST}:{port}/#/experiments/{experiment['experiment_id']}/runs"
            table, charts = (
                f"{page}?viewStateShareKey={view}&workflowType=machine_learning&compareRunsMode={mode}"
                for view, mode in ((TABLE_VIEW, "TABLE"), (CHART_VIEW, "CHART"))
            )
            yield _Page(experiment["name"], table, charts)


def _free_port(first: int) -> int:
    for port in range(first, min(first + PORTS_TRIED, 65536)):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((HOST, port))
            return port
    raise InputError(f"no free port from {first} on: give another with --port")
