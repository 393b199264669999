"""The leaderboard of a study: a table with the verdict for people, CSV and JSON for programs."""

from __future__ import annotations

import json
import math
from typing import Any, Literal

from rich.console import Console, Group, RenderableType
from rich.text import Text

from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import compare, describe
from hpsearch.results.csv_table import csv_table
from hpsearch.results.leaderboard_table import best_of_epochs, rows
from hpsearch.results.titles import names_of
from hpsearch.study.naming import shared_params
from hpsearch.study.records import StudyRecord, TrialRecord
from trainables.base.plain_text import terminal_text

Format = Literal["table", "csv", "json"]

WIDTH_WITHOUT_TERMINAL = 200


def render(study: StudyRecord, form: Format) -> str:
    """Return the leaderboard as text that ends with a newline."""
    match form:
        case "csv":
            return csv_table(records(study))
        case "json":
            return json.dumps(_summary(study) | {"trials": _finite(records(study))}, indent=2) + "\n"
        case "table":
            console = Console()
            if not console.is_terminal:
                console = Console(width=WIDTH_WITHOUT_TERMINAL)
            with console.capture() as capture:
                console.print(table(study, console.width))
            return capture.get()


def records(study: StudyRecord) -> list[dict[str, Any]]:
    """Return one flat record per trial, best first: every column of the table and every last metric."""
    return [_record(study, trial, rank) for rank, trial in enumerate(study.leaderboard(), start=1)]


def table(study: StudyRecord, width: int) -> RenderableType:
    """Return the table for people with the verdict below it."""
    return Group(rows(study, width), Text(terminal_text(summary(study))))


def summary(study: StudyRecord) -> str:
    """Return the lines below the table: the best trial beside the training mean, and the verdict."""
    mean = study.provenance.baseline
    training_mean = f"Always predicting the training mean gives {mean:.2f}"
    best = study.best
    if best is None or best.objective is None:
        first = f"{training_mean} {study.objective}."
    else:
        first = (
            f"Best {study.objective}: {best.objective:.2f} (trial {best.number}). "
            f"{training_mean}: ratio {best.objective / mean:.2f}."
        )
    arms = arms_of(study)
    verdict = describe(compare(arms), names_of(arms), study.objective)
    return "\n".join((first, verdict.statement, verdict.grounds))


def _record(study: StudyRecord, trial: TrialRecord, rank: int) -> dict[str, Any]:
    best, best_epoch = best_of_epochs(trial, study.objective)
    return {
        "rank": rank,
        "trial": trial.number,
        "state": trial.state.value,
        "objective": trial.objective,
        "confirmed": study.confirmed(trial.number),
        "confirmations": len(study.confirmations(trial.number)),
        "best": best,
        "best_epoch": best_epoch,
        **{f"params.{path}": value for path, value in shared_params(trial).items()},
        "epochs": len(trial.epochs),
        "reason": trial.reason,
        "seconds": None if trial.ended_s is None else round(trial.ended_s - trial.started_s, 3),
        "folder": str(trial.folder),
        **(trial.epochs[-1] if trial.epochs else {}),
        **trial.test,
    }


def _summary(study: StudyRecord) -> dict[str, Any]:
    best = study.best
    value = None if best is None else best.objective
    return {
        "study": study.name,
        "objective": study.objective,
        "baseline": study.provenance.baseline,
        "best": value,
        "best_trial": None if best is None else best.number,
        "best_over_baseline": None if value is None else value / study.provenance.baseline,
        "datasets": dict(study.provenance.datasets),
        "code_version": study.provenance.code_version,
    }


def _finite(value: Any) -> Any:
    """Return `value` with null where JSON has no number."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {key: _finite(child) for key, child in value.items()}
        case list():
            return [_finite(child) for child in value]
    return value
