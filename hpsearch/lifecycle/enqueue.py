"""Enqueues a person's design in a study that exists, running or not: it is tried next."""

from __future__ import annotations

from pathlib import Path

from hpsearch.study.lock import holder_of
from hpsearch.study.records import StudyRecord
from hpsearch.study.requests import request_design
from hpsearch.study.spec import read_design


def enqueue(study: StudyRecord, file: Path) -> str:
    """Leave the design in `file` for the study's driver; return a line that says when it is tried.

    Raises `InputError` with every fault of the design.
    """
    spec = study.spec
    request_design(study.folder, read_design(file, spec))
    if holder_of(study.folder) is None:
        return f"study {study.name!r} tries it first when it is launched again{_budget(study)}"
    return f"study {study.name!r} tries it as soon as a trial has ended{_budget(study)}"


def _budget(study: StudyRecord) -> str:
    limit, trials = study.launch.trials if study.launch else None, len(study.searched)
    if limit is None or trials < limit:
        return ""
    return f"; its budget of {limit} trials is spent, so launch it with --trials {trials + 1}"
