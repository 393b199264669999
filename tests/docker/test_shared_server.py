"""MLflow's server of docker/, by every route that it lists: as nobody, as a user, and as its admin."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

TRIED = """
import json, re
from base64 import b64encode
from functools import partial
from werkzeug import security

# a wrong password is tried on each of 800 routes: its check takes a tenth of a second, as it must elsewhere
security.generate_password_hash = partial(security.generate_password_hash, method="pbkdf2:sha256:1")
from hpsearch.tracking.shared_server import create_app
from werkzeug.test import Client
from mlflow.server import app

client = Client(create_app(), use_cookies=False)
HOST = {"Host": "lab:5000"}

def user(name, password):
    return HOST | {"Authorization": "Basic " + b64encode(f"{name}:{password}".encode()).decode()}

def call(method, path, headers, **asked):
    answer = client.open(path, method=method, headers=headers, **asked)
    return answer.status_code, answer.get_data(as_text=True)

admin, wrong = user("admin", "a secret of the admin"), user("admin", "password1234")
rules = [(rule.methods, re.sub("<[^>]*>", "nothing", rule.rule)) for rule in app.url_map.iter_rules()]
routes = sorted((method, path) for methods, path in rules for method in methods)
told = {"routes": len(routes), "anyone": [], "open": []}
for method, path in routes:
    for headers in (HOST, wrong):
        status, text = call(method, path, headers)
        if status not in (401, 403, 404):
            told["anyone"].append(f"{method} {path}")
    answer = client.open(path, method=method, headers=admin)
    if (answer.status_code, answer.headers.get("Content-Length")) != (404, "15"):
        told["open"].append(f"{method} {path}")

two = "/api/2.0/mlflow"
made = call("POST", f"{two}/users/create", admin, json={"username": "eve", "password": "a secret of eve"})
told["user"] = made[0]
eve = user("eve", "a secret of eve")
place = {"name": "x", "artifact_location": "file:///etc"}
told["outside"] = call("POST", f"{two}/experiments/create", eve, json=place)[0]
told["outside as text"] = call("POST", f"{two}/experiments/create", eve, data=json.dumps(place))[0]
status, text = call("POST", f"{two}/experiments/create", eve, json={"name": "mine"})
experiment = json.loads(text)["experiment_id"]
status, text = call("POST", f"{two}/runs/create", eve, json={"experiment_id": experiment})
run = json.loads(text)["run"]["info"]
told["artifact_uri"] = run["artifact_uri"]
file = f"/api/2.0/mlflow-artifacts/artifacts/{experiment}/{run['run_id']}/artifacts/config.yaml"
told["put"] = call("PUT", file, eve, data=b"seed: 1")[0]
shown = f"/get-artifact?run_uuid={run['run_id']}&path="
told["shown"] = call("GET", shown + "config.yaml", eve)
tricks = ("/etc/passwd", "../../../auth.db", "%2e%2e/x")
told["tricks"] = [call("GET", shown + path, eve)[0] for path in tricks]
told["up"] = call("PUT", "/api/2.0/mlflow-artifacts/artifacts/..%2f..%2fup", eve, data=b"x")[0]
told["elsewhere"] = call("GET", "/", admin | {"Host": "elsewhere.example"})[0]
told["other page"] = call("POST", f"{two}/runs/delete", admin | {"Origin": "http://lab:6000"}, json={})[0]
print(json.dumps(told))
"""


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the server answers; in a process of its own, since users are added to MLflow's one application."""
    folder = tmp_path_factory.mktemp("server")
    (folder / "auth.ini").write_text(
        f"[mlflow]\ndefault_permission = READ\ndatabase_uri = sqlite:///{folder}/auth.db\n"
        "admin_username = admin\nadmin_password = a secret of the admin\n"
        "authorization_function = mlflow.server.auth:authenticate_request_basic_auth\n"
    )
    environment = os.environ | {
        "MLFLOW_AUTH_CONFIG_PATH": str(folder / "auth.ini"),
        "MLFLOW_BACKEND_STORE_URI": f"sqlite:///{folder}/mlflow.db",
        "MLFLOW_ARTIFACTS": str(folder / "files"),
        "MLFLOW_FLASK_SERVER_SECRET_KEY": "a secret of the forms",
        "MLFLOW_SERVER_ALLOWED_HOSTS": "lab:5000,localhost:5000",
    }
    command = [sys.executable, "-W", "ignore", "-c", TRIED]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in folder.iterdir()) == ["auth.db", "auth.ini", "files", "mlflow.db"]
    answers: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answers


def test_without_a_password_only_its_health_and_the_files_of_its_pages_are_answered(
    told: dict[str, Any],
) -> None:
    assert told["routes"] > 800
    assert {route.split()[1] for route in told["anyone"]} <= {
        "/health",
        "/api/3.0/mlflow/server-info",
        "/ajax-api/3.0/mlflow/server-info",
    }


def test_an_admin_reaches_the_routes_of_runs_and_users_and_no_other(told: dict[str, Any]) -> None:
    assert 80 < len(told["open"]) < 160
    for word in ("gateway", "prompt", "jobs", "invoke", "webhooks", "scorers", "traces", "demo", "presigned"):
        assert [route for route in told["open"] if word in route] == []


def test_files_lie_where_the_server_keeps_them_and_nowhere_else(told: dict[str, Any]) -> None:
    assert told["user"] == 200
    assert told["outside"] == told["outside as text"] == 403
    assert told["artifact_uri"].startswith("mlflow-artifacts:/")
    assert told["put"] == 200 and told["shown"] == [200, "seed: 1"]
    assert all(status >= 400 for status in [*told["tricks"], told["up"]])


def test_other_hosts_and_pages_are_refused_even_with_a_password(told: dict[str, Any]) -> None:
    assert told["elsewhere"] == told["other page"] == 403
