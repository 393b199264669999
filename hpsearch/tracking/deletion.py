"""Deletes a study's runs from MLflow; the runs of pretrainings stay, other studies link to them."""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import unquote, urlparse

from hpsearch.tracking.connection import MlflowUnavailableError, connect, mlflow_errors
from hpsearch.tracking.location import without_password
from hpsearch.tracking.mirror import STUDY_TAG
from hpsearch.tracking.references import REFERENCE_TAG
from hpsearch.tracking.tracker import TRACKING_ID
from trainables.base.errors import InputError

PAGE = 1000


def study_id(folder: Path) -> str | None:
    """Return the id in MLflow of the study in `folder`, None where it has none."""
    path = folder / TRACKING_ID
    return path.read_text(encoding="utf-8").strip() if path.is_file() else None


def delete_runs(uri: str, name: str, identity: str, artifacts: Path) -> int:
    """Delete the runs of the study `name`, whose id is `identity`; return how many there were.

    Their files below the folder `artifacts` go too, and the experiment once it is empty. Raises `InputError`
    where MLflow cannot be written.
    """
    try:
        return _delete_runs(uri, name, identity, artifacts)
    except MlflowUnavailableError as error:
        raise InputError(f"MLflow at {without_password(uri)} cannot be written ({error})") from None


def check_answers(uri: str) -> None:
    """Raise `InputError` where MLflow cannot be read, before anything is deleted that its runs belong to."""
    try:
        client = connect(uri)
        with mlflow_errors():
            client.search_experiments(max_results=1)
    except MlflowUnavailableError as error:
        raise InputError(
            f"MLflow at {without_password(uri)} cannot be read ({error}): nothing was deleted"
        ) from None


def _delete_runs(uri: str, name: str, identity: str, artifacts: Path) -> int:
    client = connect(uri)
    with mlflow_errors():
        experiment = client.get_experiment_by_name(name)
        if experiment is None or experiment.lifecycle_stage == "deleted":
            return 0
        number, deleted = str(experiment.experiment_id), 0
        while found := client.search_runs([number], f"tags.`{STUDY_TAG}` = '{identity}'", max_results=PAGE):
            for run in found:
                client.delete_run(run.info.run_id)
                _remove(run.info.artifact_uri, artifacts)
            deleted += len(found)
        rest = client.search_runs([number], max_results=PAGE)
        if all(REFERENCE_TAG in run.data.tags for run in rest):
            client.rename_experiment(number, f"{name} (deleted {identity[:8]})")
            client.delete_experiment(number)  # renamed: restored under its name, it would restore its runs
        return deleted


def _remove(uri: str | None, artifacts: Path) -> None:
    """Remove the files of a run where they are below our own folder."""
    folder = Path(unquote(urlparse(uri or "").path))
    if folder.is_relative_to(artifacts.absolute()):
        shutil.rmtree(folder.parent if folder.name == "artifacts" else folder, ignore_errors=True)
