"""The paper's figures hold the numbers of the study's arms."""

from __future__ import annotations

from dataclasses import replace

import pytest
from support import made_up_arms as made_up

from hpsearch.report.paper.figures import angle_charts, flag_chart, labels_chart, subjects_chart
from hpsearch.report.paper.repeats import tables_of
from hpsearch.report.sections.cost import cost_section
from hpsearch.report.sections.figures import figures_section
from hpsearch.report.style import colour_of
from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import compare
from hpsearch.results.titles import names_of
from trainables.target.metric import SHARE, Direction, Metric
from trainables.training.config import TrainConfig

printed = made_up.as_printed()


def test_figure_3_has_the_error_of_each_task_at_each_flag_and_of_supervision_alone() -> None:
    study = made_up.table("table1_flags_heads", lambda config: printed(config, 1), 39)
    arms = arms_of(study)
    chart = flag_chart(arms, names_of(arms))
    assert chart is not None
    lines = {line.name: [(point.x, round(point.y, 3)) for point in line.points] for line in chart.lines}
    assert lines["puzzling"] == [(1, 8.026), (2, 6.398), (3, 5.563), (4, 6.043)]
    assert lines["pretext none"] == [(1, 6.095), (4, 6.095)]
    assert lines.keys() == {"puzzling", "rotation", "puzzling_rotation", "pretext none"}
    assert {line.name: line.paint.colour for line in chart.lines} == {
        name: colour_of(name.removeprefix("pretext ")) for name in lines
    }
    assert subjects_chart(arms, names_of(arms)) is None


def test_a_line_joins_designs_that_are_equal_in_all_but_the_flag() -> None:
    def design(flag: int, weight: float) -> TrainConfig:
        return made_up.config({"puzzling": {"grid": 2, "flag": flag, "ssl_weight": weight}})

    tried = [design(1, 1.0), design(2, 1.0), design(3, 5.0), design(4, 9.0)]
    trials = [made_up.trial(number, config, 5.0 + number) for number, config in enumerate(tried)]
    arms = arms_of(made_up.study(trials))
    chart = flag_chart(arms, names_of(arms))
    assert chart is not None
    assert [[point.x for point in line.points] for line in chart.lines] == [[1, 2]]
    apart = arms_of(made_up.study(trials[1:]))
    assert flag_chart(apart, names_of(apart)) is None


def test_a_chart_is_a_figure_of_the_paper_where_its_arms_are_there() -> None:
    study = made_up.table("table1_flags_heads", lambda config: printed(config, 1), 39)
    arms = arms_of(study)
    of_paper = figures_section(arms, names_of(arms), compare(arms).baseline, tables_of(arms))
    assert of_paper is not None and of_paper.of_paper
    titles = [chart.title for chart in of_paper.charts]
    assert titles == ["Error over the flag (figure 3)", "yaw", "pitch", "roll"]
    alone = figures_section(arms, names_of(arms), compare(arms).baseline, ())
    assert alone is not None and not alone.of_paper and alone.charts[0].title == "Error over the flag"


def test_a_share_is_not_called_an_error() -> None:
    share = Metric("validation/within_10", "share", SHARE, Direction.MAXIMIZE, noun="share")
    study = replace(
        made_up.table("table1_flags_heads", lambda config: printed(config, 1), 39), objective=share
    )
    arms = arms_of(study)
    chart, cost = flag_chart(arms, names_of(arms)), cost_section(study, arms, names_of(arms))
    assert chart is not None and chart.title == "Share over the flag"
    assert cost is not None and cost.noun == "share"


def test_figure_7_has_the_error_of_each_method_over_the_number_of_subjects() -> None:
    study = made_up.table("table5_low_data_heads", lambda config: printed(config, 5), 36)
    arms = arms_of(study)
    chart = subjects_chart(arms, names_of(arms))
    assert chart is not None
    lines = {line.name: [(point.x, round(point.y, 3)) for point in line.points] for line in chart.lines}
    assert lines["SL"] == [(1, 5.333), (2, 4.76), (3, 3.934), (4, 3.828)]
    assert lines.keys() == {"SL", "HMTL", "w/o SSHs"}, "as the study's file names them"
    assert flag_chart(arms, names_of(arms)) is None


def test_the_error_over_the_share_of_labels_has_a_line_for_each_way_to_use_the_other_images() -> None:
    helper = {"puzzling": {"view": "two"}}
    settings = [
        (task, share, kept) for task in ("none", helper) for share in (0.0, 2.0) for kept in (0.1, 0.5, 1.0)
    ]
    trials = []
    for number, (task, share, kept) in enumerate(settings):
        config = made_up.config(task)
        data = config.data.model_copy(
            update={
                "train": config.data.train.model_copy(update={"labels": kept}),
                "unlabelled": config.data.unlabelled.model_copy(update={"share": share}),
            }
        )
        used = share if task == helper and kept < 1 else 0.0
        trials.append(made_up.trial(number, config.model_copy(update={"data": data}), 5.0 - kept - used))
    arms = arms_of(made_up.study(trials))
    chart = labels_chart(arms, names_of(arms))
    assert chart is not None
    found = sorted(tuple((point.x, round(point.y, 3)) for point in line.points) for line in chart.lines)
    labelled_alone = ((10, 4.9), (50, 4.5), (100, 4.0))
    assert found[1:] == [labelled_alone, labelled_alone]  # one of supervised learning, one of the helper
    assert found[0] == ((10, 2.9), (50, 2.5))
    assert subjects_chart(arms, names_of(arms)) is None
    whole = arms_of(made_up.study([made_up.trial(0, made_up.config(), 5.0)]))
    assert labels_chart(whole, names_of(whole)) is None


def test_figures_4_to_6_are_means_over_seeds_after_each_epoch() -> None:
    study = made_up.table("table1_flags_heads", lambda config: 5.0 + config.seed, 39)
    arms = arms_of(study)
    charts = angle_charts(arms, names_of(arms), compare(arms).baseline)
    assert [chart.title.split()[0] for chart in charts] == ["yaw", "pitch", "roll"]
    for line in (line for chart in charts for line in chart.lines):
        assert [point.y for point in line.points] == pytest.approx([8.0, 7.0, 6.0])
        assert [point.x for point in line.points] == [1, 2, 3]
    paints = [line.paint for line in charts[0].lines]
    assert len(set(paints)) == 4 and paints[-1].colour == colour_of("none")
