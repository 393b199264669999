"""The routes of MLflow's server that are served: those by which runs are looked at and written, of over 400.

The server is much more than a record of runs. Its assistant runs shell commands, its gateway calls other
servers, jobs run code, and webhooks, scorers, registered models and traces take addresses of files. None of
that is what hpsearch writes or the pages of runs show.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

APIS = ("/api", "/ajax-api")
"""Each call has two addresses: one for programs, one for the pages."""


def _both(*calls: str) -> list[str]:
    return [f"{api}{call}" for api in APIS for call in calls]


LOOKED_AT: Mapping[str, Iterable[str]] = {
    "GET": [
        "/",
        "/static-files/<path:file>",
        "/version",
        "/health",
        "/get-artifact",
        *_both(
            "/2.0/mlflow/experiments/get",
            "/2.0/mlflow/experiments/get-by-name",
            "/2.0/mlflow/experiments/search",
            "/2.0/mlflow/runs/get",
            "/2.0/mlflow/artifacts/list",
            "/2.0/mlflow/metrics/get-history",
            "/2.0/mlflow/metrics/get-history-bulk",
            "/2.0/mlflow/metrics/get-history-bulk-interval",
            "/2.0/mlflow/registered-models/search",
            "/2.0/mlflow/model-versions/search",
            "/3.0/mlflow/server-info",
            "/3.0/mlflow/ui-telemetry",  # says that nothing is sent
        ),
    ],
    "POST": [
        "/graphql",
        *_both(
            "/2.0/mlflow/experiments/search",
            "/2.0/mlflow/experiments/search-datasets",
            "/2.0/mlflow/experiments/update",
            "/2.0/mlflow/experiments/delete",
            "/2.0/mlflow/experiments/restore",
            "/2.0/mlflow/experiments/set-experiment-tag",
            "/2.0/mlflow/experiments/delete-experiment-tag",
            "/2.0/mlflow/runs/search",
            "/2.0/mlflow/runs/update",
            "/2.0/mlflow/runs/delete",
            "/2.0/mlflow/runs/restore",
            "/2.0/mlflow/runs/set-tag",
            "/2.0/mlflow/runs/delete-tag",
            "/2.0/mlflow/logged-models/search",
        ),
    ],
}
"""What the pages of experiments and runs need, with their notes, tags and the deletion of runs."""

WRITTEN: Mapping[str, Iterable[str]] = {
    "GET": [
        *_both("/2.0/mlflow-artifacts/artifacts", "/2.0/mlflow-artifacts/artifacts/<path:file>"),
    ],
    "PUT": _both("/2.0/mlflow-artifacts/artifacts/<path:file>"),
    "POST": _both(
        "/2.0/mlflow/experiments/create",
        "/2.0/mlflow/runs/create",
        "/2.0/mlflow/runs/log-batch",
        "/2.0/mlflow/runs/log-inputs",
        "/2.0/mlflow/runs/log-metric",
        "/2.0/mlflow/runs/log-parameter",
    ),
}
"""What writes runs and their files: a tracker's part, which only a server with users gets."""

USERS: Mapping[str, Iterable[str]] = {
    "GET": [
        "/signup",
        *_both(
            "/2.0/mlflow/users/get",
            "/2.0/mlflow/users/list",
            "/2.0/mlflow/users/current",
            "/3.0/mlflow/users/current/permissions",
            "/3.0/mlflow/users/permissions/get",
            "/3.0/mlflow/users/permissions/list",
        ),
    ],
    "POST": [
        "/api/2.0/mlflow/users/create-ui",
        *_both(
            "/2.0/mlflow/users/create",
            "/3.0/mlflow/users/permissions/grant",
            "/3.0/mlflow/users/permissions/revoke",
        ),
    ],
    "PATCH": _both("/2.0/mlflow/users/update-password", "/2.0/mlflow/users/update-admin"),
    "DELETE": _both("/2.0/mlflow/users/delete"),
}
"""Accounts of a server with users; MLflow itself asks who may do what."""


def joined(*tables: Mapping[str, Iterable[str]]) -> dict[str, list[str]]:
    """Return tables of routes as one."""
    methods = dict.fromkeys(method for table in tables for method in table)
    return {method: [path for table in tables for path in table.get(method, ())] for method in methods}
