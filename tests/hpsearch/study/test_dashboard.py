"""optuna-dashboard on a study: it shows the journal, on this machine alone, and writes nothing."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from support import studies

from hpsearch.study.journal.journal import JOURNAL


def answer_of(url: str) -> bytes:
    """Return what a server answers that may not listen yet."""
    until_s = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310
                return bytes(answer.read())
        except urllib.error.HTTPError:
            raise
        except urllib.error.URLError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.1)


@pytest.mark.slow
def test_it_shows_a_study_and_changes_nothing_of_it(tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "demo"
    study = studies.open_in(folder, studies.spec(folder, "{name: demo, pruner: none}"))
    studies.train(study, study.ask())
    before = (folder / JOURNAL).read_bytes()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "hpsearch", "ui", "--optuna", "demo", "--root", str(tmp_path)]
    server = subprocess.Popen(
        [*command, "--no-browser", "--port", str(port)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    url = f"http://127.0.0.1:{port}/api/studies/0"
    try:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("optuna-dashboard shows demo")
        (trial,) = json.loads(answer_of(url))["trials"]
        attrs = {attr["key"]: attr["value"] for attr in trial["user_attrs"]}
        assert trial["state"] == "Complete" and "mae_deg" in attrs["epoch 1"]
        gone = urllib.request.Request(url, method="DELETE")
        with pytest.raises(urllib.error.HTTPError, match="500"):
            urllib.request.urlopen(gone, timeout=30)  # noqa: S310
    finally:
        server.send_signal(signal.SIGINT)
        server.communicate(timeout=30)
    assert server.returncode == 0
    assert (folder / JOURNAL).read_bytes() == before
