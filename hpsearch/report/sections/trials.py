"""The part of the page that is dug into: all trials in linked charts and one table, and what matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hpsearch.report.charts.chart import Chart, Key
from hpsearch.report.charts.curves import curves_chart
from hpsearch.report.charts.pair import pair_chart, why_no_pair
from hpsearch.report.charts.parallel import parallel_chart
from hpsearch.report.charts.slices import slice_charts
from hpsearch.report.charts.timeline import progress_chart, timeline_chart
from hpsearch.report.charts.trials import MOST_TRIALS, ChartTrials, chart_trials
from hpsearch.report.style import colour, colour_of
from hpsearch.results.formats import duration, number
from hpsearch.results.leaderboard_table import best_of_epochs
from hpsearch.study.naming import design, short_names, shown
from hpsearch.study.records import StudyRecord, TrialRecord


@dataclass(frozen=True)
class Importance:
    """A searched value's share of importance; `width_percent` is the length of its bar."""

    name: str
    share: float
    width_percent: float


@dataclass(frozen=True)
class TrialRow:
    """One trial as the table shows it; `colour` is that of its marks in the charts, which have no repeats."""

    number: int
    repeats: bool
    """Whether it repeats another trial with another seed."""
    colour: str
    state: str
    error: str
    best: str
    epochs: str
    time: str
    time_s: float
    values: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class TrialsSection:
    """The charts, the data that they share, the key to their colours, and the table."""

    noun: str
    """What the objective is called, in lower case: `error`."""
    parallel: Chart | None
    curves: Chart | None
    slices: tuple[Chart, ...]
    pair: Chart | None
    why_no_pair: str
    over_time: tuple[Chart, ...]
    keys: tuple[Key, ...]
    records: list[dict[str, Any]]
    columns: tuple[str, ...]
    """Short names of the searched values."""
    rows: tuple[TrialRow, ...]
    left_out: int
    """How many trials the page has no room for, the last of the leaderboard."""
    importances: tuple[Importance, ...]
    has_seed: bool
    """Whether the seed is among the importances, which tells what is noise."""

    @property
    def charts(self) -> tuple[Chart, ...]:
        """All of its charts."""
        charts = (self.parallel, self.curves, *self.slices, self.pair, *self.over_time)
        return tuple(chart for chart in charts if chart is not None)


def trials_section(study: StudyRecord, importances: Mapping[str, float]) -> TrialsSection | None:
    """Return the section; None where nothing was tried."""
    if not study.searched:
        return None
    found: ChartTrials = chart_trials(study)
    names = short_names(study.searched)
    columns = tuple(dict.fromkeys(names.values()))
    most = max(importances.values(), default=0.0) or 1.0
    return TrialsSection(
        noun=study.objective.noun,
        parallel=parallel_chart(found),
        curves=curves_chart(found, study.provenance.training_mean),
        slices=tuple(slice_charts(found)),
        pair=pair_chart(found, importances),
        why_no_pair=why_no_pair(found, importances),
        over_time=tuple(filter(None, (progress_chart(found), timeline_chart(found)))),
        keys=tuple(Key(colour_of(task), task) for task in found.tasks),
        records=found.records(),
        columns=columns,
        rows=tuple(
            _row(study, trial, names, columns)
            for trial in (
                *study.leaderboard()[:MOST_TRIALS],
                *(one for one in study.trials if one.confirms is not None),
            )
        ),
        left_out=max(len(study.searched) - MOST_TRIALS, 0),
        importances=tuple(
            Importance(name, share, round(100 * share / most, 1)) for name, share in importances.items()
        ),
        has_seed="seed" in importances,
    )


def _row(
    study: StudyRecord, trial: TrialRecord, names: Mapping[str, str], columns: tuple[str, ...]
) -> TrialRow:
    values = design(trial, names)
    best, _ = best_of_epochs(trial, study.objective)
    return TrialRow(
        number=trial.number,
        repeats=trial.confirms is not None,
        colour=colour(trial),
        state=trial.state.value + ("" if trial.confirms is None else f", confirms {trial.confirms}"),
        error=number(trial.objective),
        best=number(best),
        epochs=str(len(trial.epochs)),
        time=duration(trial.trained_s),
        time_s=round(trial.trained_s, 1),
        values=tuple(shown(values[name]) if name in values else "none" for name in columns),
        reason=trial.reason,
    )
