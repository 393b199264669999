"""Enqueues a user's design in a study that exists, running or not: it is tried next."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hpsearch.study.lock import holder_of
from hpsearch.study.records import StudyRecord, TrialState
from hpsearch.study.requests import request_design
from hpsearch.study.spec import design_params, read_design
from trainables.base.errors import InputError


def enqueue(study: StudyRecord, file: Path) -> str:
    """Leave the design in `file` for the study's driver; return a line that says when it is tried.

    Raises `InputError` with every fault of the design.
    """
    design = read_design(file, study.spec)
    _refuse_tried(study, design)
    request_design(study.folder, design)
    if holder_of(study.folder) is None:
        return f"study {study.name!r} tries it first when it is launched again{_budget(study)}"
    return f"study {study.name!r} tries it as soon as a trial has ended{_budget(study)}"


def _refuse_tried(study: StudyRecord, design: Mapping[str, Any]) -> None:
    """Raise `InputError` where a trial that did not fail has all the values of a design."""
    space = study.spec.space
    params, _ = design_params(space, design)
    if space.complete(params).keys() != params.keys():
        return  # what is open will be drawn
    for trial in study.searched:
        if trial.state is not TrialState.FAILED and space.design(trial.params) == space.design(params):
            raise InputError(
                f"trial {trial.number} has these values and is {trial.state.value}: another would be the "
                "same to the digit"
            )


def _budget(study: StudyRecord) -> str:
    """Return what to launch with where the budget of the last launch has no room for one more trial."""
    launch = study.launch
    if launch is None:
        return ""
    lacks, options = [], []
    if launch.trials is not None and len(study.searched) >= launch.trials:
        lacks.append(f"{launch.trials} trials")
        options.append(f"--trials {len(study.searched) + 1}")
    if launch.epochs is not None and (wanted := _spoken_for(study) + study.spec.epochs) > launch.epochs:
        lacks.append(f"{launch.epochs} epochs")
        options.append(f"--epochs {wanted}")
    if not lacks:
        return ""
    return f"; its budget of {' and '.join(lacks)} has no room for it, so launch it with {' '.join(options)}"


def _spoken_for(study: StudyRecord) -> int:
    """Return the epochs that are trained, and those that trials which have begun may yet train."""
    under_way = (TrialState.RUNNING, TrialState.INTERRUPTED)
    return sum(
        trial.config.epochs if trial.state in under_way else len(trial.epochs) for trial in study.searched
    )
