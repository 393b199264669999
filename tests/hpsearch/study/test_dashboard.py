"""optuna-dashboard on a study: it shows the journal, to its user alone, and writes nothing."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from optuna_dashboard import wsgi
from support import studies
from support.patience import PATIENCE_S
from werkzeug.test import Client

from hpsearch.door.guard import Guard, loopback
from hpsearch.door.secret import Secret
from hpsearch.study.dashboard import ROUTES
from hpsearch.study.journal.journal import JOURNAL, following

HOST = "127.0.0.1:5000"


def demo(root: Path) -> Path:
    folder = root / "studies" / "demo"
    study = studies.open_in(folder, studies.spec(folder, "{name: demo, pruner: none}"))
    studies.train(study, study.ask())
    return folder


def test_of_every_route_that_it_lists_those_that_show_are_served_to_its_user(tmp_path: Path) -> None:
    folder = demo(tmp_path)
    before = (folder / JOURNAL).read_bytes()
    app: Any = wsgi(following(folder, "demo"))
    listed = {
        (method, re.sub(r"<[^>]*>", "0", route.rule).replace("0?", ""))
        for route in app.routes
        for method in (route.method, "POST", "DELETE", "PUT")
    }
    assert len(listed) > 60
    secret = Secret()
    client = Client(Guard(app, ROUTES, secret, loopback), use_cookies=False)
    for method, path in listed:
        for headers in ({"Host": HOST}, {"Host": HOST, "Cookie": f"{secret.cookie}=guess"}):
            assert client.open(path, method=method, headers=headers).status_code == 401
    answered = set()
    for method, path in listed:
        headers = {"Host": HOST, "Authorization": f"Bearer {secret.value}", "Accept-Encoding": "gzip"}
        answer = client.open(path, method=method, headers=headers, json={})
        if answer.data != b"not served here":
            answered.add((method, path))
    assert {method for method, _ in answered} == {"GET"}
    assert {"/", "/api/studies", "/api/studies/0", "/csv/0"} <= {path for _, path in answered}
    assert not [path for _, path in answered if "artifact" in path or "llm" in path]
    foreign = {"Host": "elsewhere.example", "Authorization": f"Bearer {secret.value}"}
    assert client.get("/api/studies/0", headers=foreign).status_code == 403
    assert (folder / JOURNAL).read_bytes() == before


def test_a_confirmation_is_marked_and_never_the_best_trial(tmp_path: Path) -> None:
    folder = tmp_path / "studies" / "demo"
    study = studies.open_in(folder, studies.spec(folder, "{name: demo, pruner: none}"))
    studies.train(study, study.ask())
    studies.train(study, study.ask_again(0, seed=9, plan=(1, 1)), of=lambda design, epoch: 0.001)
    app: Any = wsgi(following(folder, "demo"))
    secret = Secret()
    client = Client(Guard(app, ROUTES, secret, loopback), use_cookies=False)
    headers = {"Host": HOST, "Authorization": f"Bearer {secret.value}"}
    shown = json.loads(client.get("/api/studies/0", headers=headers).data)
    assert [trial["number"] for trial in shown["best_trials"]] == [0]
    assert [trial["constraints"] for trial in shown["trials"]] == [[], [1.0]], "Optuna draws such a one grey"


@pytest.mark.slow
def test_it_shows_a_study_and_changes_nothing_of_it(tmp_path: Path) -> None:
    folder = demo(tmp_path)
    before = (folder / JOURNAL).read_bytes()
    command = [sys.executable, "-m", "hpsearch", "ui", "--optuna", "demo", "--root", str(tmp_path)]
    server = subprocess.Popen(
        [*command, "--no-browser", "--port", "18080"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        assert server.stdout.readline().startswith("optuna-dashboard shows demo")
        address = server.stdout.readline().strip().partition("/dashboard")[0]
        [token_file] = re.findall(r"is in (.*)\.$", server.stdout.readline().strip())
        headers = {"Authorization": f"Bearer {Path(token_file).read_text()}"}
        asked = urllib.request.Request(f"{address}/api/studies/0", headers=headers)  # noqa: S310
        with urllib.request.urlopen(asked, timeout=PATIENCE_S) as answer:  # noqa: S310
            (trial,) = json.load(answer)["trials"]
        attrs = {attr["key"]: attr["value"] for attr in trial["user_attrs"]}
        assert trial["state"] == "Complete" and "mae_deg" in attrs["epoch 1"]
    finally:
        server.send_signal(signal.SIGINT)
        _, errors = server.communicate(timeout=PATIENCE_S)
    assert (server.returncode, errors) == (0, "")
    assert (folder / JOURNAL).read_bytes() == before
