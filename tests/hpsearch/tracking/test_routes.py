"""Every route that MLflow's applications list, asked for with and without the secret of `hpsearch ui`."""

from __future__ import annotations

import json
import re
import shutil
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlflow
import pytest
from mlflow import MlflowClient
from support import plausible
from werkzeug.test import Client

from hpsearch.door.guard import Guard, loopback
from hpsearch.door.secret import Secret
from hpsearch.study.records import TrialState
from hpsearch.tracking.location import STORE, artifacts_folder, default_uri
from hpsearch.tracking.mlflow_app import PAGES_BEGIN_WITH, mlflow_app
from hpsearch.tracking.routes import LOOKED_AT, WRITTEN, joined
from hpsearch.tracking.tracker import Tracker

HOST = "127.0.0.1:5000"
ORIGIN = f"http://{HOST}"
CLOSED = {401, 403, 404}

MUST_BE_SHUT = (
    "assistant",
    "gateway",
    "prompt",
    "/jobs",
    "invoke",
    "mlflow-artifacts",
    "upload-artifact",
    "presigned",
    "webhooks",
    "scorers",
    "traces",
    "mcp-servers",
    "demo/",
    "create",
    "genai",
)
"""Words of routes that run code, call out, or take files and places of files."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, empty_store: Path) -> Path:
    """A root with one study in MLflow, and one run whose files lie elsewhere."""
    root = tmp_path_factory.mktemp("root")
    shutil.copyfile(empty_store, root / STORE)
    study = plausible.study(root / "studies" / "demo", [TrialState.COMPLETE])
    tracker = Tracker(default_uri(root), study.name, study.folder, artifacts_folder(root), pytest.fail)
    tracker.sync(study, study.trials[0])
    assert tracker.close(study)
    return root


@pytest.fixture
def secret() -> Secret:
    return Secret()


@pytest.fixture
def app(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """MLflow's application on the root; what it changes of this process is put back."""
    from mlflow.server import handlers
    from mlflow.store.artifact.artifact_repository_registry import get_registered_artifact_repositories

    for name in ("_MLFLOW_SERVER_FILE_STORE", "_MLFLOW_SERVER_ARTIFACT_ROOT", "MLFLOW_TRACKING_URI"):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(handlers, "_tracking_store", None)
    monkeypatch.setattr(handlers, "_model_registry_store", None)
    registered: dict[str, Any] = get_registered_artifact_repositories()
    before = dict(registered)
    yield mlflow_app(default_uri(root), artifacts_folder(root))
    registered.update(before)


@pytest.fixture
def client(app: Any, secret: Secret) -> Client:
    return Client(Guard(app, LOOKED_AT, secret, loopback), use_cookies=False)


def signed_in(secret: Secret) -> dict[str, str]:
    return {"Host": HOST, "Cookie": f"{secret.cookie}={secret.value}"}


def test_the_page_begins_with_model_training_and_without_the_assistant(
    client: Client, secret: Secret
) -> None:
    answer = client.get("/", headers=signed_in(secret))
    page = answer.get_data(as_text=True)
    first = page[page.index("<script>") : page.index("</script>")]
    for key, value in PAGES_BEGIN_WITH.items():
        assert f"{json.dumps(key)}: {json.dumps(value)}" in first
    assert page.index("<script>") < page.index("static-files/static/js/"), "before MLflow's own begin"
    scripts = Path(mlflow.__file__).parent / "server" / "js" / "build" / "static" / "js"
    texts = [file.read_text(errors="replace") for file in scripts.glob("*.js")]
    for key in PAGES_BEGIN_WITH:
        assert any(key.removesuffix("_v1") in text for text in texts), f"MLflow's pages keep no {key}"
    assert answer.content_length == len(answer.data) and "ETag" not in answer.headers


def flask_routes(app: Any) -> list[tuple[str, str]]:
    return sorted(
        (method, re.sub(r"<(?:int:)?[^>]*>", "1", rule.rule))
        for rule in app.url_map.iter_rules()
        for method in rule.methods
    )


