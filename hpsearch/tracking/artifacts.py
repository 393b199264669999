"""The files that MLflow keeps of a study: the winner at its parent run, predicted labels at each trial's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from hpsearch.study.records import TrialRecord, TrialState
from trainables.training.checkpoints import BEST_WEIGHTS
from trainables.training.image_errors import IMAGE_ERRORS

if TYPE_CHECKING:
    from mlflow import MlflowClient

IMAGE_ERRORS_TAG = "image_errors"
"""The tag of the names of the files with predicted labels that a trial's run holds."""

BEST_TAG = "best_trial"


def keep_best(client: MlflowClient, run_id: str, best: TrialRecord) -> None:
    """Copy the winner's config and weights to the parent run, once for each winner."""
    if client.get_run(run_id).data.tags.get(BEST_TAG) == str(best.number):
        return
    client.log_dict(run_id, best.config.model_dump(mode="json"), "best/config.yaml")
    weights = best.folder / BEST_WEIGHTS
    if weights.is_file():
        client.log_artifact(run_id, str(weights), "best")
    client.set_tag(run_id, BEST_TAG, str(best.number))


def keep_image_errors(
    client: MlflowClient, run_id: str, trial: TrialRecord, tags: Mapping[str, str]
) -> dict[str, str]:
    """Copy what a complete trial predicted of each image to its run, whose tags say what is there already.

    Returns the tag that says so from now on; none where the trial kept nothing.
    """
    if trial.state is not TrialState.COMPLETE:
        return {}
    files = sorted(trial.folder.glob(f"*{IMAGE_ERRORS}"))
    there = tags.get(IMAGE_ERRORS_TAG, "").split()
    for file in files:
        if file.name not in there:
            client.log_artifact(run_id, str(file))
    return {IMAGE_ERRORS_TAG: " ".join(file.name for file in files)} if files else {}
