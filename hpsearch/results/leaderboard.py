"""The leaderboard of a study: a table with the verdict for people, CSV and JSON for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Literal

from rich.console import Console, Group, RenderableType
from rich.text import Text

from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import compare
from hpsearch.results.csv_table import csv_table
from hpsearch.results.front import front_of, front_text
from hpsearch.results.leaderboard_table import Column, best_of_epochs, columns_of, grid, tested
from hpsearch.results.learned import learned
from hpsearch.results.noise import noise_of
from hpsearch.results.outlook import hindsight
from hpsearch.results.standing import standing
from hpsearch.results.statistics import CONFIDENCE, Interval, interval
from hpsearch.results.titles import guessing, names_of
from hpsearch.results.verdict import SELECTED, epoch_title, error_with_runs, verdict_of
from hpsearch.study.records import StudyRecord, TrialRecord, TrialState
from trainables.base.plain_text import terminal_text

LEADERBOARD = "leaderboard.csv"
"""All trials, in a study's folder: what `render` gives as CSV."""

Format = Literal["table", "csv", "json"]

MOST_ROWS = 300
"""Trials that a table has: who wants more of them reads them with a program."""

ALL_COLUMNS = 10_000
"""Characters of a line where the output is no terminal: no column is left out."""


def render(study: StudyRecord, form: Format) -> str:
    """Return the leaderboard as text that ends with a newline."""
    match form:
        case "csv":
            return csv_table(records(study))
        case "json":
            return json.dumps(_finite(_summary(study) | {"trials": records(study)}), indent=2) + "\n"
        case "table":
            return on_console(lambda width: table(study, width))


def on_console(drawn: Callable[[int], RenderableType]) -> str:
    """Return as text what is drawn for the width of the terminal: all columns where there is none."""
    console = Console()
    if not console.is_terminal:
        console = Console(width=ALL_COLUMNS)
    with console.capture() as capture:
        console.print(drawn(console.width))
    return capture.get()


def records(study: StudyRecord) -> list[dict[str, Any]]:
    """Return one flat record per trial, best first: every column of the table and every last metric."""
    return [_record(study, trial, rank) for rank, trial in enumerate(study.leaderboard(), start=1)]


@dataclass(frozen=True)
class Board:
    """The leaderboard for people, with every column: of very many trials the best alone.

    `best` is the row of the best trial. The texts stand below the table, with how the study stands between.
    """

    columns: tuple[Column, ...]
    states: tuple[TrialState, ...]
    best: int | None
    legend: str
    verdict: str

    def drawn(self, stands: str, width: int) -> RenderableType:
        """Return it for a terminal; `stands` says how the study stands, empty for one that has ended."""
        text = "\n".join(filter(None, (self.legend, stands, self.verdict)))
        return Group(grid(self.columns, self.states, self.best, width), Text(terminal_text(text)))


def board_of(study: StudyRecord) -> Board:
    """Return the leaderboard of a study for people."""
    trials, more = study.leaderboard()[:MOST_ROWS], len(study.searched) - MOST_ROWS
    rest = f"{more} more trials: --format csv has all.\n" if more > 0 else ""
    return Board(
        tuple(columns_of(study, trials)),
        tuple(trial.state for trial in trials),
        next((row for row, trial in enumerate(trials) if trial is study.best), None),
        rest + legend(study),
        _verdict(study),
    )


def table(study: StudyRecord, width: int) -> RenderableType:
    """Return the table for people with the verdict below it."""
    return board_of(study).drawn(standing(study), width)


def legend(study: StudyRecord) -> str:
    """Return what the table's errors are: which epoch, how many runs, and what they were selected by."""
    aim = study.objective
    parts = [f"{aim.leaf}: {epoch_title(aim)}, one per trial; those at the top were selected by it"]
    if any(study.confirmations(trial.number) for trial in study.searched):
        parts.append(f"confirmed: mean of new seeds ± half its {CONFIDENCE:.0%} interval over them")
    parts.append(f"best, at: the best {aim.noun} after any epoch, and that epoch")
    if any(trial.test for trial in study.trials):
        parts.append("test: weights of the best epoch, of the confirmations where there are any")
    return ". ".join(parts) + "."


