"""A study's life on the services of docker/compose.yaml, started by its very commands without Docker."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from support.launches import HALVING, write_space
from support.stack import may_run_stack, stack

HEAD = ("--address", "http://localhost:8265")
"""Where the compose file publishes the head's dashboard."""

WAIT_S = 420.0

PAGE = """
import base64, sys, urllib.error, urllib.request
user, host = sys.argv[1:]
address = "http://localhost:5000/api/2.0/mlflow/experiments/get-by-name?experiment_name=tiny"
request = urllib.request.Request(address)
request.add_header("Host", host)
if user:
    request.add_header("Authorization", "Basic " + base64.b64encode(user.encode()).decode())
try:
    print(urllib.request.urlopen(request, timeout=30).status)
except urllib.error.HTTPError as error:
    print(error.code)
"""

RUNS = """
from mlflow import MlflowClient
client = MlflowClient()
experiment = client.get_experiment_by_name("tiny")
runs = client.search_runs([experiment.experiment_id])
print(sorted((run.data.tags["kind"], run.info.status) for run in runs))
[parent] = [run for run in runs if run.data.tags["kind"] == "study"]
print(sorted(file.path for file in client.list_artifacts(parent.info.run_id, "best")))
"""


@pytest.mark.slow
@pytest.mark.faults
@pytest.mark.skipif(may_run_stack() is not None, reason=str(may_run_stack()))
def test_a_study_is_submitted_stopped_and_completed_on_the_stack(tmp_path: Path) -> None:
    space = write_space(tmp_path, epochs=30, concurrent=1)
    space.write_text(space.read_text().replace(HALVING, "none"))
    transcript: list[str] = []
    with stack(tmp_path) as machine:

        def hpsearch(*words: str | Path, may_fail: bool = False) -> str:
            command = ("with-secrets", "python", "-m", "hpsearch", *words, *HEAD)
            done = machine.run(*command, timeout_s=WAIT_S)
            said = done.stdout + done.stderr
            assert may_fail or done.returncode == 0, said + machine.logs()
            transcript.append(f"$ hpsearch {' '.join(map(str, words))}\n{said}")
            (tmp_path / "transcript.txt").write_text("\n".join(transcript))
            return said

        machine.start_postgres()
        for service in ("mlflow", "head", "worker"):
            machine.start(service)
        password = (tmp_path / "secrets" / "mlflow_password").read_text()
        asked = {
            (user, host): machine.must("python", "-c", PAGE, user, host).strip()
            for user, host in (("", "localhost:5000"), ("admin:password1234", "localhost:5000"))
        }
        assert set(asked.values()) == {"401"}
        assert machine.must("python", "-c", PAGE, f"admin:{password}", "elsewhere.example").strip() == "403"

        assert "cheapest" in hpsearch("plan", space, "--trials", "2")
        assert "submitted tiny as job tiny-" in hpsearch("submit", space, "--trials", "2")
        until_s = time.monotonic() + WAIT_S
        while "epoch 2/30" not in hpsearch("logs", "tiny", may_fail=True):
            assert time.monotonic() < until_s, transcript[-1] + machine.logs()
            time.sleep(2)
        assert "tiny: running" in hpsearch("status", "tiny")
        assert "has stopped" in hpsearch("stop", "tiny")
        assert "interrupted" in hpsearch("status", "tiny")
        hpsearch("submit", space, "--trials", "2")
        hpsearch("logs", "tiny", "--follow")
        assert "tiny: complete" in hpsearch("status", "tiny")

        service = {"MLFLOW_TRACKING_URI": "http://mlflow:5000"}
        told = machine.run("with-secrets", "python", "-c", RUNS, **service)
        runs, files = told.stdout.splitlines()
        assert runs == "[('study', 'FINISHED'), ('trial', 'FINISHED'), ('trial', 'FINISHED')]", told.stderr
        assert files == "['best/best.pt', 'best/config.yaml']"
        assert not (tmp_path / "shared" / "runs" / "mlflow.db").exists()
