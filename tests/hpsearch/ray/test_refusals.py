"""A head that cannot run our commands, and what is said of it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import ray
from ray.dashboard.modules.job.job_head import JobHead
from support.launches import hpsearch_here


def agentless() -> str:
    """Return what Ray's dashboard answers where its head's agent does not run."""

    waited = JobHead._get_head_node_agent(JobHead.__new__(JobHead), 0.0)
    with pytest.raises(TimeoutError) as raised:
        asyncio.run(waited)
    return str(raised.value)


class Dashboard(BaseHTTPRequestHandler):
    """Tells Ray's version, and takes no jobs."""

    def do_GET(self) -> None:
        known = {"version": "4", "ray_version": ray.__version__, "ray_commit": "", "session_name": ""}
        self._answer(200, json.dumps(known))

    def do_POST(self) -> None:
        self._answer(500, agentless())

    def _answer(self, status: int, text: str) -> None:
        self.send_response(status)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Dashboard) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_head_whose_agent_does_not_run_is_told_from_none_at_all(address: str, tmp_path: Path) -> None:
    """Another program has the agent's port."""
    words = ("list", "--root", tmp_path, "--without-token", "--address")
    refused = hpsearch_here(*words, address)
    assert refused.returncode == 2
    assert f"the head at {address} answers but takes no jobs: its agent is not running" in refused.stderr
    assert "--dashboard-agent-listen-port PORT" in refused.stderr


def test_where_no_head_is_its_dashboard_is_said_to_be_missing(tmp_path: Path) -> None:
    nobody = "http://127.0.0.1:9"
    refused = hpsearch_here("list", "--root", tmp_path, "--without-token", "--address", nobody)
    assert refused.returncode == 2
    assert f"no Ray dashboard answers at {nobody}" in refused.stderr