def fastapi_routes() -> list[tuple[str, str]]:
    """Return what the application that is not served lists: it has the assistant, among others."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from mlflow.server import fastapi_app as module

    routers = [getattr(module, name) for name in vars(module) if name.endswith("_router")]
    found = []
    for router in routers:
        for prefix in ("", *module.get_mcp_server_api_route_prefixes()):
            for route in router.routes:
                path = re.sub(r"{[^}]*}", "1", prefix + route.path)
                found += [(method, path) for method in getattr(route, "methods", ("GET",))]
    return sorted({(method, path) for method, path in found if path})


def test_no_route_of_mlflow_answers_without_the_secret(app: Any, client: Client, secret: Secret) -> None:
    routes = [*flask_routes(app), *fastapi_routes()]
    assert len(routes) > 800 and any("assistant" in path for _, path in routes)
    wrong = {"Host": HOST, "Cookie": f"{secret.cookie}={secret.value[:-1]}x", "Authorization": "Bearer x"}
    for headers in ({"Host": HOST}, wrong):
        answers = {route: client.open(route[1], method=route[0], headers=headers) for route in routes}
        assert {answer.status_code for answer in answers.values()} <= CLOSED
        assert not any(b"demo" in answer.data for answer in answers.values())


def test_with_the_secret_the_routes_of_runs_answer_and_no_other(
    app: Any, client: Client, secret: Secret
) -> None:
    routes = [*flask_routes(app), *fastapi_routes()]
    told = {route: client.open(route[1], method=route[0], headers=signed_in(secret)) for route in routes}
    by_guard = (404, str(len("not served here")))  # HEAD has no text
    refused = [
        route
        for route, answer in told.items()
        if (answer.status_code, answer.headers.get("Content-Length")) == by_guard
    ]
    answered = sorted(told.keys() - set(refused))
    shut = [route for route in answered if any(word in route[1] for word in MUST_BE_SHUT)]
    assert shut == []
    listed = {path for paths in LOOKED_AT.values() for path in paths if "<" not in path}
    assert {path for _, path in answered if path != "/static-files/1"} <= listed
    assert len(answered) < 90 and len(refused) > 800


def test_each_route_that_is_served_is_one_of_mlflow(app: Any) -> None:
    """A name that MLflow has changed would be a hole in the pages, and nobody would see why."""
    there = {
        (m, re.sub("<[^>]*>", "<>", rule.rule)) for rule in app.url_map.iter_rules() for m in rule.methods
    }
    ours = joined(LOOKED_AT, WRITTEN)
    wanted = {(m, re.sub("<[^>]*>", "<>", path)) for m, paths in ours.items() for path in paths}
    only_for_pages = {"metrics/get-history-bulk", "experiments/search-datasets", "ui-telemetry"}
    missing = {path for pair in wanted - there for path in [pair[1]]}
    assert {path.partition("mlflow/")[2] for path in missing} <= only_for_pages


def test_other_hosts_and_other_pages_are_refused(client: Client, secret: Secret) -> None:
    search = "/ajax-api/2.0/mlflow/experiments/search"
    mine = signed_in(secret)
    assert client.post(search, headers=mine, json={"max_results": 5}).status_code == 200
    tunnel = mine | {"Host": "localhost:8888", "Origin": "http://localhost:8888"}
    assert client.post(search, headers=tunnel, json={"max_results": 5}).status_code == 200
    for foreign in (
        {"Host": "elsewhere.example"},
        {"Host": "elsewhere.example:5000"},
        {"Host": ""},
        {"Host": "127.0.0.1.elsewhere.example"},
        {"Host": "localhost:5000@elsewhere.example"},
        {"Origin": "http://elsewhere.example"},
        {"Origin": "http://127.0.0.1:6000"},  # another user's server on this machine
        {"Origin": "null"},
        {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "no-cors"},
    ):
        for method in ("GET", "POST"):
            answer = client.open(search, method=method, headers=mine | foreign, json={"max_results": 5})
            assert answer.status_code == 403, foreign
            assert "Access-Control-Allow-Origin" not in answer.headers


def test_a_program_may_bring_the_secret_as_a_bearer(client: Client, secret: Secret) -> None:
    headers = {"Host": HOST, "Authorization": f"Bearer {secret.value}"}
    answer = client.post("/api/2.0/mlflow/experiments/search", headers=headers, json={"max_results": 5})
    assert "demo" in {found["name"] for found in answer.get_json()["experiments"]}


def test_files_of_a_run_are_shown_and_none_outside_the_root(
    root: Path, client: Client, secret: Secret, tmp_path: Path
) -> None:
    (tmp_path / "key").write_text("not for the eyes of a browser")
    tracking = MlflowClient(default_uri(root))
    experiment = tracking.get_experiment_by_name("demo")
    assert experiment is not None
    inside = next(
        run.info.run_id
        for run in tracking.search_runs([experiment.experiment_id])
        if run.data.tags["kind"] == "trial"
    )
    mine = signed_in(secret)

    def file(run: str, path: str) -> Any:
        return client.get("/get-artifact", headers=mine, query_string={"run_uuid": run, "path": path})

    assert b"backbone" in file(inside, "config.yaml").data
    for trick in ("../../../../mlflow.db", "/etc/passwd", "%2e%2e/%2e%2e/mlflow.db", "..\\..\\mlflow.db"):
        assert file(inside, trick).status_code >= 400
    for number, place in enumerate(
        (
            tmp_path.as_uri(),
            str(tmp_path),
            "s3://bucket",
            "http://127.0.0.1:1/",
            "ftp://127.0.0.1/",
            "runs:/1",
        )
    ):
        # as a store that somebody else has written to would have it
        made = tracking.create_experiment(f"outside {number} {tmp_path.name}", artifact_location="file:///x")
        with tracking._tracking_client.store.ManagedSessionMaker(read_only=False) as session:
            from mlflow.store.tracking.dbmodels.models import SqlExperiment

            session.query(SqlExperiment).filter_by(experiment_id=int(made)).update(
                {"artifact_location": place}
            )
        run = tracking.create_run(made).info.run_id
        with tracking._tracking_client.store.ManagedSessionMaker(read_only=False) as session:
            from mlflow.store.tracking.dbmodels.models import SqlRun

            session.query(SqlRun).filter_by(run_uuid=run).update({"artifact_uri": place})
        answer = file(run, "key")
        assert answer.status_code >= 400 and b"eyes" not in answer.data, place
        listed = client.get("/ajax-api/2.0/mlflow/artifacts/list", headers=mine, query_string={"run_id": run})
        assert listed.status_code >= 400 and b"key" not in listed.data, place
        query = "query L($i: MlflowListArtifactsInput) { mlflowListArtifacts(input: $i) { files { path } } }"
        graph = client.post(
            "/graphql", headers=mine, json={"query": query, "variables": {"i": {"runId": run}}}
        )
        assert b'"key"' not in graph.data, place
