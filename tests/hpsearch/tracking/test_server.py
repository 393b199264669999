from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from support import plausible, studies
from support.patience import PATIENCE_S

from hpsearch.door.server import Place
from hpsearch.study.records import TrialState
from hpsearch.study.store import keep_space
from hpsearch.tracking.location import STORE, default_uri
from hpsearch.tracking.server import LOG, serve
from hpsearch.tracking.tracker import Tracker
from trainables.base.errors import InputError


def test_root_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no tracked runs"):
        serve(tmp_path, Place(5000))


def test_a_study_that_is_not_there_or_tracked_elsewhere_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "studies" / "quickstart"
    elsewhere = studies.spec(folder, "{name: quickstart, tracking: 'http://mlflow.example:5000'}")
    keep_space(elsewhere, folder)
    with pytest.raises(InputError, match=r"no study 'quickstrat' .*did you mean 'quickstart'"):
        serve(tmp_path, Place(5000), "quickstrat")
    assert serve(tmp_path, Place(5000), "quickstart") == 0
    said = "in MLflow at http://mlflow.example:5000, as search.tracking of quickstart says"
    assert said in capsys.readouterr().out


def status(url: str, **headers: str) -> int:
    try:
        asked = urllib.request.Request(url, headers=headers)  # noqa: S310
        with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:  # noqa: S310
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


@pytest.mark.slow
def test_serves_its_user_alone_until_interrupted(
    tmp_path: Path, empty_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copyfile(empty_store, tmp_path / STORE)
    study = plausible.study(tmp_path / "studies" / "demo", [TrialState.COMPLETE])
    tracker = Tracker(default_uri(tmp_path), study.name, study.folder, tmp_path / "files", pytest.fail)
    tracker.sync(study, study.trials[0])
    assert tracker.close(study)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")  # as a university has it; nobody answers there
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        wanted = taken.getsockname()[1]
        command = [sys.executable, "-m", "hpsearch", "ui", "--root", str(tmp_path), "--port", str(wanted)]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        monkeypatch.delenv("http_proxy")
        assert server.stdout is not None
        said = [server.stdout.readline() for _ in range(6)]
        try:
            link = said[1].strip()
            assert said[2].startswith("  demo: ") and "viewStateShareKey=designs" in said[2]
            host = link.split("/")[2]
            assert int(host.split(":")[1]) > wanted, "the taken port was passed over"
            [token_file] = re.findall(r"is in (.*)\.$", said[4].strip())
            bearer = {"Authorization": f"Bearer {Path(token_file).read_text()}"}
            assert status(f"http://{host}/") == 401
            assert status(link.partition("#")[0]) == 200
            assert status(link.partition("#")[0]) == 401, "the link works once"
            assert status(f"http://{host}/", **bearer) == 200
            assert status(f"http://{host}/", **bearer, Host="elsewhere.example") == 403
        finally:
            server.send_signal(signal.SIGINT)
            _, errors = server.communicate(timeout=PATIENCE_S)
    assert server.returncode == 0
    assert errors == ""
    assert (tmp_path / LOG).is_file() and not Path(token_file).exists()
    with pytest.raises(urllib.error.URLError):
        urllib.request.urlopen(f"http://{host}/", timeout=2)
