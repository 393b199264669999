"""MLflow's server for several people and machines, as `docker/` starts it: users, passwords, and few routes.

    gunicorn --bind 0.0.0.0:5000 'hpsearch.tracking.shared_server:create_app()'

The environment names the store (`MLFLOW_BACKEND_STORE_URI`), the folder of files (`MLFLOW_ARTIFACTS`), the
hosts that it answers to (`MLFLOW_SERVER_ALLOWED_HOSTS`) and MLflow's settings of users
(`MLFLOW_AUTH_CONFIG_PATH`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from hpsearch.door.guard import Guard
from hpsearch.tracking.mlflow_app import mlflow_app
from hpsearch.tracking.routes import LOOKED_AT, USERS, WRITTEN, joined

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication


def create_app() -> WSGIApplication:
    """Return the application. Raises `KeyError` where the environment lacks one of its settings."""
    hosts = frozenset(host.strip() for host in os.environ["MLFLOW_SERVER_ALLOWED_HOSTS"].split(","))
    store, files = os.environ["MLFLOW_BACKEND_STORE_URI"], Path(os.environ["MLFLOW_ARTIFACTS"])
    plain = mlflow_app(store, files, takes_files=True)
    from mlflow.server.auth import create_app as with_users  # of the extra `server`

    return Guard(with_users(plain), joined(LOOKED_AT, WRITTEN, USERS), None, hosts.__contains__)
