"""The paper's figures from a study's own arms, as plain values: errors over flags, epochs and subjects."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from hpsearch.report.charts.lines import ChartPoint, Line, LineChart
from hpsearch.report.paper.repeats import RENDERED_PEOPLE
from hpsearch.report.style import BASELINE, LINES, colour_of, task_of, task_title
from hpsearch.results.arms import Arm
from hpsearch.results.titles import title
from hpsearch.study.records import TrialRecord
from trainables.training.config import TrainConfig
from trainables.training.metric_names import VALIDATION

LEADERS = 3
"""Arms beside the baseline in the learning curves of each angle."""

WITHOUT_HEADS = "#a87800"
"""Colour of networks without self-supervised heads."""


def flag_chart(arms: Sequence[Arm]) -> LineChart | None:
    """Return the error over the flag by task (figure 3); None without a task that has two flags.

    Where several arms have the same task and flag, the point is the mean over them.
    """
    finished = [arm for arm in arms if arm.mean is not None]
    lines = _lines(finished, _flag_of, lambda arm: task_title(task_of(arm.config)))
    if not lines:
        return None
    flags = [point.x for line in lines for point in line.points]
    alone = [arm for arm in finished if arm.is_supervised_alone and arm.starts_random]
    if alone:
        error = fmean(arm.mean.mean for arm in alone if arm.mean is not None)
        ends = (ChartPoint(min(flags), error), ChartPoint(max(flags), error))
        lines = (*lines, Line("SL", BASELINE, ends, dashed=True, marked=False))
    return LineChart(
        "Error over the flag (figure 3)",
        "flag: branch after stage",
        lines,
        arms[0].objective,
        whole_numbers=True,
    )


def subjects_chart(arms: Sequence[Arm]) -> LineChart | None:
    """Return the error over the number of subjects by method (figure 7); None where no method has two."""
    finished = [arm for arm in arms if arm.mean is not None]
    lines = _lines(finished, lambda arm: _subjects_of(arm.config), lambda arm: _method_title(arm.config))
    title_ = "Error over the number of subjects (figure 7)"
    return (
        LineChart(title_, "training subjects", lines, arms[0].objective, whole_numbers=True)
        if lines
        else None
    )


def angle_charts(
    arms: Sequence[Arm], names: Mapping[str, str], baseline: Arm | None
) -> tuple[LineChart, ...]:
    """Return the error of each angle over the epochs (figures 4 to 6): the leaders and the baseline."""
    shown = [arm for arm in arms if arm.mean is not None and arm is not baseline][:LEADERS]
    paints = {id(arm): LINES[place] for place, arm in enumerate(shown)}
    charts = []
    measured = arms[0].config.target.metrics if arms else ()
    for metric in (metric.within(VALIDATION) for metric in measured if metric.label):
        lines = []
        for arm in (*shown, *([] if baseline is None else [baseline])):
            errors = mean_curve(list(arm.finished.values()), metric.name)
            points = tuple(ChartPoint(epoch, error) for epoch, error in enumerate(errors, start=1))
            if points:
                ink = paints.get(id(arm), BASELINE)
                dashed = arm is baseline
                lines.append(Line(title(arm, names), ink, points, dashed, marked=len(points) == 1))
        if lines:
            title_ = f"{metric.label} (figures 4 to 6)"
            charts.append(LineChart(title_, "epoch", tuple(lines), metric, whole_numbers=True))
    return tuple(charts)


def _lines(
    arms: Sequence[Arm], x_of: Callable[[Arm], int | None], name_of: Callable[[Arm], str]
) -> tuple[Line, ...]:
    """Return a line for each name that has two or more values of x."""
    groups: dict[str, dict[int, list[Arm]]] = {}
    for arm in arms:
        x = x_of(arm)
        if x is not None:
            groups.setdefault(name_of(arm), {}).setdefault(x, []).append(arm)
    return tuple(
        Line(name, _colour(next(iter(group.values()))[0].config), _points(group))
        for name, group in groups.items()
        if len(group) > 1
    )


def _points(group: Mapping[int, Sequence[Arm]]) -> tuple[ChartPoint, ...]:
    points = []
    for x, arms in sorted(group.items()):
        if len(arms) == 1 and arms[0].mean is not None:
            points.append(ChartPoint(x, arms[0].mean.mean, arms[0].mean.half))
        else:
            points.append(ChartPoint(x, fmean(arm.mean.mean for arm in arms if arm.mean is not None)))
    return tuple(points)


def mean_curve(trials: Sequence[TrialRecord], metric: str) -> list[float]:
    """Return the mean of a metric over the trials that have it, after each epoch that all of them have."""
    curves = [[row[metric] for row in trial.epochs if metric in row] for trial in trials]
    return [fmean(row) for row in zip(*[curve for curve in curves if curve], strict=False)]


def _flag_of(arm: Arm) -> int | None:
    attachment = arm.config.pretext.attachment()
    return None if attachment is None else attachment.flag


def _subjects_of(config: TrainConfig) -> int | None:
    """Return how many subjects a config names; rendered ones count as in table 5."""
    train = config.data.train
    people = 1 if isinstance(train.dataset, str) else RENDERED_PEOPLE
    count, rest = divmod(len(train.subjects), people)
    return None if rest else count or None


def _method_title(config: TrainConfig) -> str:
    name = task_title(task_of(config))
    heads = config.pretext.is_baseline or config.pretext.attachment() is not None
    return name if heads else f"{name} w/o SSHs"


def _colour(config: TrainConfig) -> str:
    heads = config.pretext.is_baseline or config.pretext.attachment() is not None
    return colour_of(task_of(config)) if heads else WITHOUT_HEADS
