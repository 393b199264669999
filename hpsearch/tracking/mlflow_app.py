"""MLflow's web application on a store, which reads and writes files below one folder and nowhere else.

It is MLflow's Flask application alone. Its assistant, gateway, jobs and MCP servers belong to another
(FastAPI), which is never loaded.
"""

from __future__ import annotations

import json
import os
from http.client import OK
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

if TYPE_CHECKING:
    from flask import Flask, Response
    from mlflow.store.artifact.artifact_repo import ArtifactRepository

SETTINGS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # judges and scorers of language models
    "MLFLOW_LOGGING_LEVEL": "ERROR",
}
"""Environment variables that MLflow reads when it is imported, where the user has not set them."""


PAGES_BEGIN_WITH = {
    "mlflow.workflowType_v1": '"machine_learning"',  # else a run opens among those of language models
    "mlflow.assistant.fab.autoOpenedOnFirstLoad_v1": "true",  # its assistant is not served
}
"""What MLflow's pages keep in a browser and have not asked for: set where a browser has no such value yet."""


def mlflow_app(store: str, artifacts: Path, *, takes_files: bool = False) -> Flask:
    """Return the application on the store at a URI, whose files are below `artifacts`.

    With `takes_files`, runs get their files through the server. One process serves one store.
    """
    for key, value in SETTINGS.items():
        os.environ.setdefault(key, value)
    from mlflow.server import app  # takes seconds
    from mlflow.server.constants import (
        ARTIFACT_ROOT_ENV_VAR,
        ARTIFACTS_DESTINATION_ENV_VAR,
        BACKEND_STORE_URI_ENV_VAR,
        SERVE_ARTIFACTS_ENV_VAR,
    )
    from mlflow.server.handlers import initialize_backend_stores

    new = "mlflow-artifacts:/" if takes_files else artifacts.absolute().as_uri()
    os.environ |= {BACKEND_STORE_URI_ENV_VAR: store, ARTIFACT_ROOT_ENV_VAR: new}
    if takes_files:
        artifacts.mkdir(parents=True, exist_ok=True)
        os.environ |= {
            SERVE_ARTIFACTS_ENV_VAR: "true",
            ARTIFACTS_DESTINATION_ENV_VAR: artifacts.absolute().as_uri(),
        }
    confine(artifacts)
    initialize_backend_stores(store, store, new)
    if _refuse_location not in app.before_request_funcs.get(None, []):
        app.before_request(_refuse_location)
        app.after_request(_begin_with)
    return app


def confine(folder: Path) -> None:
    """Let this process reach artifacts below `folder` alone, whatever location a store names.

    MLflow asks a table for what reads each kind of address: files, buckets, other servers. Of these, files
    below the folder remain.
    """
    from mlflow.exceptions import MlflowException
    from mlflow.protos.databricks_pb2 import PERMISSION_DENIED
    from mlflow.store.artifact.artifact_repository_registry import get_registered_artifact_repositories
    from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository

    inside = folder.resolve()

    def confined(artifact_uri: str, **settings: str | None) -> ArtifactRepository:
        place = urlparse(artifact_uri)
        path = Path(unquote(place.path)).resolve()
        if place.scheme not in ("", "file") or place.netloc or not path.is_relative_to(inside):
            raise MlflowException(f"files outside {inside} are not shown", PERMISSION_DENIED)
        repository: ArtifactRepository = LocalArtifactRepository(artifact_uri, **settings)
        return repository

    registered: dict[str, Any] = get_registered_artifact_repositories()  # classes or functions
    registered.update(dict.fromkeys(registered, confined))


def _begin_with(answer: Response) -> Response:
    """Put a script into MLflow's one page that sets `PAGES_BEGIN_WITH` before its own scripts begin."""
    from flask import request

    if request.path != "/" or answer.status_code != OK or answer.mimetype != "text/html":
        return answer
    each = f"for(const[key,value]of Object.entries({json.dumps(PAGES_BEGIN_WITH)}))"
    script = f"{each}if(localStorage.getItem(key)===null)localStorage.setItem(key,value)"
    answer.direct_passthrough = False
    page = answer.get_data(as_text=True)
    answer.set_data(page.replace("<head>", f"<head><script>{script}</script>", 1))
    answer.headers.pop("ETag", None)  # it is that of the file
    return answer


def _refuse_location() -> tuple[str, int] | None:
    """Refuse an experiment whose maker names a place for its files: the server's is the only one."""
    from flask import request

    if request.path.endswith("/experiments/create"):
        body = request.get_json(force=True, silent=True)
        if not isinstance(body, dict) or body.get("artifact_location") or body.get("artifactLocation"):
            return "an experiment's files lie where the server keeps them: leave artifact_location out", 403
    return None
