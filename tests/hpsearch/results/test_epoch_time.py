"""The seconds of an epoch that a plan and the time left both expect."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from support import plausible

from hpsearch.results.epoch_time import epoch_s
from hpsearch.results.time_left import Plan, time_left
from hpsearch.study.records import Stint, StudyRecord, TrialRecord, TrialState
from trainables.training.metric_names import EPOCH_S


def timed(trial: TrialRecord, *seconds: float) -> TrialRecord:
    """Return a trial, running, after epochs that took so long."""
    epochs = tuple({**row, EPOCH_S: each} for row, each in zip(trial.epochs, seconds, strict=False))
    return replace(trial, epochs=epochs, state=TrialState.RUNNING, ended_s=None)


@pytest.fixture
def study(tmp_path: Path) -> StudyRecord:
    return plausible.study(tmp_path, [TrialState.COMPLETE] * 3, epochs=10)


def test_an_epoch_in_which_a_worker_warms_up_says_little_as_soon_as_another_is_known(
    study: StudyRecord,
) -> None:
    one, two, three = study.trials
    assert epoch_s([]) is None and epoch_s([one]) is None, "no epoch was timed"
    assert epoch_s([timed(one, 40.0)]) == 40
    assert epoch_s([timed(one, 40.0, 10.0, 12.0), timed(two, 30.0)]) == 11
    thawed = replace(timed(one, 40.0, 10.0, 30.0, 12.0), stints=(Stint(0, 0, "a", 9), Stint(20, 2, "a")))
    assert epoch_s([thawed]) == 11, "it warmed up twice"
    ended = replace(timed(three, *[40.0] + [10.0] * 9), state=TrialState.COMPLETE, ended_s=three.ended_s)
    assert epoch_s([thawed, ended]) == 13, "what a whole trial took"


def test_the_time_left_of_a_budget_of_epochs_is_what_a_plan_of_them_says(study: StudyRecord) -> None:
    running = timed(study.trials[0], 40.0, 10.0, 12.0)
    left = time_left(replace(study, trials=(running,)), Plan(None, 2, epochs=43), plausible.START_S)
    assert left is not None
    assert left.least_s == left.most_s == pytest.approx(40 * 11 / 2)
