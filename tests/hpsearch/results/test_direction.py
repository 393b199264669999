"""Where larger values of the objective are better, everything that ranks, compares or chooses turns round."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import pytest
from support.made_up_arms import OBJECTIVE, config, study, trial

from hpsearch.report.charts.error_axis import span_of
from hpsearch.report.page import render
from hpsearch.report.report import Report
from hpsearch.results.arms import arms_of
from hpsearch.results.comparison import Outcome, compare
from hpsearch.results.leaderboard import board_of
from hpsearch.results.leaderboard_table import best_of_epochs
from hpsearch.results.verdict import describe
from hpsearch.study.records import StudyRecord
from hpsearch.tracking.rows import epoch_rows, note, study_rows
from hpsearch.tracking.views import views
from trainables.target.metric import SHARE, Direction, Metric

HITS = Metric(OBJECTIVE, "hit rate", SHARE, Direction.MAXIMIZE, noun="share")
PUZZLE = {"puzzling": {"grid": 2}}


@pytest.fixture(scope="module")
def record() -> StudyRecord:
    """Two arms of three seeds: the helper has the larger values, after epochs with larger ones still."""
    runs = [("none", 0.5), ("none", 0.52), ("none", 0.51), (PUZZLE, 0.8), (PUZZLE, 0.82), (PUZZLE, 0.81)]
    trials = [
        trial(number, config(pretext, seed=number % 3), value) for number, (pretext, value) in enumerate(runs)
    ]
    return replace(study(trials), objective=HITS)


def test_the_largest_value_leads(record: StudyRecord) -> None:
    assert record.best is not None and record.best.number == 4
    assert [trial.number for trial in record.leaderboard()][:3] == [4, 5, 3]
    assert [arm.trials[0].number for arm in arms_of(record)] == [3, 0]
    assert arms_of(record)[0].best_run.number == 4


def test_the_best_epoch_is_that_of_the_largest_value(record: StudyRecord) -> None:
    assert record.best is not None
    assert best_of_epochs(record.best, HITS) == (0.82 + 2.0, 1)
    assert arms_of(record)[0].best_epoch(HITS) == pytest.approx(0.81 + 2.0)
    assert epoch_rows(record, record.best)[-1]["best/epoch"] == 1.0
    assert study_rows(record)[-1][1]["study/best"] == 0.82


def test_the_larger_arm_is_better_and_said_in_its_own_unit(record: StudyRecord) -> None:
    found = compare(arms_of(record))
    assert found.outcome is Outcome.AHEAD and found.difference is not None
    assert found.difference.mean == pytest.approx(0.3)
    said = describe(found, {}, HITS)
    assert "better than" in said.sentence and "Shares are hit rate of the last epoch" in said.grounds
    assert "°" not in said.sentence + said.grounds + board_of(record).verdict + note(record)
    worse = compare(arms_of(replace(record, objective=replace(HITS, direction=Direction.MINIMIZE))))
    assert worse.outcome is Outcome.BEHIND


def test_pages_have_the_best_value_first(record: StudyRecord) -> None:
    span = span_of([0.02, 0.75, 0.76, 0.78, 0.79, 0.8], HITS)
    assert (span.low, span.high) == (0.75, 0.8), "what is far out on the worse side is below"
    page = render(Report(record)).html
    assert "larger is better" in page and "lowest single run</dt><dd>0.82</dd>" in page
    assert cast(str, next(iter(views(record).values())))
