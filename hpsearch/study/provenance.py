"""The provenance of a study: its datasets, its code, and the error of predicting the training mean."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from hpsearch.study.records import Provenance
from hpsearch.study.spec import SECTION, StudySpec
from trainables.base.errors import Fault, InputError
from trainables.training.build import TrainingData
from trainables.training.metrics import mean_baseline


def gather_provenance(spec: StudySpec, data: TrainingData) -> Provenance:
    """Return the facts of a study whose first config has this data.

    Raises `InputError` where the objective cannot be measured on the validation set.
    """
    baseline = mean_baseline(data.train.pose_deg, data.validation.pose_deg, data.train.angles)
    metric = spec.search.objective.replace("best_", "")
    known = baseline.metrics("validation")
    if metric not in known:
        raise InputError(
            Fault(
                f"{data.validation_dataset.name} has no roll, so {metric} cannot be measured: "
                "take another objective",
                f"{SECTION}.objective",
                spec.document.file,
            )
        )
    datasets = {"train": data.train_dataset, "validation": data.validation_dataset}
    return Provenance(
        baseline=known[metric],
        datasets={role: f"{d.name} @ {d.card.content_hash}" for role, d in datasets.items()},
        code_version=code_version(),
    )


def code_version() -> str:
    """Return the package's version, with the commit where it runs from a checkout."""
    here = Path(__file__).parents[1]
    git = shutil.which("git")
    commit = ""
    if git and (here.parent / ".git").exists():
        command = [git, "-C", str(here), "describe", "--always", "--dirty"]
        commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    return f"{version('hpsearch')}+{commit}" if commit else version("hpsearch")
