"""The paper's figures hold the numbers of the study's arms."""

from __future__ import annotations

import pytest
from support import made_up_arms as made_up

from hpsearch.report.paper.figures import angle_charts, flag_chart, subjects_chart
from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import compare
from hpsearch.results.titles import names_of

printed = made_up.as_printed()


def test_figure_3_has_the_error_of_each_task_at_each_flag_and_of_supervision_alone() -> None:
    study = made_up.table("table1_flags_heads", lambda config: printed(config, 1), 39)
    chart = flag_chart(arms_of(study))
    assert chart is not None
    lines = {line.name: [(point.x, round(point.y, 3)) for point in line.points] for line in chart.lines}
    assert lines["puzzling"] == [(1, 8.026), (2, 6.398), (3, 5.563), (4, 6.043)]
    assert lines["SL"] == [(1, 6.095), (4, 6.095)]
    assert lines.keys() == {"puzzling", "rotation", "puzzling-rotation", "SL"}
    assert subjects_chart(arms_of(study)) is None


def test_figure_7_has_the_error_of_each_method_over_the_number_of_subjects() -> None:
    study = made_up.table("table5_low_data_heads", lambda config: printed(config, 5), 36)
    chart = subjects_chart(arms_of(study))
    assert chart is not None
    lines = {line.name: [(point.x, round(point.y, 3)) for point in line.points] for line in chart.lines}
    assert lines["SL"] == [(1, 5.333), (2, 4.76), (3, 3.934), (4, 3.828)]
    assert lines.keys() == {"SL", "puzzling", "puzzling w/o SSHs"}
    assert flag_chart(arms_of(study)) is None


def test_figures_4_to_6_are_means_over_seeds_after_each_epoch() -> None:
    study = made_up.table("table1_flags_heads", lambda config: 5.0 + config.seed, 39)
    arms = arms_of(study)
    charts = angle_charts(arms, names_of(arms), compare(arms).baseline)
    assert [chart.title.split()[0] for chart in charts] == ["yaw", "pitch", "roll"]
    for line in (line for chart in charts for line in chart.lines):
        assert [point.y for point in line.points] == pytest.approx([8.0, 7.0, 6.0])
        assert [point.x for point in line.points] == [1, 2, 3]
    assert [line.dashed for line in charts[0].lines] == [False, False, False, True]
