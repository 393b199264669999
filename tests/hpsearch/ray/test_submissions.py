"""A study's life on a real head: what joins its cluster, and every kind of command with `--address`.

That the others get there with their words is tested in tests/hpsearch/cli/test_remote.py.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.launches import HALVING, board, hpsearch_here, wait_for_epochs, write_space
from support.nodes import free_port
from support.patience import PATIENCE_S, wait_until

from hpsearch.cli.signals import INTERRUPTED, TERMINATED
from hpsearch.ray.submissions import connected

NAMED = ("port", "dashboard-port", "dashboard-agent-listen-port", "ray-client-server-port")
"""The ports of a head that are the same for all heads unless they are given."""

EPOCHS = 3


def answers(url: str) -> bool:
    try:
        urllib.request.urlopen(url, timeout=5).close()  # noqa: S310  our own address
    except urllib.error.HTTPError:
        return True  # it asks for the token
    except OSError:
        return False
    return True


@pytest.fixture
def head(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Start a head that asks for a token; return the address of its dashboard."""
    folder = tmp_path_factory.mktemp("head")
    token = folder / "token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(token))
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))
    monkeypatch.delenv("HPSEARCH_ROOT", raising=False)
    ports = {name: free_port() for name in NAMED}
    temporary = Path("/tmp") / f"hj{os.getpid()}"  # noqa: S108  Ray's sockets have short paths only
    command = [sys.executable, "-m", "ray.scripts.scripts", "start", "--head", "--block", "--num-cpus", "1"]
    command += [word for name, port in ports.items() for word in (f"--{name}", str(port))]
    command += ["--num-gpus", "0", "--object-store-memory", str(100 * 2**20), "--temp-dir", str(temporary)]
    command += ["--disable-usage-stats"]
    environment = os.environ | {"RAY_AUTH_MODE": "token"}
    with (folder / "head.log").open("wb") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, start_new_session=True)
    url = f"http://127.0.0.1:{ports['dashboard-port']}"
    until_s = time.monotonic() + PATIENCE_S
    while not answers(url):
        assert process.poll() is None and time.monotonic() < until_s, (folder / "head.log").read_text()
        time.sleep(0.5)
    yield url
    process.send_signal(signal.SIGTERM)  # its processes end with it
    process.wait(timeout=PATIENCE_S)


@pytest.mark.slow
def test_a_study_is_planned_submitted_stopped_and_fetched(
    head: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "runs"
    space = write_space(tmp_path, concurrent=1, epochs=EPOCHS)
    space.write_text(space.read_text().replace(HALVING, "none"))

    def there(*words: str | Path) -> str:
        done = hpsearch_here(*words, "--root", root, "--address", head)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    planned = " ".join(there("plan", space).split())
    assert "rendered on first use" in planned and "MiB of memory" in planned
    assert "noise in place of images" in planned
    assert not root.exists()

    submitted = there("submit", space, "--trials", "999")  # it runs until it is stopped
    assert "submitted tiny as job tiny-" in submitted
    assert f"hpsearch status tiny --root {root} --address {head}" in submitted
    wait_for_epochs(root, EPOCHS)  # of trial 0
    assert "has stopped" in there("stop", "tiny")
    assert board(root)[0]["state"] == "complete"
    [launch] = re.findall(r"submitted tiny as job (tiny-\S+)", submitted)
    with connected(head, without_token=False) as head_node:
        wait_until(lambda: head_node.answer(launch).status is not None, "the launch's job does not end")
        assert head_node.answer(launch).status in (INTERRUPTED, TERMINATED), "the status of a command"

    monkeypatch.chdir(tmp_path)
    there("fetch", "tiny")
    assert {"report.html", "leaderboard.csv", "best.yaml", "best.pt"} <= {
        file.name for file in (tmp_path / "tiny").iterdir()
    }
    assert (tmp_path / "tiny" / "best.pt").read_bytes() == (root / "studies/tiny/best.pt").read_bytes()
