"""The paper's rows as runs of a study's experiment in MLflow."""

from __future__ import annotations

from pathlib import Path

from hpsearch.report.paper.repeats import Repeat, by_key, tables_of
from hpsearch.report.paper.rows import AVERAGE, METRICS
from hpsearch.results.arms import arms_of
from hpsearch.study.naming import shown
from hpsearch.study.records import StudyRecord
from hpsearch.study.store import tracking_of
from hpsearch.tracking.connection import MlflowUnavailableError
from hpsearch.tracking.location import tracking_uri, without_password
from hpsearch.tracking.references import Reference, log_references
from trainables.base.errors import InputError
from trainables.training.metric_names import VALIDATION

SOURCE = "paper"


def log_paper(study: StudyRecord, root: Path) -> str:
    """Write the rows that a study repeats into its experiment; return a line that says what was done.

    Raises `InputError` where the study has no experiment, or MLflow is away.
    """
    repeats = by_key(tables_of(arms_of(study))).values()
    if not repeats:
        return f"study {study.name!r} repeats no table of the paper: nothing was added to MLflow"
    references = [reference_of(repeat) for repeat in repeats]
    uri = tracking_uri(root, tracking_of(study.folder))
    try:
        added = log_references(uri, study.name, references)
    except MlflowUnavailableError as error:
        raise InputError(f"MLflow at {without_password(uri)} cannot be written: {error}") from None
    if added is None:
        raise InputError(
            f"study {study.name!r} has no experiment in MLflow at {without_password(uri)}: launch it again"
        )
    return f"{len(references)} rows of the paper stand in MLflow beside the trials, {added} of them new"


def reference_of(repeat: Repeat) -> Reference:
    """Return the paper's row as a run whose params and metrics have the names of the trials' own."""
    row, method = repeat.row, repeat.row.method
    params = {
        "pretext": method.task,
        "pretext.grid": method.grid,
        "pretext.flag": method.flag,
        "pretext.heads": method.heads,
        "augmentation": method.augmentation,
        "init": method.init,
        "head.bin_deg": method.bin_deg,
        "data.train.subjects": method.subjects,
        "paper.table": row.table,
        "paper.row": row.row,
        "paper.dataset": row.dataset + (" reduced" if row.reduced else ""),
    }
    group = repeat.group or VALIDATION
    errors = {AVERAGE: row.average_deg, **row.errors_deg}
    named = {column: metric.within(group).name for column, metric in METRICS.items()}
    metrics = {named[column]: error for column, error in errors.items() if error is not None}
    return Reference(
        key=f"{SOURCE} {row.key}",
        name=f"paper {row.key} {row.title}",
        source=SOURCE,
        params={name: shown(value) for name, value in params.items() if value is not None},
        metrics=metrics,
        note=row.note,
    )