def _verdict(study: StudyRecord) -> str:
    mean, aim = study.provenance.training_mean, study.objective
    training_mean = f"{guessing(study.spec.target).capitalize()} gives {mean:.2f}"
    best = study.best
    if best is None or best.objective is None:
        first = f"{training_mean} {aim.name}."
    else:
        ratio = study.over_training_mean(best.objective)
        first = (
            f"Best {aim.name}: {best.objective:.2f} (trial {best.number}, {_standing(study, best)}).\n"
            f"{training_mean}{'' if ratio is None else f': ratio {ratio:.2f}'}."
        )
    arms = arms_of(study)
    found, verdict = compare(arms, study.equal_within), verdict_of(study)
    noise = hindsight(found, noise_of(arms), study.objective)
    nothing = " ".join(learned(study, arms, found))
    front = front_text(front_of(study, arms), names_of(arms))
    parts = (front, nothing, verdict.sentence, verdict.grounds, noise, first)
    return "\n".join(filter(None, parts))


def _record(study: StudyRecord, trial: TrialRecord, rank: int) -> dict[str, Any]:
    best, best_epoch = best_of_epochs(trial, study.objective)
    return {
        "rank": rank,
        "trial": trial.number,
        "state": trial.state.value,
        "objective": trial.objective,
        "confirmed": study.confirmed_mean(trial.number),
        "confirmations": len(study.confirmations(trial.number)),
        **_bounds("confirmed", _confirmed(study, trial)),
        "best": best,
        "best_epoch": best_epoch,
        **trial.costs,
        **{f"params.{path}": value for path, value in trial.shared_params.items()},
        "epochs": len(trial.epochs),
        "reason": trial.reason,
        "trained_s": round(trial.trained_s, 3),
        "seconds": None if trial.ended_s is None else round(trial.ended_s - trial.started_s, 3),
        "folder": str(trial.folder),
        **(trial.epochs[-1] if trial.epochs else {}),
        **trial.test,
        **_confirmed_tests(study, trial),
    }


def _standing(study: StudyRecord, best: TrialRecord) -> str:
    """Return what the error of the best trial is worth: what else is known of its design."""
    arm = next(arm for arm in arms_of(study) if best in arm.trials)
    single = len(arm.values) == 1 and not arm.confirmed
    return SELECTED if single else f"{SELECTED}; its design {error_with_runs(arm)}"


def _confirmed(study: StudyRecord, trial: TrialRecord) -> Interval | None:
    values = [run.objective for run in study.confirmations(trial.number) if run.objective is not None]
    return interval(values) if values else None


def _confirmed_tests(study: StudyRecord, trial: TrialRecord) -> dict[str, Any]:
    """Return the means of the test errors over a trial's confirmations, with their intervals."""
    names = dict.fromkeys(name for run in study.confirmations(trial.number) for name in run.test)
    found = {name: tested(study, trial, name) for name in names}
    means = {f"confirmed_{name}": mean.mean for name, mean in found.items() if mean is not None}
    for name, mean in found.items():
        means |= _bounds(f"confirmed_{name}", mean)
    return means


def _bounds(name: str, found: Interval | None) -> dict[str, Any]:
    return {f"{name}_low": found and found.low, f"{name}_high": found and found.high}


def _summary(study: StudyRecord) -> dict[str, Any]:
    best = study.best
    value, noise = None if best is None else best.objective, noise_of(arms_of(study))
    return {
        "study": study.name,
        "objective": study.objective.name,
        "training_mean": study.provenance.training_mean,
        "best": value,
        "best_trial": None if best is None else best.number,
        "best_over_training_mean": None if value is None else study.over_training_mean(value),
        "noise": None if noise is None else asdict(noise),
        "datasets": dict(study.provenance.datasets),
        "code_version": study.provenance.code_version,
        "plugins": study.provenance.plugin_texts,
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
