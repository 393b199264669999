"""What is true of every trial of a study: its datasets, its code, and the error of knowing nothing."""

from __future__ import annotations

import shutil
import subprocess
from importlib.metadata import version
from pathlib import Path

from hpsearch.records import StudyFacts
from hpsearch.spec import SECTION, StudySpec
from trainables.faults import BadInput, Fault
from trainables.metrics import mean_baseline
from trainables.training import TrainingData


def gather_facts(spec: StudySpec, data: TrainingData) -> StudyFacts:
    """Return the facts of a study whose first config has this data.

    Raises `BadInput` where the objective cannot be measured on the validation set.
    """
    baseline = mean_baseline(data.train.pose_deg, data.validation.pose_deg, data.train.angles)
    metric = spec.search.objective.replace("best_", "")
    known = baseline.metrics("validation")
    if metric not in known:
        raise BadInput(
            Fault(
                f"{data.validation_dataset.name} has no roll, so {metric} cannot be measured: "
                "take another objective",
                f"{SECTION}.objective",
                spec.document.file,
            )
        )
    datasets = {"train": data.train_dataset, "validation": data.validation_dataset}
    return StudyFacts(
        baseline=known[metric],
        datasets={role: f"{d.name} @ {d.card.content_hash}" for role, d in datasets.items()},
        code_version=code_version(),
    )


def code_version() -> str:
    """Return the package's version, with the commit where it runs from a checkout."""
    here = Path(__file__).parent
    git = shutil.which("git")
    commit = ""
    if git and (here.parent / ".git").exists():
        command = [git, "-C", str(here), "describe", "--always", "--dirty"]
        commit = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    return f"{version('hpsearch')}+{commit}" if commit else version("hpsearch")
