"""A head that cannot run our commands, and what is said of it."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

import pytest
import ray
from ray.dashboard.modules.job.job_head import JobHead
from ray.job_submission import JobStatus
from support.launches import hpsearch_here

from hpsearch.ray.job_events import MARK
from hpsearch.ray.submissions import HeadNode, connected
from trainables.base.errors import InputError


def agentless() -> str:
    """Return what Ray's dashboard answers where its head's agent does not run."""

    waited = JobHead._get_head_node_agent(JobHead.__new__(JobHead), 0.0)
    with pytest.raises(TimeoutError) as raised:
        asyncio.run(waited)
    return str(raised.value)


class Dashboard(BaseHTTPRequestHandler):
    """Tells Ray's version, and takes no jobs: it says why not."""

    refusal = ""

    def do_GET(self) -> None:
        known = {"version": "4", "ray_version": ray.__version__, "ray_commit": "", "session_name": ""}
        self._answer(200, json.dumps(known))

    def do_POST(self) -> None:
        self._answer(500, self.refusal or agentless())

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


def test_a_job_that_the_head_refuses_is_told_from_no_head_at_all(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    traceback = "Traceback (most recent call last):\n  File ...\nValueError: Job of token-1 already exists"
    monkeypatch.setattr(Dashboard, "refusal", traceback)
    refused = f"the head at {address} refuses this: ValueError: Job of token-1 already exists"
    with pytest.raises(InputError, match=refused), connected(address, without_token=True) as head_node:
        head_node.submit(["list"])


def test_output_that_nobody_reads_any_more_ends_the_job_and_is_no_fault_of_the_head(address: str) -> None:
    """`hpsearch logs demo --follow --address URL | head`."""
    with pytest.raises(BrokenPipeError), connected(address, without_token=True):
        raise BrokenPipeError

    stopped: list[str] = []

    class Client:
        def submit_job(self, **_: object) -> str:
            return "job"

        def get_job_status(self, job: str) -> JobStatus:
            return JobStatus.RUNNING

        def get_job_logs(self, job: str) -> str:
            return f"{MARK}a line"

        def stop_job(self, job: str) -> None:
            stopped.append(job)

    def write(text: str) -> None:
        raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        HeadNode(cast(Any, Client())).run(["logs", "demo", "--follow"], write=write)
    assert stopped == ["job"]


def test_two_launches_of_a_study_in_one_second_are_two_jobs() -> None:
    asked: list[str] = []

    class Client:
        def submit_job(self, *, submission_id: str, **_: object) -> str:
            asked.append(submission_id)
            return submission_id

    head_node = HeadNode(cast(Any, Client()))
    for _ in range(3):
        assert head_node.submit(["launch", "demo.yaml"], launches="demo").startswith("demo-")
    assert len(set(asked)) == 3
