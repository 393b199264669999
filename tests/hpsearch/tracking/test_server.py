from __future__ import annotations

import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from support import plausible

from hpsearch.study.records import TrialState
from hpsearch.tracking import Tracker, default_uri
from hpsearch.tracking.server import serve
from trainables.base.errors import InputError


def test_root_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tracked runs"):
        serve(tmp_path, 5000)


@pytest.mark.slow
def test_serves_this_machine_alone_until_interrupted(tmp_path: Path) -> None:
    study = plausible.study(tmp_path / "studies" / "demo", [TrialState.COMPLETE])
    tracker = Tracker(default_uri(tmp_path), study.name, study.folder, tmp_path / "files", pytest.fail)
    tracker.sync(study, study.trials[0])
    assert tracker.close(study)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wanted = taken.getsockname()[1]
        code = (
            "import sys, pathlib as p, hpsearch.tracking.server as u\n"
            "sys.exit(u.serve(p.Path(sys.argv[1]), int(sys.argv[2])))"
        )
        command = [sys.executable, "-c", code, str(tmp_path), str(wanted)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert server.stdout is not None
        server.stdout.readline()
        name, _, url = server.stdout.readline().strip().partition(": ")
        try:
            assert name == "demo" and "viewStateShareKey=designs" in url
            host = url.split("/")[2]
            assert int(host.split(":")[1]) > wanted, "the taken port was passed over"
            assert urllib.request.urlopen(f"http://{host}/", timeout=10).status == 200
            foreign = urllib.request.Request(f"http://{host}/", headers={"Host": "elsewhere.example"})
            with pytest.raises(urllib.error.HTTPError, match="403"):
                urllib.request.urlopen(foreign, timeout=10)  # noqa: S310
        finally:
            server.send_signal(signal.SIGINT)
            _, errors = server.communicate(timeout=30)
    assert server.returncode == 0
    assert errors == ""
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://{host}/", timeout=2)
