"""The params, metrics, tags and notes that MLflow shows of a study and its trials."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import compare
from hpsearch.results.effort import device_kind, effort_of
from hpsearch.results.learned import learned
from hpsearch.results.titles import guessing
from hpsearch.results.verdict import verdict_of
from hpsearch.study.naming import design, rows, short_names, shown
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState
from trainables.base.plain_text import markdown_text
from trainables.training.metric_names import EPOCH_S

INTERRUPTED = "interrupted"
"""The state of a trial that was running when the search was stopped; launching again continues it."""

HOURS, GPU_HOURS = "cost/hours", "cost/gpu_hours"
"""Metrics of what a trial has cost so far."""

ABSENT = "none"
"""A searched value that a design does not have, as the grid of a task has none without the task."""

MAX_TAG_CHARS = 5000
MAX_PARAM_CHARS = 6000


def identity_tags(study: StudyRecord, trial: TrialRecord) -> dict[str, str]:
    """Return the tags of a trial that are known when it starts and never change."""
    tags = {
        "kind": "trial" if trial.confirms is None else "confirmation",
        "trial": str(trial.number),
        "seed": str(trial.config.seed),
        "code_version": study.provenance.code_version,
        "mlflow.source.name": "hpsearch",
        "mlflow.source.git.commit": study.provenance.code_version,
    }
    plugins = study.provenance.plugin_texts
    tags |= {f"plugin.{row.replace(' ', '.')}": origin for row, origin in plugins.items()}
    for role, dataset in study.provenance.datasets.items():
        name, digest = split_dataset(dataset)
        tags |= {f"dataset.{role}": name, f"dataset.{role}.hash": digest}
    return tags


def params_of(trial: TrialRecord, searched: Iterable[str]) -> dict[str, str]:
    """Return every value of a trial's config under its shared path.

    A choice between whole subtrees is not a value of the config; it is a param under its hole's name. What is
    `searched` in others and this one has not is `none`: MLflow's charts leave out a run without the value.
    """
    chosen = {path: shown(value) for path, value in trial.shared_params.items()}
    return dict.fromkeys(searched, ABSENT) | chosen | {row.shared: row.text for row in rows(trial.config)}


def state_tags(trial: TrialRecord) -> dict[str, str]:
    """Return the tags of a trial that change: its state, why it ended and where it ran."""
    tags = {} if trial.confirms is None else {"confirms": str(trial.confirms)}
    tags |= {"state": trial.state.value, "reason": trial.reason[:MAX_TAG_CHARS]}
    if trial.placement is not None:
        place = trial.placement
        tags |= {"host": place.host, "device": place.device, "cpus": shown(place.cpus)}
        tags |= {"gpu_share": shown(place.gpus)}
    return tags


def epoch_rows(study: StudyRecord, trial: TrialRecord) -> list[dict[str, float]]:
    """Return the metrics of each epoch, with the best objective so far and its epoch beside them.

    `epoch` is written for every epoch, whatever its other metrics, and so counts the epochs in MLflow. The
    cost so far stands beside them: hours, and hours of a GPU, a share of one counted as that share. The first
    epoch has what the network costs in use.
    """
    gpus = trial.placement.gpus if trial.placement is not None else 0.0
    hours = 0.0
    rows: list[dict[str, float]] = []
    objective, best_epoch = study.objective, 0
    best = math.inf
    for epoch, metrics in enumerate(trial.epochs, start=1):
        value = metrics.get(objective.name, math.nan)
        if objective.cost(value) < best:
            best, best_epoch = objective.cost(value), epoch
        row = {objective.name: value} if objective.name in metrics else {}  # MLflow compares by the first
        row |= trial.costs if epoch == 1 else {}
        hours += metrics.get(EPOCH_S, 0.0) / 3600
        row |= {**metrics, "epoch": float(epoch), HOURS: hours, GPU_HOURS: hours * gpus}
        if best_epoch:
            row |= {"best/objective": objective.value(best), "best/epoch": float(best_epoch)}
        rows.append(row)
    return rows


def study_rows(study: StudyRecord) -> list[tuple[float, dict[str, float]]]:
    """Return the progress of the search: the end of each trial, and the counts and best value by then.

    The best is the best single run of the search: a confirmation repeats a design, and is no find.
    """
    unended = (TrialState.RUNNING, TrialState.FROZEN)
    counts: dict[TrialState, int] = {state: 0 for state in TrialState if state not in unended}
    ended = [(t.ended_s, t) for t in study.trials if t.state in counts and t.ended_s is not None]
    rows = []
    aim, mean = study.objective, study.provenance.training_mean
    best = math.inf
    for ended_s, trial in sorted(ended, key=lambda pair: (pair[0], pair[1].number)):
        counts[trial.state] += 1
        searched = trial.state is TrialState.COMPLETE and trial.confirms is None
        if searched and trial.objective is not None:
            best = min(best, aim.cost(trial.objective))
        row = {f"study/{state.value}": float(count) for state, count in counts.items()}
        row["study/training_mean"] = mean
        if math.isfinite(best):
            row["study/best"] = aim.value(best)
            if (ratio := study.over_training_mean(aim.value(best))) is not None:
                row["study/best_over_training_mean"] = ratio
        rows.append((ended_s, row))
    return rows


def split_dataset(text: str) -> tuple[str, str]:
    """Return name and content hash of `name @ hash`."""
    name, _, digest = text.partition(" @ ")
    return name, digest


def note(study: StudyRecord, report: str = "", top: int = 10) -> str:
    """Return the study in Markdown: its verdict first, then what that rests on, and the best trials.

    `report` is the address of the study's page, where MLflow has it.
    """
    verdict, names = verdict_of(study), short_names(study.trials)
    counts = {state: sum(trial.state is state for trial in study.trials) for state in TrialState}
    states = ", ".join(f"{count} {state.value}" for state, count in counts.items() if count)
    arms = arms_of(study)
    said = [*learned(study, arms, compare(arms, study.equal_within))[:1], verdict.sentence]
    lines = ["\n\n".join(f"**{markdown_text(text)}**" for text in said)]  # a folded note shows its first line
    lines += ["", f"[The whole report]({report})"] if report else []
    lines += ["", markdown_text(verdict.grounds)]
    mean = study.objective.shown(study.provenance.training_mean)
    guess = guessing(study.spec.target).capitalize()
    lines += ["", f"{guess}: {mean}. {states or 'No trial yet'}; {_cost(study)}."]
    lines += [] if (failure := _last_failure(study)) is None else ["", markdown_text(failure)]
    confirmed = any(trial.confirms is not None for trial in study.trials)
    columns = list(dict.fromkeys(names.values()))
    titles = ["rank", "trial", "state", study.objective.leaf, *(["confirmed"] if confirmed else [])]
    titles += ["epochs", *columns]
    lines += ["", _cells(titles), _cells(["---"] * len(titles))]
    for rank, trial in enumerate(study.leaderboard()[:top], start=1):
        values: Mapping[str, object] = design(trial, names)
        errors = [trial.objective, *([study.confirmed_mean(trial.number)] if confirmed else [])]
        shown_errors = ["" if error is None else f"{error:.3f}" for error in errors]
        searched = [shown(values[name]) if name in values else "" for name in columns]
        cells = [str(rank), str(trial.number), trial.state, *shown_errors, str(len(trial.epochs)), *searched]
        lines.append(_cells(cells))
    while sum(len(line) + 1 for line in lines) > MAX_TAG_CHARS:
        lines.pop()
    return "\n".join(lines)


def _cost(study: StudyRecord) -> str:
    hours = effort_of(study.trials).device_hours
    return f"{hours:.{1 if hours >= 1 else 3}f} {device_kind(study)} hours in all"


def _last_failure(study: StudyRecord) -> str | None:
    """Return why the last of the trials that failed did; None where none has."""
    failed = [trial for trial in study.trials if trial.state is TrialState.FAILED]
    return f"Trial {failed[-1].number} failed: {failed[-1].reason}." if failed else None


def _cells(texts: list[str]) -> str:
    return "| " + " | ".join(map(markdown_text, texts)) + " |"
