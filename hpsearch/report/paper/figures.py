"""The paper's figures from a study's own arms, as plain values: errors over flags, epochs and subjects."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean

from hpsearch.report.charts.lines import ChartPoint, Line, LineChart
from hpsearch.report.paper.repeats import RENDERED_PEOPLE
from hpsearch.report.style import DASHES, Paint, colour_of, paints, task_of
from hpsearch.results.arms import Arm
from hpsearch.results.titles import SEPARATOR, title
from hpsearch.study.records import TrialRecord
from trainables.training.config import TrainConfig
from trainables.training.metric_names import VALIDATION

LEADERS = 3
"""Arms beside the baseline in the learning curves of each angle."""
MOST_LINES = 8
"""Lines of designs that are equal in all but x; those of the most points are kept."""


def flag_chart(arms: Sequence[Arm], names: Mapping[str, str]) -> LineChart | None:
    """Return the error over the flag (figure 3); None without designs that differ in the flag alone."""
    lines = _lines(arms, names, lambda arm: _flag_of(arm.config), _without_flag)
    if not lines:
        return None
    flags = [point.x for line in lines for point in line.points]
    alone = [arm for arm in arms if arm.is_supervised_alone and arm.starts_random and arm.mean is not None]
    if len(alone) == 1 and alone[0].mean is not None:
        error = alone[0].mean.mean
        ends = (ChartPoint(min(flags), error), ChartPoint(max(flags), error))
        lines = (
            *lines,
            Line(title(alone[0], names), Paint(colour_of("none"), DASHES[1]), ends, marked=False),
        )
    x_title = "flag: branch after stage"
    return LineChart(f"{_noun(arms)} over the flag", x_title, lines, arms[0].objective, whole_numbers=True)


def subjects_chart(arms: Sequence[Arm], names: Mapping[str, str]) -> LineChart | None:
    """Return the error over the number of subjects (figure 7); None where no designs differ in it alone."""
    lines = _lines(arms, names, lambda arm: _subjects_of(arm.config), lambda c: _without(c, "subjects"))
    if not lines:
        return None
    words = f"{_noun(arms)} over the number of subjects"
    return LineChart(words, "training subjects", lines, arms[0].objective, whole_numbers=True)


def labels_chart(arms: Sequence[Arm], names: Mapping[str, str]) -> LineChart | None:
    """Return the error over the share of labels; None where no designs differ in it alone."""
    lines = _lines(
        arms, names, lambda arm: round(100 * arm.config.data.train.labels), lambda c: _without(c, "labels")
    )
    if not lines:
        return None
    words = f"{_noun(arms)} over the share of labels"
    return LineChart(words, "subjects whose labels are kept, %", lines, arms[0].objective, whole_numbers=True)


def _noun(arms: Sequence[Arm]) -> str:
    """Return what the objective is called at the beginning of a title: `Error`."""
    return arms[0].objective.noun.capitalize()


def angle_charts(
    arms: Sequence[Arm], names: Mapping[str, str], baseline: Arm | None
) -> tuple[LineChart, ...]:
    """Return the error of each angle over the epochs (figures 4 to 6): the leaders and the baseline."""
    shown = [arm for arm in arms if arm.mean is not None and arm is not baseline][:LEADERS]
    shown += [] if baseline is None else [baseline]
    drawn = list(zip(shown, paints(task_of(arm.config) for arm in shown), strict=True))
    charts = []
    measured = arms[0].config.target.metrics if arms else ()
    for metric in (metric.within(VALIDATION) for metric in measured if metric.label):
        lines = []
        for arm, paint in drawn:
            errors = mean_curve(list(arm.finished.values()), metric.name)
            points = tuple(ChartPoint(epoch, error) for epoch, error in enumerate(errors, start=1))
            if points:
                lines.append(Line(title(arm, names), paint, points, marked=len(points) == 1))
        if lines:
            charts.append(LineChart(str(metric.label), "epoch", tuple(lines), metric, whole_numbers=True))
    return tuple(charts)


def _lines(
    arms: Sequence[Arm],
    names: Mapping[str, str],
    x_of: Callable[[Arm], int | None],
    rest_of: Callable[[TrainConfig], str],
) -> tuple[Line, ...]:
    """Return a line for each group of designs that have all in common but two or more values of x."""
    groups: dict[str, dict[int, Arm]] = {}
    for arm in arms:
        x = x_of(arm)
        if x is not None and arm.mean is not None:
            groups.setdefault(rest_of(arm.config), {})[x] = arm
    joined = sorted((group for group in groups.values() if len(group) > 1), key=len, reverse=True)
    joined = joined[:MOST_LINES]
    firsts = [next(iter(group.values())) for group in joined]
    drawn = paints(task_of(arm.config) for arm in firsts)
    return tuple(
        Line(_title_of(list(group.values()), names), paint, _points(group))
        for group, paint in zip(joined, drawn, strict=True)
    )


def _title_of(arms: Sequence[Arm], names: Mapping[str, str]) -> str:
    """Return what the titles of designs have in common."""
    parts = [title(arm, names).split(SEPARATOR) for arm in arms]
    common = [part for part in parts[0] if all(part in other for other in parts)]
    return SEPARATOR.join(common) or "all else equal"


def _points(group: Mapping[int, Arm]) -> tuple[ChartPoint, ...]:
    means = [(x, arm.mean) for x, arm in sorted(group.items()) if arm.mean is not None]
    return tuple(ChartPoint(x, mean.mean, mean.half) for x, mean in means)


def mean_curve(trials: Sequence[TrialRecord], metric: str) -> list[float]:
    """Return the mean of a metric over the trials that have it, after each epoch that all of them have."""
    curves = [[row[metric] for row in trial.epochs if metric in row] for trial in trials]
    return [fmean(row) for row in zip(*[curve for curve in curves if curve], strict=False)]


def _flag_of(config: TrainConfig) -> int | None:
    attachment = config.pretext.attachment()
    return None if attachment is None else attachment.flag


def _without_flag(config: TrainConfig) -> str:
    written = config.model_dump(mode="json", exclude={"seed"})
    task = written["pretext"]  # a name, or a name with its settings
    for settings in task.values() if isinstance(task, dict) else ():
        settings.pop("flag", None)
    return json.dumps(written, sort_keys=True)


def _without(config: TrainConfig, key: str) -> str:
    """Return a config without a key of its training set, and without images that nothing learns from."""
    written = config.model_dump(mode="json", exclude={"seed": True, "data": {"train": {key}}})
    if not config.unlabelled_share:
        del written["data"]["unlabelled"]
    return json.dumps(written, sort_keys=True)


def _subjects_of(config: TrainConfig) -> int | None:
    """Return how many subjects a config names; rendered ones count as in table 5."""
    train = config.data.train
    people = 1 if isinstance(train.dataset, str) else RENDERED_PEOPLE
    count, rest = divmod(len(train.subjects), people)
    return None if rest else count or None
