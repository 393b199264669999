"""`hpsearch ui`: serves MLflow's pages for the runs below a root, to the user who started it alone."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hpsearch.door.server import Place, how_to_reach, opened
from hpsearch.study.store import study_folder, tracking_of
from hpsearch.tracking.connection import MlflowUnavailableError, connect, mlflow_errors
from hpsearch.tracking.location import (
    STORE,
    URI_VARIABLE,
    artifacts_folder,
    default_uri,
    relocate,
    tracking_uri,
    without_password,
)
from hpsearch.tracking.mlflow_app import mlflow_app
from hpsearch.tracking.routes import LOOKED_AT
from hpsearch.tracking.store import count_rows, ready
from hpsearch.tracking.views import CHART_VIEW, TABLE_VIEW
from trainables.base.errors import InputError

LOG = "mlflow-server.log"
"""File below the root with what MLflow's server has to say."""

SPEAKERS = ("mlflow", "mlflow.server", "alembic", "sqlalchemy", "werkzeug")


def serve(root: Path, place: Place, study: str | None = None, *, browse: bool = False) -> int:
    """Serve until Ctrl-C and return the exit status; `browse` opens the page of `study`, else of the latest.

    Whoever comes without the secret of this start sees nothing, and only the routes that the pages need are
    served. Where the study's `search.tracking` or `MLFLOW_TRACKING_URI` names another MLflow, it says so and
    serves nothing. Raises `InputError` where there is no such study or nothing was tracked below `root` yet,
    or as `opened` does.
    """
    wanted = tracking_of(study_folder(root, study)) if study is not None else None
    if (uri := tracking_uri(root, wanted)) != default_uri(root):
        whose = f"search.tracking of {study}" if wanted else URI_VARIABLE
        print(f"The runs are in MLflow at {without_password(uri)}, as {whose} says.")
        return 0
    if not (root / STORE).is_file():
        raise InputError(f"{root} holds no tracked runs yet: launch a study first, or give --root")
    try:
        with mlflow_errors():
            ready(root / STORE, migrates=True)
            moved = relocate(root)
            count_rows(root / STORE)
    except MlflowUnavailableError as error:
        raise InputError(f"{root / STORE} cannot be shown ({error})") from None
    if moved:
        print(f"{root} was moved: MLflow finds its files there now.", flush=True)
    app = mlflow_app(uri, artifacts_folder(root))
    _log_to(root / LOG)
    with opened(app, LOOKED_AT, place, root) as door:
        pages = [page for page in _pages(uri) if study in (None, page.study)]
        first = pages[0].table if pages else "/"
        print(f"MLflow shows the runs of {root}; Ctrl-C ends it. Open this link first; it works once:")
        print(f"  {door.link(first)}")
        for page in pages:
            print(f"  {page.study}: {door.url(page.table)}\n    charts: {door.url(page.charts)}")
        print(f"For another browser or a program, the secret is in {door.token_file}.")
        print(how_to_reach(place, door.port), flush=True)
        if browse:
            door.browse(first)
        door.wait()
    return 0


def _log_to(file: Path) -> None:
    handler = logging.FileHandler(file, mode="w", encoding="utf-8")
    for name in SPEAKERS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [handler], False


@dataclass(frozen=True)
class _Page:
    """The pages of a study's saved views."""

    study: str
    table: str
    charts: str


def _pages(uri: str) -> Iterator[_Page]:
    """Yield the pages of each study, the latest study first."""
    client = connect(uri)
    with mlflow_errors():
        experiments = client.search_experiments(max_results=100, order_by=["last_update_time DESC"])
    for experiment in experiments:
        if experiment.name != "Default":
            page = f"/#/experiments/{experiment.experiment_id}/runs"
            table, charts = (
                f"{page}?viewStateShareKey={view}&workflowType=machine_learning&compareRunsMode={mode}"
                for view, mode in ((TABLE_VIEW, "TABLE"), (CHART_VIEW, "CHART"))
            )
            yield _Page(experiment.name, table, charts)
